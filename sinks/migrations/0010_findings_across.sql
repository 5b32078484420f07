-- What is found across the stations of a village (docs/rules.md): no form says it of itself, and each form that
-- comes may bring it about or end it, so it is looked up and not stored. Columns are those of `finding`.
--
-- `unit` is a station, or the village where the finding is about all of it. Soft: nothing is left out for it.
CREATE OR REPLACE VIEW finding_across AS
WITH
    in_force AS (
        SELECT * FROM station FINAL WHERE status != 'annulled'
    ),
    -- R29: the same votes, valid and invalid votes and voters, missing figures included. Forms of zeros have R27.
    alike AS (
        SELECT
            election, contest, village, subdistrict, district, province,
            arraySort(groupArray((unit, version))) AS stations,
            argMax((recorded_at, partition, position), (recorded_at, partition, position)) AS last
        FROM in_force
        WHERE arraySum(mapValues(votes)) > 0
        GROUP BY
            election, contest, village, subdistrict, district, province, votes, valid, invalid, voters
        HAVING count() > 1
    ),
    -- R30: a village has as many stations as the register says.
    crowded AS (
        SELECT
            election, contest, village, subdistrict, district, province,
            sum(version) AS version,
            toInt64(count()) AS reporting,
            toInt64(any(expected.stations)) AS existing,
            argMax((recorded_at, partition, position), (recorded_at, partition, position)) AS last
        FROM in_force
        INNER JOIN (
            SELECT election, unit AS village, stations FROM region FINAL WHERE level = 'village'
        ) AS expected USING (election, village)
        GROUP BY election, contest, village, subdistrict, district, province
        HAVING reporting > existing
    )
SELECT
    election, contest, one.1 AS unit, village, subdistrict, district, province, toUInt64(one.2) AS version,
    'R29' AS rule, '' AS place, CAST('soft' AS Enum8('hard' = 1, 'soft' = 2)) AS severity, '' AS tag,
    CAST(map('others', toInt64(length(stations) - 1)), 'Map(LowCardinality(String), Int64)') AS numbers,
    concat(
        'Semua angka sama dengan ', toString(length(stations) - 1), ' TPS lain di desa/kelurahan yang sama: ',
        arrayStringConcat(arrayFilter(id -> id != unit, arrayMap(other -> other.1, stations)), ', '), '.'
    ) AS sentence_id,
    concat(
        'Every figure is that of ', toString(length(stations) - 1), if(
            length(stations) = 2, ' other station', ' other stations'
        ), ' of the same village: ',
        arrayStringConcat(arrayFilter(id -> id != unit, arrayMap(other -> other.1, stations)), ', '), '.'
    ) AS sentence_en,
    last.1 AS recorded_at, last.2 AS partition, last.3 AS position
FROM alike
ARRAY JOIN stations AS one
UNION ALL
SELECT
    election, contest, village AS unit, village, subdistrict, district, province, toUInt64(version),
    'R30', '', CAST('soft' AS Enum8('hard' = 1, 'soft' = 2)), '',
    CAST(
        map('reporting', reporting, 'existing', existing, 'surplus', reporting - existing),
        'Map(LowCardinality(String), Int64)'
    ),
    concat(
        toString(reporting), ' TPS melaporkan hasil, sedangkan desa/kelurahan ini memiliki ', toString(existing),
        ' TPS (kelebihan ', toString(reporting - existing), ').'
    ),
    concat(
        toString(reporting), ' stations have reported, while this village has ', toString(existing),
        ' (a surplus of ', toString(reporting - existing), ').'
    ),
    last.1, last.2, last.3
FROM crowded;
