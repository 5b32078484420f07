-- Views that answer an analyst's questions in one SELECT: results, leaders, progress, turnout, arrivals, what
-- differs from its siblings, the state at a moment; and certified documents with what changed and the reasons that
-- were stated. A figure that no form gives is NULL, a share is of the same forms above and below its line, and what
-- is outstanding stands in the row.
--
-- Views that join say join_use_nulls = 0: with another value in the reader's settings their columns would have other
-- types than they were made with, and the engine refuses that.

-- The names of regions, and the regions above them, in memory: a look-up of one region takes microseconds, where a
-- join reads all 92,000. A table of the engine Join and no DICTIONARY, which the engine in process lacks
-- (docs/decisions/0017).
CREATE TABLE IF NOT EXISTS region_lookup
(
    region_key     String,                     -- election/unit: with two columns the table could not be read
    region         String,
    region_name    String,
    in_province    String,
    in_district    String,
    in_subdistrict String
)
ENGINE = Join(ANY, LEFT, region_key);

CREATE MATERIALIZED VIEW IF NOT EXISTS region_to_region_lookup TO region_lookup AS
SELECT
    concat(election, '/', unit) AS region_key, unit AS region, name AS region_name, province AS in_province,
    district AS in_district, subdistrict AS in_subdistrict
FROM region;

INSERT INTO region_lookup
SELECT concat(election, '/', unit), unit, name, province, district, subdistrict FROM region FINAL;

-- The newest totals, as before, with the names of the regions above: `path`.
CREATE OR REPLACE VIEW tally_now AS
WITH
    (number, forms) -> if(forms = 0, NULL, number) AS given,
    (by_option, forms) -> mapFromArrays(mapKeys(by_option), arrayMap(
        (number, some) -> if(some = 0, NULL, number), mapValues(by_option), arrayResize(forms, length(by_option))
    )) AS given_of,
    (by_option, total) -> mapFromArrays(
        mapKeys(by_option), arrayMap(number -> if(total = 0, NULL, number / total), mapValues(by_option))
    ) AS shares_of
SELECT
    newest.* REPLACE (
        given(voters, voters_forms) AS voters, given(valid, valid_forms) AS valid,
        given(invalid, invalid_forms) AS invalid,
        given(ballots_received, ballots_received_forms) AS ballots_received,
        given(ballots_used, ballots_used_forms) AS ballots_used,
        given(clean_voters, clean_voters_forms) AS clean_voters,
        given(clean_valid, clean_valid_forms) AS clean_valid,
        given(clean_invalid, clean_invalid_forms) AS clean_invalid,
        given_of(votes, votes_forms) AS votes, given_of(clean_votes, clean_votes_forms) AS clean_votes
    ),
    stations_expected + stations_surplus + stations_unlisted - stations_received AS stations_outstanding,
    shares_of(share_votes, share_total) AS shares, shares_of(clean_share_votes, clean_share_total) AS clean_shares,
    place.region_name AS name,
    arrayStringConcat(arrayFilter(one -> one != '', [
        if(place.in_province = '', place.region_name, ''), province_of.region_name, district_of.region_name,
        subdistrict_of.region_name,
        if(place.in_subdistrict != '' AND place.in_subdistrict != place.region, place.region_name, '')
    ]), ' / ') AS path
FROM (SELECT * FROM tally FINAL) AS newest
ANY LEFT JOIN region_lookup AS place ON concat(newest.election, '/', newest.unit) = place.region_key
ANY LEFT JOIN region_lookup AS province_of
    ON concat(newest.election, '/', place.in_province) = province_of.region_key
ANY LEFT JOIN region_lookup AS district_of
    ON concat(newest.election, '/', place.in_district) = district_of.region_key
ANY LEFT JOIN region_lookup AS subdistrict_of
    ON concat(newest.election, '/', place.in_subdistrict) = subdistrict_of.region_key
SETTINGS join_use_nulls = 0;

