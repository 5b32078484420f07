"""Which options a station's form can hold, and how votes for them are named in totals.

A ballot belongs to a contest and a constituency (the area whose voters share it). Options of the whole
contest keep their id in totals; those that stand in one constituency only are written
`constituency:option` there, because person 21 of one province is not person 21 of the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.contest_areas import ContestArea, constituencies, held_villages, held_without_villages
from schemas.elections import Candidate, Contest, ContestKind, Election, Option
from schemas.regions import UNKNOWN, Registry
from schemas.tallies import Layout, layout


@dataclass(frozen=True, slots=True)
class Ballot:
    """One ballot. `options` are the ids as written on the form, `keys` their names in totals, in the same
    order; `top` are the places of those whose figures add up to the valid votes (R06)."""

    index: int
    contest: str
    kind: ContestKind
    constituency: str
    options: tuple[str, ...]
    keys: tuple[str, ...]
    top: tuple[int, ...]
    place: dict[str, int] = field(repr=False)
    top_keys: frozenset[str] = field(init=False, repr=False, compare=False)  # `keys` at the places `top`
    layout: Layout = field(init=False, repr=False, compare=False)  # of a row of its cells

    def __post_init__(self) -> None:
        object.__setattr__(self, "top_keys", frozenset(self.keys[place] for place in self.top))
        object.__setattr__(self, "layout", layout(len(self.options), len(self.top)))


class Ballots:
    """Every ballot of an election, which one each village has in each contest, and what that contest expects.

    `ballots` is in an order that follows from the definition and the register alone; `contest_of` gives
    the number of each one's contest in `contests`.
    """

    def __init__(self, election: Election, registry: Registry) -> None:
        self.ballots: list[Ballot] = []
        self.contests = [contest.id for contest in election.contests]
        self.contest_of: list[int] = []
        self._index: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._candidates: dict[tuple[str, str], list[Candidate]] = {}
        for candidate in election.candidates:
            self._candidates.setdefault((candidate.contest, candidate.constituency), []).append(candidate)
        self._districts: dict[str, dict[str, str]] = {}  # by contest the district of each region
        for district in election.electoral_districts:
            named = self._districts.setdefault(district.contest, {})
            named |= dict.fromkeys(district.regions, district.id)
        self._areas = [
            self._area(number, contest, registry) for number, contest in enumerate(election.contests)
        ]

    def of(self, contest: int, village: int) -> Ballot | None:
        """The ballot of the village with that index in the contest with that number; None: not held there."""
        index = self._areas[contest].ballot_of(village)
        return None if index is None else self.ballots[index]

    def of_region(self, contest: int, region: int) -> Sequence[int]:
        """The indexes of all ballots in the region, ascending; none where the contest is not held in any part
        of it, or nobody knows its ballots because the register has no village there."""
        return self._areas[contest].ballots_in(region)

    def held(self, contest: int) -> Iterator[tuple[int, Sequence[int]]]:
        """The regions in which the contest is held in any part, parents before children, each with the
        indexes of its ballots."""
        area = self._areas[contest]
        return zip(area.regions.tolist(), area.ballots, strict=True)

    def expected(self, contest: int, region: int) -> tuple[int, int | None]:
        """Stations and registered voters (None: not known) in that part of the region where it is held."""
        stations, registered = self.expected_in(contest, np.array([region]))
        voters = int(registered[0])
        return int(stations[0]), None if voters == UNKNOWN else voters

    def shared(self, contest: int, region: int) -> frozenset[str]:
        """The top options, by their names in totals, that stand on every ballot of the region."""
        held = self.of_region(contest, region)
        if not held:
            return frozenset()
        return frozenset.intersection(*(self.ballots[ballot].top_keys for ballot in held))

    def expected_in(
        self, contest: int, regions: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """`expected` of each of these regions; registered voters that are not known are UNKNOWN."""
        area = self._areas[contest]
        places, held = area.places(regions)
        if not held.any():
            return np.zeros(len(regions), np.int64), np.full(len(regions), UNKNOWN, np.int64)
        stations, registered = area.expected
        return np.where(held, stations[places], 0), np.where(held, registered[places], UNKNOWN)

    def unknown_in(self, contest: int, regions: NDArray[np.int64]) -> NDArray[np.int64]:
        """In each of these regions the expected stations in villages of which nobody knows the registered
        voters."""
        area = self._areas[contest]
        places, held = area.places(regions)
        if not held.any():
            return np.zeros(len(regions), np.int64)
        return np.where(held, area.unknown[places], 0)

    def have_one(self, contest: int, regions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether all of each of these regions has one and the same ballot in the contest."""
        area = self._areas[contest]
        places, held = area.places(regions)
        return held & area.has_one[places] if held.any() else held

    def _area(self, number: int, contest: Contest, registry: Registry) -> ContestArea:
        districts = self._districts.get(contest.id, {})
        made: dict[tuple[str, str], int] = {}

        def ballot_of(key: tuple[str, str]) -> int:
            ballot = made.get(key)
            if ballot is None:
                # Options limited to regions are those of whole provinces, or of what holds them.
                ballot = made[key] = self._make(number, contest, key[0], {key[1], registry.ids[0]})
            return ballot

        villages = held_villages(registry, contest)
        assigned = [ballot_of(key) for key in constituencies(registry, contest, districts, villages)]
        empty = held_without_villages(registry, contest)
        keys = zip(empty.tolist(), constituencies(registry, contest, districts, empty), strict=True)
        nothing = {region: ballot_of(key) if key[0] else UNKNOWN for region, key in keys}
        return ContestArea(registry, villages, assigned, nothing)

    def _make(self, number: int, contest: Contest, constituency: str, regions: set[str]) -> int:
        shared = [
            part
            for option in contest.options
            if option.only_in is None or not regions.isdisjoint(option.only_in)
            for part in _parts(contest, option)
        ]
        local = [candidate.option for candidate in self._candidates.get((contest.id, constituency), ())]
        options = (*shared, *local)
        index = self._index.setdefault((contest.id, constituency, options), len(self.ballots))
        if index == len(self.ballots):
            self.contest_of.append(number)
            self.ballots.append(
                Ballot(
                    index=index,
                    contest=contest.id,
                    kind=contest.kind,
                    constituency=constituency,
                    options=options,
                    keys=(*shared, *(f"{constituency}:{option}" for option in local)),
                    top=tuple(place for place, option in enumerate(options) if "." not in option),
                    place={option: place for place, option in enumerate(options)},
                )
            )
        return index


def _parts(contest: Contest, option: Option) -> tuple[str, ...]:
    """A party is on the form twice: with all its votes, and with those for the party itself."""
    return (option.id, f"{option.id}.0") if contest.kind is ContestKind.PARTIES else (option.id,)
