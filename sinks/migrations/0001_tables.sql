-- Tables of the projection. Every one has the identity of its row in ORDER BY and a Replacing engine, so that
-- inserting a batch again, whole or in other pieces, changes nothing. Readers therefore say FINAL (or use a view).
--
-- No PARTITION BY: the primary keys begin with the election already, and one batch that holds many elections
-- (a day on which 500 districts vote) would make one part for each. By time, versions of a row would never meet.

-- The log, mirrored: every event that arrived, accepted or parked, with its bytes.
CREATE TABLE IF NOT EXISTS event
(
    election    LowCardinality(String),
    partition   UInt32,
    position    UInt64,
    recorded_at DateTime64(6, 'UTC'),
    event_id    String,                     -- 64 hex digits; '' when the bytes are no event
    type        LowCardinality(String),
    contest     LowCardinality(String),
    unit        String,
    occurred_at Nullable(DateTime64(3, 'UTC')),
    outcome     Enum8('accepted' = 1, 'parked' = 2),
    reason      LowCardinality(String),     -- '' when accepted
    version     UInt32,                     -- 0 when parked
    body        String CODEC(ZSTD(1)),
    -- Ids are random and units arrive in any order, so neither follows the key. One filter for each granule of
    -- 8,192 rows: a look-up reads the granules whose filter says "perhaps", one in a thousand of them wrongly.
    INDEX event_id_filter event_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX unit_filter unit TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (election, partition, position);

-- One row for each accepted count of a station: all versions, none overwritten.
CREATE TABLE IF NOT EXISTS station_history
(
    election    LowCardinality(String),
    contest     LowCardinality(String),
    unit        String,
    village     String,
    subdistrict String,
    district    String,
    province    String,
    version     UInt32,
    recorded_at DateTime64(6, 'UTC'),
    position    UInt64,
    event_id    String,
    type        LowCardinality(String),
    status      Enum8('clean' = 1, 'flagged' = 2, 'blank' = 3, 'annulled' = 4),
    listed      Bool,
    kind        LowCardinality(String),
    votes       Map(LowCardinality(String), UInt32),
    valid       Nullable(UInt32),
    invalid     Nullable(UInt32),
    voters      Nullable(UInt32),
    registered  Nullable(UInt32),
    rules       Array(LowCardinality(String))
)
ENGINE = ReplacingMergeTree
ORDER BY (election, contest, unit, version);

-- The version in force of each station: the highest one.
CREATE TABLE IF NOT EXISTS station AS station_history
ENGINE = ReplacingMergeTree(version)
ORDER BY (election, contest, unit);

CREATE MATERIALIZED VIEW IF NOT EXISTS station_history_to_station TO station AS
SELECT * FROM station_history;

-- One row for each snapshot of a region's totals; a row is whole, so a reader never mixes two versions.
CREATE TABLE IF NOT EXISTS tally_history
(
    election            LowCardinality(String),
    contest             LowCardinality(String),
    level               Enum8('village' = 1, 'subdistrict' = 2, 'district' = 3, 'province' = 4, 'nation' = 5),
    parent              String,
    unit                String,
    version             UInt64,
    recorded_at         DateTime64(6, 'UTC'),
    position            UInt64,
    votes               Map(LowCardinality(String), UInt64),
    valid               UInt64,
    invalid             UInt64,
    voters              UInt64,
    ballots_received    UInt64,
    ballots_used        UInt64,
    registered          Nullable(UInt64),   -- the register's voters at all expected stations
    registered_received UInt64,             -- the register's voters at the stations received
    stations_expected   UInt64,
    stations_received   UInt64,
    stations_clean      UInt64,
    stations_flagged    UInt64,
    stations_blank      UInt64,
    stations_annulled   UInt64,
    stations_unlisted   UInt64,
    clean_votes         Map(LowCardinality(String), UInt64),
    clean_valid         UInt64,
    clean_invalid       UInt64,
    clean_voters        UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (election, contest, level, parent, unit, version);

-- The newest snapshot of each region.
CREATE TABLE IF NOT EXISTS tally AS tally_history
ENGINE = ReplacingMergeTree(version)
ORDER BY (election, contest, level, parent, unit);

CREATE MATERIALIZED VIEW IF NOT EXISTS tally_history_to_tally TO tally AS
SELECT * FROM tally_history;

-- What a rule found in one version of a station's form.
CREATE TABLE IF NOT EXISTS finding
(
    election    LowCardinality(String),
    contest     LowCardinality(String),
    unit        String,
    village     String,
    subdistrict String,
    district    String,
    province    String,
    version     UInt32,
    rule        LowCardinality(String),
    place       String,
    severity    Enum8('hard' = 1, 'soft' = 2),
    tag         LowCardinality(String),
    numbers     Map(LowCardinality(String), Int64),
    sentence_id String CODEC(ZSTD(1)),
    sentence_en String CODEC(ZSTD(1)),
    recorded_at DateTime64(6, 'UTC'),
    position    UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (election, contest, unit, version, rule, place);

-- What could not be accepted, with its bytes and the reason in words.
CREATE TABLE IF NOT EXISTS rejected
(
    election    LowCardinality(String),
    partition   UInt32,
    position    UInt64,
    recorded_at DateTime64(6, 'UTC'),
    event_id    String,
    type        LowCardinality(String),
    contest     LowCardinality(String),
    unit        String,
    reason      LowCardinality(String),
    sentence_id String CODEC(ZSTD(1)),
    sentence_en String CODEC(ZSTD(1)),
    body        String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (election, partition, position);

-- Certified documents (D.Hasil): the cells as signed, all versions.
CREATE TABLE IF NOT EXISTS recap
(
    election    LowCardinality(String),
    contest     LowCardinality(String),
    level       Enum8('subdistrict' = 1, 'district' = 2, 'province' = 3, 'nation' = 4),
    unit        String,
    version     UInt32,
    recorded_at DateTime64(6, 'UTC'),
    position    UInt64,
    event_id    String,
    document    String,
    votes       Map(LowCardinality(String), UInt64),
    valid       Nullable(UInt64),
    invalid     Nullable(UInt64),
    voters      Nullable(UInt64)
)
ENGINE = ReplacingMergeTree
ORDER BY (election, contest, unit, version);

-- The register of regions. A table and a join rather than a DICTIONARY: the engine that runs in process is built
-- without dictionaries (no dictGet, no layouts), and one schema must serve both.
CREATE TABLE IF NOT EXISTS region
(
    election    LowCardinality(String),
    unit        String,
    parent      String,
    level       Enum8('village' = 1, 'subdistrict' = 2, 'district' = 3, 'province' = 4, 'nation' = 5),
    name        String,
    province    String,
    district    String,
    subdistrict String,
    stations    UInt32,
    registered  Nullable(UInt64)
)
ENGINE = ReplacingMergeTree
ORDER BY (election, unit);

-- The register of polling stations, and those that reported without being in it (listed = false).
CREATE TABLE IF NOT EXISTS register_station
(
    election   LowCardinality(String),
    unit       String,
    village    String,
    number     UInt32,
    registered Nullable(UInt32),
    listed     Bool
)
ENGINE = ReplacingMergeTree
ORDER BY (election, village, unit);

-- How far the log has arrived here: everything up to and including this position.
CREATE TABLE IF NOT EXISTS sink_position
(
    election    LowCardinality(String),
    partition   UInt32,
    position    UInt64,
    recorded_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(position)
ORDER BY (election, partition);
