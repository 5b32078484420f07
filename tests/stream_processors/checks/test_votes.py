"""Blocks IV and V: what the votes are, and which sums can be judged when figures are missing."""

from __future__ import annotations

import pytest

from schemas.elections import ContestKind
from schemas.findings import Status
from schemas.forms import CHasil
from stream_processors.checks import RECOUNT_TRIGGER, check, status_of, votes_of
from tests.stream_processors.checks.examples import (
    BY_PARTY,
    FULL,
    PAIRS,
    PARTIES,
    PERSONS,
    UNNAMED,
    Document,
    ballot,
    changed,
    findings,
    form_context,
    found_at,
)


def votes(document: Document) -> CHasil:
    return CHasil(votes=document)


def test_votes_come_in_the_order_of_the_ballot_and_missing_ones_stay_missing() -> None:
    assert votes_of(votes({"3": 0, "1": 5}), PAIRS) == (5, None, 0)
    assert votes_of(votes({"24": 1, "21": 2}), PERSONS) == (2, None, None, 1)


@pytest.mark.parametrize("form", [CHasil(), CHasil(votes={})])
def test_a_form_without_votes_has_none_for_every_option(form: CHasil) -> None:
    assert votes_of(form, PARTIES) == (None,) * 8


@pytest.mark.parametrize(
    ("given", "total"),
    [
        ({"7": 80, "7.0": 20, "7.1": 0, "7.2": 60}, 80),
        ({"7": 81, "7.0": 20, "7.1": 0, "7.2": 60}, 81),  # the total on the form, not a better one
        ({"7": 0, "7.2": 60}, 0),
        ({"7.0": 20, "7.1": 0, "7.2": 60}, 80),
        ({"7": None, "7.0": 20, "7.2": 60}, 80),
        ({"7.1": 0}, 0),
        ({"7.0": None, "7.1": None}, None),
        ({"1.0": 4}, None),
    ],
)
def test_a_party_without_its_total_has_its_parts_added_up(given: Document, total: int | None) -> None:
    figures = votes_of(votes(given), PARTIES)
    assert figures[PARTIES.place["7"]] == total
    for option in ("7.0", "7.1", "7.2"):
        assert figures[PARTIES.place[option]] == given.get(option)


def test_without_v_c_the_recount_trigger_takes_valid_and_invalid_together() -> None:
    document = changed(FULL, {"total": None, "voters/total/j": 206, "ballots/used": 207})
    found = {one.rule: one for one in findings(document)}
    assert found["R07"].numbers == {"counted": 205, "used": 207}
    assert found["R08"].numbers == {"counted": 205, "voted": 206}
    assert found["R08"].tag == RECOUNT_TRIGGER
    assert "R05" not in found


def test_without_v_c_and_v_a_the_options_are_added_up() -> None:
    document = changed(FULL, {"total": None, "valid": None, "voters/total/j": 206, "ballots/used": 207})
    found = {one.rule: one for one in findings(document)}
    assert found["R07"].numbers == {"cast": 200, "invalid": 5, "sum": 205, "used": 207}
    assert found["R08"].numbers == {"cast": 200, "invalid": 5, "sum": 205, "voted": 206}
    assert found["R08"].tag == RECOUNT_TRIGGER
    assert found["R08"].said.en == (
        "Votes of the pairs 200 + invalid votes 5 = 205, less than all voters who voted 206; "
        "missing: valid votes, valid and invalid votes."
    )


@pytest.mark.parametrize("field", ["invalid", "votes/3"])
def test_without_v_c_and_some_of_its_parts_the_votes_counted_are_unknown(field: str) -> None:
    changes = {"total": None, "valid": None, field: None, "voters/total/j": 206, "ballots/used": 207}
    document = changed(FULL, changes)
    assert {"R07", "R08"}.isdisjoint(one.rule for one in findings(document))


@pytest.mark.parametrize("field", ["valid", "invalid"])
def test_v_c_itself_is_compared_even_without_its_parts(field: str) -> None:
    document = changed(FULL, {field: None, "voters/total/j": 206, "ballots/used": 207})
    assert {"R07", "R08"} <= {one.rule for one in findings(document)}


def test_v_c_on_the_form_is_taken_and_not_its_parts() -> None:
    found = {one.rule: one for one in findings(changed(FULL, {"total": 206}))}
    assert found["R08"].numbers == {"counted": 206, "voted": 205}


def test_options_that_alone_exceed_the_valid_votes_fail_whatever_the_missing_ones_are() -> None:
    found = findings({"votes": {"1": 150, "2": 51, "3": None}, "valid": 200})
    assert found_at(found) == [("R06", "V.A")]
    assert found[0].numbers == {"sum": 201, "valid": 200}


