-- Corrections and annulments that were accepted: who gave which reason, and where.
--
-- `reason` NULL: the event itself has not arrived in `event` yet; `role` NULL: neither, or it names no submitter.
CREATE OR REPLACE VIEW correction AS
SELECT
    made.election AS election, made.contest AS contest, made.unit AS unit, made.village AS village,
    made.subdistrict AS subdistrict, made.district AS district, made.province AS province,
    made.version AS version, made.type AS type, sent.reason AS reason, sent.role AS role, sent.officer AS officer,
    sent.note AS note, sent.supersedes AS supersedes, made.event_id AS event_id, made.status AS status,
    nullIf(made.kind, '') AS kind, sent.occurred_at AS occurred_at, made.recorded_at AS recorded_at,
    made.partition AS partition, made.position AS position
FROM (SELECT * FROM station_history FINAL WHERE type IN ('CountCorrected', 'CountAnnulled')) AS made
LEFT JOIN (
    SELECT
        election, partition, position, occurred_at,
        nullIf(JSONExtractString(body, 'payload', 'reason'), '') AS reason,
        nullIf(JSONExtractString(body, 'submitted_by', 'role'), '') AS role,
        nullIf(JSONExtractString(body, 'submitted_by', 'officer'), '') AS officer,
        nullIf(JSONExtractString(body, 'payload', 'note'), '') AS note,
        nullIf(JSONExtractString(body, 'payload', 'supersedes'), '') AS supersedes
    FROM event FINAL
    WHERE type IN ('CountCorrected', 'CountAnnulled') AND outcome = 'accepted'
) AS sent USING (election, partition, position);

-- The same counted in every region above the stations, by what happened, reason and role.
CREATE OR REPLACE VIEW correction_by_region AS
SELECT
    election, contest, one.1 AS level, one.2 AS unit, any(named.name) AS name, type, reason, role,
    count() AS corrections, uniqExact(station) AS stations, min(recorded_at) AS first_at,
    max(recorded_at) AS last_at
FROM (
    SELECT
        correction.election AS election, contest, type, reason, role, correction.unit AS station, recorded_at,
        arrayJoin([
            ('village', village), ('subdistrict', subdistrict), ('district', correction.district),
            ('province', correction.province), ('nation', root.unit)
        ]) AS one
    FROM correction
    LEFT JOIN (SELECT election, unit FROM region FINAL WHERE level = 'nation') AS root USING (election)
) AS places
LEFT JOIN (SELECT election, level, unit, name FROM region FINAL) AS named
    ON named.election = places.election AND named.level = places.one.1 AND named.unit = places.one.2
WHERE one.2 != ''
GROUP BY election, contest, level, unit, type, reason, role;
