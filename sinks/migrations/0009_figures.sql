-- Beside every sum how many forms give the figure: a sum of no forms is not known. Shares have their numerator
-- and their denominator from the same forms, those on which every option of the ballot has a figure. Stations
-- beyond the number that a village has, and registered voters outstanding, are decided village by village.
--
-- Rows that are there already say nothing of this, and are made again from the log: by the command that counts
-- in the directory, or with `rekap worker --republish`.

ALTER TABLE station_history ADD COLUMN IF NOT EXISTS complete Bool AFTER rules;
ALTER TABLE station ADD COLUMN IF NOT EXISTS complete Bool AFTER rules;
ALTER TABLE station_history_to_station MODIFY QUERY SELECT * FROM station_history;

ALTER TABLE tally_history ADD COLUMN IF NOT EXISTS stations_surplus UInt64 AFTER clean_voters,
    ADD COLUMN IF NOT EXISTS registered_outstanding Nullable(UInt64) AFTER stations_surplus,
    ADD COLUMN IF NOT EXISTS votes_forms Array(UInt32) AFTER registered_outstanding,
    ADD COLUMN IF NOT EXISTS voters_forms UInt64 AFTER votes_forms,
    ADD COLUMN IF NOT EXISTS valid_forms UInt64 AFTER voters_forms,
    ADD COLUMN IF NOT EXISTS invalid_forms UInt64 AFTER valid_forms,
    ADD COLUMN IF NOT EXISTS ballots_received_forms UInt64 AFTER invalid_forms,
    ADD COLUMN IF NOT EXISTS ballots_used_forms UInt64 AFTER ballots_received_forms,
    ADD COLUMN IF NOT EXISTS clean_votes_forms Array(UInt32) AFTER ballots_used_forms,
    ADD COLUMN IF NOT EXISTS clean_voters_forms UInt64 AFTER clean_votes_forms,
    ADD COLUMN IF NOT EXISTS clean_valid_forms UInt64 AFTER clean_voters_forms,
    ADD COLUMN IF NOT EXISTS clean_invalid_forms UInt64 AFTER clean_valid_forms,
    ADD COLUMN IF NOT EXISTS share_forms UInt64 AFTER clean_invalid_forms,
    ADD COLUMN IF NOT EXISTS share_total UInt64 AFTER share_forms,
    ADD COLUMN IF NOT EXISTS share_votes Map(LowCardinality(String), UInt64) AFTER share_total,
    ADD COLUMN IF NOT EXISTS clean_share_forms UInt64 AFTER share_votes,
    ADD COLUMN IF NOT EXISTS clean_share_total UInt64 AFTER clean_share_forms,
    ADD COLUMN IF NOT EXISTS clean_share_votes Map(LowCardinality(String), UInt64) AFTER clean_share_total;

ALTER TABLE tally ADD COLUMN IF NOT EXISTS stations_surplus UInt64 AFTER clean_voters,
    ADD COLUMN IF NOT EXISTS registered_outstanding Nullable(UInt64) AFTER stations_surplus,
    ADD COLUMN IF NOT EXISTS votes_forms Array(UInt32) AFTER registered_outstanding,
    ADD COLUMN IF NOT EXISTS voters_forms UInt64 AFTER votes_forms,
    ADD COLUMN IF NOT EXISTS valid_forms UInt64 AFTER voters_forms,
    ADD COLUMN IF NOT EXISTS invalid_forms UInt64 AFTER valid_forms,
    ADD COLUMN IF NOT EXISTS ballots_received_forms UInt64 AFTER invalid_forms,
    ADD COLUMN IF NOT EXISTS ballots_used_forms UInt64 AFTER ballots_received_forms,
    ADD COLUMN IF NOT EXISTS clean_votes_forms Array(UInt32) AFTER ballots_used_forms,
    ADD COLUMN IF NOT EXISTS clean_voters_forms UInt64 AFTER clean_votes_forms,
    ADD COLUMN IF NOT EXISTS clean_valid_forms UInt64 AFTER clean_voters_forms,
    ADD COLUMN IF NOT EXISTS clean_invalid_forms UInt64 AFTER clean_valid_forms,
    ADD COLUMN IF NOT EXISTS share_forms UInt64 AFTER clean_invalid_forms,
    ADD COLUMN IF NOT EXISTS share_total UInt64 AFTER share_forms,
    ADD COLUMN IF NOT EXISTS share_votes Map(LowCardinality(String), UInt64) AFTER share_total,
    ADD COLUMN IF NOT EXISTS clean_share_forms UInt64 AFTER share_votes,
    ADD COLUMN IF NOT EXISTS clean_share_total UInt64 AFTER clean_share_forms,
    ADD COLUMN IF NOT EXISTS clean_share_votes Map(LowCardinality(String), UInt64) AFTER clean_share_total;

