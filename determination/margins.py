"""What would have to change for the seats to change: votes to the last seat, and whether voters who are
still outstanding could bring it about.

Votes are added to one party in one district, and all others stay as they are; which other parties reach the
threshold is taken as it stands. How likely a change is, is not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction

from determination.seats import DistrictSeats, SeatsResult, reaches_threshold


def votes_to_threshold(votes: int, valid: int, threshold: Fraction) -> int | None:
    """The fewest further votes with which a party reaches the threshold; they are valid votes too. None: no
    number of votes is enough."""
    if reaches_threshold(votes, valid, threshold):
        return 0
    if threshold >= 1:
        return None
    # votes + more >= threshold * (valid + more)
    return -((votes - threshold * valid) // (1 - threshold))


def votes_to_last_seat(result: SeatsResult, district: str, party: str) -> int | None:
    """The fewest further votes in the district with which the party would have its last seat, by a larger
    quotient and not by a rule for equal ones; for a party below the threshold also those to reach it.

    None: the party has the last seat, no seat is to be had there, or no number of votes is enough.
    """
    seats = result.districts[district]
    to_seat = _votes_to_seat(seats, party)
    if to_seat is None or party in result.passing:
        return to_seat
    to_pass = votes_to_threshold(result.national.get(party, 0), result.valid, result.threshold)
    return None if to_pass is None else max(to_pass, to_seat)


def _votes_to_seat(seats: DistrictSeats, party: str) -> int | None:
    if not seats.size:
        return None
    if seats.open:
        if seats.equal_last is None:  # nobody who takes part has votes: the first one has all seats
            return max(0, 1 - seats.votes.get(party, 0))
        to_beat = seats.equal_last.quotient
    else:
        last = seats.awarded[-1]
        if last.party == party:
            return None
        to_beat = last.quotient
    next_divisor = 2 * seats.of(party) + 1
    return int(to_beat * next_divisor) + 1 - seats.votes.get(party, 0)


def closest(result: SeatsResult, district: str) -> tuple[str, int] | None:
    """The party that is closest to the last seat of the district, and the votes that it lacks."""
    lacking = [
        (lacks, party)
        for party in result.districts[district].votes
        if (lacks := votes_to_last_seat(result, district, party)) is not None
    ]
    if not lacking:
        return None
    lacks, party = min(lacking)
    return party, lacks


class Standing(StrEnum):
    """Whether a party reaches the threshold, whatever the outstanding voters do."""

    PASSES = "passes"
    FAILS = "fails"
    OPEN = "open"


def threshold_standing(result: SeatsResult, outstanding: int | None) -> dict[str, Standing]:
    """Each party's standing while `outstanding` voters (None: not known how many) may still vote for anybody,
    or not at all."""
    found = {}
    for party, votes in result.national.items():
        if not result.threshold:
            found[party] = Standing.PASSES
        elif outstanding is None:
            found[party] = Standing.OPEN
        elif reaches_threshold(votes, result.valid + outstanding, result.threshold):
            found[party] = Standing.PASSES
        elif reaches_threshold(votes + outstanding, result.valid + outstanding, result.threshold):
            found[party] = Standing.OPEN
        else:
            found[party] = Standing.FAILS
    return found


def could_change(result: SeatsResult, outstanding: Mapping[str, int | None]) -> dict[str, bool | None]:
    """Of each district whether its outstanding voters could change who has its seats. None: not known.

    Open seats count as a change to come. Where the standing of a party at the threshold is open, every
    district in which it has votes or voters is open too.
    """
    known = [outstanding.get(district) for district in result.districts]
    everywhere = None if any(one is None for one in known) else sum(one or 0 for one in known)
    standing = threshold_standing(result, everywhere)
    unsettled = {party for party, one in standing.items() if one is Standing.OPEN}
    found: dict[str, bool | None] = {}
    for district, seats in result.districts.items():
        voters = outstanding.get(district)
        if seats.open:
            found[district] = True
        elif voters is None:
            found[district] = None
        elif any(_matters(result, district, party, voters) for party in unsettled):
            found[district] = None if everywhere is None else True
        else:
            found[district] = voters > 0 and any(
                _reaches_a_seat(seats, party, voters) for party in seats.eligible
            )
    return found


def _matters(result: SeatsResult, district: str, party: str, voters: int) -> bool:
    """Whether it makes a difference in the district if the party takes part, or no longer does."""
    seats = result.districts[district]
    return seats.of(party) > 0 or _reaches_a_seat(seats, party, voters)


def _reaches_a_seat(seats: DistrictSeats, party: str, voters: int) -> bool:
    """Whether the party, with all of these voters, has a quotient as large as one by which another has
    a seat. Equal is enough: which one has the seat is then a question of the rule for equal quotients."""
    others = [seat.quotient for seat in seats.awarded if seat.party != party]
    if not others:
        return False
    next_divisor = 2 * seats.of(party) + 1
    return Fraction(seats.votes.get(party, 0) + voters, next_divisor) >= min(others)
