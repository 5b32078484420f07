"""From looks at what can be seen to how long each followed event took until it could be.

A look holds what could be seen at some moment before it ended; it counts from its end on, so that looking
makes an event late and never early.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from benchmarks.stream.deployment import Seen
from benchmarks.stream.paced import Sent

LOOK_S: Final = 0.1
"""Pause between two looks: each takes the sink some 12 ms, in which it does nothing for the count, and makes
what is seen by it late by half the pause as a rule."""

SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


class Look(NamedTuple):
    """What could be seen by `at`, in seconds since 1970."""

    at: float
    seen: Seen


def look(see: Callable[[], Seen], count: int, longest_s: float) -> list[Look]:
    """Looks until `count` entries and the nation's total over as many can be seen, or time is up."""
    looks: list[Look] = []
    deadline = time.monotonic() + longest_s
    while time.monotonic() < deadline:
        seen = see()
        looks.append(Look(time.time(), seen))
        if min(seen.entries, seen.nation) >= count:
            break
        time.sleep(LOOK_S)
    return looks


def rows_latencies(looks: Sequence[Look], sent: Iterable[Sent]) -> list[float]:
    """Seconds until all rows of each event could be seen."""
    found = []
    for one in sent:
        # What can be seen of a partition only grows.
        first = bisect_left(looks, one.position + 1, key=lambda look: look.seen.ends.get(one.partition, 0))
        found.append(looks[first].at - one.at)
    return found


def nation_latencies(looks: Sequence[Look], sent: Iterable[Sent], before: int) -> list[float]:
    """Seconds until the nation's total held as many forms as had been sent with each event; `before` the
    first of them."""
    found = []
    for one in sent:
        first = bisect_left(looks, before + one.number + 1, key=lambda look: look.seen.nation)
        found.append(looks[first].at - one.at)
    return found


def milliseconds(seconds: Sequence[float]) -> dict[str, int]:
    """The distribution, by the names of SHARES."""
    ordered = sorted(seconds)
    return {
        name: round(ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1e3)
        for name, share in SHARES.items()
    }