ALTER TABLE tally_history_to_tally MODIFY QUERY SELECT * FROM tally_history;

CREATE OR REPLACE VIEW station_now AS
SELECT * FROM station FINAL;

-- The newest snapshot of every region, with its name. A figure that no form gives is NULL; so is the share of an
-- option that does not stand on every ballot of the region, because not all of its voters could vote for it.
CREATE OR REPLACE VIEW tally_now AS
SELECT
    newest.* REPLACE (
        if(voters_forms = 0, NULL, voters) AS voters,
        if(valid_forms = 0, NULL, valid) AS valid,
        if(invalid_forms = 0, NULL, invalid) AS invalid,
        if(ballots_received_forms = 0, NULL, ballots_received) AS ballots_received,
        if(ballots_used_forms = 0, NULL, ballots_used) AS ballots_used,
        if(clean_voters_forms = 0, NULL, clean_voters) AS clean_voters,
        if(clean_valid_forms = 0, NULL, clean_valid) AS clean_valid,
        if(clean_invalid_forms = 0, NULL, clean_invalid) AS clean_invalid,
        mapFromArrays(
            mapKeys(votes),
            arrayMap(
                (number, forms) -> if(forms = 0, NULL, number),
                mapValues(votes), arrayResize(votes_forms, length(votes))
            )
        ) AS votes,
        mapFromArrays(
            mapKeys(clean_votes),
            arrayMap(
                (number, forms) -> if(forms = 0, NULL, number),
                mapValues(clean_votes), arrayResize(clean_votes_forms, length(clean_votes))
            )
        ) AS clean_votes
    ),
    stations_expected + stations_surplus + stations_unlisted - stations_received AS stations_outstanding,
    mapFromArrays(
        mapKeys(share_votes),
        arrayMap(number -> if(share_total = 0, NULL, number / share_total), mapValues(share_votes))
    ) AS shares,
    mapFromArrays(
        mapKeys(clean_share_votes),
        arrayMap(
            number -> if(clean_share_total = 0, NULL, number / clean_share_total), mapValues(clean_share_votes)
        )
    ) AS clean_shares,
    region.name AS name
FROM (SELECT * FROM tally FINAL) AS newest
LEFT JOIN (SELECT election, unit, name FROM region FINAL) AS region USING (election, unit);

-- What is held against each other: each region as it is published, and what is right below it.
--
-- Below a village are its stations, and for what is expected the register. Ballots are not compared there: the
-- station table does not hold them. A village's surplus stations are compared with what follows from its own
-- numbers.
CREATE OR REPLACE VIEW published_and_below AS
SELECT
    election, contest, toInt8(level) AS level_number, unit, true AS is_published,
    arrayMap(n -> toInt64(n), [
        version, valid, invalid, voters, if(level = 'village', 0, ballots_received),
        if(level = 'village', 0, ballots_used), ifNull(registered, 0), registered_received,
        stations_expected, stations_received, stations_clean, stations_flagged, stations_blank,
        stations_annulled, stations_unlisted, clean_valid, clean_invalid, clean_voters,
        if(
            level = 'village',
            toUInt64(abs(
                toInt64(stations_surplus)
                - greatest(
                    0, toInt64(stations_received) - toInt64(stations_unlisted) - toInt64(stations_expected)
                )
            )),
            stations_surplus
        ),
        voters_forms, valid_forms, invalid_forms, if(level = 'village', 0, ballots_received_forms),
        if(level = 'village', 0, ballots_used_forms), clean_voters_forms, clean_valid_forms,
        clean_invalid_forms, share_forms, share_total, clean_share_forms, clean_share_total
    ]) AS numbers,
    CAST(votes, 'Map(LowCardinality(String), Int64)') AS votes,
    CAST(clean_votes, 'Map(LowCardinality(String), Int64)') AS clean_votes,
    CAST(
        (mapKeys(votes), arrayResize(votes_forms, length(votes))), 'Map(LowCardinality(String), Int64)'
    ) AS votes_forms,
    CAST(
        (mapKeys(clean_votes), arrayResize(clean_votes_forms, length(clean_votes))),
        'Map(LowCardinality(String), Int64)'
    ) AS clean_votes_forms
