-- What readers use: the rows in force, and comparisons that show whether the published numbers hold
-- together.
--
-- They use only functions that the engine in process has too: it is built without mapApply, mapFilter,
-- dictGet and others, and hangs on SEMI, ANTI and ASOF joins.

-- The count in force of every station that has one.
--
-- FINAL or not was measured over 819,280 stations of which a quarter were corrected (1,024,100 rows, 2
-- cores): national sums take 164 ms with FINAL, 479 ms with LIMIT 1 BY, 983 ms with argMax; the stations
-- of one district by the beginning of their id 22, 9 and 11 ms. So FINAL is the rule, and what it costs on
-- little does not matter.
CREATE OR REPLACE VIEW station_now AS
SELECT * FROM station FINAL;

-- The newest snapshot of every region, with its name.
CREATE OR REPLACE VIEW tally_now AS
SELECT tally.*, region.name AS name
FROM tally FINAL
LEFT JOIN (SELECT election, unit, name FROM region FINAL) AS region USING (election, unit);

-- The findings of the versions in force: what a later version put right, or annulled, is no longer listed.
--
-- Asked the other way round, because few findings are superseded: leave out those for which the station
-- has a higher version. That needs no FINAL on the station's side and takes 70 ms where a join on the
-- version in force took 600 (35,315 findings, the stations above).
CREATE OR REPLACE VIEW finding_now AS
SELECT * FROM finding FINAL
WHERE (election, contest, unit, version) NOT IN (
    SELECT older.election, older.contest, older.unit, older.version
    FROM station AS newer
    INNER JOIN finding AS older
        ON newer.election = older.election AND newer.contest = older.contest AND newer.unit = older.unit
    WHERE newer.version > older.version
);

-- The certified document in force of every region that has one: the highest version.
CREATE OR REPLACE VIEW recap_now AS
SELECT * FROM recap
ORDER BY version DESC
LIMIT 1 BY election, contest, unit;

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
            arrayDistinct(arrayConcat(mapKeys(published_votes), mapKeys(below_votes)))
        ),
        arrayMap(
            option -> (concat('clean_votes.', option), published_clean[option], below_clean[option]),
            arrayDistinct(arrayConcat(mapKeys(published_clean), mapKeys(below_clean)))
        )
    )
) AS found;

-- L2 and L3: where a certified document differs from the sum of the forms in force, cell by cell. Only
-- cells that the document has are compared. A shift is marked: the options' votes add up to the same, so
-- that what one option has less another has more.
CREATE OR REPLACE VIEW recap_difference AS
WITH certified_and_counted AS (
    SELECT
        recap.election AS election, recap.contest AS contest, recap.level AS level, recap.unit AS unit,
        recap.document AS document, recap.version AS document_version,
        tally.stations_expected AS stations_expected, tally.stations_received AS stations_received,
        tally.stations_unlisted AS stations_unlisted,
        mapKeys(recap.votes) AS options,
        arrayMap(option -> toInt64(recap.votes[option]), options) AS certified_votes,
        arrayMap(option -> toInt64(tally.votes[option]), options) AS counted_votes,
        arrayConcat(
            arrayZip(arrayMap(option -> concat('votes.', option), options), certified_votes, counted_votes),
            arrayMap(
                cell -> (cell.1, toInt64(assumeNotNull(cell.2)), toInt64(cell.3)),
                arrayFilter(
                    cell -> isNotNull(cell.2),
                    [
                        ('valid', recap.valid, tally.valid),
                        ('invalid', recap.invalid, tally.invalid),
                        ('voters', recap.voters, tally.voters)
                    ]
                )
            )
        ) AS cells
    FROM recap_now AS recap
    LEFT JOIN (SELECT * FROM tally FINAL) AS tally
        ON recap.election = tally.election AND recap.contest = tally.contest AND recap.unit = tally.unit
)
SELECT
    election,
    contest,
    level,
    unit,
    found.1 AS cell,
    found.2 AS certified,
    found.3 AS counted,
    certified - counted AS difference,
    startsWith(cell, 'votes.') AND arraySum(certified_votes) = arraySum(counted_votes) AS is_shift,
    document,
    document_version,
    stations_expected - (stations_received - stations_unlisted) AS stations_outstanding
FROM certified_and_counted
ARRAY JOIN arrayFilter(cell -> cell.2 != cell.3, cells) AS found;

-- Stations whose turnout is far from that of the other stations of their village together. A plain list,
-- in the order of the stations: a hospital, a prison or a flood explains many of them.
CREATE OR REPLACE VIEW turnout_outlier AS
WITH
    0.3 AS far,           -- 30 points of turnout
    5 AS enough_stations  -- below this one odd station makes all others look odd
SELECT
    election, contest, unit, village, subdistrict, district, province,
    voters,
    registered,
    round(voters / registered, 4) AS turnout,
    round((village_voters - voters) / (village_registered - registered), 4) AS turnout_of_the_others,
    stations_compared
FROM (
    SELECT
        election, contest, unit, village, subdistrict, district, province,
        assumeNotNull(station.voters) AS voters,
        assumeNotNull(station.registered) AS registered,
        sum(voters) OVER (PARTITION BY election, contest, village) AS village_voters,
        sum(registered) OVER (PARTITION BY election, contest, village) AS village_registered,
        count() OVER (PARTITION BY election, contest, village) AS stations_compared
    FROM station FINAL
    WHERE status IN ('clean', 'flagged') AND station.voters IS NOT NULL AND station.registered > 0
)
WHERE stations_compared >= enough_stations AND abs(turnout - turnout_of_the_others) >= far
ORDER BY election, contest, unit;
