"""The tables of the projection, declared once: what a batch of rows must look like before it is inserted.

Each constant is the `pyarrow.Schema` of one table, in the table's own column order, and carries the
ClickHouse type of every column; a test migrates from zero and compares `system.columns` with it. The tables
are made by `sinks/migrations`: nothing here is promised about keys, engines, views or contents.

Arrow types are those that `client.insert_arrow` takes without a cast on our side: an Enum8 arrives as its
name, LowCardinality as a plain string, DateTime64(6) as timestamp[us, UTC], Map as map<string, uintN>.
A plain string and a dictionary-encoded one are inserted equally fast, so the simpler one is declared.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pyarrow as pa

from schemas.tallies import CLEAN_FORMS, FORMS

CLICKHOUSE_TYPE: Final = b"clickhouse"
"""Key of a field's metadata that holds the column's type as `system.columns` prints it."""

OUTCOMES: Final = ("accepted", "rejected", "repeated")
"""What became of an entry of the log. A log that takes in whatever is sent has entries that repeat others."""
STATION_STATUSES: Final = ("clean", "flagged", "blank", "annulled")
SEVERITIES: Final = ("hard", "soft")
LEVELS: Final = ("village", "subdistrict", "district", "province", "nation")
"""Levels that have a tally, bottom up. Also the levels of `region`."""
RECAP_LEVELS: Final = ("subdistrict", "district", "province", "nation", "village")
"""Levels that can have a certified document, in the order in which they came to the table. Which ones have is
the election's (schemas.elections.Election.certified)."""

MANY_PARTITIONS: Final = 2**32 - 1
"""The partition of totals that add up several: those above the district when the log has partitions. They
have no position there, and hold 0 for it."""


NO_POSITION: Final = -1
"""The position before the first: nothing has arrived, or was published, yet."""

POSITIONS_SQL: Final = (
    "SELECT partition, max(position) FROM sink_position WHERE election = {election:String} "
    "GROUP BY partition ORDER BY partition"
)
"""The last position of each partition of the log whose rows have arrived."""

_ENUM_WORD: Final = re.compile(r"'([^']*)' = ")


def _enum(names: tuple[str, ...]) -> str:
    return "Enum8(" + ", ".join(f"'{name}' = {number}" for number, name in enumerate(names, 1)) + ")"


def _column(name: str, arrow: pa.DataType, clickhouse: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, arrow, nullable=nullable, metadata={CLICKHOUSE_TYPE: clickhouse.encode()})


def _string(name: str) -> pa.Field:
    return _column(name, pa.string(), "String")


def _word(name: str) -> pa.Field:
    """A string with few distinct values: a contest, a rule, an event type."""
    return _column(name, pa.string(), "LowCardinality(String)")


def _enum8(name: str, names: tuple[str, ...]) -> pa.Field:
    return _column(name, pa.string(), _enum(names))


def _uint32(name: str) -> pa.Field:
    return _column(name, pa.uint32(), "UInt32")


def _uint64(name: str) -> pa.Field:
    return _column(name, pa.uint64(), "UInt64")


def _maybe_uint32(name: str) -> pa.Field:
    return _column(name, pa.uint32(), "Nullable(UInt32)", nullable=True)


def _maybe_uint64(name: str) -> pa.Field:
    return _column(name, pa.uint64(), "Nullable(UInt64)", nullable=True)


def _bool(name: str) -> pa.Field:
    return _column(name, pa.bool_(), "Bool")


def _map(name: str, value: pa.DataType, clickhouse: str) -> pa.Field:
    return _column(name, pa.map_(pa.string(), value), f"Map(LowCardinality(String), {clickhouse})")


def _forms(name: str) -> pa.Field:
    """Numbers of forms, in the order of the options in `votes`: a map would write their names once more."""
    return _column(name, pa.list_(pa.uint32()), "Array(UInt32)")


def _recorded_at() -> pa.Field:
    """When the log took the event in: never a worker's clock."""
    return _column("recorded_at", pa.timestamp("us", tz="UTC"), "DateTime64(6, 'UTC')")


_PLACE: Final = [_string("village"), _string("subdistrict"), _string("district"), _string("province")]

EVENT: Final = pa.schema(
    [
        _word("election"),
        _uint32("partition"),
        _uint64("position"),
        _recorded_at(),
        _string("event_id"),
        _word("type"),
        _word("contest"),
        _string("unit"),
        _column("occurred_at", pa.timestamp("ms", tz="UTC"), "Nullable(DateTime64(3, 'UTC'))", nullable=True),
        _enum8("outcome", OUTCOMES),
        _word("reason"),
        _uint32("version"),
        _string("body"),
    ]
)

STATION_HISTORY: Final = pa.schema(
    [
        _word("election"),
        _word("contest"),
        _string("unit"),
        *_PLACE,
        _uint32("version"),
        _recorded_at(),
        _uint32("partition"),
        _uint64("position"),
        _string("event_id"),
        _word("type"),
        _enum8("status", STATION_STATUSES),
        _bool("listed"),
        _word("kind"),
        _map("votes", pa.uint32(), "UInt32"),
        _maybe_uint32("valid"),
        _maybe_uint32("invalid"),
        _maybe_uint32("voters"),
        _maybe_uint32("registered"),
        _column("rules", pa.list_(pa.string()), "Array(LowCardinality(String))"),
        _bool("complete"),
    ]
)
STATION: Final = STATION_HISTORY
"""The version in force. A view fills it from `station_history`: never insert into it."""

