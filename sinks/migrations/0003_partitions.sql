-- The log may have several partitions, each with positions of its own: a row says which partition its position
-- is one of. Rows that are there already came from a log of one partition, number 0.
--
-- Totals above the district add up several partitions and have no one position: their partition is 4294967295
-- (MANY_PARTITIONS in sinks/tables.py) and their position 0.

ALTER TABLE station ADD COLUMN IF NOT EXISTS partition UInt32 AFTER recorded_at;
ALTER TABLE station_history ADD COLUMN IF NOT EXISTS partition UInt32 AFTER recorded_at;
ALTER TABLE tally ADD COLUMN IF NOT EXISTS partition UInt32 AFTER recorded_at;
ALTER TABLE tally_history ADD COLUMN IF NOT EXISTS partition UInt32 AFTER recorded_at;
ALTER TABLE finding ADD COLUMN IF NOT EXISTS partition UInt32 AFTER recorded_at;
ALTER TABLE recap ADD COLUMN IF NOT EXISTS partition UInt32 AFTER recorded_at;

-- A message that was sent twice stands twice in a log that takes in whatever is sent.
ALTER TABLE event MODIFY COLUMN outcome Enum8('accepted' = 1, 'parked' = 2, 'repeated' = 3);

-- What forwards every column did so with the columns of its day: say it again.
ALTER TABLE station_history_to_station MODIFY QUERY SELECT * FROM station_history;
ALTER TABLE tally_history_to_tally MODIFY QUERY SELECT * FROM tally_history;

CREATE OR REPLACE VIEW station_now AS
SELECT * FROM station FINAL;

CREATE OR REPLACE VIEW tally_now AS
SELECT tally.*, region.name AS name
FROM tally FINAL
LEFT JOIN (SELECT election, unit, name FROM region FINAL) AS region USING (election, unit);

CREATE OR REPLACE VIEW finding_now AS
SELECT * FROM finding FINAL
WHERE (election, contest, unit, version) NOT IN (
    SELECT older.election, older.contest, older.unit, older.version
    FROM station AS newer
    INNER JOIN finding AS older
        ON newer.election = older.election AND newer.contest = older.contest AND newer.unit = older.unit
    WHERE newer.version > older.version
);

CREATE OR REPLACE VIEW recap_now AS
SELECT * FROM recap
ORDER BY version DESC
LIMIT 1 BY election, contest, unit;
