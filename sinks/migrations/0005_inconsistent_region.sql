-- Whether the numbers hold together, for whole nations: with the candidates of all houses a nation has 286,000
-- options and each of 84,000 villages hundreds in every contest. Sums of all of them at once need more memory
-- than a reader may take. So first the regions are found that differ at all, and then only those are looked at
-- option by option.

-- What is held against each other: each region as it is published, and what is right below it.
--
-- Below a village are its stations, and for what is expected the register. Ballots are not compared there:
-- the station table does not hold them.
CREATE OR REPLACE VIEW published_and_below AS
SELECT
    election, contest, toInt8(level) AS level_number, unit, true AS is_published,
    arrayMap(n -> toInt64(n), [
        version, valid, invalid, voters, if(level = 'village', 0, ballots_received),
        if(level = 'village', 0, ballots_used), ifNull(registered, 0), registered_received,
        stations_expected, stations_received, stations_clean, stations_flagged, stations_blank,
        stations_annulled, stations_unlisted, clean_valid, clean_invalid, clean_voters
    ]) AS numbers,
    CAST(votes, 'Map(LowCardinality(String), Int64)') AS votes,
    CAST(clean_votes, 'Map(LowCardinality(String), Int64)') AS clean_votes
FROM tally FINAL
UNION ALL
SELECT
    election, contest, toInt8(level) + 1, parent, false,
    arrayMap(n -> toInt64(n), [
        version, valid, invalid, voters, ballots_received, ballots_used, ifNull(registered, 0),
        registered_received, stations_expected, stations_received, stations_clean, stations_flagged,
        stations_blank, stations_annulled, stations_unlisted, clean_valid, clean_invalid, clean_voters
    ]),
    CAST(votes, 'Map(LowCardinality(String), Int64)'),
    CAST(clean_votes, 'Map(LowCardinality(String), Int64)')
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
    if(
        received, CAST(votes, 'Map(LowCardinality(String), Int64)'),
        CAST(map(), 'Map(LowCardinality(String), Int64)')
    ),
    if(
        is_clean, CAST(votes, 'Map(LowCardinality(String), Int64)'),
        CAST(map(), 'Map(LowCardinality(String), Int64)')
    )
FROM (
    SELECT *, status != 'annulled' AS received, status = 'clean' AS is_clean FROM station FINAL
)
UNION ALL
SELECT
    election, contest, 1, unit, false,
    arrayMap(n -> toInt64(n), [
        0, 0, 0, 0, 0, 0, ifNull(region.registered, 0), 0, region.stations, 0, 0, 0, 0, 0, 0, 0, 0, 0
    ]),
    CAST(map(), 'Map(LowCardinality(String), Int64)'),
    CAST(map(), 'Map(LowCardinality(String), Int64)')
FROM (SELECT election, contest, unit FROM tally FINAL WHERE level = 'village') AS held
INNER JOIN (SELECT election, unit, stations, registered FROM region FINAL) AS region USING (election, unit);

-- L1: the regions that are not the sum of what is below them, the version included. Empty, or something is
-- wrong; between the inserts of one batch a reader may see what has arrived and not yet its sum.
--
-- All votes of a row are one number here: each option's votes times the option's hash, added up (mod 2^64). It
-- adds up as the votes do, so it is the same on both sides or some option differs. It finds mistakes; somebody
-- who wants to deceive it could, and is found by `rekap verify`, which compares every figure with the log.
CREATE OR REPLACE VIEW inconsistent_region AS
SELECT
    election,
    contest,
    CAST(
        max(level_number) AS
        Enum8('village' = 1, 'subdistrict' = 2, 'district' = 3, 'province' = 4, 'nation' = 5)
    ) AS level,
    unit
FROM (
    SELECT
        election, contest, level_number, unit, is_published, numbers,
        arraySum(
            (option, figure) -> cityHash64(option) * toUInt64(figure), mapKeys(votes), mapValues(votes)
        ) AS all_votes,
        arraySum(
            (option, figure) -> cityHash64(option) * toUInt64(figure),
            mapKeys(clean_votes), mapValues(clean_votes)
        ) AS all_clean_votes
    FROM published_and_below
)
GROUP BY election, contest, unit
HAVING arrayResize(sumForEachIf(numbers, is_published), 18)
        != arrayResize(sumForEachIf(numbers, NOT is_published), 18)
    OR sumIf(all_votes, is_published) != sumIf(all_votes, NOT is_published)
    OR sumIf(all_clean_votes, is_published) != sumIf(all_clean_votes, NOT is_published);

-- The same cell by cell.
CREATE OR REPLACE VIEW inconsistency AS
WITH
    [
        'version', 'valid', 'invalid', 'voters', 'ballots_received', 'ballots_used', 'registered',
        'registered_received', 'stations_expected', 'stations_received', 'stations_clean', 'stations_flagged',
        'stations_blank', 'stations_annulled', 'stations_unlisted', 'clean_valid', 'clean_invalid',
        'clean_voters'
    ] AS names
SELECT
    election,
    contest,
    CAST(
        max(level_number) AS
        Enum8('village' = 1, 'subdistrict' = 2, 'district' = 3, 'province' = 4, 'nation' = 5)
    ) AS level,
    unit,
    one.1 AS cell,
    sumIf(one.2, is_published) AS published,
    sumIf(one.2, NOT is_published) AS sum_below
FROM (
    SELECT
        election, contest, level_number, unit, is_published,
        arrayConcat(
            arrayZip(names, numbers),
            arrayMap(
                (option, figure) -> (concat('votes.', option), figure), mapKeys(votes), mapValues(votes)
            ),
            arrayMap(
                (option, figure) -> (concat('clean_votes.', option), figure),
                mapKeys(clean_votes), mapValues(clean_votes)
            )
        ) AS cells
    FROM published_and_below
    WHERE (election, contest, unit) IN (SELECT election, contest, unit FROM inconsistent_region)
)
ARRAY JOIN cells AS one
GROUP BY election, contest, unit, cell
HAVING published != sum_below;
