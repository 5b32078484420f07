"""Tells of messages on internal topics that can't be processed and are passed over: a metric that alarms, and
log lines with their place.

Each is counted. Of many, only so many a minute have a line of their own; the next line says how many had
none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from monitoring.logs import fields
from monitoring.metrics import MESSAGES_SET_ASIDE

LINES_A_MINUTE: Final = 30
"""More places than anybody looks into; a flood of messages must not fill a disk with lines."""

MINUTE_S: Final = 60.0

logger = logging.getLogger("rekap.set_aside")


class SetAside:
    """The messages that one process has set aside. For one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._minute = float("-inf")
        self._lines = 0
        self._unlogged = 0

    def tell(self, topic: str, partition: int, offset: int, reason: str) -> None:
        """The message at that place is passed over for that reason."""
        MESSAGES_SET_ASIDE.labels(topic).inc()
        now = self._clock()
        if now - self._minute >= MINUTE_S:
            self._minute, self._lines = now, 0
        self._lines += 1
        if self._lines > LINES_A_MINUTE:
            self._unlogged += 1
            return
        unlogged, self._unlogged = self._unlogged, 0
        logger.error(
            "A message was set aside: %s",
            reason,
            extra=fields(topic=topic, partition=partition, offset=offset, more_without_line=unlogged),
        )