-- Every region with the names of the regions above.
CREATE OR REPLACE VIEW region_path AS
SELECT
    known.election AS election, known.unit AS unit, known.parent AS parent, known.level AS level, known.name AS name,
    province_of.region_name AS province_name, district_of.region_name AS district_name,
    subdistrict_of.region_name AS subdistrict_name,
    arrayStringConcat(arrayFilter(one -> one != '', [
        if(place.in_province = '', place.region_name, ''), province_of.region_name, district_of.region_name,
        subdistrict_of.region_name,
        if(place.in_subdistrict != '' AND place.in_subdistrict != place.region, place.region_name, '')
    ]), ' / ') AS path
FROM (SELECT * FROM region FINAL) AS known
ANY LEFT JOIN region_lookup AS place ON concat(known.election, '/', known.unit) = place.region_key
ANY LEFT JOIN region_lookup AS province_of
    ON concat(known.election, '/', place.in_province) = province_of.region_key
ANY LEFT JOIN region_lookup AS district_of
    ON concat(known.election, '/', place.in_district) = district_of.region_key
ANY LEFT JOIN region_lookup AS subdistrict_of
    ON concat(known.election, '/', place.in_subdistrict) = subdistrict_of.region_key
SETTINGS join_use_nulls = 0;

-- The newest totals with a row for each option: what dashboards and spreadsheets take.
CREATE OR REPLACE VIEW result_now AS
SELECT
    election, contest, level, unit, parent, name, path, one.1 AS option, one.2 AS votes,
    totals.clean_votes[option] AS clean_votes, if(mapContains(shares, option), shares[option], NULL) AS share,
    if(mapContains(clean_shares, option), clean_shares[option], NULL) AS clean_share, one.3 AS votes_forms,
    share_forms, clean_share_forms, stations_expected, stations_received, stations_outstanding, registered,
    registered_outstanding, version, recorded_at
FROM tally_now AS totals
ARRAY JOIN arrayZip(
    mapKeys(totals.votes), mapValues(totals.votes), arrayResize(totals.votes_forms, length(totals.votes))
) AS one;

-- Which option has most votes, and by how many it is ahead of the next. Of the forms on which every option has a
-- figure, and of the options that stand on every ballot of the region: only these can be compared. Several options
-- lead where they are equal, none where there are no votes.
CREATE OR REPLACE VIEW leader_now AS
WITH
    (by_option) -> arrayReverseSort(number -> number, mapValues(by_option)) AS ordered,
    (by_option, most) -> arraySort(
        arrayFilter((option, number) -> number = most AND most > 0, mapKeys(by_option), mapValues(by_option))
    ) AS first_ones
SELECT
    election, contest, level, unit, parent, name, path, first_ones(share_votes, numbers[1]) AS leading,
    if(share_total = 0, NULL, numbers[1]) AS leading_votes,
    if(share_total = 0 OR length(numbers) < 2, NULL, numbers[2]) AS next_votes,
    leading_votes - next_votes AS margin, margin / share_total AS margin_share, share_total, share_forms,
    first_ones(clean_share_votes, clean_numbers[1]) AS clean_leading,
    if(clean_share_total = 0 OR length(clean_numbers) < 2, NULL, clean_numbers[1] - clean_numbers[2])
        AS clean_margin,
    clean_share_total, clean_share_forms,
    arrayCount(
        option -> position(splitByChar(':', option)[-1], '.') = 0 AND NOT mapContains(share_votes, option),
        mapKeys(votes)
    ) AS options_not_everywhere,
    stations_expected, stations_received, stations_outstanding, registered_outstanding, version, recorded_at
FROM (SELECT *, ordered(share_votes) AS numbers, ordered(clean_share_votes) AS clean_numbers FROM tally_now);

