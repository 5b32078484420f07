"""Totals that contradict each other are told with their likely cause, for as long as it matters."""

from __future__ import annotations

from event_log.kafka.watch import PROGRAM_PART
from monitoring.health import Health
from stream_processors.distributed.conflicts import CONFLICTS, SHOWN_S, Conflict, tell

MET = Conflict(100.0, "1101", "PPWP", 7)


def test_without_a_conflict_there_is_no_trouble() -> None:
    health = Health()
    tell(None, health, 100.0)
    assert health.troubles() == {}


def test_the_likely_cause_is_another_program_where_one_is_known() -> None:
    health = Health()
    health.trouble(PROGRAM_PART, "This process has another version.")
    tell(MET, health, 101.0)
    reason = str(health.reason(CONFLICTS))
    assert "1101 in PPWP have version 7" in reason
    assert reason.endswith("Likely cause: This process has another version.")


def test_without_one_it_names_where_to_look_and_ends_once_all_was_published_again() -> None:
    health = Health()
    tell(MET, health, 101.0)
    assert "Compare the versions of all workers" in str(health.reason(CONFLICTS))
    tell(MET, health, 100.0 + SHOWN_S + 1)
    assert health.troubles() == {}
