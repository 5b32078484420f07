"""Waiting for projections: until nothing is missing of each partition, and no longer than asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from audit.arrival import entries_in, wait_for
from event_log.reading import behind


def one_after_the_other(*answers: Mapping[int, int]) -> Callable[[], Mapping[int, int]]:
    """Projections that have come this far when they are asked; asked more often, it is a failure."""
    remaining = list(answers)
    return lambda: remaining.pop(0)


@pytest.mark.parametrize(
    ("ends", "arrived", "missing"),
    [
        ([], {}, 0),
        ([0, 0], {}, 0),
        ([3, 0, 5], {}, 8),
        ([3, 0, 5], {0: 2, 2: 4}, 0),
        ([3, 0, 5], {0: 1, 2: 4}, 1),
        ([3, 0, 5], {0: 9, 2: 0}, 4),  # what is ahead in one partition makes up for nothing in another
    ],
)
def test_each_partition_is_behind_by_itself(ends: list[int], arrived: dict[int, int], missing: int) -> None:
    assert behind(ends, arrived) == missing


def test_an_end_is_one_after_the_last_position() -> None:
    assert entries_in({0: 4, 2: 0}, 3) == [5, 0, 1]


def test_what_is_there_is_not_waited_for() -> None:
    assert wait_for(one_after_the_other({0: 1, 1: 0}), [2, 1], 60.0) == {0: 1, 1: 0}


def test_it_goes_on_as_soon_as_all_has_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.arrival.POLL_S", 0.0)
    calls: list[tuple[int, int]] = []
    projections = one_after_the_other({}, {0: 0}, {0: 1}, {0: 3, 1: 2})
    arrived = wait_for(projections, [2, 1], 60.0, lambda *step: calls.append(step))
    assert arrived == {0: 3, 1: 2}
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_without_waiting_the_current_positions_are_returned() -> None:
    calls: list[tuple[int, int]] = []
    assert wait_for(one_after_the_other({0: 0}), [9], 0.0, lambda *step: calls.append(step)) == {0: 0}
    assert calls == []


def test_waiting_ends_at_the_timeout() -> None:
    assert wait_for(lambda: {0: 0}, [9], 0.01) == {0: 0}
