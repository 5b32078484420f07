"""The health of a process: the troubles that its parts report, with a reason for each.

A process that hangs can't report anything, so its main loop sends heartbeats: too long without one is a
trouble.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from monitoring.metrics import HEALTHY, TROUBLE
from schemas.text import quoted

SILENT_S: Final = 60.0
"""Several times the longest step between two heartbeats; a probe would end a busy process otherwise."""

STUCK: Final = "stuck"

STARTING: Final = "start"
"""The part in trouble from the start of a process until it does its work: before that nothing is known."""

MAX_REASON: Final = 1_000
"""Characters of a reason: a sentence, with what a broker or a database answered in it."""


class Health:
    """The troubles of one process, by the part that has them. For any number of threads.

    Heartbeats are expected after the first call of `beat`; `silent_s` seconds without another are a trouble
    of the part STUCK.
    """

    def __init__(self, silent_s: float = SILENT_S, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._silent_s = silent_s
        self._clock = clock
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}
        self._beat: float | None = None
        HEALTHY.set(1)

    def trouble(self, part: str, reason: str) -> None:
        """`part` (kafka, clickhouse ...) can't do its work; `reason` is a sentence for an operator."""
        with self._lock:
            self._troubles[part] = quoted(reason, MAX_REASON)
            HEALTHY.set(0)
            TROUBLE.labels(part).set(1)

    def well(self, part: str) -> None:
        """`part` does its work (again)."""
        with self._lock:
            if self._troubles.pop(part, None) is not None:
                TROUBLE.remove(part)
            HEALTHY.set(0 if self._troubles else 1)

    def reason(self, part: str) -> str | None:
        """Why that part can't do its work; None: it does."""
        with self._lock:
            return self._troubles.get(part)

    def measure(self) -> None:
        """Set the metrics, of a part that is silent too. Call it before they are read."""
        troubles = self.troubles()
        HEALTHY.set(0 if troubles else 1)
        TROUBLE.labels(STUCK).set(1 if STUCK in troubles else 0)

    def starting(self) -> None:
        """The process is getting ready; `well(STARTING)` when it does its work."""
        self.trouble(STARTING, "The process is still starting.")

    def beat(self) -> None:
        """A heartbeat of the main loop."""
        self._beat = self._clock()

    def troubles(self) -> dict[str, str]:
        """The reason by part; empty when all is well."""
        with self._lock:
            found = dict(self._troubles)
        beat = self._beat
        if beat is not None and (silent := self._clock() - beat) > self._silent_s:
            found[STUCK] = (
                f"Nothing has moved for {silent:.0f} s. Restart the process; nothing is lost by it."
            )
        return found
