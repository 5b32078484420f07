"""Waits until the projections have reached the end of a log.

It only polls their positions; runners and sinks write the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from event_log.reading import behind

POLL_S: Final = 0.5
"""Pause between two polls: rows arrive a few times a second, and a query costs some milliseconds."""

Progress = Callable[[int, int], None]
"""(done, total) entries of the log."""


def entries_in(positions: Mapping[int, int], partitions: int) -> list[int]:
    """By partition the end of the arrived entries: the last arrived position + 1."""
    return [positions.get(partition, -1) + 1 for partition in range(partitions)]


def wait_for(
    positions: Callable[[], Mapping[int, int]],
    ends: Sequence[int],
    wait_s: float,
    on_wait: Progress | None = None,
) -> Mapping[int, int]:
    """The last arrived position of each partition, by `positions`: as soon as the lag behind `ends` is zero,
    or after `wait_s` seconds."""
    total = sum(ends)
    deadline = time.monotonic() + wait_s
    while True:
        arrived = positions()
        missing = behind(ends, arrived)
        if on_wait is not None and wait_s:
            on_wait(total - missing, total)
        if not missing or time.monotonic() >= deadline:
            return arrived
        time.sleep(min(POLL_S, wait_s))