-- How far the count is, region by region.
CREATE OR REPLACE VIEW progress_now AS
SELECT
    election, contest, level, unit, parent, name, path, stations_expected, stations_received, stations_clean,
    stations_flagged, stations_blank, stations_annulled, stations_unlisted, stations_surplus, stations_outstanding,
    if(stations_expected = 0, NULL, (stations_expected - stations_outstanding) / stations_expected)
        AS share_of_stations,
    registered, registered_received, registered_outstanding, version,
    if(version = 0, NULL, recorded_at) AS last_recorded_at
FROM tally_now;

-- What is still to come, level by level. Voters are NULL where one region does not know them, and the regions that
-- do not are counted.
CREATE OR REPLACE VIEW outstanding_by_level AS
SELECT
    election, contest, level, count() AS regions,
    countIf(to_come = 0) AS regions_complete,
    countIf(stations_received = 0 AND stations_expected > 0) AS regions_silent,
    sum(to_come) AS stations_outstanding,
    countIf(isNull(to_come_registered)) AS regions_without_registered,
    if(regions_without_registered > 0, NULL, sum(to_come_registered)) AS registered_outstanding
FROM (
    SELECT
        election, contest, level, stations_expected, stations_received,
        stations_expected + stations_surplus + stations_unlisted - stations_received AS to_come,
        registered_outstanding AS to_come_registered
    FROM tally FINAL
)
GROUP BY election, contest, level;

-- Turnout: voters over registered voters, both of the same stations: those whose form in force gives the number of
-- voters and for which the register tells the registered ones.
CREATE OR REPLACE VIEW turnout_now AS
SELECT
    totals.election AS election, totals.contest AS contest, level, totals.unit AS unit, parent, name, path,
    if(compared = 0, NULL, given) AS voters, if(compared = 0, NULL, given_of) AS voters_of,
    compared AS stations_compared, if(given_of = 0, NULL, given / given_of) AS turnout,
    if(clean_compared = 0, NULL, clean_given) AS clean_voters,
    if(clean_compared = 0, NULL, clean_given_of) AS clean_voters_of, clean_compared AS clean_stations_compared,
    if(clean_given_of = 0, NULL, clean_given / clean_given_of) AS clean_turnout,
    stations_expected, stations_received, stations_outstanding, registered_outstanding
FROM (SELECT *, if(level = 'nation', '', unit) AS below FROM tally_now) AS totals
LEFT JOIN (
    SELECT
        election, contest,
        arrayJoin(arrayDistinct([village, subdistrict, district, province, ''])) AS unit, -- '': the nation
        sum(compared) AS compared, sum(given) AS given, sum(given_of) AS given_of,
        sum(clean_compared) AS clean_compared, sum(clean_given) AS clean_given, sum(clean_given_of) AS clean_given_of
    FROM (
        SELECT
            election, contest, village, subdistrict, district, province,
            count() AS compared, sum(assumeNotNull(voters)) AS given, sum(assumeNotNull(registered)) AS given_of,
            countIf(status = 'clean') AS clean_compared,
            sumIf(assumeNotNull(voters), status = 'clean') AS clean_given,
            sumIf(assumeNotNull(registered), status = 'clean') AS clean_given_of
        FROM station FINAL
        WHERE status != 'annulled' AND isNotNull(voters) AND isNotNull(registered)
        GROUP BY election, contest, village, subdistrict, district, province
    )
    GROUP BY election, contest, unit
) AS of_stations
    ON totals.election = of_stations.election AND totals.contest = of_stations.contest
        AND totals.below = of_stations.unit
SETTINGS join_use_nulls = 0;

-- What arrived in the log, minute by minute. A message that tells no contest is under ''.
CREATE OR REPLACE VIEW arrival AS
SELECT
    election, contest, toStartOfMinute(recorded_at) AS minute,
    countIf(outcome = 'accepted' AND type = 'CountSubmitted') AS first_counts,
    countIf(outcome = 'accepted' AND type = 'CountCorrected') AS corrections,
    countIf(outcome = 'accepted' AND type = 'CountAnnulled') AS annulments,
    countIf(outcome = 'accepted' AND type = 'RecapCertified') AS recaps,
    countIf(outcome = 'accepted') AS accepted, countIf(outcome = 'rejected') AS rejected,
    countIf(outcome = 'repeated') AS repeated
