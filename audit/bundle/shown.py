"""What a count shows, as files: decisions, findings, versions of stations, and totals of every region.

Read from the projections as they were after the entries of the bundle: a count that goes on is no obstacle.
On Kafka, totals of provinces and the nation add up partitions and have no such moment; they are not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from audit.bundle.report import Found
from queries.all_rows import Part, columns_of, not_the_newest, rows_of
from queries.cells import region_cells, sink_positions
from schemas.canonical import dumps
from schemas.language import ExplainedError, Text
from schemas.regions import REGION_LEVELS, Level
from schemas.text import quoted

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

ROWS: Final = 50_000
"""Rows of a row group, and positions that are read at once."""

SUMMED: Final = (Level.NATION, Level.PROVINCE)
"""The levels that add up several partitions on Kafka."""

NEWEST_NAMED: Final = 1_000
"""Rows that are not the newest of their history, named one by one; of more, the number."""

DECISIONS, FINDINGS, STATIONS, TOTALS = "decision", "finding", "station", "total"

_TEXT: Final = pa.string()
_SCHEMAS: Final = {
    DECISIONS: pa.schema(
        [
            ("partition", pa.uint32()),
            ("position", pa.uint64()),
            *[(name, _TEXT) for name in ("event_id", "outcome", "reason")],
            ("version", pa.uint32()),
        ]
    ),
    FINDINGS: pa.schema(
        [(name, _TEXT) for name in ("contest", "unit", "rule", "place")] + [("version", pa.uint32())]
    ),
    STATIONS: pa.schema([(name, _TEXT) for name in ("contest", "unit", "said")] + [("version", pa.uint32())]),
    TOTALS: pa.schema([(name, _TEXT) for name in ("contest", "level", "unit", "cells")]),
}

STATION_FIGURES: Final = ("status", "valid", "invalid", "voters", "registered", "listed", "complete", "votes")
"""What is compared of a version of a station."""


class NotArrived(ExplainedError):
    """The projections have not all of these entries yet."""


def write_shown(client: Client, election: str, ends: Sequence[int], folder: Path, *, keyed: bool) -> None:
    """Write what is shown after the entries before `ends` (positions, by partition). Raises NotArrived,
    Unreadable and OSError."""
    arrived = sink_positions(client, election)
    missing = sum(max(end - 1 - arrived.get(partition, -1), 0) for partition, end in enumerate(ends))
    if missing:
        raise NotArrived(
            id=f"Yang ditampilkan belum memuat {missing} entri log. Ulangi sesudah penghitungan mengejarnya "
            "(rekap serve, atau rekap sink).",
            en=f"What is shown has not {missing} entries of the log yet. Repeat this once the count has "
            "caught up (rekap serve, or rekap sink).",
        )

    def positioned(table: str) -> Iterator[dict[str, Any]]:
        names = columns_of(table)
        for partition, end in enumerate(ends):
            for start in range(0, end, ROWS):
                part = Part.between(table, election, partition, start, min(start + ROWS, end))
                yield from (dict(zip(names, row, strict=True)) for row in rows_of(client, part))

    _write(folder, DECISIONS, positioned("event"))
    _write(folder, FINDINGS, positioned("finding"))
    _write(folder, STATIONS, map(_station, positioned("station_history")))
    _write(folder, TOTALS, _totals(client, election, ends, keyed=keyed))


def newest_faults(client: Client, election: str) -> Iterator[Found]:
    """Where the newest row of a station or total is not the last version of its history."""
    for table in ("station", "tally"):
        outdated = not_the_newest(client, table, election, NEWEST_NAMED)
        for key, sides in outdated.rows:
            place = ", ".join(str(part) for part in key)
            shown = "log" in sides
            said = Text(
                f"Yang terbaru di {table} {quoted(place)} bukan versi terakhir dari riwayatnya.",
                f"The newest in {table} {quoted(place)} is not the last version of its history.",
            )
            yield Found("newest_differs" if shown else "newest_added", None, None, said)
        if outdated.count > len(outdated.rows):
            more = outdated.count - len(outdated.rows)
            yield Found(
                "newest_differs",
                None,
                None,
                Text(
                    f"Di {table} ada {more} lagi yang bukan versi terakhir dari riwayatnya.",
                    f"{table} has {more} more that are not the last version of their history.",
                ),
            )


def count_entries(files: Iterable[Path]) -> int:
    """The entries in some Parquet files of a log."""
    return sum(pq.read_metadata(path).num_rows for path in files)


def _station(row: dict[str, Any]) -> dict[str, Any]:
    said = {name: row[name] for name in STATION_FIGURES}
    return row | {"said": dumps(said | {"votes": dict(row["votes"])}).decode()}


def _totals(client: Client, election: str, ends: Sequence[int], *, keyed: bool) -> Iterator[dict[str, Any]]:
    before = {partition: end for partition, end in enumerate(ends) if end}
    for level in REGION_LEVELS:
        if keyed and level in SUMMED:
            continue
        for (contest, unit), cells in region_cells(client, election, level, before):
            yield {"contest": contest, "level": level.value, "unit": unit, "cells": dumps(cells).decode()}


def _write(folder: Path, name: str, rows: Iterator[dict[str, Any]]) -> None:
    schema = _SCHEMAS[name]
    with pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd") as writer:
        while some := list(islice(rows, ROWS)):
            picked = [{column: row[column] for column in schema.names} for row in some]
            writer.write_table(pa.Table.from_pylist(picked, schema=schema))
