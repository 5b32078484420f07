"""Reading a partition of the events in bulk: ranges of it, fetched and assessed by the processes of a pool.

A process keeps its connection to the brokers from one range to the next. Which ranges are needed and what
comes of their entries is not decided here.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import numpy as np

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog, Record
from event_log.kafka.topics import COUNT_EVENTS
from event_log.leaf import leaf_hash
from stream_processors.assess import Assessor
from stream_processors.distributed.count_hop import Entries
from stream_processors.partition.batch import assess_batch
from stream_processors.rejections import Placed

RANGE: Final = 10_000
"""Positions of a range: the 4 MB or so that one fetch brings."""

COLLECT_EACH: Final = 4
"""After so many ranges what refers to itself in circles is looked for: the client leaves up to 4 MB so when a
range ends within an answer, and processes that assess have no collector running. Without it, all that they
ever read stayed in their memory; after each range it would take a twentieth of their time."""


@dataclass(frozen=True, slots=True)
class Range:
    """The entries of a partition at positions from `start` up to `end`, not included. `shown`: rows are to be
    made of them. `more`: another range follows."""

    connection: Connection
    partition: int
    start: int
    end: int
    shown: bool
    more: bool


def reach(_: Assessor, connection: Connection) -> None:
    """Open this process's reader: the first range finds it there. Raises LogUnavailable."""
    reader(connection)


def let_go() -> None:
    """Close this process's reader, if it has one. Those of a pool's processes end with them."""
    while _open:
        _open.popitem()[1].close()


def ranges(
    connection: Connection, spans: dict[int, tuple[int, int]], sent: Mapping[int, int]
) -> Iterator[Range]:
    """Ranges that cover each partition's span (start, end), the partitions taking turns. Of entries up to the
    position `sent` of a partition no rows are needed."""
    waiting = {partition: span for partition, span in spans.items() if span[0] < span[1]}
    while waiting:
        for partition, (start, end) in list(waiting.items()):
            middle = min(start + RANGE, end)
            yield Range(connection, partition, start, middle, middle - 1 > sent[partition], middle < end)
            waiting[partition] = (middle, end)
            if middle == end:
                del waiting[partition]


def read_range(assessor: Assessor, span: Range) -> tuple[int, Entries | None]:
    """The partition, and the entries of the range assessed (None: there are none). Raises LogUnavailable."""
    if next(_reads) % COLLECT_EACH == 0:
        gc.collect()
    log = reader(span.connection)
    records = [record for some in log.read(span.partition, span.start, span.end) for record in some]
    if not records:
        return span.partition, None
    entries = entries_of(assessor, span.partition, records, shown=span.shown)
    return span.partition, replace(entries, more=span.more)


def read_to_fold(assessor: Assessor, span: Range) -> tuple[int, Entries | None]:
    """As `read_range`, with no more than what folding needs where nothing is to be shown: all of it has to
    cross from this process to the worker's."""
    partition, entries = read_range(assessor, span)
    if entries is not None and not span.shown:
        entries = replace(entries, batch=entries.batch.to_decide())
    return partition, entries


def entries_of(assessor: Assessor, partition: int, records: list[Record], *, shown: bool = True) -> Entries:
    """These entries of a partition, assessed; `shown` as for assess_batch."""
    keys = [record.key for record in records]
    batch = assess_batch(
        assessor, [record.raw for record in records], [Placed(key, partition) for key in keys], shown=shown
    )
    return Entries(
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
        let_go()
        log = _open[connection] = KafkaLog(connection, COUNT_EVENTS)
    return log