TALLY_HISTORY: Final = pa.schema(
    [
        _word("election"),
        _word("contest"),
        _enum8("level", LEVELS),
        _string("parent"),
        _string("unit"),
        _uint64("version"),
        _recorded_at(),
        _uint32("partition"),
        _uint64("position"),
        _map("votes", pa.uint64(), "UInt64"),
        _uint64("valid"),
        _uint64("invalid"),
        _uint64("voters"),
        _uint64("ballots_received"),
        _uint64("ballots_used"),
        _maybe_uint64("registered"),
        _uint64("registered_received"),
        _uint64("stations_expected"),
        _uint64("stations_received"),
        _uint64("stations_clean"),
        _uint64("stations_flagged"),
        _uint64("stations_blank"),
        _uint64("stations_annulled"),
        _uint64("stations_unlisted"),
        _map("clean_votes", pa.uint64(), "UInt64"),
        _uint64("clean_valid"),
        _uint64("clean_invalid"),
        _uint64("clean_voters"),
        _uint64("stations_surplus"),
        _maybe_uint64("registered_outstanding"),
        _forms("votes_forms"),
        *(_uint64(name) for name in FORMS),
        _forms("clean_votes_forms"),
        *(_uint64(name) for name in CLEAN_FORMS),
        _uint64("share_forms"),
        _uint64("share_total"),
        _map("share_votes", pa.uint64(), "UInt64"),
        _uint64("clean_share_forms"),
        _uint64("clean_share_total"),
        _map("clean_share_votes", pa.uint64(), "UInt64"),
    ]
)
TALLY: Final = TALLY_HISTORY
"""The newest snapshot of each region. A view fills it from `tally_history`: never insert into it."""

FINDING: Final = pa.schema(
    [
        _word("election"),
        _word("contest"),
        _string("unit"),
        *_PLACE,
        _uint32("version"),
        _word("rule"),
        _string("place"),
        _enum8("severity", SEVERITIES),
        _word("tag"),
        _map("numbers", pa.int64(), "Int64"),
        _string("sentence_id"),
        _string("sentence_en"),
        _recorded_at(),
        _uint32("partition"),
        _uint64("position"),
    ]
)

REJECTED: Final = pa.schema(
    [
        _word("election"),
        _uint32("partition"),
        _uint64("position"),
        _recorded_at(),
        _string("event_id"),
        _word("type"),
        _word("contest"),
        _string("unit"),
        _word("reason"),
        _string("sentence_id"),
        _string("sentence_en"),
        _string("body"),
    ]
)

RECAP: Final = pa.schema(
    [
        _word("election"),
        _word("contest"),
        _enum8("level", RECAP_LEVELS),
        _string("unit"),
        _uint32("version"),
        _recorded_at(),
        _uint32("partition"),
        _uint64("position"),
        _string("event_id"),
        _string("document"),
        _map("votes", pa.uint64(), "UInt64"),
        _maybe_uint64("valid"),
        _maybe_uint64("invalid"),
        _maybe_uint64("voters"),
    ]
)

REGION: Final = pa.schema(
    [
        _word("election"),
        _string("unit"),
        _string("parent"),
        _enum8("level", LEVELS),
        _string("name"),
        _string("province"),
        _string("district"),
        _string("subdistrict"),
        _uint32("stations"),
        _maybe_uint64("registered"),
    ]
)

REGISTER_STATION: Final = pa.schema(
    [
        _word("election"),
        _string("unit"),
        _string("village"),
        _uint32("number"),
        _maybe_uint32("registered"),
        _bool("listed"),
        _string("name"),
    ]
)

SINK_POSITION: Final = pa.schema(
    [_word("election"), _uint32("partition"), _uint64("position"), _recorded_at()]
)

TABLES: Final[dict[str, pa.Schema]] = {
    "event": EVENT,
    "station_history": STATION_HISTORY,
    "station": STATION,
    "tally_history": TALLY_HISTORY,
    "tally": TALLY,
    "finding": FINDING,
    "rejected": REJECTED,
    "recap": RECAP,
    "region": REGION,
    "register_station": REGISTER_STATION,
    "sink_position": SINK_POSITION,
}
"""Every table by name. `station` and `tally` are derived: insert into their history and they follow."""

_UNMERGED: Final[dict[str, Any]] = {"optimize_on_insert": 0}
INSERT_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "station_history": _UNMERGED,
    "tally_history": _UNMERGED,
    "finding": _UNMERGED,
}
"""Settings to insert a table's batches with, none for the others. A batch holds few rows of one key, so
merging them before they are stored gains nothing and costs most of the insert: of 20,000 stations and their
view, 90-100k/s with it and 280-310k/s without. FINAL reads the same either way. `event` is faster with it."""


def size_of(rows: pa.Table | pa.RecordBatch) -> int:
    """Bytes of the buffers that hold the rows, of a slice those of the whole. `nbytes` is exact, and takes as
    long as writing a small message does."""
    return int(rows.get_total_buffer_size())


def clickhouse_type(field: pa.Field) -> str:
    """The ClickHouse type of one declared column, spelled as `system.columns` spells it."""
    return str(field.metadata[CLICKHOUSE_TYPE].decode())


def words_of(field: pa.Field) -> frozenset[str]:
    """The words that one declared column may have; empty for a column of another type than Enum8."""
    declared = clickhouse_type(field)
    return frozenset(_ENUM_WORD.findall(declared)) if declared.startswith("Enum8(") else frozenset()
