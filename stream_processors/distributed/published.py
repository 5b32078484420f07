"""Finds the position up to which the rows of a partition were published, in the topic count-rows itself.

A worker publishes the position of a batch after its rows, so that all rows up to the last position in the
topic are before it. What says that it is a position and can't be one, because it is unreadable, of another
partition or beyond the log's end, is set aside: believed, it would keep the rows up to it from ever being
published. Where retention has removed all of the topic (it keeps days), rows are published from the beginning
of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from event_log.kafka.log import KafkaLog, KafkaRecord
from event_log.kafka.topics import COUNT_ROWS
from monitoring.set_aside import SetAside
from schemas.tables import NO_POSITION
from sinks.row_messages import OURS, RowsUndecodable, decode, holds_position
from sinks.row_places import RowPlaces

LOOK_BACK: Final = 64
"""Messages read first, backwards from the end: a batch of events makes one or a few. Then eight times as
many."""


def last_published(
    log: KafkaLog, partitions: Iterable[int], places: RowPlaces, set_aside: SetAside
) -> dict[int, int]:
    """By partition of count-events the last position whose rows were published; NO_POSITION before the first.

    `log` reads COUNT_ROWS. Raises LogUnavailable.
    """
    begins, ends = log.begins(), log.ends()
    found = {}
    for partition in partitions:

        def position(record: KafkaRecord, partition: int = partition) -> int:
            try:
                return _position(record, partition, places)
            except RowsUndecodable as error:
                set_aside.tell(COUNT_ROWS.name, partition, record.position, str(error))
                return NO_POSITION

        found[partition] = _last(log, partition, begins[partition], ends[partition], position)
    return found


def _position(record: KafkaRecord, partition: int, places: RowPlaces) -> int:
    """The position that a message ends with. Raises RowsUndecodable, also when it can't be."""
    *_, (table, rows) = decode(record.headers, record.raw)
    if not rows.num_rows:
        raise RowsUndecodable(f"A message holds no position. {OURS}")
    return places.last(table, rows, partition)


def _last(log: KafkaLog, partition: int, begin: int, end: int, position: Callable[[KafkaRecord], int]) -> int:
    step, start = LOOK_BACK, end
    while start > begin:
        start, before = max(begin, start - step), start
        step *= 8
        found = NO_POSITION
        for records in log.read(partition, start, before):
            for record in records:
                if holds_position(record.headers) and (last := position(record)) != NO_POSITION:
                    found = last
        if found != NO_POSITION:
            return found
    return NO_POSITION
