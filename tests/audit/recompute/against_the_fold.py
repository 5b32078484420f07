"""Holds the recomputation against the fold: decisions, assessed forms, findings, every cell of every unit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.bundle.layout import LOG_SCHEMA
from audit.recompute.in_order import PartitionOf
from audit.recompute.recompute import Recomputed, recompute
from event_log.leaf import leaf_hash
from schemas.elections import Election
from schemas.regions import Registry
from stream_processors.assess import AssessedCount
from stream_processors.fold import FoldedEntry, PlacedMessage, fold

Placed = Sequence[tuple[bytes, bytes | None, int]]
"""Messages with their keys and partitions."""


def write_log(folder: Path, messages: Placed) -> dict[int, list[Path]]:
    """The Parquet files of a log, by partition."""
    by_partition: dict[int, list[tuple[bytes, bytes | None]]] = {}
    for raw, key, partition in messages:
        by_partition.setdefault(partition, []).append((raw, key))
    files = {}
    for partition, entries in by_partition.items():
        table = pa.table(
            {
                "index": range(len(entries)),
                "position": range(len(entries)),
                "recorded_at": [0] * len(entries),
                "key": [key for _, key in entries],
                "leaf": [leaf_hash(raw) for raw, _ in entries],
                "body": [raw for raw, _ in entries],
            },
            schema=LOG_SCHEMA,
        )
        path = folder / f"{partition}.parquet"
        pq.write_table(table, path)
        files[partition] = [path]
    return files


def compare(
    folder: Path,
    election: Election,
    registry: Registry,
    messages: Sequence[bytes] | None = None,
    placed: Placed | None = None,
    partition_of: PartitionOf | None = None,
) -> list[FoldedEntry]:
    """Fails where the two differ; what the fold made of each message. `placed`: of a log with partitions."""
    if placed is None:
        assert messages is not None
        placed = [(raw, None, 0) for raw in messages]
    entries: list[FoldedEntry] = []
    ours: Any = [raw for raw, _, _ in placed]
    if partition_of is not None:
        ours = [PlacedMessage.of(*one) for one in placed]
    folded = fold(ours, election, registry, partition_of, entries.append)
    with recompute(write_log(folder, placed), election, registry, partition_of, folder) as done:
        _compare_decisions(done, entries, placed)
        _compare_findings(done, entries)
        shown = {}
        for row in done.engine.rows("SELECT contest, level, unit, cells FROM shown").to_pylist():
            shown[row["contest"], row["level"], row["unit"]] = json.loads(row["cells"])
        expected = {
            (one.contest, one.level.value, one.unit): one.cells()
            for one in chain(folded.regions.values(), folded.stations())
        }
        assert shown.keys() == expected.keys()
        for key, cells in expected.items():
            if shown[key] != cells:
                names = {**cells, **shown[key]}
                differ = {
                    name: (cells.get(name), shown[key].get(name))
                    for name in names
                    if cells.get(name) != shown[key].get(name)
                }
                raise AssertionError(f"{key}: {differ}")
        assert done.units.digest() == folded.state_digest()
    return entries


def _compare_decisions(done: Recomputed, entries: Sequence[FoldedEntry], placed: Placed) -> None:
    places = []
    counts: dict[int, int] = {}
    for _, _, partition in placed:
        places.append((partition, counts.get(partition, 0)))
        counts[partition] = counts.get(partition, 0) + 1
    rows = done.engine.rows("SELECT partition, at, id, outcome, version, reason FROM decision").to_pylist()
    assert len(rows) == len(entries)
    decided = {(row["partition"], row["at"]): row for row in rows}
    for place, entry in zip(places, entries, strict=True):
        row = decided[place]
        reason = "" if entry.rejection is None else entry.rejection.reason.value
        found = (row["outcome"], row["version"], row["reason"])
        assert found == (entry.outcome, entry.version, reason), (place, entry.assessed.raw)
        assessed = entry.assessed
        assert row["id"] == ("" if assessed.decoded is None else assessed.decoded.event_id)
    forms = done.engine.rows(
        "SELECT partition, at, status, findings, complete, unlisted FROM assessed WHERE reason = ''"
    ).to_pylist()
    by_place = {(row["partition"], row["at"]): row for row in forms}
    for place, entry in zip(places, entries, strict=True):
        one = entry.assessed
        if not isinstance(one, AssessedCount):
            continue
        row = by_place[place]
        failed = sorted(tuple(pair.values()) for pair in row["findings"])
        ours = sorted((each.rule, each.place) for each in one.findings)
        assert failed == ours, (failed, ours, one.raw)
        assert (row["status"], row["complete"], row["unlisted"]) == (
            one.status.value,
            one.complete,
            one.unlisted,
        ), one.raw


def _compare_findings(done: Recomputed, entries: Sequence[FoldedEntry]) -> None:
    ours = sorted(
        (
            entry.assessed.decoded.event.contest,
            entry.assessed.proposal.unit,
            entry.version,
            one.rule,
            one.place,
        )
        for entry in entries
        if isinstance(entry.assessed, AssessedCount)
        for one in entry.findings
    )
    rows = done.engine.rows("SELECT contest, unit, version, rule, place FROM finding").to_pylist()
    assert sorted(tuple(row.values()) for row in rows) == ours
