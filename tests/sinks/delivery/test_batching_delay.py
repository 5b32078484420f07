"""The batching delay: how long a batch waits before it is inserted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import pytest

from event_log.kafka.group import TopicPartition
from event_log.kafka.topics import COUNT_ROWS
from sinks.delivery import delivery
from sinks.delivery.delivery import BACKLOG_BATCHING_DELAY_S, BATCHING_DELAY_S, LATE_S, is_due
from sinks.delivery.insert_batch import MAX_BYTES, InsertBatch
from tests.sinks.delivery.support import flush

NOW: Final = 1_700_000_000.0


@dataclass
class Clock:
    """Stands still."""

    now: float = NOW

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What the delivery looks at."""
    one = Clock()
    monkeypatch.setattr(delivery, "time", one)
    return one


LATE: Final = LATE_S + 1


def batch(waited_s: float, age_s: float) -> InsertBatch:
    """One whose first message came so long ago, and whose newest entry is so old."""
    one = InsertBatch()
    one.first_added_at, one.newest_recorded_at = NOW - waited_s, round((NOW - age_s) * 1e6)
    one.consumed[TopicPartition(COUNT_ROWS, 0)] = 1
    return one


@pytest.mark.parametrize("age_s", [0, LATE])
def test_inserts_start_a_batching_delay_apart(age_s: float) -> None:
    assert not is_due(batch(0, age_s), NOW - BATCHING_DELAY_S * 0.9, more_follows=False)
    assert is_due(batch(0, age_s), NOW - BATCHING_DELAY_S * 1.1, more_follows=False)


def test_a_batch_of_a_backlog_waits_longer() -> None:
    assert not is_due(batch(BACKLOG_BATCHING_DELAY_S * 0.9, LATE), NOW - 60, more_follows=True)
    assert is_due(batch(BACKLOG_BATCHING_DELAY_S * 1.1, LATE), NOW - 60, more_follows=True)


def test_a_new_entry_does_not_wait_for_a_backlog_beside_it() -> None:
    assert is_due(batch(0, 0), NOW - BATCHING_DELAY_S * 1.1, more_follows=True)


def test_a_full_batch_waits_for_nothing() -> None:
    full = batch(0, LATE)
    full.bytes = MAX_BYTES
    assert is_due(full, NOW, more_follows=True)


def test_a_batch_is_as_new_as_the_newest_entry_in_it() -> None:
    one, rows = InsertBatch(), flush(0, 5, 3)
    for name, table in rows.items():
        one.add(name, table)
    assert one.newest_recorded_at == max(rows["event"]["recorded_at"].to_pylist()).timestamp() * 1e6
    assert one.newest_recorded_at < time.time() * 1e6
