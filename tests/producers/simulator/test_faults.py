"""Each fault does what it says, and leaves alone what it does not name."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from producers.simulator.faults import NO_FAULTS
from producers.simulator.night import Night
from schemas.findings import Status
from tests.producers.simulator.nights import Outcome, counted, four_provinces, messages, night, only, read

EVENT = dict[str, Any]


def by_unit(of: Night) -> dict[tuple[str, str], list[EVENT]]:
    units: dict[tuple[str, str], list[EVENT]] = {}
    for document in map(read, messages(of)):
        units.setdefault((document["contest"], document["station"]), []).append(document)
    return units


def figures(outcome: Outcome) -> dict[tuple[str, str], object]:
    return {unit: one.figures for unit, one in outcome.in_force.items()}


@pytest.fixture(scope="module")
def true_figures() -> dict[tuple[str, str], object]:
    return figures(counted(messages(night(NO_FAULTS))))


def test_without_faults_every_form_is_clean() -> None:
    of = night(NO_FAULTS)
    outcome = counted(messages(of))
    assert outcome.accepted == of.size == of.forms
    assert {one.status for one in outcome.in_force.values()} == {Status.CLEAN}
    assert set(outcome.findings) == {"R26"}  # villages that vote as one


@pytest.mark.parametrize(
    ("fault", "rules"),
    [
        ("bad_sums", {"R06"}),
        ("bad_totals", {"R07", "R08"}),
        ("bad_voters", {"R02"}),
        ("bad_sexes", {"R01"}),
        ("bad_ballots", {"R03"}),
        ("other_register", {"R12"}),
        ("digit_slips", {"R06"}),
        ("blanks", {"R19"}),
        ("late", {"R24"}),
        ("wrong_clocks", {"R24"}),
    ],
)
def test_a_fault_is_found_by_its_rule_on_every_form_that_has_it(fault: str, rules: set[str]) -> None:
    of = night(only(**{fault: 1.0}))
    assert of.injected[fault] == of.forms
    outcome = counted(messages(of))
    home = [unit for unit in outcome.in_force if not unit[1].startswith("99")]
    # Counting overseas has no window, so there is no R24 there.
    expected = len(home) if rules == {"R24"} else of.forms
    assert {rule: outcome.findings[rule] for rule in rules} == dict.fromkeys(rules, expected)


def test_a_party_whose_total_is_wrong_is_found_where_parties_stand() -> None:
    of = night(only(bad_party_sums=1.0))
    forms = Counter(contest for contest, _ in by_unit(of))
    parties = forms["DPR"] + forms["DPRD-PROV"] + forms["DPRD-KABKO"]
    assert of.injected["bad_party_sums"] == parties
    assert counted(messages(of)).findings["R17"] == parties


def test_a_missing_reserve_is_found_where_it_could_be_left_out() -> None:
    of = night(only(no_reserve=1.0))
    outcome = counted(messages(of))
    assert outcome.findings["R11"] > 0.9 * of.forms
    assert {one.status for one in outcome.in_force.values()} == {Status.CLEAN}


def test_blank_forms_are_blank_and_not_zero() -> None:
    outcome = counted(messages(night(only(blanks=1.0))))
    assert {one.status for one in outcome.in_force.values()} == {Status.BLANK}


def test_what_is_missing_is_null_or_absent_and_never_zero() -> None:
    complete = {unit: events[0]["payload"]["form"] for unit, events in by_unit(night(NO_FAULTS)).items()}
    seen = Counter[str]()
    for unit, (event,) in by_unit(night(only(missing_fields=1.0))).items():
        form, right = event["payload"]["form"], complete[unit]
        for block, value in right.items():
            if form.get(block) == value:
                continue
            seen[block] += 1
            if block == "votes":
                changed = {option for option in value if form[block][option] != value[option]}
                assert [form[block][option] for option in changed] == [None]
            else:
                assert form.get(block) is None
    assert set(seen) == set(next(iter(complete.values())))
    assert seen.total() == len(complete)


def test_swapped_options_are_seen_by_no_rule_and_change_the_count(
    true_figures: dict[tuple[str, str], object],
) -> None:
    outcome = counted(messages(night(only(swapped=1.0))))
    assert set(outcome.findings) == {"R26"}
    different = [unit for unit, one in figures(outcome).items() if one != true_figures[unit]]
    assert len(different) > 0.9 * len(true_figures)


def test_a_digit_slip_makes_hundreds_of_a_hundred() -> None:
    right = by_unit(night(NO_FAULTS, contests=["PPWP"]))
    differences = Counter[int]()
    for unit, (event,) in by_unit(night(only(digit_slips=1.0), contests=["PPWP"])).items():
        votes, before = (one["payload"]["form"]["votes"] for one in (event, right[unit][0]))
        differences.update(
            votes[option] - before[option] for option in votes if votes[option] != before[option]
        )
    assert differences.total() == len(right)
    assert differences[500] > len(right) / 3


def test_corrections_bring_back_the_truth(true_figures: dict[tuple[str, str], object]) -> None:
    wrong = dict.fromkeys(("bad_sums", "bad_party_sums", "digit_slips", "swapped", "blanks"), 0.1)
    of = night(only(**wrong, missing_fields=0.2, corrections=0.5, repairs=1.0, stale_corrections=0.5))
    assert of.injected["repairs"] > 0
    assert of.injected["corrections"] > 0
    assert figures(counted(messages(of))) == true_figures


def test_what_is_corrected_later_was_wrong_first() -> None:
    of = night(only(corrections=1.0))
    first = [events[0] for events in by_unit(of).values()]
    assert {event["type"] for event in first} == {"CountSubmitted"}
    again = by_unit(of)
    assert all(one["payload"]["form"] != other["payload"]["form"] for one, other in again.values())


def test_a_correction_names_the_count_that_it_corrects() -> None:
    for count, correction in by_unit(night(only(corrections=1.0), contests=["DPD"])).values():
        assert correction["type"] == "CountCorrected"
        assert correction["payload"]["supersedes"] == count["event_id"]
        assert correction["payload"]["reason"] in ("misread", "pembetulan", "plenary", "recount")
        plenary = correction["payload"]["reason"] == "plenary"
        assert correction["submitted_by"]["role"] == ("ppk" if plenary else "kpps")


def test_a_contradiction_is_another_first_count_with_other_figures() -> None:
    of = night(only(contradictions=1.0), contests=["PPWP"])
    for first, second in by_unit(of).values():
        assert (first["type"], second["type"]) == ("CountSubmitted", "CountSubmitted")
        assert first["device"] != second["device"]
        assert first["payload"]["form"]["votes"] != second["payload"]["form"]["votes"]
    assert counted(messages(of)).rejected == {"already_counted": of.forms}


def test_an_overtaken_count_has_its_correction_before_and_after_it() -> None:
    of = night(only(corrections=1.0, overtaken=1.0), contests=["PPWP"])
    for early, count, correction in by_unit(of).values():
        assert early == correction
        assert count["event_id"] == correction["payload"]["supersedes"]
    outcome = counted(messages(of))
    assert outcome.rejected == {"superseded_mismatch": of.forms}
    assert outcome.accepted == 2 * of.forms


def test_an_annulled_count_comes_back_only_by_a_revote(
    true_figures: dict[tuple[str, str], object],
) -> None:
    of = night(only(annulments=1.0, revotes=0.5), contests=["PPWP"])
    outcome = counted(messages(of))
    statuses = Counter(one.status for one in outcome.in_force.values())
    assert statuses == {
        Status.ANNULLED: of.forms - of.injected["revotes"],
        Status.CLEAN: of.injected["revotes"],
    }
    kinds = Counter(
        event["payload"].get("kind") or event["payload"]["reason"]
        for events in by_unit(of).values()
        for event in events[1:]
    )
    assert kinds == {
        "revote_ordered": of.injected["revotes"],
        "bawaslu_ruling": of.forms - of.injected["revotes"],
        "revote": of.injected["revotes"],
    }
    new = [unit for unit, one in outcome.in_force.items() if one.status is Status.CLEAN]
    different = sum(outcome.in_force[unit].figures != true_figures[unit] for unit in new)
    assert different > 0.9 * len(new)  # villages that vote as one may do so again


def test_duplicates_are_the_same_bytes() -> None:
    of = night(only(duplicates=1.0, corrections=0.3), contests=["PPWP"])
    sent = Counter(messages(of))
    assert set(sent.values()) == {2, 3}
    assert sent.total() - len(sent) == of.injected["duplicates"] == of.expected.repeated


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("malformed", "malformed"),
        ("altered", "wrong_event_id"),
        ("unknown_stations", "unknown_station"),
        ("unknown_options", "unknown_option"),
    ],
)
def test_what_is_wrecked_on_the_way_is_rejected_and_arrives_again(
    fault: str, reason: str, true_figures: dict[tuple[str, str], object]
) -> None:
    of = night(only(**{fault: 1.0}))
    outcome = counted(messages(of))
    assert outcome.rejected == {reason: of.forms}
    assert figures(outcome) == true_figures


def test_messages_are_malformed_in_each_way() -> None:
    seen = set()
    for raw in messages(night(only(malformed=1.0), contests=["PPWP"])):
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            seen.add("not UTF-8")
            continue
        if not text.endswith("}"):
            seen.add("cut off")
        elif text.count('"station":') == 2:
            seen.add("a key twice")
    assert seen == {"not UTF-8", "cut off", "a key twice"}


def test_forms_are_late_early_or_postponed_only_by_fault() -> None:
    election, _ = four_provinces()
    assert election.poll is not None
    assert election.poll.closes is not None
    assert election.poll.until is not None
    closes, until = election.poll.closes, election.poll.until

    def hours(of: Night) -> list[timedelta]:
        home = [unit for unit in by_unit(of).items() if not unit[0][1].startswith(("95", "99"))]
        return [datetime.fromisoformat(events[0]["occurred_at"]) - closes for _, events in home]

    window = until - closes
    assert all(timedelta() < one <= window for one in hours(night(NO_FAULTS)))
    assert all(window < one < timedelta(days=2) for one in hours(night(only(late=1.0))))
    assert all(timedelta(hours=-11) < one < timedelta() for one in hours(night(only(wrong_clocks=1.0))))
    assert all(timedelta(days=2) < one < timedelta(days=10) for one in hours(night(only(postponed=1.0))))
