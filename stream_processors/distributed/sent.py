"""How far rows of a partition have gone out to the sink: what the topic of rows says itself.

A worker sends the position of a batch after its rows, so that everything up to the last position there is in
the topic before it. Where nothing is left of it (the topic keeps days), rows are sent from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from event_log.kafka.log import KafkaLog
from sinks.row_messages import decode, holds_position

NOTHING: Final = -1

LOOK_BACK: Final = 64
"""Messages looked at first, from the end on: a batch of events makes one or a few. Then eight
times as many."""


def last_sent(log: KafkaLog, partitions: Iterable[int]) -> dict[int, int]:
    """By partition of the events the last position whose rows have gone out; NOTHING before the first.

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
