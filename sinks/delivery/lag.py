"""Measures the sink's consumer lag for metrics and health; nothing depends on it."""

from __future__ import annotations

import logging
from typing import Final

from event_log.kafka.group import ConsumerGroup, TopicPartition
from monitoring.health import Health
from monitoring.metrics import LAG

MEASURE_S: Final = 5.0
"""How often the brokers are asked for end offsets: a person looks at a curve of minutes."""

PART: Final = "kafka"
SILENT: Final = (
    "The brokers do not answer. Rows that were published stay there; the sink goes on when they are back."
)

logger = logging.getLogger("rekap.sink")


class LagMonitor:
    """The lag of each partition that is assigned to this process."""

    def __init__(self, group: ConsumerGroup, health: Health) -> None:
        self._group = group
        self._health = health
        self._inserted: dict[TopicPartition, int] = {}
        self._reported: set[TopicPartition] = set()
        self._measured_at = float("-inf")

    def on_insert(self, offsets: dict[TopicPartition, int]) -> None:
        """Everything before these offsets is in ClickHouse."""
        self._inserted |= offsets

    def measure(self, now: float) -> None:
        """Ask the brokers for end offsets, if it is time to; `now` in seconds on the caller's clock."""
        if now - self._measured_at < MEASURE_S:
            return
        self._measured_at = now
        ends = self._group.ends()
        if ends is None:
            if PART not in self._health.troubles():
                logger.warning(SILENT)
            self._health.trouble(PART, SILENT)
            return
        if PART in self._health.troubles():
            logger.info("The brokers answer again")
        self._health.well(PART)
        for source in self._reported - set(ends):
            LAG.remove(source.topic.name, str(source.partition))
            self._inserted.pop(source, None)
        for source, end in ends.items():
            offset = self._inserted.get(source, self._group.position(source))
            if offset is not None:
                LAG.labels(source.topic.name, str(source.partition)).set(max(end - offset, 0))
                self._reported.add(source)
        self._reported &= set(ends)
