"""R25: which single digits explain a difference in R06, and that nothing is hinted at otherwise."""

from __future__ import annotations

import pytest

from schemas.findings import Finding
from tests.stream_processors.checks.examples import PARTIES, Document, findings, form_context


def hint(votes: Document, valid: int) -> Finding | None:
    found = [one for one in findings({"votes": votes, "valid": valid}) if one.rule == "R25"]
    return found[0] if found else None


@pytest.mark.parametrize(("one", "other"), ["38", "35", "58", "27", "17", "83", "53", "85", "72", "71"])
@pytest.mark.parametrize("power", [1, 10])
def test_digits_that_look_alike_explain_a_difference(one: str, other: str, power: int) -> None:
    figure, meant = 100 + int(one) * power, 100 + int(other) * power
    found = hint({"1": figure, "2": 44, "3": 40}, meant + 84)
    assert found is not None
    assert found.numbers["IV.1"] == figure
    assert found.numbers["IV.1.read_as"] == meant


@pytest.mark.parametrize(("one", "other"), ["12", "13", "23", "69", "45", "06"])
def test_other_digits_do_not(one: str, other: str) -> None:
    assert hint({"1": 400 + int(one), "2": 4, "3": 0}, 404 + int(other)) is None


def test_the_valid_votes_may_be_the_misread_figure() -> None:
    found = hint({"1": 96, "2": 64, "3": 40}, 205)  # 200 differs in more than look-alikes
    assert found is None
    found = hint({"1": 99, "2": 99, "3": 0}, 193)  # 198
    assert found is not None
    assert (found.place, found.numbers) == ("V.A", {"difference": 5, "V.A": 193, "V.A.read_as": 198})


def test_a_figure_longer_or_shorter_by_a_digit_is_no_misreading_of_one() -> None:
    assert hint({"1": 10, "2": 0, "3": 0}, 15) is None
    assert hint({"1": 3, "2": 0, "3": 90}, 98) is not None  # 3 for 8
    assert hint({"1": 5, "2": 0, "3": 99}, 124) is None  # 25 is longer than 5


@pytest.mark.parametrize("hundreds", range(1, 10))
def test_a_round_number_of_hundreds_is_a_hint_even_without_a_figure(hundreds: int) -> None:
    found = hint({"1": 20, "2": 30, "3": 3}, 53 + 100 * hundreds)
    assert found is not None
    assert (found.place, found.numbers) == ("IV", {"difference": 100 * hundreds})


@pytest.mark.parametrize("difference", [0, 1000, 1100, 150, 10])
def test_other_differences_are_none(difference: int) -> None:
    assert hint({"1": 20, "2": 30, "3": 4}, 54 + difference) is None


def test_the_hundreds_of_2024_are_explained_by_the_figure_that_was_misread() -> None:
    found = hint({"1": 60, "2": 617, "3": 23}, 200)
    assert found is not None
    assert found.numbers == {
        "difference": 500,
        "IV.2": 617,
        "IV.2.read_as": 117,
        "V.A": 200,
        "V.A.read_as": 700,
    }
    assert found.place == "IV"
    assert "617 pada IV.2 dibaca 117" in found.said.id
    assert "617 at IV.2 is read as 117" in found.said.en


def test_a_figure_is_never_read_as_less_than_nothing() -> None:
    found = hint({"1": 300, "2": 0, "3": 0}, 100)
    assert found is not None
    assert all(number >= 0 for number in found.numbers.values())


def test_several_figures_that_would_do_are_all_named() -> None:
    found = hint({"1": 13, "2": 33, "3": 1}, 52)
    assert found is not None
    assert found.place == "IV"
    assert found.numbers == {
        "difference": 5,
        "IV.1": 13,
        "IV.1.read_as": 18,
        "IV.2": 33,
        "IV.2.read_as": 38,
    }


def test_without_the_whole_sum_there_is_no_difference_to_explain() -> None:
    assert hint({"1": 13, "2": 38}, 50) is None


def test_a_party_without_its_total_has_its_parts_looked_at() -> None:
    document: Document = {
        "votes": {"1": 118, "7": None, "7.0": 20, "7.1": 4, "7.2": 33},
        "valid": 177,  # 175 are there
    }
    (found,) = [one for one in findings(document, form_context(PARTIES)) if one.rule == "R25"]
    assert (found.place, found.numbers) == (
        "IV.7.2",
        {"difference": 2, "IV.7.2": 33, "IV.7.2.read_as": 35},
    )