FROM event FINAL
GROUP BY election, contest, minute;

-- Regions in which an option's share is 30 points or more away from that of its siblings (the other regions of the
-- same parent) together. A plain list in the order of the ids: home districts and islands explain many of them.
CREATE OR REPLACE VIEW share_outlier AS
WITH
    0.3 AS far,         -- 30 points of share
    5 AS enough,        -- siblings compared: below this one odd region makes all others look odd
    100 AS votes_enough -- votes of complete forms: a share of fewer says little
SELECT
    election, contest, level, unit, parent, name, path, option, own / total AS share,
    (all_own - own) / (all_total - total) AS share_of_the_others, siblings, share_forms, stations_outstanding
FROM (
    SELECT
        *,
        sum(own) OVER (PARTITION BY election, contest, level, parent, option) AS all_own,
        sum(total) OVER (PARTITION BY election, contest, level, parent, option) AS all_total,
        count() OVER (PARTITION BY election, contest, level, parent, option) AS siblings
    FROM (
        SELECT
            election, contest, level, parent, unit, name, path, one.1 AS option, toInt64(one.2) AS own,
            toInt64(share_total) AS total, share_forms, stations_outstanding
        FROM tally_now
        ARRAY JOIN arrayZip(mapKeys(share_votes), mapValues(share_votes)) AS one
        WHERE level != 'nation' AND share_total >= votes_enough
    )
)
WHERE siblings >= enough AND abs(share - share_of_the_others) >= far
ORDER BY election, contest, level, unit, option;

-- The totals of one level as they stood at a moment, by the log's clock; asked as
-- result_as_of(moment = '2024-02-14 08:10:00', contest = 'PPWP', level = 'province').
CREATE OR REPLACE VIEW result_as_of AS
WITH
    (number, forms) -> if(forms = 0, NULL, number) AS given,
    (by_option, forms) -> mapFromArrays(mapKeys(by_option), arrayMap(
        (number, some) -> if(some = 0, NULL, number), mapValues(by_option), arrayResize(forms, length(by_option))
    )) AS given_of,
    (by_option, total) -> mapFromArrays(
        mapKeys(by_option), arrayMap(number -> if(total = 0, NULL, number / total), mapValues(by_option))
    ) AS shares_of
SELECT
    totals.election AS election, totals.contest AS contest, totals.level AS level, totals.unit AS unit,
    totals.parent AS parent, place.region_name AS name,
    given_of(totals.votes, votes_forms) AS votes, given(totals.valid, valid_forms) AS valid,
    given(totals.invalid, invalid_forms) AS invalid, given(totals.voters, voters_forms) AS voters,
    given_of(totals.clean_votes, clean_votes_forms) AS clean_votes,
    given(totals.clean_valid, clean_valid_forms) AS clean_valid, shares_of(share_votes, share_total) AS shares,
    share_forms, share_total, stations_expected, stations_received,
    stations_expected + stations_surplus + stations_unlisted - stations_received AS stations_outstanding,
    registered, registered_outstanding, version, if(version = 0, NULL, recorded_at) AS last_recorded_at
FROM (
    SELECT * FROM tally_history
    WHERE contest = {contest:String} AND toString(level) = {level:String}
        AND recorded_at <= toDateTime64({moment:String}, 6, 'UTC')
    ORDER BY version DESC
    LIMIT 1 BY election, contest, level, parent, unit
) AS totals
ANY LEFT JOIN region_lookup AS place ON concat(totals.election, '/', totals.unit) = place.region_key
SETTINGS join_use_nulls = 0;

-- Certified documents

