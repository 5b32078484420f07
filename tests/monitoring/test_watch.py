"""The watch: silent brokers within 15 seconds, positions that stand still, what changed in the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from monitoring.health import Health
from monitoring.metrics import REGISTRY
from monitoring.watch import ASK_S, BROKERS, POSITION, SILENT_S, STANDSTILL_S, Watch


class Cluster:
    """A cluster that answers what the test says; an answer that does not come takes its whole timeout."""

    def __init__(self) -> None:
        self.now = 100.0
        self.log: Sequence[int] | None = [5, 5]
        self.changed: dict[str, str | None] = {}

    def ends(self, timeout_s: float) -> Sequence[int] | None:
        if self.log is None:
            self.now += timeout_s
        return self.log

    def troubles(self) -> Mapping[str, str | None]:
        return self.changed

    def close(self) -> None:
        pass


class Watching:
    """A watch that the test moves by hand."""

    def __init__(self) -> None:
        self.cluster = Cluster()
        self.held = {0: 5, 1: 5}
        self.health = Health()
        self.watch = Watch(self.cluster, self.health, lambda: self.held, lambda: self.cluster.now)

    def pass_time(self, seconds: float) -> None:
        """Look as often as the thread does."""
        end = self.cluster.now + seconds
        while self.cluster.now < end:
            began = self.cluster.now
            self.watch.look()
            self.cluster.now = max(began + ASK_S, self.cluster.now)


@pytest.fixture
def watching() -> Watching:
    return Watching()


def test_a_silence_is_told_within_fifteen_seconds_and_not_at_the_first_pause(watching: Watching) -> None:
    watching.pass_time(10)
    watching.cluster.log = None
    watching.pass_time(ASK_S)
    assert watching.health.reason(BROKERS) is None
    watching.pass_time(15 - ASK_S)
    assert "have not answered" in str(watching.health.reason(BROKERS))
    assert SILENT_S + 2 * ASK_S <= 15
    silence = REGISTRY.get_sample_value("rekap_broker_silence_seconds")
    assert silence is not None
    assert silence >= SILENT_S
    assert REGISTRY.get_sample_value("rekap_trouble", {"part": BROKERS}) == 1
    watching.cluster.log = [5, 5]
    watching.watch.look()
    assert watching.health.troubles() == {}
    assert REGISTRY.get_sample_value("rekap_broker_silence_seconds") == 0
    assert REGISTRY.get_sample_value("rekap_trouble", {"part": BROKERS}) is None


def test_a_position_that_stands_while_the_log_goes_on_is_told(watching: Watching) -> None:
    watching.cluster.log = [5, 9]
    watching.pass_time(STANDSTILL_S - ASK_S)
    assert watching.health.troubles() == {}
    watching.pass_time(3 * ASK_S)
    assert "Partition 1 has been at position 5" in str(watching.health.reason(POSITION))
    watching.held = {0: 5, 1: 6}
    watching.pass_time(ASK_S)
    assert watching.health.troubles() == {}


def test_a_position_at_the_end_of_the_log_may_stand_for_ever(watching: Watching) -> None:
    watching.pass_time(3 * STANDSTILL_S)
    assert watching.health.troubles() == {}
    watching.cluster.log = [5, 6]  # an entry comes: it has its own minute
    watching.pass_time(STANDSTILL_S / 2)
    assert watching.health.troubles() == {}


def test_partitions_of_others_are_not_held_against_this_process(watching: Watching) -> None:
    watching.held = {0: 5}
    watching.cluster.log = [5, 900]
    watching.pass_time(2 * STANDSTILL_S)
    assert watching.health.troubles() == {}


def test_what_the_cluster_says_has_changed_is_told_until_it_is_put_right(watching: Watching) -> None:
    watching.cluster.changed = {"topics": "One is not as declared.", "program": None}
    watching.watch.check()
    assert watching.health.troubles() == {"topics": "One is not as declared."}
    watching.cluster.changed = {}  # not looked at: what is known stays
    watching.watch.check()
    assert "topics" in watching.health.troubles()
    watching.cluster.changed = {"topics": None}
    watching.watch.check()
    assert watching.health.troubles() == {}


def test_its_threads_go_on_after_an_error_and_end_with_it() -> None:
    watching = Watching()
    watching.cluster.ends = None  # type: ignore[assignment,method-assign]  # calling it raises
    with Watch(watching.cluster, watching.health, dict) as watch:
        threads = watch._threads
        assert all(thread.is_alive() for thread in threads)
    assert not threads[0].is_alive()
