"""Handles gaps in the rows of a partition: re-reads the topic once, then reports the gap to the operator.

Rows are missing when the sink was down for longer than the topic's retention, or when ClickHouse was restored
to an older state. In the second case the topic still has them.
"""

from __future__ import annotations

import logging
from typing import Final

from monitoring.health import Health
from monitoring.logs import fields
from sinks.delivery.contiguous_positions import Gap

PART: Final = "rows of partition {partition}"

logger = logging.getLogger("rekap.sink")


class Gaps:
    """The open gaps of each partition of the log."""

    def __init__(self, health: Health) -> None:
        self._health = health
        # By partition the gap as it was found first, and the last position known to be after a gap.
        self._open: dict[int, tuple[Gap, int]] = {}

    def should_reread(self, gap: Gap) -> bool:
        """Register a gap; whether to re-read the topic's partition from its oldest record: yes the first
        time. A gap that is still open after that is lost from the topic, and its rows must be
        re-published."""
        held = self._open.get(gap.partition)
        self._open[gap.partition] = (held[0] if held else gap), gap.last
        if held is None:
            logger.warning(
                "Rows are missing; reading the topic again from its oldest offset",
                extra=fields(**gap._asdict()),
            )
            return True
        reason = (
            f"Rows of partition {gap.partition} of the log are missing, from position {gap.first} to "
            f"{held[0].last}, and are no longer in the topic count-rows. Make them again from the log: end a "
            "worker and start it with `rekap worker --republish`. Until then the projections stay at "
            f"position {gap.first - 1} of that partition; totals above the stations are right."
        )
        part = PART.format(partition=gap.partition)
        if part not in self._health.troubles():
            logger.error(reason, extra=fields(**gap._asdict()))
        self._health.trouble(part, reason)
        return False

    def on_advance(self, partition: int, position: int) -> None:
        """Close the gap of a partition whose contiguous position is `position` now."""
        held = self._open.get(partition)
        if held is not None and position >= held[1]:
            del self._open[partition]
            self._health.well(PART.format(partition=partition))
            logger.info("No rows are missing any more", extra=fields(partition=partition, position=position))