@pytest.mark.parametrize("cast", [50, 0])
def test_options_that_reach_no_more_than_the_valid_votes_are_not_judged_when_one_is_missing(
    cast: int,
) -> None:
    assert findings({"votes": {"1": 150, "2": cast}, "valid": 200}) == ()


def test_a_blank_form_has_no_sum_of_votes_to_judge() -> None:
    assert found_at(findings({"valid": 200, "invalid": 5})) == [("R19", "IV")]
    assert found_at(findings({"votes": {}, "valid": 0})) == [("R19", "IV")]


def test_a_ballot_without_options_makes_no_sum_either() -> None:
    bare = form_context(ballot(ContestKind.PERSONS))
    assert found_at(findings({"valid": 200}, bare)) == [("R19", "IV")]


def test_a_party_total_made_of_all_its_parts_is_as_good_as_one_on_the_form() -> None:
    document = changed(BY_PARTY, {"votes/7": None})
    assert findings(document, form_context(PARTIES)) == ()
    found = findings(changed(document, {"votes/7.2": 59}), form_context(PARTIES))
    assert found_at(found) == [("R06", "V.A")]
    assert found[0].numbers == {"sum": 199, "valid": 200, "difference": 1}


def test_a_party_total_made_of_some_parts_is_only_the_least_it_can_be() -> None:
    document = changed(BY_PARTY, {"votes/7": None, "votes/7.1": None})
    assert findings(changed(document, {"votes/7.2": 59}), form_context(PARTIES)) == ()
    found = findings(changed(document, {"votes/7.2": 61}), form_context(PARTIES))
    assert found_at(found) == [("R06", "V.A")]


def test_a_ballot_that_names_no_candidates_can_not_show_that_votes_are_missing() -> None:
    document = {"votes": {"1": 120, "1.0": 50, "7": 80, "7.0": 20}, "valid": 200}
    around = form_context(UNNAMED)
    assert findings(document, around) == ()
    assert findings(changed(document, {"votes/7": None}), around) == ()
    assert found_at(findings(changed(document, {"votes/7.0": 81}), around)) == [("R17", "IV.7")]


def test_parts_that_alone_exceed_the_party_total_fail_whatever_the_missing_ones_are() -> None:
    document = changed(BY_PARTY, {"votes/7.1": None, "votes/7.2": 61, "words": None})
    found = findings(document, form_context(PARTIES))
    assert found_at(found) == [("R17", "IV.7")]
    assert found[0].numbers == {"sum": 81, "total": 80}


def test_a_party_total_added_up_is_not_held_against_the_boxes_of_the_form() -> None:
    document = {"votes": {"7.0": 600, "7.1": 500, "7.2": 0, "1": 0}, "valid": 999}
    found = findings(document, form_context(PARTIES))
    (limit,) = [one for one in found if one.rule == "R14"]
    assert (limit.place, limit.numbers) == ("IV.7", {"figure": 1100, "valid": 999})


def test_candidates_are_not_held_against_the_valid_votes_themselves() -> None:
    document = {"votes": {"7": 10, "7.1": 20, "1": 0}, "valid": 10}
    assert found_at(findings(document, form_context(PARTIES))) == [("R17", "IV.7")]


@pytest.mark.parametrize(
    ("figure", "valid", "listed"),
    [
        (95, 100, True),
        (94, 100, False),
        (99, 99, False),
        (100, 100, True),
        (950, 999, True),
        (949, 999, False),
    ],
)
def test_an_outlier_has_95_percent_of_at_least_100_valid_votes(figure: int, valid: int, listed: bool) -> None:
    document = {"votes": {"1": figure, "2": valid - figure, "3": 0}, "valid": valid}
    found = findings(document, form_context(voters_limit=None))
    assert found_at(found) == ([("R26", "IV.1")] if listed else [])


def test_a_figure_above_the_valid_votes_is_no_share_of_them() -> None:
    document = {"votes": {"1": 201, "2": None}, "valid": 200}
    assert found_at(findings(document)) == [("R06", "V.A"), ("R14", "IV.1")]


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (FULL, Status.CLEAN),
        (changed(FULL, {"ballots/received": 254, "ballots/unused": 48}), Status.CLEAN),  # R11 is soft
        (changed(FULL, {"valid": 201}), Status.FLAGGED),
        (changed(FULL, {"votes": None}), Status.BLANK),
        (changed(FULL, {"votes": {"1": None}, "valid": 201}), Status.BLANK),  # although R05 fails
        ({"votes": {"1": 0}}, Status.CLEAN),
    ],
)
def test_the_status_is_blank_before_flagged_before_clean(document: Document, status: Status) -> None:
    form = CHasil(**document)
    assert status_of(form, check(form, form_context())) is status
