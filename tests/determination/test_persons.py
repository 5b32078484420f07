"""Persons by votes, and equal votes by spread; never by chance, and never in silence."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from determination.persons import (
    BY_NUMBER,
    BY_SPREAD,
    DPD_SEATS,
    elected_candidates,
    elected_dpd,
    evenness,
    persons_could_change,
    regions_ahead,
    votes_to_be_elected,
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


@pytest.mark.parametrize(
    ("votes", "outstanding", "could"),
    [
        ((50, 40, 30, 20, 10), 9, False),
        ((50, 40, 30, 20, 10), 10, True),  # equal votes: spread decides
        ((50, 40, 30, 20, 10), 0, False),
        ((50, 40, 30, 20, 10), None, None),
        ((50, 40, 30, 20, 20), 0, True),  # nobody has the fourth place
        ((50, 40, 30, 20), None, False),
    ],
)
def test_outstanding_voters_could_change_the_four_or_could_not(
    votes: tuple[int, ...], outstanding: int | None, could: bool | None
) -> None:
    figures = {str(number): figure for number, figure in enumerate(votes, 1)}
    assert persons_could_change(figures, elected_dpd(figures), outstanding, DPD_SEATS) is could


def test_what_a_person_lacks_to_be_elected_is_the_fewest_votes_that_are_enough() -> None:
    votes = {"1": 50, "2": 40, "3": 30, "4": 20, "5": 13, "6": 0}
    elected = elected_dpd(votes)
    assert votes_to_be_elected(votes, elected, "4", DPD_SEATS) is None
    for person in ("5", "6"):
        lacks = votes_to_be_elected(votes, elected, person, DPD_SEATS)
        assert lacks is not None
        assert person in elected_dpd(votes | {person: votes[person] + lacks}).persons
        assert person not in elected_dpd(votes | {person: votes[person] + lacks - 1}).persons
