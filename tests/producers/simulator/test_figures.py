"""What stations report is of a kind that could have happened."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from producers.simulator.faults import NO_FAULTS
from producers.simulator.nation import builtin_registry
from producers.simulator.night import Night
from schemas.elections import load_election
from tests.producers.simulator.nights import messages, night, read

Event = dict[str, Any]


@pytest.fixture(scope="module")
def president() -> list[Event]:
    election = load_election("pemilu2024")
    registry = builtin_registry(election, stations=4_000)
    return [read(raw) for raw in messages(Night(election, registry, 3, contests=["PPWP"], faults=NO_FAULTS))]


@pytest.fixture(scope="module")
def all_contests() -> dict[str, dict[str, Event]]:
    """Forms by station and contest."""
    stations: dict[str, dict[str, Event]] = {}
    for event in map(read, messages(night(NO_FAULTS))):
        stations.setdefault(event["station"], {})[event["contest"]] = event["payload"]["form"]
    return stations


def test_turnout_is_about_four_fifths_and_differs(president: list[Event]) -> None:
    forms = [event["payload"]["form"] for event in president]
    registered = sum(form["dpt"]["j"] for form in forms)
    assert sum(form["voters"]["total"]["j"] for form in forms) / registered == pytest.approx(0.81, abs=0.015)
    shares = sorted(form["voters"]["dpt"]["j"] / form["dpt"]["j"] for form in forms)
    assert shares[len(shares) // 20] < 0.76
    assert shares[-1] == 1  # a village that votes as one


def test_provinces_prefer_differently(president: list[Event]) -> None:
    votes: dict[str, Counter[str]] = {}
    for event in president:
        votes.setdefault(event["station"][:2], Counter()).update(event["payload"]["form"]["votes"])
    first = sorted(of["1"] / of.total() for of in votes.values())
    assert first[-1] - first[0] > 0.2
    assert len({of.most_common(1)[0][0] for of in votes.values()}) > 1
    nation = sum(votes.values(), Counter())
    assert min(nation.values()) > 0.05 * nation.total()


def test_men_and_women_are_about_even(president: list[Event]) -> None:
    forms = [event["payload"]["form"] for event in president]
    men = sum(form["dpt"]["l"] for form in forms)
    assert men / sum(form["dpt"]["j"] for form in forms) == pytest.approx(0.499, abs=0.005)
    assert sum(form["voters"]["dpt"]["p"] for form in forms) > sum(
        form["voters"]["dpt"]["l"] for form in forms
    )


def test_forms_rise_to_a_peak_and_fall_in_a_long_tail(president: list[Event]) -> None:
    west = [event for event in president if event["occurred_at"].endswith("+07:00")]
    hours = Counter(
        (datetime.fromisoformat(event["occurred_at"]).timestamp() - 1_707_890_400) // 3_600 for event in west
    )  # since 13:00 WIB
    peak = max(hours, key=lambda hour: hours[hour])
    assert hours[0.0] == 0  # nobody counts 200 ballots within the hour
    assert hours[1.0] < hours[2.0] < hours[peak]
    assert 3 <= peak <= 6
    late = sum(number for hour, number in hours.items() if hour > 10)
    assert 0.01 * len(west) < late < 0.2 * len(west)


def test_times_carry_the_zone_of_their_station(president: list[Event]) -> None:
    zones = {event["station"][:2]: event["occurred_at"][-6:] for event in president}
    assert (zones["11"], zones["51"], zones["96"]) == ("+07:00", "+08:00", "+09:00")


def test_forms_of_a_station_agree_across_contests(all_contests: dict[str, dict[str, Event]]) -> None:
    for forms in all_contests.values():
        for form in forms.values():
            first = next(iter(forms.values()))
            assert form["dpt"] == first["dpt"]
            assert form["disability"] == first["disability"]
            assert form["voters"]["dpt"] == first["voters"]["dpt"]
            assert form["voters"]["dpk"] == first["voters"]["dpk"]
            assert form["ballots"]["received"] == first["ballots"]["received"]


def test_moved_in_voters_have_fewer_ballots_the_more_local_the_contest(
    all_contests: dict[str, dict[str, Event]],
) -> None:
    moved = Counter[str]()
    for forms in all_contests.values():
        if set(forms) >= {"PPWP", "DPD", "DPR"}:
            here = {contest: form["voters"]["dptb"]["j"] for contest, form in forms.items()}
            assert here["PPWP"] >= here["DPD"] >= here["DPR"]
            moved.update(here)
    assert moved["PPWP"] > moved["DPD"] > moved["DPR"] > 0


def test_more_ballots_are_invalid_where_ballots_are_wide(all_contests: dict[str, dict[str, Event]]) -> None:
    invalid, total = Counter[str](), Counter[str]()
    for forms in all_contests.values():
        for contest, form in forms.items():
            invalid[contest] += form["invalid"]
            total[contest] += form["total"]
    shares = {contest: invalid[contest] / total[contest] for contest in total}
    assert shares["PPWP"] < 0.05 < shares["DPR"] < shares["DPD"]


def test_every_block_of_every_form_is_filled(all_contests: dict[str, dict[str, Event]]) -> None:
    def figures(value: Any) -> list[Any]:
        if isinstance(value, dict):
            return [one for inner in value.values() for one in figures(inner)]
        return [value]

    for forms in all_contests.values():
        for form in forms.values():
            assert set(form) == {
                "dpt",
                "voters",
                "ballots",
                "disability",
                "votes",
                "valid",
                "invalid",
                "total",
            }
            assert all(isinstance(figure, int) and figure >= 0 for figure in figures(form))


def test_votes_of_parties_go_to_the_party_and_its_candidates(
    all_contests: dict[str, dict[str, Event]],
) -> None:
    lines = Counter[str]()
    for forms in all_contests.values():
        for option, votes in forms["DPR"]["votes"].items():
            if "." in option:
                lines[option.split(".")[1]] += votes
    assert lines["0"] > lines["1"] > lines["3"] > 0
