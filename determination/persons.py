"""Persons by votes: the candidates who have the seats of their party (art. 422), the four of DPD (art. 423).

Equal votes go to the wider spread over regions, or the more even one. How spread is measured the law does
not say, so it comes from outside: as a list of figures by level for each person, compared from the first on,
where more is wider. Persons whom spread does not tell apart have no seat, and are named as equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from determination.order import by_number

DPD_SEATS: Final = 4
"""Of each province: the first to the fourth by votes (art. 423 (1))."""

Spread = Mapping[str, Sequence[Fraction | int]]
"""By person: how wide the support is spread, level by level from the highest; more is wider."""


@dataclass(frozen=True, slots=True)
class EqualVotes:
    """Persons with equal votes for fewer places. `chosen` by their spread, or by ballot number where nobody
    has votes; with fewer of them than `places` the rest is open."""

    persons: tuple[str, ...]
    places: int
    votes: int
    chosen: tuple[str, ...]
    by: str

    @property
    def open(self) -> int:
        """Places that nobody has."""
        return self.places - len(self.chosen)


@dataclass(frozen=True, slots=True)
class Elected:
    """Who is elected, by votes from the most on; `equal` where equal votes had to be told apart."""

    persons: tuple[str, ...]
    equal: EqualVotes | None = None


BY_SPREAD: Final = "spread"
BY_NUMBER: Final = "number"


def elected_candidates(votes: Mapping[str, int], seats: int, spread: Spread | None = None) -> Elected:
    """The candidates who have the `seats` of their party in a district (calon terpilih, art. 422): those with
    the most votes. Equal votes: the wider spread, level by level; without votes of anybody the lower ballot
    number (KPU Regulation 6/2024)."""
    return _most_votes(votes, seats, spread, number_without_votes=True)


def elected_dpd(votes: Mapping[str, int], spread: Spread | None = None, seats: int = DPD_SEATS) -> Elected:
    """The persons elected to DPD in a province: those with the most votes (art. 423 (1)); equal votes for the
    fourth seat: the more even spread over its districts (art. 423 (2))."""
    return _most_votes(votes, seats, spread, number_without_votes=False)


def _most_votes(
    votes: Mapping[str, int], seats: int, spread: Spread | None, *, number_without_votes: bool
) -> Elected:
    ranked = sorted(votes, key=lambda person: (-votes[person], by_number(person)))
    if len(ranked) <= seats:
        return Elected(tuple(ranked))
    if not seats:
        return Elected(())
    last = votes[ranked[seats - 1]]
    if last > votes[ranked[seats]]:
        return Elected(tuple(ranked[:seats]))
    above = [person for person in ranked if votes[person] > last]
    equal = tuple(person for person in ranked if votes[person] == last)
    places = seats - len(above)
    if number_without_votes and not last:
        return Elected((*above, *equal[:places]), EqualVotes(equal, places, last, equal[:places], BY_NUMBER))
    chosen = widest(equal, places, spread)
    return Elected((*above, *chosen), EqualVotes(equal, places, last, chosen, BY_SPREAD))


def votes_to_be_elected(votes: Mapping[str, int], elected: Elected, person: str, seats: int) -> int | None:
    """The fewest further votes with which the person has one of the `seats` by votes alone; all others stay
    as they are. None: the person has one already, or there is none to be had."""
    if person in elected.persons or seats <= 0:
        return None
    others = sorted((figure for one, figure in votes.items() if one != person), reverse=True)
    if len(others) < seats:
        return 0
    return max(0, others[seats - 1] + 1 - votes.get(person, 0))


def persons_could_change(
    votes: Mapping[str, int], elected: Elected, outstanding: int | None, seats: int
) -> bool | None:
    """Whether the `outstanding` voters (None: not known how many) could change who has the `seats`, if all of
    them voted for one person. Equal votes are enough: spread decides then. A place that nobody has is a
    change to come. False is certain."""
    if elected.equal is not None and elected.equal.open:
        return True
    if len(votes) <= seats or seats <= 0:
        return False
    if outstanding is None:
        return None
    last = min(votes[person] for person in elected.persons)
    first_out = max(figure for person, figure in votes.items() if person not in elected.persons)
    return outstanding > 0 and first_out + outstanding >= last


def widest(equal: Sequence[str], places: int, spread: Spread | None) -> tuple[str, ...]:
    """Which of them have the `places` by their spread; those that it does not tell apart have none."""
    if spread is None or any(person not in spread for person in equal):
        return ()

    def width(person: str) -> tuple[Fraction | int, ...]:
        return tuple(spread[person])

    ranked = sorted(sorted(equal, key=by_number), key=width, reverse=True)
    first_out = width(ranked[places])
    return tuple(person for person in ranked[:places] if width(person) > first_out)


def regions_ahead(votes: Mapping[str, Mapping[str, int]], persons: Sequence[str]) -> dict[str, int]:
    """One measure of a wide spread: in how many regions each of `persons` has more votes than each of the
    others among them. `votes` are by region and person."""
    ahead = dict.fromkeys(persons, 0)
    for of_region in votes.values():
        figures = {person: of_region.get(person, 0) for person in persons}
        most = max(figures.values(), default=0)
        leading = [person for person, figure in figures.items() if figure == most]
        if len(leading) == 1:
            ahead[leading[0]] += 1
    return ahead


def evenness(votes: Mapping[str, Mapping[str, int]], persons: Sequence[str]) -> dict[str, Fraction]:
    """One measure of an even spread: minus the sum over regions of how far the person's share there lies from
    the share in all of them together, so that 0 is perfectly even. Regions without votes are left out."""
    total = sum(sum(of_region.values()) for of_region in votes.values())
    found = {}
    for person in persons:
        of_all = sum(of_region.get(person, 0) for of_region in votes.values())
        share = Fraction(of_all, total) if total else Fraction(0)
        found[person] = -sum(
            (
                abs(Fraction(of_region.get(person, 0), valid) - share)
                for of_region in votes.values()
                if (valid := sum(of_region.values()))
            ),
            Fraction(0),
        )
    return found