-- What a later document of a region changed in an earlier one, cell by cell. NULL: that one does not give the cell.
CREATE OR REPLACE VIEW recap_change AS
WITH (by_option, option) -> if(mapContains(by_option, option), by_option[option], NULL) AS figure
SELECT
    later.election AS election, later.contest AS contest, later.level AS level, later.unit AS unit,
    later.version AS version, later.document AS document, earlier.document AS document_before, found.1 AS cell,
    CAST(found.2, 'Nullable(Int64)') AS before, CAST(found.3, 'Nullable(Int64)') AS after,
    after - before AS difference, later.event_id AS event_id, later.recorded_at AS recorded_at
FROM (SELECT * FROM recap FINAL) AS later
INNER JOIN (SELECT *, version + 1 AS following FROM recap FINAL) AS earlier
    ON later.election = earlier.election AND later.contest = earlier.contest AND later.unit = earlier.unit
        AND later.version = earlier.following
ARRAY JOIN arrayFilter(
    cell -> isNull(cell.2) != isNull(cell.3) OR ifNull(cell.2 != cell.3, false),
    arrayConcat(
        arrayMap(
            option -> (concat('votes.', option), figure(earlier.votes, option), figure(later.votes, option)),
            arrayDistinct(arrayConcat(mapKeys(earlier.votes), mapKeys(later.votes)))
        ),
        [
            ('valid', earlier.valid, later.valid), ('invalid', earlier.invalid, later.invalid),
            ('voters', earlier.voters, later.voters)
        ]
    )
) AS found;

-- Every reason that was stated for differences of a certified document, and whether it is in force: the document
-- is, and nothing newer was stated for the same cell. An empty cell speaks of all cells.
CREATE OR REPLACE VIEW recap_reason AS
SELECT
    stated.election AS election, stated.contest AS contest, stated.unit AS unit, recap, cell, reason, signer, note,
    role, officer, stated.version AS version, stated.event_id AS event_id, stated.recorded_at AS recorded_at,
    newest AND document.event_id = recap AS in_force
FROM (
    SELECT
        election, contest, unit, version, event_id, recorded_at,
        JSONExtractString(body, 'payload', 'recap') AS recap, JSONExtractString(body, 'payload', 'cell') AS cell,
        JSONExtractString(body, 'payload', 'reason') AS reason,
        JSONExtractString(body, 'payload', 'signer') AS signer,
        nullIf(JSONExtractString(body, 'payload', 'note'), '') AS note,
        nullIf(JSONExtractString(body, 'submitted_by', 'role'), '') AS role,
        nullIf(JSONExtractString(body, 'submitted_by', 'officer'), '') AS officer,
        row_number() OVER (PARTITION BY election, contest, unit, recap, cell ORDER BY version DESC) = 1 AS newest
    FROM event FINAL
    WHERE type = 'RecapReasonStated' AND outcome = 'accepted'
) AS stated
LEFT JOIN recap_now AS document
    ON stated.election = document.election AND stated.contest = document.contest AND stated.unit = document.unit
SETTINGS join_use_nulls = 0;

