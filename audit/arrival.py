"""How far projections have come in each partition of a log, and waiting for them.

It asks again and again, and makes nothing come: that is the work of whoever counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from event_log.reading import behind

LOOK_AGAIN_S: Final = 0.5
"""Between two questions: rows arrive a few times a second, and a question costs some milliseconds."""

Progress = Callable[[int, int], None]
"""(done, total) entries of the log."""


def entries_in(positions: Mapping[int, int], partitions: int) -> list[int]:
    """By partition the number of positions up to the last that has arrived: where a log would end that had
    no more."""
    return [positions.get(partition, -1) + 1 for partition in range(partitions)]


def wait_for(
    positions: Callable[[], Mapping[int, int]],
    ends: Sequence[int],
    wait_s: float,
    on_wait: Progress | None = None,
) -> Mapping[int, int]:
    """The last position of each partition that has arrived, by `positions`: as soon as nothing is missing of
    a log that ends at `ends`, or after `wait_s` seconds at the latest."""
    total = sum(ends)
    deadline = time.monotonic() + wait_s
    while True:
        arrived = positions()
        missing = behind(ends, arrived)
        if on_wait is not None and wait_s:
            on_wait(total - missing, total)
        if not missing or time.monotonic() >= deadline:
            return arrived
        time.sleep(min(LOOK_AGAIN_S, wait_s))
