"""Times of brokers that fall, or are ahead, are told; a small difference is not."""

from __future__ import annotations

import numpy as np

from monitoring.health import Health
from stream_processors.distributed.clocks import CLOCK, MICROS, SHOWN_S, Clocks

NOW = 1_700_000_000


def told(clocks: Clocks, now: float = 1.0) -> str | None:
    health = Health()
    clocks.tell(health, now)
    return health.reason(CLOCK)


def times(*seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([(NOW + second) * MICROS for second in seconds], np.int64)


def test_times_that_rise_or_differ_a_little_are_no_trouble() -> None:
    clocks = Clocks(lambda: NOW)
    clocks.note(0, times(-9, -8, -8.5, -7), 0.0)
    clocks.note(0, times(-8, 1), 0.0)
    clocks.note(1, NOW * MICROS, 0.0)
    assert told(clocks) is None


def test_times_that_fall_within_a_batch_or_between_two_are_told() -> None:
    clocks = Clocks(lambda: NOW)
    clocks.note(0, times(-100, -50, -90), 0.0)
    assert "partition 0 fell by 40 s" in str(told(clocks))
    clocks.note(1, times(-10), 0.0)
    clocks.note(1, times(-70, -60), 0.0)
    assert "partition 1 fell by 60 s" in str(told(clocks))


def test_times_ahead_of_this_machine_are_told_until_they_are_long_gone() -> None:
    clocks = Clocks(lambda: NOW)
    clocks.note(0, times(3_600), 5.0)
    assert "partition 0 are 3600 s ahead" in str(told(clocks, 6.0))
    assert told(clocks, 5.0 + SHOWN_S + 1) is None
