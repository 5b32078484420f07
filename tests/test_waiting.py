"""Waiting ends when it is true, and fails when the time is over."""

from __future__ import annotations

from itertools import count

import pytest

from tests.waiting import wait_until


def test_it_ends_when_it_is_true() -> None:
    calls = count(1)
    wait_until(lambda: next(calls) == 3, poll_s=0)
    assert next(calls) == 4


def test_it_fails_with_the_explanation_when_the_time_is_over() -> None:
    with pytest.raises(AssertionError, match=r"not true within 0 s\. The log\."):
        wait_until(lambda: False, timeout_s=0, explain=lambda: "The log.")
