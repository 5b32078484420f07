"""Seats: they add up, rise with votes, are the same in any order, and equal another program's."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import apportionment.methods as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from determination.margins import (
    Standing,
    closest,
    could_change,
    threshold_standing,
    votes_to_last_seat,
    votes_to_threshold,
)
from determination.seats import (
    NO_THRESHOLD,
    EqualQuotients,
    determine_seats,
    divide_seats,
    reaches_threshold,
)

PARTIES = st.sampled_from([str(number) for number in range(1, 9)])
VOTES = st.dictionaries(PARTIES, st.integers(0, 300), min_size=1)
SIZES = st.integers(0, 12)
RULES = st.sampled_from(list(EqualQuotients))


@given(VOTES, SIZES, RULES)
def test_seats_add_up_to_those_of_the_district(
    votes: dict[str, int], size: int, rule: EqualQuotients
) -> None:
    result = divide_seats(votes, size, ties=rule)
    assert sum(result.of(party) for party in votes) + result.open == size
    assert [seat.number for seat in result.awarded] == list(range(1, len(result.awarded) + 1))
    if rule is EqualQuotients.NUMBER and any(votes.values()):
        assert result.open == 0
    open_seats = result.equal_last.open if result.equal_last else 0
    assert result.open == (open_seats if any(votes.values()) else size)


@given(VOTES, SIZES, RULES, st.integers(1, 500), st.data())
def test_more_votes_never_cost_a_seat(
    votes: dict[str, int], size: int, rule: EqualQuotients, more: int, data: st.DataObject
) -> None:
    party = data.draw(st.sampled_from(sorted(votes)))
    before = divide_seats(votes, size, ties=rule)
    after = divide_seats(votes | {party: votes[party] + more}, size, ties=rule)
    assert after.of(party) >= before.of(party)
    for other in votes.keys() - {party}:
        # Seats that equal quotients left open may go to others once they are equal no more.
        assert after.of(other) <= before.of(other) + before.open


@given(VOTES, SIZES, RULES, st.randoms())
def test_the_order_of_the_input_does_not_matter(
    votes: dict[str, int], size: int, rule: EqualQuotients, random: Random
) -> None:
    shuffled = list(votes.items())
    random.shuffle(shuffled)
    first, second = divide_seats(votes, size, ties=rule), divide_seats(dict(shuffled), size, ties=rule)
    assert (first.awarded, first.equal_last) == (second.awarded, second.equal_last)


@given(st.lists(st.integers(0, 50_000), min_size=1, max_size=8), st.integers(1, 12))
def test_seats_equal_those_of_another_program(figures: list[int], size: int) -> None:
    votes = {str(number): figure for number, figure in enumerate(figures, start=1)}
    ours = divide_seats(votes, size, ties=EqualQuotients.OPEN)
    if ours.open:
        return
    theirs = oracle.compute("saintelague", figures, size, verbose=False)
    assert [ours.of(party) for party in votes] == theirs


@given(VOTES, SIZES)
def test_every_awarded_quotient_is_at_least_every_other(votes: dict[str, int], size: int) -> None:
    """What the law says, said once more: nobody without a further seat has a larger quotient."""
    result = divide_seats(votes, size)
    if not result.awarded:
        return
    least = min(seat.quotient for seat in result.awarded)
    for party, figure in votes.items():
        assert Fraction(figure, 2 * result.of(party) + 1) <= least


@pytest.mark.parametrize(
    ("rule", "given_to", "still_open"),
    [
        (EqualQuotients.VOTES, ("2",), 0),
        (EqualQuotients.NUMBER, ("1",), 0),
        (EqualQuotients.OPEN, (), 1),
    ],
)
def test_equal_quotients_for_the_last_seat_are_named(
    rule: EqualQuotients, given_to: tuple[str, ...], still_open: int
) -> None:
    result = divide_seats({"1": 100, "2": 300}, 2, ties=rule)  # 300, then 300/3 = 100/1
    assert result.equal_last is not None
    assert result.equal_last.parties == ("1", "2")
    assert (result.equal_last.given, result.equal_last.open, result.open) == (
        given_to,
        still_open,
        still_open,
    )
    assert result.equal_last.quotient == 100


def test_equal_votes_leave_the_seat_open_where_votes_decide() -> None:
    result = divide_seats({"1": 100, "2": 100, "3": 40}, 1)
    assert (result.awarded, result.open) == ((), 1)
    assert result.equal_last is not None
    assert result.equal_last.parties == ("1", "2")


def test_equal_quotients_above_the_last_seat_decide_nothing() -> None:
    result = divide_seats({"1": 100, "2": 100, "3": 40}, 2)
    assert (result.of("1"), result.of("2"), result.equal_last) == (1, 1, None)


def test_a_party_alone_has_all_seats_and_without_votes_nobody_has_any() -> None:
    assert divide_seats({"1": 1, "2": 0}, 3).of("1") == 3
    assert divide_seats({"1": 0, "2": 0}, 3).open == 3
    with pytest.raises(ValueError, match="negative"):
        divide_seats({"1": -1}, 3)


def test_the_threshold_is_at_least_that_part_to_the_vote() -> None:
    assert reaches_threshold(4, 100, Fraction("0.04"))
    assert not reaches_threshold(6_071_731, 151_793_293, Fraction("0.04"))
    assert reaches_threshold(6_071_732, 151_793_293, Fraction("0.04"))


def test_the_threshold_is_of_the_nation_and_not_of_the_district() -> None:
    votes = {"A": {"1": 900, "2": 96}, "B": {"1": 1_000, "2": 4, "3": 500}}
    result = determine_seats(votes, {"A": 3, "B": 2}, Fraction("0.05"))
    assert (result.valid, sorted(result.passing)) == (2_500, ["1", "3"])
    assert [result.of(party) for party in ("1", "2", "3")] == [4, 0, 1]
    assert determine_seats(votes, {"A": 10, "B": 2}, NO_THRESHOLD).of("2") == 1


@given(VOTES, st.integers(1, 12), st.sampled_from([Fraction(0), Fraction(4, 100), Fraction(1, 4)]), st.data())
def test_votes_to_the_last_seat_are_the_fewest_that_do(
    votes: dict[str, int], size: int, threshold: Fraction, data: st.DataObject
) -> None:
    party = data.draw(st.sampled_from(sorted(votes)))
    result = determine_seats({"A": votes}, {"A": size}, threshold)
    lacks = votes_to_last_seat(result, "A", party)
    if lacks is None:
        assert result.districts["A"].awarded[-1].party == party
        return
    passing = result.passing | {party}
    had = divide_seats(votes, size, result.passing, EqualQuotients.OPEN).of(party)

    def has(more: int) -> int:
        """Seats with so many votes more, without the help of a rule for equal quotients."""
        national = sum(votes.values()) + more
        if party not in result.passing and not reaches_threshold(votes[party] + more, national, threshold):
            return 0
        return divide_seats(votes | {party: votes[party] + more}, size, passing, EqualQuotients.OPEN).of(
            party
        )

    assert has(lacks) > had
    assert lacks == 0 or has(lacks - 1) <= had


@given(st.integers(0, 500), st.integers(0, 500), st.fractions(0, Fraction(9, 10), max_denominator=50))
def test_votes_to_the_threshold_are_the_fewest_that_do(votes: int, others: int, threshold: Fraction) -> None:
    lacks = votes_to_threshold(votes, votes + others, threshold)
    assert lacks is not None
    assert reaches_threshold(votes + lacks, votes + others + lacks, threshold)
    assert lacks == 0 or not reaches_threshold(votes + lacks - 1, votes + others + lacks - 1, threshold)


@given(VOTES, st.integers(1, 6), st.integers(0, 60), st.data())
def test_what_is_settled_stays_whatever_the_outstanding_voters_do(
    votes: dict[str, int], size: int, outstanding: int, data: st.DataObject
) -> None:
    threshold = data.draw(st.sampled_from([Fraction(0), Fraction(1, 5)]))
    result = determine_seats({"A": votes}, {"A": size}, threshold)
    if could_change(result, {"A": outstanding})["A"]:
        return
    more = dict(votes)
    left = outstanding
    for party in sorted(votes):
        figure = data.draw(st.integers(0, left))
        more[party] += figure
        left -= figure
    after = determine_seats({"A": more}, {"A": size}, threshold)
    assert {party: after.of(party) for party in votes} == {party: result.of(party) for party in votes}


def test_voters_who_are_enough_for_the_last_seat_could_change_it() -> None:
    result = determine_seats({"A": {"1": 100, "2": 70, "3": 10}}, {"A": 2}, NO_THRESHOLD)
    assert closest(result, "A") == ("3", 61)
    assert votes_to_last_seat(result, "A", "1") == 111
    assert could_change(result, {"A": 60}) == {"A": True}
    assert could_change(result, {"A": 59}) == {"A": False}
    assert could_change(result, {"A": 0}) == {"A": False}
    assert could_change(result, {}) == {"A": None}


def test_a_party_at_the_threshold_is_open_until_voters_are_too_few() -> None:
    result = determine_seats({"A": {"1": 960, "2": 39}}, {"A": 20}, Fraction("0.04"))
    assert threshold_standing(result, 1)["2"] is Standing.OPEN
    assert threshold_standing(result, 0)["2"] is Standing.FAILS
    assert threshold_standing(result, None)["2"] is Standing.OPEN
    assert could_change(result, {"A": 1}) == {"A": True}
    # One voter in A could also put the party over the threshold in B.
    two = determine_seats(
        {"A": {"1": 960, "2": 0}, "B": {"1": 0, "2": 39}}, {"A": 1, "B": 1}, Fraction("0.04")
    )
    assert could_change(two, {"A": 1, "B": 0}) == {"A": False, "B": True}
