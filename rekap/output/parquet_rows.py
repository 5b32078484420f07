"""Rows as Parquet: nested fields stay nested, figures stay integers, in row groups as they come.

What columns a command's rows have is said by the functions here, one for each kind of row.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from rekap.output.json_rows import Row, dumps

GROUP_ROWS: Final = 20_000
"""Rows held at once; some tens of megabytes of the widest ballots."""

ONE_CELL: Final = {b"csv": b"json"}
"""Marks a map whose keys are not the options of a ballot: in CSV it is one column of JSON."""

JSON_TEXT: Final = {b"json": b"text"}
"""Marks a string column whose value is a JSON document, because its fields differ from row to row."""


def write_parquet(rows: Iterable[Row], stream: BinaryIO, schema: pa.Schema) -> None:
    """Write the rows as one Parquet file with `schema`."""
    remaining = iter(rows)
    with tempfile.TemporaryFile() as file:  # a pipe can't be sought in
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while group := list(islice(remaining, GROUP_ROWS)):
                writer.write_table(pa.Table.from_pylist([_prepared(row, schema) for row in group], schema))
        file.seek(0)
        shutil.copyfileobj(file, stream)


def _prepared(row: Row, schema: pa.Schema) -> Row:
    return {field.name: _value(row.get(field.name), field) for field in schema}


def _value(value: Any, field: pa.Field) -> Any:
    if value is None:
        return None
    if field.metadata == JSON_TEXT:
        return dumps(value).decode()
    if pa.types.is_map(field.type):
        return list(value.items())
    if pa.types.is_struct(field.type):
        return {inner.name: _value(value.get(inner.name), inner) for inner in field.type}
    return value


def _fields(*names: str, kind: Any = None) -> Iterator[tuple[str, Any]]:
    return ((name, kind or pa.string()) for name in names)


def _json(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.string(), metadata=JSON_TEXT) for name in names]


_INT: Final = pa.int64()
_TIME: Final = pa.timestamp("us", tz="UTC")
_VOTES: Final = pa.map_(pa.string(), _INT)
_FIGURES: Final = ("valid", "invalid", "voters")
_STATIONS: Final = pa.struct(
    list(
        _fields(
            *("expected", "received", "clean", "flagged", "blank", "annulled", "unlisted", "surplus"),
            kind=_INT,
        )
    )
)
_BEHIND: Final = (
    ("shares", pa.map_(pa.string(), pa.float64())),
    *_fields("share_forms", "share_total", kind=_INT),
    ("share_votes", _VOTES),
    ("forms", pa.struct([("votes", _VOTES), *_fields(*_FIGURES, kind=_INT)])),
)
"""Shares, and the forms behind shares and figures: recorded, and the same of clean forms."""
_OUTSTANDING: Final = pa.struct(list(_fields("stations", "registered", kind=_INT)))
_SENTENCE: Final = pa.struct(list(_fields("id", "en")))
_PLACE: Final = tuple(_fields("partition", "position", kind=_INT))
_REGION: Final = tuple(_fields("level", "region", "name", "parent", "contest"))


def results_schema() -> pa.Schema:
    """Rows of `rekap results`."""
    return pa.schema(
        [
            *_REGION,
            ("version", _INT),
            ("votes", _VOTES),
            *_fields(*_FIGURES, "registered", kind=_INT),
            *_BEHIND,
            ("stations", _STATIONS),
            ("clean", pa.struct([("votes", _VOTES), *_fields(*_FIGURES, kind=_INT), *_BEHIND])),
            ("outstanding", _OUTSTANDING),
        ]
    )


def progress_schema() -> pa.Schema:
    """Rows of `rekap progress`."""
    return pa.schema(
        [
            *_REGION,
            ("stations", _STATIONS),
            ("outstanding", _OUTSTANDING),
            ("registered", _INT),
            ("percent", pa.float64()),
            ("last_recorded_at", _TIME),
        ]
    )


def recaps_schema() -> pa.Schema:
    """Rows of `rekap recaps`."""
    return pa.schema(
        [
            *_REGION,
            ("version", _INT),
            ("document", pa.string()),
            ("votes", _VOTES),
            *_fields(*_FIGURES, kind=_INT),
            ("event_id", pa.string()),
            ("recorded_at", _TIME),
            *_PLACE,
        ]
    )


def recap_changes_schema() -> pa.Schema:
    """Rows of `rekap recaps --changes`."""
    return pa.schema(
        [
            *_fields("contest", "level", "region", "name"),
            ("version", _INT),
            *_fields("document", "document_before", "cell"),
            *_fields("before", "after", "difference", kind=_INT),
            *_fields("event_id"),
            ("recorded_at", _TIME),
        ]
    )


def seats_schema() -> pa.Schema:
    """Rows of `rekap determination seats`."""
    return pa.schema(
        [*_fields("dapil", "party"), *_fields("seats", "votes", "votes_to_last_seat", kind=_INT)]
    )


def count_seats_schema() -> pa.Schema:
    """Rows of `rekap determination` of a contest of parties."""
    return pa.schema(
        [
            *_fields("dapil", "name", "party"),
            *_fields("seats", "votes", "votes_to_last_seat", kind=_INT),
            *_fields("elected", "equal", kind=pa.list_(pa.string())),
            *_fields("projection", "could_change", kind=pa.bool_()),
            ("outstanding", _OUTSTANDING),
        ]
    )


def persons_schema() -> pa.Schema:
    """Rows of `rekap determination` of a contest of persons."""
    return pa.schema(
        [
            *_fields("province", "name", "person"),
            ("votes", _INT),
            ("elected", pa.bool_()),
            ("equal", pa.list_(pa.string())),
            ("votes_to_be_elected", _INT),
            *_fields("projection", "could_change", kind=pa.bool_()),
            ("outstanding", _OUTSTANDING),
        ]
    )


def findings_schema() -> pa.Schema:
    """Rows of `rekap findings`."""
    return pa.schema(
        [
            *_fields("contest", "station", "name", "village", "subdistrict", "district", "province"),
            ("version", _INT),
            *_fields("rule", "severity", "tag", "place"),
            pa.field("numbers", _VOTES, metadata=ONE_CELL),
            ("sentence", _SENTENCE),
            ("recorded_at", _TIME),
            *_PLACE,
        ]
    )


def finding_counts_schema() -> pa.Schema:
    """Rows of `rekap findings --count`."""
    return pa.schema([*_fields("contest", "rule", "severity"), *_fields("count", "stations", kind=_INT)])


def rejected_schema() -> pa.Schema:
    """Rows of `rekap rejected`."""
    return pa.schema(
        [
            *_PLACE,
            ("recorded_at", _TIME),
            *_fields("event_id", "type", "contest", "unit", "name", "reason"),
            ("sentence", _SENTENCE),
        ]
    )


def rejected_counts_schema() -> pa.Schema:
    """Rows of `rekap rejected --count`."""
    return pa.schema([("reason", pa.string()), ("count", _INT)])


def log_schema() -> pa.Schema:
    """Rows of `rekap log`."""
    return pa.schema(
        [
            *_PLACE,
            ("recorded_at", _TIME),
            *_fields("event_id", "type", "contest", "unit"),
            ("occurred_at", _TIME),
            *_fields("outcome", "reason"),
            ("version", _INT),
            *_json("event"),
            ("bytes", pa.string()),
        ]
    )


def station_history_schema() -> pa.Schema:
    """Rows of `rekap history` of a station."""
    return pa.schema(
        [
            *_PLACE,
            ("recorded_at", _TIME),
            *_fields("name", "contest", "event_id", "type", "outcome"),
            ("version", _INT),
            ("status", pa.string()),
            ("listed", pa.bool_()),
            *_fields("kind", "reason", "note", "supersedes"),
            *_json("submitted_by"),
            ("device", pa.string()),
            ("occurred_at", _TIME),
            *_json("origin"),
            ("votes", _VOTES),
            *_fields(*_FIGURES, kind=_INT),
            *_json("changes", "findings", "rejected"),
        ]
    )


def region_history_schema() -> pa.Schema:
    """Rows of `rekap history` of a region."""
    named = [field for field in results_schema() if field.name != "name"]
    return pa.schema([*named, ("recorded_at", _TIME), *_PLACE, *_json("changes")])