FROM (SELECT * FROM tally FINAL) AS published
UNION ALL
SELECT
    election, contest, toInt8(level) + 1, parent, false,
    arrayMap(n -> toInt64(n), [
        version, valid, invalid, voters, ballots_received, ballots_used, ifNull(registered, 0),
        registered_received, stations_expected, stations_received, stations_clean, stations_flagged,
        stations_blank, stations_annulled, stations_unlisted, clean_valid, clean_invalid, clean_voters,
        stations_surplus, voters_forms, valid_forms, invalid_forms, ballots_received_forms,
        ballots_used_forms, clean_voters_forms, clean_valid_forms, clean_invalid_forms, share_forms,
        share_total, clean_share_forms, clean_share_total
    ]),
    CAST(votes, 'Map(LowCardinality(String), Int64)'),
    CAST(clean_votes, 'Map(LowCardinality(String), Int64)'),
    CAST(
        (mapKeys(votes), arrayResize(votes_forms, length(votes))), 'Map(LowCardinality(String), Int64)'
    ),
    CAST(
        (mapKeys(clean_votes), arrayResize(clean_votes_forms, length(clean_votes))),
        'Map(LowCardinality(String), Int64)'
    )
FROM tally FINAL
WHERE level != 'nation'
UNION ALL
SELECT
    election, contest, 1, village, false,
    arrayMap(n -> toInt64(ifNull(n, 0)), [
        version, if(received, valid, 0), if(received, invalid, 0), if(received, voters, 0), 0, 0, 0,
        if(received AND listed, registered, 0), 0, received, is_clean, status = 'flagged', status = 'blank',
        status = 'annulled', received AND NOT listed, if(is_clean, valid, 0), if(is_clean, invalid, 0),
        if(is_clean, voters, 0), 0, received AND isNotNull(voters), received AND isNotNull(valid),
        received AND isNotNull(invalid), 0, 0, is_clean AND isNotNull(voters),
        is_clean AND isNotNull(valid), is_clean AND isNotNull(invalid), received AND complete,
        if(received AND complete, all_votes, 0), is_clean AND complete,
        if(is_clean AND complete, all_votes, 0)
    ]),
    if(received, figures, nothing),
    if(is_clean, figures, nothing),
    if(received, given, nothing),
    if(is_clean, given, nothing)
FROM (
    SELECT
        *, status != 'annulled' AS received, status = 'clean' AS is_clean,
        -- A figure of a party's list (32-1:4.2) is in the party's own.
        arraySum(
            (option, figure) -> if(position(splitByChar(':', option)[-1], '.') = 0, figure, 0),
            mapKeys(votes), mapValues(votes)
        ) AS all_votes,
        CAST(votes, 'Map(LowCardinality(String), Int64)') AS figures,
        CAST(
            (mapKeys(votes), arrayMap(figure -> 1, mapValues(votes))), 'Map(LowCardinality(String), Int64)'
        ) AS given,
        CAST(map(), 'Map(LowCardinality(String), Int64)') AS nothing
    FROM station FINAL
)
UNION ALL
SELECT
    election, contest, 1, unit, false,
    arrayMap(n -> toInt64(n), [
        0, 0, 0, 0, 0, 0, ifNull(region.registered, 0), 0, region.stations, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    ]),
    CAST(map(), 'Map(LowCardinality(String), Int64)'),
    CAST(map(), 'Map(LowCardinality(String), Int64)'),
    CAST(map(), 'Map(LowCardinality(String), Int64)'),
    CAST(map(), 'Map(LowCardinality(String), Int64)')
FROM (SELECT election, contest, unit FROM tally FINAL WHERE level = 'village') AS held
INNER JOIN (SELECT election, unit, stations, registered FROM region FINAL) AS region USING (election, unit);

-- The regions that are not the sum of what is below them, the version included. Empty, or something is wrong;
-- between the inserts of one batch a reader may see what has arrived and not yet its sum.
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
        arrayMap(
            by_option -> arraySum(
                (option, figure) -> cityHash64(option) * toUInt64(figure),
                mapKeys(by_option), mapValues(by_option)
            ),
            [votes, clean_votes, votes_forms, clean_votes_forms]
        ) AS hashed
    FROM published_and_below
)
GROUP BY election, contest, unit
HAVING arrayResize(sumForEachIf(numbers, is_published), 31)
        != arrayResize(sumForEachIf(numbers, NOT is_published), 31)
    OR arrayResize(sumForEachIf(hashed, is_published), 4)
        != arrayResize(sumForEachIf(hashed, NOT is_published), 4);

