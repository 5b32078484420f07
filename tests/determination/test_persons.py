"""Persons by votes, and equal votes by spread; never by chance, and never in silence."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from determination.persons import (
    BY_NUMBER,
    BY_SPREAD,
    elected_candidates,
    elected_dpd,
    evenness,
    regions_ahead,
)

VOTES = st.dictionaries(st.sampled_from([str(n) for n in range(1, 12)]), st.integers(0, 20), min_size=1)


@given(VOTES, st.integers(0, 6), st.randoms())
def test_nobody_with_fewer_votes_is_elected_before_one_with_more(
    votes: dict[str, int], seats: int, random: Random
) -> None:
    elected = elected_candidates(votes, seats)
    shuffled = list(votes.items())
    random.shuffle(shuffled)
    assert elected_candidates(dict(shuffled), seats) == elected
    left_open = elected.equal.open if elected.equal else 0
    assert len(elected.persons) + left_open == min(seats, len(votes))
    others = votes.keys() - set(elected.persons)
    least = min((votes[person] for person in elected.persons), default=0)
    assert all(votes[other] <= least for other in others) or not elected.persons


def test_equal_votes_for_the_last_seat_go_to_the_wider_spread() -> None:
    votes = {"1": 50, "2": 30, "3": 30}
    assert elected_candidates(votes, 2).equal is not None
    assert elected_candidates(votes, 2).persons == ("1",)
    chosen = elected_candidates(votes, 2, {"2": (3, 1), "3": (3, 2)})
    assert chosen.persons == ("1", "3")
    assert chosen.equal is not None
    assert (chosen.equal.persons, chosen.equal.by, chosen.equal.open) == (("2", "3"), BY_SPREAD, 0)
    assert elected_candidates(votes, 2, {"2": (3, 1), "3": (3, 1)}).persons == ("1",)


def test_without_votes_the_ballot_number_decides_for_parties_and_not_for_dpd() -> None:
    votes = {"10": 0, "2": 0, "1": 5}
    chosen = elected_candidates(votes, 2)
    assert chosen.persons == ("1", "2")
    assert chosen.equal is not None
    assert chosen.equal.by == BY_NUMBER
    assert elected_dpd(votes, seats=2).persons == ("1",)


def test_four_persons_are_elected_to_dpd_and_the_fourth_by_even_spread() -> None:
    by_district = {
        "A": {"1": 90, "2": 80, "3": 70, "4": 30, "5": 60},
        "B": {"1": 90, "2": 80, "3": 70, "4": 30, "5": 0},
    }
    votes = {person: sum(d[person] for d in by_district.values()) for person in by_district["A"]}
    assert elected_dpd(votes).persons == ("1", "2", "3")
    even = evenness(by_district, ("4", "5"))
    assert even["4"] > even["5"]
    assert elected_dpd(votes, {one: (even[one],) for one in ("4", "5")}).persons == ("1", "2", "3", "4")


def test_spread_is_measured_exactly() -> None:
    by_region = {"A": {"1": 3, "2": 1}, "B": {"1": 1, "2": 3}, "C": {"1": 2, "2": 2}, "D": {"1": 1, "2": 0}}
    assert regions_ahead(by_region, ("1", "2")) == {"1": 2, "2": 1}
    assert evenness({"A": {"1": 1, "2": 1}, "B": {"1": 2, "2": 2}, "C": {}}, ("1",)) == {"1": 0}
    assert evenness({"A": {"1": 1, "2": 2}, "B": {"1": 2, "2": 1}}, ("1",)) == {"1": Fraction(-1, 3)}
