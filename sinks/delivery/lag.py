"""How far the sink is behind the ends of its topics, for metrics and health; nothing depends on it."""

from __future__ import annotations

import logging
from typing import Final

from event_log.kafka.group import Group, Place
from monitoring.health import Health
from monitoring.metrics import LAG

LOOK_S: Final = 5.0
"""How often the brokers are asked: a person looks at a curve of minutes."""

PART: Final = "kafka"
SILENT: Final = (
    "The brokers do not answer. Rows that were published stay there; the sink goes on when they are back."
)

logger = logging.getLogger("rekap.sink")


class Lag:
    """The lag of each partition that this process reads."""

    def __init__(self, group: Group, health: Health) -> None:
        self._group = group
        self._health = health
        self._inserted: dict[Place, int] = {}
        self._shown: set[Place] = set()
        self._looked = float("-inf")

    def inserted(self, offsets: dict[Place, int]) -> None:
        """Everything before these offsets is in ClickHouse."""
        self._inserted |= offsets

    def look(self, now: float) -> None:
        """Ask the brokers, if it is time to; `now` in seconds on the caller's clock."""
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        ends = self._group.ends()
        if ends is None:
            if PART not in self._health.troubles():
                logger.warning(SILENT)
            self._health.trouble(PART, SILENT)
            return
        if PART in self._health.troubles():
            logger.info("The brokers answer again")
        self._health.well(PART)
        for place in self._shown - set(ends):
            LAG.remove(place.topic.name, str(place.partition))
            self._inserted.pop(place, None)
        for place, end in ends.items():
            reached = self._inserted.get(place, self._group.position(place))
            if reached is not None:
                LAG.labels(place.topic.name, str(place.partition)).set(max(end - reached, 0))
                self._shown.add(place)
        self._shown &= set(ends)
