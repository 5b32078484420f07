"""Finds the position up to which the rows of a partition were published, in the topic count-rows itself.

A worker publishes the position of a batch after its rows, so that all rows up to the last position in the
topic are before it. Where retention has removed all of it (the topic keeps days), rows are published from the
beginning of the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from event_log.kafka.log import KafkaLog
from sinks.row_messages import decode, holds_position

NOTHING: Final = -1
"""The position of a partition without published rows."""

LOOK_BACK: Final = 64
"""Messages read first, backwards from the end: a batch of events makes one or a few. Then eight times as
many."""


def last_published(log: KafkaLog, partitions: Iterable[int]) -> dict[int, int]:
    """By partition of count-events the last position whose rows were published; NOTHING before the first.

    `log` reads COUNT_ROWS. Raises LogUnavailable, and RowsUndecodable when something else writes to it.
    """
    begins, ends = log.begins(), log.ends()
    return {partition: _last(log, partition, begins[partition], ends[partition]) for partition in partitions}


def _last(log: KafkaLog, partition: int, begin: int, end: int) -> int:
    step, start = LOOK_BACK, end
    while start > begin:
        start, before = max(begin, start - step), start
        step *= 8
        found = NOTHING
        for records in log.read(partition, start, before):
            for record in records:
                if holds_position(record.headers):
                    *_, (_, rows) = decode(record.headers, record.raw)
                    found = max(rows.column("position").to_pylist())
        if found != NOTHING:
            return found
    return NOTHING