-- Where a certified document differs from the sum of the forms in force, cell by cell. Only cells that the document
-- has and a form gives are compared. A shift is marked: the options' votes add up to the same, so that what one
-- option has less another has more. `complete`: every form is in and gives every figure of the document; where not,
-- the difference may be what is still to come. Without a reason the difference is an open finding.
CREATE OR REPLACE VIEW recap_difference AS
WITH certified_and_counted AS (
    SELECT
        recap.election AS election, recap.contest AS contest, recap.level AS level, recap.unit AS unit,
        tally.name AS name, tally.path AS path, recap.document AS document, recap.version AS document_version,
        tally.stations_outstanding AS stations_outstanding,
        mapKeys(recap.votes) AS options,
        arrayMap(option -> toInt64(recap.votes[option]), options) AS certified_votes,
        arrayMap(option -> CAST(tally.votes[option], 'Nullable(Int64)'), options) AS counted_votes,
        -- Candidates on a list (32-1:4.2) are in their party's votes.
        arrayFilter(
            option -> position(splitByChar(':', option)[-1], '.') = 0,
            arrayDistinct(arrayConcat(options, mapKeys(tally.votes)))
        ) AS top,
        arrayAll(option -> mapContains(recap.votes, option) AND isNotNull(tally.votes[option]), top)
            AND arraySum(option -> toInt64(recap.votes[option]) - ifNull(toInt64(tally.votes[option]), 0), top) = 0
            AS adds_up,
        arrayConcat(
            arrayZip(arrayMap(option -> concat('votes.', option), options), certified_votes, counted_votes),
            arrayMap(
                cell -> (cell.1, toInt64(assumeNotNull(cell.2)), CAST(cell.3, 'Nullable(Int64)')),
                arrayFilter(cell -> isNotNull(cell.2), [
                    ('valid', recap.valid, tally.valid), ('invalid', recap.invalid, tally.invalid),
                    ('voters', recap.voters, tally.voters)
                ])
            )
        ) AS cells,
        stations_outstanding = 0
            AND arrayAll(
                option -> arrayResize(tally.votes_forms, length(tally.votes))[indexOf(mapKeys(tally.votes), option)]
                    = tally.stations_received,
                options
            )
            AND (isNull(recap.valid) OR tally.valid_forms = tally.stations_received)
            AND (isNull(recap.invalid) OR tally.invalid_forms = tally.stations_received)
            AND (isNull(recap.voters) OR tally.voters_forms = tally.stations_received)
            AS all_in
    FROM recap_now AS recap
    LEFT JOIN (SELECT * FROM tally_now) AS tally
        ON recap.election = tally.election AND recap.contest = tally.contest AND recap.unit = tally.unit
)
SELECT
    differing.election AS election, differing.contest AS contest, differing.level AS level,
    differing.unit AS unit, name, path, cell, certified, counted, difference, is_shift,
    all_in AND (differing.election, differing.contest, differing.unit) NOT IN (
        -- Stations that the register names outside the list are expected nowhere, and counted where they came.
        SELECT held.election, held.contest, arrayJoin([village, subdistrict, district, province, root.unit])
        FROM (SELECT election, unit, village FROM register_station FINAL WHERE NOT listed) AS named
        INNER JOIN (SELECT * EXCEPT unit, unit AS id FROM region FINAL WHERE level = 'village') AS place
            ON named.election = place.election AND named.village = place.id
        INNER JOIN (SELECT election, unit FROM region FINAL WHERE level = 'nation') AS root
            ON named.election = root.election
        INNER JOIN (SELECT DISTINCT election, contest, unit FROM tally WHERE level = 'village') AS held
            ON named.election = held.election AND named.village = held.unit
        WHERE (held.election, held.contest, named.unit) NOT IN (
            SELECT election, contest, unit FROM station FINAL WHERE status != 'annulled'
        )
    ) AS complete,
    nullIf(if(reasons.reasons[cell].1 != '', reasons.reasons[cell].1, reasons.reasons[''].1), '') AS reason,
    nullIf(if(reasons.reasons[cell].1 != '', reasons.reasons[cell].2, reasons.reasons[''].2), '') AS signer,
    document, document_version, stations_outstanding
FROM (
    SELECT
        *, found.1 AS cell, found.2 AS certified, assumeNotNull(found.3) AS counted,
        certified - counted AS difference,
        adds_up AND startsWith(cell, 'votes.') AND has(top, substring(cell, 7)) AS is_shift
    FROM certified_and_counted
    ARRAY JOIN arrayFilter(cell -> isNotNull(cell.3) AND cell.2 != assumeNotNull(cell.3), cells) AS found
) AS differing
LEFT JOIN (
    SELECT election, contest, unit, mapFromArrays(groupArray(cell), groupArray((reason, signer))) AS reasons
    FROM recap_reason
    WHERE in_force
    GROUP BY election, contest, unit
) AS reasons
    ON differing.election = reasons.election AND differing.contest = reasons.contest
        AND differing.unit = reasons.unit
SETTINGS join_use_nulls = 0;
