-- Which levels have a certified document is the election's: in 2019 the village had one. The numbers of the others
-- stay, so no row is rewritten. Views keep the type that a column had when they were made, so these two are made again.

ALTER TABLE recap MODIFY COLUMN level
    Enum8('subdistrict' = 1, 'district' = 2, 'province' = 3, 'nation' = 4, 'village' = 5);

CREATE OR REPLACE VIEW recap_now AS
SELECT * FROM recap
ORDER BY version DESC
LIMIT 1 BY election, contest, unit;

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
