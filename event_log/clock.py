"""The time that entries are recorded with: in the order of the log, whatever the machine's clock does.

A machine's clock is set forward or back by a person, a time server or an empty battery. The time since the
machine started is set by nobody. Where the two disagree, the clock has jumped: the jump is noted, and times
go on by the second one until the clock has stayed where it is for CONFIRM_S. So a jump that is put right
meanwhile is in no recorded time, and one that is right is taken over.

Recorded times never fall. Where the clock was ahead when the last entry was recorded, the next ones have that
time, and some microseconds more, until the clock is there: that is noted, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

MICROS: Final = 1_000_000
"""Microseconds of a second."""

JUMP_S: Final = 2.0
"""How far the clock may be from where it should be: time servers set it by less without anybody noticing."""

CONFIRM_S: Final = 600.0
"""How long a clock that jumped must stay there before it is believed."""

_BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", None)


class ClockJump(NamedTuple):
    """A jump: the position of the first entry that was recorded after it was seen, what the machine's clock
    said, and the time that was recorded instead (both in microseconds since 1970)."""

    position: int
    clock: int
    recorded_at: int

    @property
    def seconds(self) -> float:
        """How far the clock was ahead; negative: behind."""
        return (self.clock - self.recorded_at) / MICROS


def _wall() -> int:
    return time.time_ns() // 1_000


def _running() -> int:
    """Since the machine started, in microseconds; where the system tells it, with the time asleep."""
    if _BOOT_CLOCK is not None:
        return time.clock_gettime_ns(_BOOT_CLOCK) // 1_000
    return time.monotonic_ns() // 1_000


class RecordingClock:
    """The times of one log, for one thread."""

    def __init__(
        self, last: int, wall: Callable[[], int] = _wall, running: Callable[[], int] = _running
    ) -> None:
        """`last`: the time of the log's last entry. `wall` and `running` give microseconds."""
        self._last = last
        self._wall = wall
        self._running = running
        self._ahead = wall() - running()  # of the clock that is believed
        self._seen: int | None = None  # the same of the clock after a jump
        self._seen_at = 0
        self._is_held = False
        self.jumped: list[tuple[int, int]] = []
        """Jumps that were seen and not stored: what the clock said, and the time recorded instead."""

    def now(self) -> int:
        """The time of the next batch: later than that of every earlier one."""
        wall, running = self._wall(), self._running()
        has_jumped = self._has_jumped(wall - running, running)
        believed = running + self._ahead
        used = max(believed, self._last + 1)
        is_held = used - believed > JUMP_S * MICROS
        if has_jumped or (is_held and not self._is_held):
            self.jumped.append((wall, used))
        self._last, self._is_held = used, is_held
        return used

    def _has_jumped(self, ahead: int, running: int) -> bool:
        """Whether the clock jumped since the last look. It is believed from here on where it did not, or has
        stayed long enough where it jumped to."""
        if abs(ahead - self._ahead) <= JUMP_S * MICROS:
            self._ahead, self._seen = ahead, None
        elif self._seen is None or abs(ahead - self._seen) > JUMP_S * MICROS:
            self._seen, self._seen_at = ahead, running
            return True
        elif running - self._seen_at >= CONFIRM_S * MICROS:
            self._ahead, self._seen = ahead, None
        return False
