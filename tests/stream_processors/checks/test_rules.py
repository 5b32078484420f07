"""Every rule: met by a consistent form, failed by one change, not checked without a field that it needs."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.findings import Finding
from stream_processors.checks import RULES
from tests.stream_processors.checks.cases import CASES, Case
from tests.stream_processors.checks.examples import (
    BY_PARTY,
    FULL,
    PARTIES,
    changed,
    findings,
    form_context,
    found_at,
    leaves,
)


def fails(case: Case, without: str | None = None, unknown: str | None = None) -> list[Finding]:
    """What is found for the case's rule at its place, one field of form or form_context being missing."""
    missing = {without: None} if without else {}
    around = {**case.around, **({unknown: None} if unknown else {})}
    document = changed(case.document, {**case.changes, **missing})
    found = findings(document, form_context(case.ballot, **around))
    return [one for one in found if (one.rule, one.place) == (case.rule, case.place)]


def test_a_consistent_form_has_no_finding() -> None:
    assert findings(FULL) == ()
    assert findings(BY_PARTY, form_context(PARTIES)) == ()


def test_every_rule_has_a_case() -> None:
    assert {case.rule for case in CASES} == set(RULES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_failed_rule_is_found_once_with_its_numbers(case: Case) -> None:
    (one,) = fails(case)
    assert dict(one.numbers) == case.numbers
    assert one.severity is RULES[case.rule].severity
    assert one.tag == case.tag


@pytest.mark.parametrize(
    ("case", "field"), [(case, field) for case in CASES for field in case.needs], ids=str
)
def test_a_rule_that_needs_a_missing_field_is_not_checked(case: Case, field: str) -> None:
    assert fails(case, without=field) == []


@pytest.mark.parametrize(
    ("case", "name"), [(case, name) for case in CASES for name in case.needs_around], ids=str
)
def test_a_rule_that_needs_something_unknown_of_the_place_is_not_checked(case: Case, name: str) -> None:
    assert fails(case, unknown=name) == []


@pytest.mark.parametrize("block", ["dpt", "voters", "ballots", "disability", "words", "valid", "total"])
def test_a_missing_block_leaves_the_other_rules_met(block: str) -> None:
    assert findings(changed(FULL, {block: None})) == ()


@pytest.mark.parametrize("part", ["dpt", "dptb", "dpk", "total"])
def test_a_missing_part_of_block_i_leaves_the_other_rules_met(part: str) -> None:
    assert findings(changed(FULL, {f"voters/{part}": None})) == ()


def test_more_voters_than_listed_are_lawful_within_the_papers() -> None:
    document = changed(
        FULL,
        {
            "dpt": {"l": 98, "p": 102, "j": 200},
            "ballots": {"received": 205, "used": 205, "returned": 0, "unused": 0},
        },
    )
    assert found_at(findings(document, form_context(registered=200))) == [("R11", "II.1")]


@pytest.mark.parametrize(("listed", "received"), [(250, 255), (251, 257), (299, 305), (300, 306), (0, 0)])
def test_the_reserve_is_rounded_up(listed: int, received: int) -> None:
    document = {"dpt": {"j": listed}, "ballots": {"received": received}, "votes": {"1": min(listed, 1)}}
    assert findings(document, form_context(registered=listed)) == ()
    document["ballots"] = {"received": received + 1}
    assert found_at(findings(document, form_context(registered=listed))) == [("R11", "II.1")]


def test_the_register_is_no_stand_in_for_a_form_without_dpt() -> None:
    document = changed(FULL, {"dpt": None})
    assert findings(document, form_context(registered=500)) == ()


def test_a_form_of_zeros_is_not_blank_and_consistent_and_listed_where_people_are_registered() -> None:
    document = {"votes": {"1": 0, "2": 0, "3": 0}, "valid": 0, "invalid": 0, "voters": {"total": {"j": 0}}}
    assert [(one.rule, one.numbers) for one in findings(document)] == [("R27", {"registered": 250})]
    assert findings(document, form_context(registered=0)) == ()
    assert findings(document, form_context(registered=None)) == ()


@pytest.mark.parametrize("changes", [{"votes/1": 1}, {"valid": 1}, {"votes": {"1": None}, "valid": None}])
def test_a_form_with_a_vote_or_with_no_figure_is_no_form_of_zeros(changes: dict[str, Any]) -> None:
    document = {"votes": {"1": 0, "2": 0, "3": 0}, "valid": 0, "dpt": {"j": 250}}
    assert "R27" not in {one.rule for one in findings(changed(document, changes))}
    assert "R27" in {one.rule for one in findings({**document, "valid": None})}


def test_a_place_where_larger_figures_fit_is_not_held_to_three_boxes() -> None:
    document = {"votes": {"1": 1500, "2": 100, "3": 8}, "valid": 1608, "invalid": 0}
    assert findings(document, form_context(figure_limit=99_999, voters_limit=None)) == ()
    assert found_at(findings(document, form_context(voters_limit=None))) == [("R14", "IV.1"), ("R14", "V.A")]


def test_a_figure_too_large_for_its_boxes_and_for_the_valid_votes_is_found_once() -> None:
    document = {"votes": {"1": 1617, "2": 10, "3": 10}, "valid": 137}
    assert ("R14", "IV.1") in found_at(findings(document))


FIGURES = [path for path in leaves(FULL) if not path.startswith("words/")]


@pytest.mark.parametrize("path", FIGURES)
def test_a_figure_at_the_limit_fits_its_boxes_and_one_above_does_not(path: str) -> None:
    at_limit = changed(FULL, {**dict.fromkeys(FIGURES, 999), "words": None})
    assert "R14" not in {one.rule for one in findings(at_limit)}
    found = [one for one in findings(changed(at_limit, {path: 1000})) if one.rule == "R14"]
    assert [one.numbers for one in found] == [{"figure": 1000, "limit": 999}]


def test_an_option_with_all_valid_votes_does_not_exceed_them() -> None:
    document = {"votes": {"1": 200, "2": 201, "3": 0}, "valid": 200}
    assert [one.place for one in findings(document) if one.rule == "R14"] == ["IV.2"]


def test_all_who_voted_may_have_a_disability() -> None:
    assert findings(changed(FULL, {"disability": {"l": 101, "p": 104, "j": 205}})) == ()


def test_as_many_listed_voters_as_the_limit_allows_are_within_it() -> None:
    found = [one for one in findings(changed(FULL, {"dpt/j": 300})) if one.rule == "R12"]
    assert [one.numbers for one in found] == [{"listed": 300, "registered": 250}]
    assert "R12" not in {
        one.rule for one in findings(changed(FULL, {"dpt/j": 300}), form_context(registered=300))
    }
