"""Catch-up mode reads count-events in ranges: fetched and assessed by the processes of a pool.

A process keeps its connection to the brokers from one range to the next. The caller decides which ranges are
read and applies their entries.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import numpy as np

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog, KafkaRecord
from event_log.kafka.topics import COUNT_EVENTS
from event_log.leaf import leaf_hash
from stream_processors.assess import Assessor
from stream_processors.distributed.count_stage import AssessedEntries
from stream_processors.partition.batch import assess_batch
from stream_processors.rejections import Placement

RANGE_ENTRIES: Final = 10_000
"""Positions of a range: some 4 MB, as one fetch returns."""

COLLECT_EACH: Final = 4
"""Ranges between two runs of the cyclic garbage collector: the client leaves up to 4 MB in reference cycles
when a range ends within a fetch, and processes that assess run no collector. Without it, all that they ever
read stayed in their memory; after each range it would take a twentieth of their time."""


@dataclass(frozen=True, slots=True)
class Range:
    """The entries of a partition at positions from `start` up to `end`, not included. `with_rows`: rows
    are made of them. `more`: another range follows."""

    connection: Connection
    partition: int
    start: int
    end: int
    with_rows: bool
    more: bool


def open_reader(_: Assessor, connection: Connection) -> None:
    """Open this process's reader before the first range. Raises LogUnavailable."""
    reader(connection)


def close_reader() -> None:
    """Close this process's reader, if it has one. Those of a pool's processes end with them."""
    while _open:
        _open.popitem()[1].close()


def ranges(
    connection: Connection, spans: dict[int, tuple[int, int]], published: Mapping[int, int]
) -> Iterator[Range]:
    """Ranges that cover each partition's span (start, end), the partitions taking turns. Entries up to the
    `published` position of a partition need no rows."""
    waiting = {partition: span for partition, span in spans.items() if span[0] < span[1]}
    while waiting:
        for partition, (start, end) in list(waiting.items()):
            middle = min(start + RANGE_ENTRIES, end)
            yield Range(connection, partition, start, middle, middle - 1 > published[partition], middle < end)
            waiting[partition] = (middle, end)
            if middle == end:
                del waiting[partition]


def read_range(assessor: Assessor, span: Range) -> tuple[int, AssessedEntries | None]:
    """The partition, and the entries of the range assessed (None: there are none). Raises LogUnavailable."""
    if next(_reads) % COLLECT_EACH == 0:
        gc.collect()
    log = reader(span.connection)
    records = [record for some in log.read(span.partition, span.start, span.end) for record in some]
    if not records:
        return span.partition, None
    entries = entries_of(assessor, span.partition, records, with_rows=span.with_rows)
    return span.partition, replace(entries, more=span.more)


def read_to_fold(assessor: Assessor, span: Range) -> tuple[int, AssessedEntries | None]:
    """As `read_range`; without rows it returns only what folding needs, because all of it is copied from this
    process to the worker's."""
    partition, entries = read_range(assessor, span)
    if entries is not None and not span.with_rows:
        entries = replace(entries, batch=entries.batch.to_decide())
    return partition, entries


def entries_of(
    assessor: Assessor, partition: int, records: list[KafkaRecord], *, with_rows: bool = True
) -> AssessedEntries:
    """These entries of a partition, assessed; `with_rows` as for assess_batch."""
    keys = [record.key for record in records]
    batch = assess_batch(
        assessor,
        [record.raw for record in records],
        [Placement(key, partition) for key in keys],
        with_rows=with_rows,
    )
    return AssessedEntries(
        batch,
        keys,
        [record.position for record in records],
        np.array([record.recorded_at for record in records], np.int64),
        leaf_hash(records[-1].raw),
    )


_reads = count(1)
"""Numbers this process's ranges."""

_open: dict[Connection, KafkaLog] = {}
"""This process's reader: one, for the cluster that was read last."""


def reader(connection: Connection) -> KafkaLog:
    """This process's reader of the events there, opened if need be. Raises LogUnavailable."""
    log = _open.get(connection)
    if log is None:
        close_reader()
        log = _open[connection] = KafkaLog(connection, COUNT_EVENTS)
    return log
