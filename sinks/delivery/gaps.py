"""What is done about rows that are missing: read them again once, and then tell a person.

Rows are missing when the sink was away for longer than the topic keeps them, or when ClickHouse was put back
to an older state. In the second case they are still in the topic.
"""

from __future__ import annotations

import logging
from typing import Final

from monitoring.health import Health
from monitoring.logs import fields
from sinks.delivery.reached import Gap

PART: Final = "rows of partition {partition}"

logger = logging.getLogger("rekap.sink")


class Gaps:
    """The gaps of each partition of the log."""

    def __init__(self, health: Health) -> None:
        self._health = health
        # By partition the gap as it was seen first, and the last position that is known to be beyond one.
        self._open: dict[int, tuple[Gap, int]] = {}

    def found(self, gap: Gap) -> bool:
        """Whether to read the topic's partition again from its oldest record: the first time, yes. If the
        gap is still there then, its rows are gone, and somebody must make them again."""
        held = self._open.get(gap.partition)
        self._open[gap.partition] = (held[0] if held else gap), gap.last
        if held is None:
            logger.warning(
                "Rows are missing; reading the topic again from its oldest record",
                extra=fields(**gap._asdict()),
            )
            return True
        said = (
            f"Rows of partition {gap.partition} of the log are missing, from position {gap.first} to "
            f"{held[0].last}, and are no longer in the topic count-rows. Make them again from the log: end a "
            "worker and start it with `rekap worker --republish`. Until then the projections stay at "
            f"position {gap.first - 1} of that partition; totals above the stations are right."
        )
        part = PART.format(partition=gap.partition)
        if part not in self._health.troubles():
            logger.error(said, extra=fields(**gap._asdict()))
        self._health.trouble(part, said)
        return False

    def moved(self, partition: int, position: int) -> None:
        """A partition has come without a gap to `position`."""
        held = self._open.get(partition)
        if held is not None and position >= held[1]:
            del self._open[partition]
            self._health.well(PART.format(partition=partition))
            logger.info("No rows are missing any more", extra=fields(partition=partition, position=position))
