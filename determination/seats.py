"""Seats of parties in electoral districts: the threshold of art. 414 and the divisors of art. 415 and 420.

The law says nothing that was found about equal quotients for the last seat. What happens then is a setting
(`EqualQuotients`), and a seat that it decided, or left open, is named in the result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from determination.order import by_number

DPR_THRESHOLD: Final = Fraction(4, 100)
"""Of the valid votes of the nation, at least (art. 414 (1))."""
NO_THRESHOLD: Final = Fraction(0)
"""DPRD: all parties take part (art. 414 (2))."""


class EqualQuotients(StrEnum):
    """Who has the last seat when quotients are equal. The rule was not found: this is configuration."""

    VOTES = "votes"  # the party with more votes in the district; with as many the seat is open
    NUMBER = "number"  # the party with the lower ballot number
    OPEN = "open"  # nobody: the commission decides


@dataclass(frozen=True, slots=True)
class Seat:
    """The seat with that `number` in its district, counted from 1, had by `votes` / `divisor`."""

    number: int
    party: str
    votes: int
    divisor: int

    @property
    def quotient(self) -> Fraction:
        """What the seats were ranked by."""
        return Fraction(self.votes, self.divisor)


@dataclass(frozen=True, slots=True)
class EqualLast:
    """More parties than seats were left had the same quotient: `seats` seats for `parties`. `given` are those
    that got one by `rule`; with fewer of them than seats the rest is open."""

    parties: tuple[str, ...]
    seats: int
    quotient: Fraction
    rule: EqualQuotients
    given: tuple[str, ...]

    @property
    def open(self) -> int:
        """Seats that nobody has."""
        return self.seats - len(self.given)


@dataclass(frozen=True, slots=True)
class DistrictSeats:
    """The seats of one district. `awarded` are in order, the last seat last; `votes` are those of all
    parties, `eligible` those that take part. `size` - len(awarded) seats are open."""

    size: int
    votes: Mapping[str, int]
    eligible: frozenset[str]
    awarded: tuple[Seat, ...]
    equal_last: EqualLast | None = None

    @property
    def open(self) -> int:
        """Seats that nobody has: equal quotients that no rule decides, or nobody with votes."""
        return self.size - len(self.awarded)

    def of(self, party: str) -> int:
        """How many seats the party has."""
        return sum(seat.party == party for seat in self.awarded)


@dataclass(frozen=True, slots=True)
class SeatsResult:
    """The seats of all districts. `valid` are the votes that the threshold is a part of."""

    threshold: Fraction
    valid: int
    national: Mapping[str, int]
    passing: frozenset[str]
    districts: Mapping[str, DistrictSeats]

    def of(self, party: str) -> int:
        """How many seats the party has in all districts."""
        return sum(district.of(party) for district in self.districts.values())


def reaches_threshold(votes: int, valid: int, threshold: Fraction) -> bool:
    """Whether a party has at least that part of the votes (ambang batas perolehan suara, art. 414 (1))."""
    return votes * threshold.denominator >= threshold.numerator * valid


def divide_seats(
    votes: Mapping[str, int],
    size: int,
    eligible: frozenset[str] | None = None,
    ties: EqualQuotients = EqualQuotients.VOTES,
) -> DistrictSeats:
    """The seats of a district (penghitungan perolehan kursi, art. 415 (2) and 420): the votes of each party
    divided by 1, 3, 5, 7 and so on, and a seat for each of the largest quotients.

    `eligible`: the parties that take part; None: all. A party without votes has no quotient. Raises
    ValueError for negative votes or seats.
    """
    if size < 0 or any(figure < 0 for figure in votes.values()):
        raise ValueError("votes and seats can't be negative")
    taking_part = frozenset(votes) if eligible is None else eligible & frozenset(votes)
    # Multiplied by a common multiple of all divisors, quotients are whole numbers in the same order.
    divisors = range(1, 2 * size, 2)
    multiple = math.lcm(*divisors)
    ranked = sorted(
        (
            (votes[party] * (multiple // divisor), party, divisor)
            for party in taking_part
            if votes[party]
            for divisor in divisors
        ),
        key=lambda one: (-one[0], -votes[one[1]], by_number(one[1])),
    )
    if not ranked:  # nobody has votes, or there are no seats
        return DistrictSeats(size, votes, taking_part, ())
    last = ranked[size - 1][0]
    kept = [one for one in ranked if one[0] > last]
    equal = [one for one in ranked if one[0] == last]
    equal_last = None
    if len(equal) > size - len(kept):
        left = size - len(kept)
        parties = tuple(sorted((party for _, party, _ in equal), key=by_number))
        given = _given(votes, parties, left, ties)
        quotient = Fraction(votes[equal[0][1]], equal[0][2])
        equal_last = EqualLast(parties, left, quotient, ties, given)
        equal = sorted(
            (one for one in equal if one[1] in given), key=lambda one: (-votes[one[1]], by_number(one[1]))
        )
    awarded = tuple(
        Seat(number, party, votes[party], divisor)
        for number, (_, party, divisor) in enumerate([*kept, *equal], start=1)
    )
    return DistrictSeats(size, votes, taking_part, awarded, equal_last)


def _given(
    votes: Mapping[str, int], parties: tuple[str, ...], left: int, rule: EqualQuotients
) -> tuple[str, ...]:
    """Which of `parties` get the `left` seats by the rule; those that it does not tell apart get none."""
    if rule is EqualQuotients.OPEN:
        return ()
    if rule is EqualQuotients.NUMBER:
        return parties[:left]
    ranked = sorted(parties, key=lambda party: (-votes[party], by_number(party)))
    first_out = votes[ranked[left]]
    return tuple(party for party in ranked[:left] if votes[party] > first_out)


def determine_seats(
    votes: Mapping[str, Mapping[str, int]],
    sizes: Mapping[str, int],
    threshold: Fraction = DPR_THRESHOLD,
    ties: EqualQuotients = EqualQuotients.VOTES,
) -> SeatsResult:
    """The seats of all districts: `votes` by district and party, `sizes` the seats of each district.

    The threshold is held against the votes of all districts together. Raises KeyError for a district with
    seats and no votes.
    """
    national: dict[str, int] = {}
    for of_district in votes.values():
        for party, figure in of_district.items():
            national[party] = national.get(party, 0) + figure
    valid = sum(national.values())
    passing = frozenset(
        party for party, figure in national.items() if reaches_threshold(figure, valid, threshold)
    )
    districts = {
        district: divide_seats(votes[district], size, passing, ties) for district, size in sizes.items()
    }
    return SeatsResult(threshold, valid, national, passing, districts)
