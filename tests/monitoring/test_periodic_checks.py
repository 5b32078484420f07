"""A check shows what it finds, no number where it fails, and goes on."""

from __future__ import annotations

import math
import threading
import time

import pytest

from monitoring.metrics import REGISTRY
from monitoring.periodic_checks import PeriodicCheck, settled


def shown(name: str, check: str) -> float:
    """The value of a metric of a check."""
    value = REGISTRY.get_sample_value(name, {"check": check})
    assert value is not None
    return value


def answering(*answers: int | Exception) -> tuple[list[int | Exception], PeriodicCheck]:
    """A check with these answers, one after the other."""
    left = list(answers)

    def ask() -> int:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return left, PeriodicCheck("test", ask, every_s=0.0)


def test_it_shows_what_it_finds_and_when() -> None:
    before = time.time()
    _, check = answering(3, 0)
    assert math.isnan(shown("rekap_check_differences", "test"))
    check.once()
    assert shown("rekap_check_differences", "test") == 3
    check.once()
    assert shown("rekap_check_differences", "test") == 0
    assert shown("rekap_checked_timestamp_seconds", "test") >= before


def test_a_failure_shows_no_number_and_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 100.0)
    _, check = answering(0, RuntimeError("away"), 2)
    check.once()
    monkeypatch.setattr(time, "time", lambda: 200.0)
    check.once()
    assert math.isnan(shown("rekap_check_differences", "test"))
    assert shown("rekap_checked_timestamp_seconds", "test") == 100.0
    check.once()
    assert shown("rekap_check_differences", "test") == 2
    assert shown("rekap_checked_timestamp_seconds", "test") == 200.0


def test_it_runs_while_it_is_entered_also_after_a_failure() -> None:
    asked = threading.Semaphore(0)

    def ask() -> int:
        asked.release()
        raise RuntimeError("away")

    with PeriodicCheck("test", ask, every_s=0.0):
        assert all(asked.acquire(timeout=10) for _ in range(3))
    assert "check-test" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(("looks", "found"), [([0], 0), ([5, 2, 0], 0), ([5, 7, 4], 4)])
def test_what_settles_by_itself_is_no_difference(looks: list[int], found: int) -> None:
    left = iter(looks)
    assert settled(lambda: next(left), 3, 0.0) == found
