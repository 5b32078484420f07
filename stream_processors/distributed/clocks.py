"""Watches the times that brokers recorded: they fall where a broker's clock was set back or another broker's
differs, and are ahead where a clock runs fast. Positions stay the order of the log; times are only shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitoring.health import Health
from monitoring.metrics import CLOCK_JUMPS

CLOCK: Final = "clock"
"""The part of Health that is in trouble after times fell or were ahead."""

MICROS: Final = 1_000_000
"""Microseconds of a second."""

APART_S: Final = 2.0
"""How far clocks may be apart: of machines whose time is served, a hundredth of it is usual."""

SHOWN_S: Final = 600.0
"""How long after the last one it is told."""


class Clocks:
    """The times of one worker's partitions. For one thread, but `tell` for any."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        """`wall` gives seconds since 1970."""
        self._wall = wall
        self._newest: dict[int, int] = {}
        self._last: tuple[float, str] | None = None

    def note(self, partition: int, recorded_at: int | NDArray[np.int64], now: float) -> None:
        """Entries of the partition were folded that were recorded at these times, in order; `now` in seconds
        of time.monotonic."""
        times = np.atleast_1d(np.asarray(recorded_at, np.int64))
        newest = self._newest.get(partition, int(times[0]))
        before = np.maximum.accumulate(np.concatenate([[newest], times]))[:-1]
        fell = int(np.max(before - times))
        ahead = int(times[-1]) - int(self._wall() * MICROS)
        self._newest[partition] = int(max(newest, times.max()))
        if fell > APART_S * MICROS:
            self._tell_of("fell", partition, f"fell by {fell / MICROS:.0f} s", now)
        if ahead > APART_S * MICROS:
            self._tell_of(
                "ahead", partition, f"are {ahead / MICROS:.0f} s ahead of this machine's clock", now
            )

    def tell(self, health: Health, now: float) -> None:
        """Set the health of CLOCK by the last jump."""
        last = self._last
        if last is None or now - last[0] > SHOWN_S:
            health.well(CLOCK)
        else:
            health.trouble(CLOCK, last[1])

    def _tell_of(self, kind: str, partition: int, what: str, now: float) -> None:
        CLOCK_JUMPS.labels(kind).inc()
        reason = (
            f"The times recorded in partition {partition} {what}: a clock is wrong. Compare the clocks of "
            "all brokers and of this machine. Totals do not depend on it; --as-of does."
        )
        self._last = now, reason
