"""The elected pair: half of the votes and a fifth in half of the provinces, or the plurality of two."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from determination.presidency import Rule, elected_pair


def provinces(*votes: Mapping[str, int] | None) -> dict[str, Mapping[str, int] | None]:
    return {str(number): one for number, one in enumerate(votes, start=1)}


def test_more_than_half_and_a_fifth_in_more_than_half_of_the_provinces_wins() -> None:
    result = elected_pair(
        {"1": 60, "2": 30, "3": 10},
        provinces({"1": 20, "2": 60, "3": 20}, {"1": 20, "2": 80, "3": 0}, {"1": 19, "2": 61, "3": 20}),
    )
    assert (result.decided, result.rule, result.winner) == (True, Rule.MAJORITY_AND_SPREAD, "1")
    assert (result.provinces.needed, result.provinces.reached["1"]) == (2, 2)


@pytest.mark.parametrize(
    ("nation", "spread"),
    [
        ({"1": 50, "2": 30, "3": 20}, {"1": 50, "2": 30, "3": 20}),  # half is not more than half
        ({"1": 60, "2": 30, "3": 10}, {"1": 19, "2": 61, "3": 20}),  # 19% everywhere
    ],
)
def test_otherwise_the_first_two_go_to_a_second_round(nation: dict[str, int], spread: dict[str, int]) -> None:
    result = elected_pair(nation, provinces(spread, spread))
    assert (result.decided, result.rule, result.winner) == (False, Rule.SECOND_ROUND, None)
    assert result.second_round == ("1", "2")


def test_half_of_an_even_number_of_provinces_is_not_more_than_half() -> None:
    wide, narrow = {"1": 60, "2": 30, "3": 10}, {"1": 0, "2": 30, "3": 10}
    result = elected_pair({"1": 60, "2": 30, "3": 10}, provinces(wide, narrow))
    assert (result.provinces.needed, result.winner) == (2, None)


def test_a_province_without_figures_is_not_known_and_never_failed() -> None:
    nation = {"1": 60, "2": 30, "3": 10}
    wide = {"1": 60, "2": 30, "3": 10}
    result = elected_pair(nation, provinces(wide, None, {"1": 0, "2": 0, "3": 0}))
    assert (result.decided, result.winner, result.provinces.unknown) == (None, None, 2)
    met = {(one.name, one.pair): one.met for one in result.conditions}
    assert met["provinces_with_20_percent", "1"] is None
    assert elected_pair(nation, provinces(wide, wide, None)).winner == "1"


def test_of_two_pairs_the_plurality_wins_without_any_spread() -> None:
    result = elected_pair({"1": 51, "2": 50}, provinces({"1": 0, "2": 50}, {"1": 1, "2": 50}))
    assert (result.decided, result.rule, result.winner) == (True, Rule.PLURALITY, "1")
    again = elected_pair({"1": 50, "2": 50}, {})
    assert (again.decided, again.rule, again.second_round) == (False, Rule.SECOND_ROUND, ("1", "2"))


def test_without_votes_nothing_is_decided() -> None:
    assert elected_pair({"1": 0, "2": 0}, {}).decided is None
    assert elected_pair({"1": 0, "2": 0, "3": 0}, {}).decided is None


def test_equal_votes_are_told_apart_by_spread_and_named() -> None:
    nation = {"1": 40, "2": 30, "3": 30}
    open_second = elected_pair(nation, {})
    assert open_second.second_round == ("1",)
    assert open_second.equal is not None
    assert open_second.equal.pairs == ("2", "3")
    assert elected_pair(nation, {}, {"2": (4, 9), "3": (4, 10)}).second_round == ("1", "3")
    three = {"1": 33, "2": 33, "3": 33, "4": 1}
    spread = {"1": (1,), "2": (3,), "3": (2,)}
    assert elected_pair(three, {}, spread).second_round == ("2", "3")
    both_first = elected_pair({"1": 45, "2": 45, "3": 10}, {})
    assert both_first.second_round == ("1", "2")
    assert both_first.equal is not None


def test_the_order_of_the_input_does_not_matter() -> None:
    votes = {"10": 30, "2": 30, "1": 40}
    assert elected_pair(votes, {}) == elected_pair(dict(reversed(votes.items())), {})