-- The same cell by cell.
CREATE OR REPLACE VIEW inconsistency AS
WITH
    [
        'version', 'valid', 'invalid', 'voters', 'ballots_received', 'ballots_used', 'registered',
        'registered_received', 'stations_expected', 'stations_received', 'stations_clean',
        'stations_flagged', 'stations_blank', 'stations_annulled', 'stations_unlisted', 'clean_valid',
        'clean_invalid', 'clean_voters', 'stations_surplus', 'voters_forms', 'valid_forms', 'invalid_forms',
        'ballots_received_forms', 'ballots_used_forms', 'clean_voters_forms', 'clean_valid_forms',
        'clean_invalid_forms', 'share_forms', 'share_total', 'clean_share_forms', 'clean_share_total'
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
            arrayFlatten(
                arrayMap(
                    (name, by_option) -> arrayMap(
                        (option, figure) -> (concat(name, '.', option), figure),
                        mapKeys(by_option), mapValues(by_option)
                    ),
                    ['votes', 'clean_votes', 'votes_forms', 'clean_votes_forms'],
                    [votes, clean_votes, votes_forms, clean_votes_forms]
                )
            )
        ) AS cells
    FROM published_and_below
    WHERE (election, contest, unit) IN (SELECT election, contest, unit FROM inconsistent_region)
)
ARRAY JOIN cells AS one
GROUP BY election, contest, unit, cell
HAVING published != sum_below;

-- Where a certified document differs from the sum of the forms in force, cell by cell. Only cells that the
-- document has and a form gives are compared. A shift is marked: the options' votes add up to the same, so that
-- what one option has less another has more.
CREATE OR REPLACE VIEW recap_difference AS
WITH certified_and_counted AS (
    SELECT
        recap.election AS election, recap.contest AS contest, recap.level AS level, recap.unit AS unit,
        recap.document AS document, recap.version AS document_version,
        tally.stations_outstanding AS stations_outstanding,
        mapKeys(recap.votes) AS options,
        arrayMap(option -> toInt64(recap.votes[option]), options) AS certified_votes,
        arrayMap(option -> CAST(tally.votes[option], 'Nullable(Int64)'), options) AS counted_votes,
        arrayConcat(
            arrayZip(arrayMap(option -> concat('votes.', option), options), certified_votes, counted_votes),
            arrayMap(
                cell -> (cell.1, toInt64(assumeNotNull(cell.2)), CAST(cell.3, 'Nullable(Int64)')),
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
    LEFT JOIN (SELECT * FROM tally_now) AS tally
        ON recap.election = tally.election AND recap.contest = tally.contest AND recap.unit = tally.unit
)
SELECT
    election,
    contest,
    level,
    unit,
    found.1 AS cell,
    found.2 AS certified,
    assumeNotNull(found.3) AS counted,
    certified - counted AS difference,
    startsWith(cell, 'votes.')
        AND arrayAll(figure -> isNotNull(figure), counted_votes)
        AND arraySum(certified_votes) = arraySum(arrayMap(figure -> ifNull(figure, 0), counted_votes))
        AS is_shift,
    document,
    document_version,
    stations_outstanding
FROM certified_and_counted
ARRAY JOIN arrayFilter(cell -> isNotNull(cell.3) AND cell.2 != assumeNotNull(cell.3), cells) AS found;

-- Stations whose turnout is far from that of the other stations of their village together. A plain list, in the
-- order of the stations: a hospital, a prison or a flood explains many of them. Not quite all is never 1, nor a
-- little 0.
CREATE OR REPLACE VIEW turnout_outlier AS
WITH
    0.3 AS far,           -- 30 points of turnout
    5 AS enough_stations, -- below this one odd station makes all others look odd
    0.0001 AS smallest,
    (part, whole) -> multiIf(
        part = 0 OR part = whole, part / whole,
        part < whole, least(greatest(round(part / whole, 4), smallest), 1 - smallest),
        greatest(round(part / whole, 4), 1 + smallest)
    ) AS rate
SELECT
    election, contest, unit, village, subdistrict, district, province,
    voters,
    registered,
    rate(voters, registered) AS turnout,
    rate(village_voters - voters, village_registered - registered) AS turnout_of_the_others,
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
