-- The view of 0002 looked up each option of each region in whole maps, option by option: with the candidates of
-- all parties the square of hundreds, in every village. Now it does so only where the maps differ: sums of maps
-- have their options in one order, and none with the sum 0.
--
-- L1: where a published region is not the sum of what is below it, cell by cell, the version included.
-- Empty, or something is wrong; between the inserts of one batch a reader may see what has arrived and not
-- yet its sum.
--
-- Below a village are its stations, and for what is expected the register. Ballots are not compared there:
-- the station table does not hold them.
CREATE OR REPLACE VIEW inconsistency AS
WITH
    [
        'version', 'valid', 'invalid', 'voters', 'ballots_received', 'ballots_used', 'registered',
        'registered_received', 'stations_expected', 'stations_received', 'stations_clean', 'stations_flagged',
        'stations_blank', 'stations_annulled', 'stations_unlisted', 'clean_valid', 'clean_invalid',
        'clean_voters'
    ] AS names,
    published_and_below AS (
        SELECT
            election, contest, toInt8(level) AS level_number, unit, true AS is_published,
            arrayMap(n -> toInt64(n), [
                version, valid, invalid, voters, if(level = 'village', 0, ballots_received),
                if(level = 'village', 0, ballots_used), ifNull(registered, 0), registered_received,
                stations_expected, stations_received, stations_clean, stations_flagged, stations_blank,
                stations_annulled, stations_unlisted, clean_valid, clean_invalid, clean_voters
            ]) AS numbers,
            CAST(votes, 'Map(String, Int64)') AS votes,
            CAST(clean_votes, 'Map(String, Int64)') AS clean_votes
        FROM tally FINAL
        UNION ALL
        SELECT
            election, contest, toInt8(level) + 1, parent, false,
            arrayMap(n -> toInt64(n), [
                version, valid, invalid, voters, ballots_received, ballots_used, ifNull(registered, 0),
                registered_received, stations_expected, stations_received, stations_clean, stations_flagged,
                stations_blank, stations_annulled, stations_unlisted, clean_valid, clean_invalid, clean_voters
            ]),
            CAST(votes, 'Map(String, Int64)'),
            CAST(clean_votes, 'Map(String, Int64)')
        FROM tally FINAL
        WHERE level != 'nation'
        UNION ALL
        SELECT
            election, contest, 1, village, false,
            arrayMap(n -> toInt64(ifNull(n, 0)), [
                version, if(received, valid, 0), if(received, invalid, 0), if(received, voters, 0), 0, 0, 0,
                if(received, registered, 0), 0, received, is_clean, status = 'flagged', status = 'blank',
                status = 'annulled', received AND NOT listed,
                if(is_clean, valid, 0), if(is_clean, invalid, 0), if(is_clean, voters, 0)
            ]),
            if(received, CAST(votes, 'Map(String, Int64)'), CAST(map(), 'Map(String, Int64)')),
            if(is_clean, CAST(votes, 'Map(String, Int64)'), CAST(map(), 'Map(String, Int64)'))
        FROM (
            SELECT *, status != 'annulled' AS received, status = 'clean' AS is_clean FROM station FINAL
        )
        UNION ALL
        SELECT
            election, contest, 1, unit, false,
            arrayMap(n -> toInt64(n), [
                0, 0, 0, 0, 0, 0, ifNull(region.registered, 0), 0, region.stations, 0, 0, 0, 0, 0, 0, 0, 0, 0
            ]),
            CAST(map(), 'Map(String, Int64)'),
            CAST(map(), 'Map(String, Int64)')
        FROM (SELECT election, contest, unit FROM tally FINAL WHERE level = 'village') AS held
        INNER JOIN (SELECT election, unit, stations, registered FROM region FINAL) AS region
            USING (election, unit)
    ),
    compared AS (
        SELECT
            election, contest, unit, max(level_number) AS level_number,
            arrayResize(sumForEachIf(numbers, is_published), length(names)) AS published_numbers,
            arrayResize(sumForEachIf(numbers, NOT is_published), length(names)) AS below_numbers,
            sumMapIf(votes, is_published) AS published_votes,
            sumMapIf(votes, NOT is_published) AS below_votes,
            sumMapIf(clean_votes, is_published) AS published_clean,
            sumMapIf(clean_votes, NOT is_published) AS below_clean
        FROM published_and_below
        GROUP BY election, contest, unit
    )
SELECT
    election,
    contest,
    CAST(
        level_number AS Enum8('village' = 1, 'subdistrict' = 2, 'district' = 3, 'province' = 4, 'nation' = 5)
    ) AS level,
    unit,
    found.1 AS cell,
    found.2 AS published,
    found.3 AS sum_below
FROM compared
ARRAY JOIN arrayFilter(
    cell -> cell.2 != cell.3,
    arrayConcat(
        arrayZip(names, published_numbers, below_numbers),
        arrayMap(
            option -> (concat('votes.', option), published_votes[option], below_votes[option]),
            if(
                published_votes = below_votes, [],
                arrayDistinct(arrayConcat(mapKeys(published_votes), mapKeys(below_votes)))
            )
        ),
        arrayMap(
            option -> (concat('clean_votes.', option), published_clean[option], below_clean[option]),
            if(
                published_clean = below_clean, [],
                arrayDistinct(arrayConcat(mapKeys(published_clean), mapKeys(below_clean)))
            )
        )
    )
) AS found;
