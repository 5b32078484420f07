"""Progress, findings, rejected messages, the log and histories: complete, filtered as asked, in order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from clickhouse_connect.driver.client import Client

from queries.events import events, find_event, of_unit
from queries.findings import count_findings, findings
from queries.history import cells_of, differences, region_history, station_history
from queries.places import Unanswerable
from queries.progress import progress, pulse
from queries.rejected import count_rejected, rejected
from schemas.regions import Level
from tests.queries.world import ELECTION, UNLISTED, messages, minute


def test_progress_shows_every_contest_with_what_is_outstanding(world: Client) -> None:
    rows = list(progress(world, ELECTION, "nation"))
    assert [row["contest"] for row in rows] == ["DPD", "PPWP"]
    dpd, ppwp = rows
    assert dpd["stations"]["expected"] == 3  # its own denominator: it is not held abroad
    assert dpd["percent"] == 0.0
    assert dpd["last_recorded_at"] is None
    assert ppwp["stations"] == {
        "expected": 5,
        "received": 3,
        "clean": 2,
        "flagged": 0,
        "blank": 1,
        "annulled": 1,
        "unlisted": 1,
        "surplus": 0,
    }
    assert ppwp["outstanding"] == {"stations": 3, "registered": None}  # abroad nobody knows the voters
    assert ppwp["percent"] == 40.0  # the unlisted station is in, but was not expected
    assert ppwp["last_recorded_at"] == minute(7)


def test_progress_stays_inside_a_region_and_a_contest(world: Client) -> None:
    rows = list(progress(world, ELECTION, "village", "-99", ("PPWP",)))
    assert [(row["region"], row["contest"]) for row in rows] == [("-991304", "PPWP")]
    assert rows[0]["outstanding"] == {"stations": 2, "registered": None}


def test_the_rate_is_that_of_the_last_minutes(world: Client) -> None:
    seen = pulse(world, ELECTION, minute(7) + timedelta(seconds=30))
    # after minute 2.5: positions 3 to 7 in five minutes
    assert seen == {
        "events": 8,
        "accepted": 6,
        "rejected": 2,
        "last_recorded_at": minute(7),
        "per_minute": 1,
        "next_position": 8,
    }
    assert pulse(world, ELECTION, minute(60))["per_minute"] == 0
    # the first minute of a count is not diluted by the four before it
    assert pulse(world, ELECTION, minute(0) + timedelta(seconds=30))["per_minute"] == 16


def test_a_count_that_has_not_begun_has_no_last_time(world: Client) -> None:
    seen = pulse(world, "another", minute(0))
    assert seen["last_recorded_at"] is None
    assert seen["next_position"] is None


def test_findings_are_those_of_the_versions_in_force(world: Client) -> None:
    rows = list(findings(world, ELECTION))
    # the station of the R06 finding was annulled afterwards
    assert [(row["station"], row["rule"]) for row in rows] == [
        ("1101012001010", "R19"),
        (UNLISTED, "unlisted_station"),
    ]
    assert rows[0]["severity"] == "hard"
    assert rows[0]["sentence"] == {"id": "R19 dalam bahasa Indonesia", "en": "R19 in English"}
    assert rows[0]["recorded_at"] == minute(7)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"rules": ["R19"]}, ["R19"]),
        ({"rules": ["R19", "unlisted_station"]}, ["R19", "unlisted_station"]),
        ({"rules": ["R06"]}, []),
        ({"region": "0"}, ["R19", "unlisted_station"]),
        ({"region": "1101"}, ["R19", "unlisted_station"]),
        ({"region": UNLISTED}, ["unlisted_station"]),
        ({"region": "-99"}, []),
        ({"contests": ["DPD"]}, []),
        ({"limit": 1}, ["R19"]),
        ({"limit": 1, "newest_first": True}, ["R19"]),
        ({"newest_first": True}, ["R19", "unlisted_station"]),
    ],
)
def test_findings_are_filtered_as_asked(
    world: Client, filters: dict[str, object], expected: list[str]
) -> None:
    assert [row["rule"] for row in findings(world, ELECTION, **filters)] == expected  # type: ignore[arg-type]


def test_findings_are_counted_by_rule(world: Client) -> None:
    assert count_findings(world, ELECTION) == [
        {"contest": "PPWP", "rule": "R19", "severity": "hard", "count": 1, "stations": 1},
        {"contest": "PPWP", "rule": "unlisted_station", "severity": "soft", "count": 1, "stations": 1},
    ]


def test_rejected_messages_keep_their_reason_and_garbage_is_among_them(world: Client) -> None:
    first, second = rejected(world, ELECTION)
    assert (first["position"], first["unit"], first["reason"]) == (3, "1101012001002", "already_counted")
    assert first["sentence"]["en"] == "already_counted in English"
    assert (second["position"], second["unit"], second["type"], second["reason"]) == (6, "", "", "malformed")
    assert count_rejected(world, ELECTION) == [
        {"reason": "already_counted", "count": 1},
        {"reason": "malformed", "count": 1},
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"region": "0"}, [3, 6]),
        ({"region": "11"}, [3]),
        ({"region": "1101012001"}, [3]),
        ({"region": "1101012001002"}, [3]),
        ({"region": "-99"}, []),
        ({"reasons": ["malformed"]}, [6]),
        ({"contests": ["PPWP"]}, [3]),
        ({"limit": 1}, [3]),
    ],
)
def test_rejected_messages_are_filtered_as_asked(
    world: Client, filters: dict[str, object], expected: list[int]
) -> None:
    rows = rejected(world, ELECTION, **filters)  # type: ignore[arg-type]
    assert [row["position"] for row in rows] == expected


def test_the_log_is_shown_in_order_from_where_it_is_asked(world: Client) -> None:
    rows = list(events(world, ELECTION, 5))
    assert [row["position"] for row in rows] == [5, 6, 7]
    assert [row["position"] for row in events(world, ELECTION, 2, 2)] == [2, 3]
    assert rows[0]["outcome"] == "accepted"
    assert rows[0]["event"]["payload"]["reason"] == "revote_ordered"
    assert rows[0]["occurred_at"] == minute(4)


def test_bytes_that_are_no_event_are_shown_as_hex(world: Client) -> None:
    (row,) = events(world, ELECTION, 6, 1)
    assert row["event"] is None
    assert bytes.fromhex(row["bytes"]) == messages()[6]


def test_an_event_is_found_by_its_id_or_how_it_begins(world: Client) -> None:
    wanted = next(iter(of_unit(world, ELECTION, UNLISTED)))["event_id"]
    for asked in (wanted, wanted[:8], wanted[:8].upper()):
        assert [row["position"] for row in find_event(world, ELECTION, asked)] == [4]
    assert find_event(world, ELECTION, "0" * 64) == []


def test_a_history_tells_what_changed_why_and_who(world: Client) -> None:
    first, second = station_history(world, ELECTION, "1101012001001")
    assert (first["version"], first["changes"], first["status"]) == (1, [], "clean")
    assert (second["version"], second["reason"], second["note"]) == (2, "pembetulan", "salah tulis")
    assert second["supersedes"] == first["event_id"]
    assert second["submitted_by"] == {"officer": "kpps-2", "role": "kpps"}
    assert second["changes"] == [
        # in the order of the form: block I.B, IV, V
        {"cell": "voters.total.j", "before": 105, "after": 106},
        {"cell": "votes.1", "before": 100, "after": 101},
        {"cell": "valid", "before": 100, "after": 101},
    ]


def test_a_history_has_annulled_versions_rejected_messages_and_findings_since_put_right(
    world: Client,
) -> None:
    counted, rejected, annulled = station_history(world, ELECTION, "1101012001002")
    assert [finding["rule"] for finding in counted["findings"]] == ["R06"]
    assert (rejected["outcome"], rejected["version"]) == ("rejected", None)
    assert rejected["rejected"]["reason"] == "already_counted"
    assert (annulled["status"], annulled["votes"], annulled["reason"]) == ("annulled", None, "revote_ordered")
    assert annulled["changes"] == []


def test_a_history_of_another_contest_is_empty(world: Client) -> None:
    assert station_history(world, ELECTION, "1101012001001", ("DPD",)) == []


def test_a_region_s_history_has_every_snapshot_and_what_changed(world: Client) -> None:
    none, then, now = region_history(world, ELECTION, "11", Level.PROVINCE, ("PPWP",))
    assert (none["version"], none["position"], none["changes"]) == (0, None, [])
    assert (then["version"], then["recorded_at"]) == (3, minute(2))
    assert {"cell": "votes.1", "before": 161, "after": 104} in now["changes"]
    assert {"cell": "stations.annulled", "before": 0, "after": 1} in now["changes"]


def test_a_cell_that_was_not_given_is_not_zero() -> None:
    before = cells_of({"votes": {"1": 3, "2": None}, "valid": 3})
    assert before == {"votes.1": 3, "valid": 3}
    assert differences(before, {"votes.1": 3, "votes.2": 0}) == [
        {"cell": "valid", "before": 3, "after": None},
        {"cell": "votes.2", "before": None, "after": 0},
    ]


def test_an_unknown_region_is_refused_everywhere(world: Client) -> None:
    questions: tuple[Callable[[], object], ...] = (
        lambda: list(progress(world, ELECTION, "province", "4711")),
        lambda: list(findings(world, ELECTION, region="4711")),
        lambda: list(rejected(world, ELECTION, region="4711")),
    )
    for question in questions:
        with pytest.raises(Unanswerable, match="'4711'"):
            question()
