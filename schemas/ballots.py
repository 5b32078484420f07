"""Which options a station's form can hold, and how votes for them are named in totals.

A ballot belongs to a contest and a constituency (the area whose voters share it). Options of the whole
contest keep their id in totals; those that stand in one constituency only are written
`constituency:option` there, because person 21 of one province is not person 21 of the next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.elections import Candidate, Contest, ContestKind, Election, Option, Scope
from schemas.regions import UNKNOWN, VILLAGE_DEPTH, Registry
from schemas.tallies import Layout, layout

_CONSTITUENCY_DEPTH: Final = {Scope.NATION: 0, Scope.PROVINCE: 1, Scope.DISTRICT: 2}
_PROVINCE_DEPTH: Final = 1


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
        self._registry = registry
        self._candidates: dict[tuple[str, str], list[Candidate]] = {}
        for candidate in election.candidates:
            self._candidates.setdefault((candidate.contest, candidate.constituency), []).append(candidate)
        # For each contest: by region index the ballot's index of a village, UNKNOWN for all others.
        self._of_village = [
            self._assign(number, contest, election) for number, contest in enumerate(election.contests)
        ]

    def of(self, contest: int, village: int) -> Ballot | None:
        """The ballot of the village with that index in the contest with that number; None: not held there."""
        index = self._of_village[contest][village]
        return None if index == UNKNOWN else self.ballots[index]

    def of_region(self, contest: int, region: int) -> Sequence[int]:
        """The indexes of all ballots in the region, ascending; none where the contest is not held in any part
        of it."""
        return self._of_region[contest][region]

    def expected(self, contest: int, region: int) -> tuple[int, int | None]:
        """Stations and registered voters (None: not known) in that part of the region where it is held."""
        stations, registered = self.expected_columns(contest)
        voters = int(registered[region])
        return int(stations[region]), None if voters == UNKNOWN else voters

    def shared(self, contest: int, region: int) -> frozenset[str]:
        """The top options, by their names in totals, that stand on every ballot of the region."""
        held = self.of_region(contest, region)
        if not held:
            return frozenset()
        return frozenset.intersection(*(self.ballots[ballot].top_keys for ballot in held))

    def expected_columns(self, contest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """`expected` of all regions by their index; registered voters that are not known are UNKNOWN."""
        return self._expected[contest]

    def unknown_columns(self, contest: int) -> NDArray[np.int64]:
        """By region index the expected stations in villages of which nobody knows the registered voters."""
        return self._unknown[contest]

    def has_one(self, contest: int) -> NDArray[np.bool_]:
        """By region index whether all of the region has one and the same ballot in the contest."""
        return self._has_one[contest]

    @cached_property
    def _has_one(self) -> list[NDArray[np.bool_]]:
        return [lowest == highest for lowest, highest in self._bounds]

    @cached_property
    def _bounds(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """By contest and region index the lowest and the highest index of a ballot there; where there is
        none, the lowest is above all and the highest UNKNOWN."""
        registry = self._registry
        found = []
        for villages in self._of_village:
            highest = np.array(villages, np.int64)
            lowest = np.where(highest == UNKNOWN, len(self.ballots), highest)
            for depth in range(VILLAGE_DEPTH, 0, -1):
                here = np.flatnonzero(registry.depth == depth)
                np.minimum.at(lowest, registry.parent[here], lowest[here])
                np.maximum.at(highest, registry.parent[here], highest[here])
            found.append((lowest, highest))
        return found

    @cached_property
    def _of_region(self) -> list[list[Sequence[int]]]:
        # Nearly all regions have one ballot or none: only the others have to be looked into.
        parents = self._registry.parent
        one: list[Sequence[int]] = [(ballot,) for ballot in range(len(self.ballots))]
        found = []
        for lowest, highest in self._bounds:
            mixed = lowest < highest
            several: dict[int, set[int]] = {region: set() for region in np.flatnonzero(mixed).tolist()}
            inside = np.flatnonzero(mixed[parents] & (parents != UNKNOWN) & (highest != UNKNOWN))
            for region in inside[::-1].tolist():  # children stand after parents
                below: Collection[int] = several.get(region) or one[highest[region]]
                several[int(parents[region])].update(below)
            by_region: list[Sequence[int]] = [
                () if ballot == UNKNOWN else one[ballot] for ballot in highest.tolist()
            ]
            for region, ballots in several.items():
                by_region[region] = tuple(sorted(ballots))
            found.append(by_region)
        return found

    @cached_property
    def _unknown(self) -> list[NDArray[np.int64]]:
        registry = self._registry
        stations = np.where(registry.voters_known, 0, registry.stations).astype(np.int64)
        found = []
        for villages in self._of_village:
            column = np.where(np.array(villages) != UNKNOWN, stations, 0)
            for depth in range(VILLAGE_DEPTH, 0, -1):
                here = np.flatnonzero(registry.depth == depth)
                np.add.at(column, registry.parent[here], column[here])
            found.append(column)
        return found

    @cached_property
    def _expected(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        registry = self._registry
        found = []
        for villages in self._of_village:
            held = np.array(villages) != UNKNOWN
            stations = np.where(held, registry.stations, 0).astype(np.int64)
            known = held & (registry.registered != UNKNOWN)
            registered = np.where(known, registry.registered, 0)
            known = known.astype(np.int64)
            for column in (stations, registered, known):
                for depth in range(VILLAGE_DEPTH, 0, -1):
                    here = np.flatnonzero(registry.depth == depth)
                    np.add.at(column, registry.parent[here], column[here])
            found.append((stations, np.where(known > 0, registered, UNKNOWN)))
        return found

    def _assign(self, number: int, contest: Contest, election: Election) -> list[int]:
        registry = self._registry
        named = {
            region: district.id
            for district in election.electoral_districts
            if district.contest == contest.id
            for region in district.regions
        }
        own_depth = _CONSTITUENCY_DEPTH.get(contest.scope)
        depths: list[int] = registry.depth.tolist()
        constituency = [""] * len(depths)
        province = [""] * len(depths)
        excluded = [False] * len(depths)
        villages = [UNKNOWN] * len(depths)
        made: dict[tuple[str, str], int] = {}
        for region, (parent, depth) in enumerate(zip(registry.parent.tolist(), depths, strict=True)):
            code = registry.ids[region]
            if parent != UNKNOWN:  # what is not said of a region is as in its parent
                constituency[region] = constituency[parent]
                province[region] = province[parent]
                excluded[region] = excluded[parent]
            if depth == own_depth:
                constituency[region] = code
            elif code in named and own_depth is None:
                constituency[region] = named[code]
            if depth == _PROVINCE_DEPTH:
                province[region] = code
            excluded[region] = excluded[region] or code in contest.excluded
            if depth == VILLAGE_DEPTH and not excluded[region]:
                key = (constituency[region], province[region])
                if key not in made:
                    # Options limited to regions are those of whole provinces, or of what holds them.
                    made[key] = self._make(number, contest, key[0], {key[1], registry.ids[0]})
                villages[region] = made[key]
        return villages

    def _make(self, number: int, contest: Contest, constituency: str, regions: set[str]) -> int:
        shared = [
            part
            for option in contest.options
            if option.only_in is None or not regions.isdisjoint(option.only_in)
            for part in _parts(contest, option)
        ]
        local = [candidate.option for candidate in self._candidates.get((contest.id, constituency), ())]
        options = (*shared, *local)
        same = (
            index
            for index, ballot in enumerate(self.ballots)
            if (ballot.contest, ballot.constituency, ballot.options) == (contest.id, constituency, options)
        )
        if (index := next(same, None)) is not None:
            return index
        self.contest_of.append(number)
        self.ballots.append(
            Ballot(
                index=len(self.ballots),
                contest=contest.id,
                kind=contest.kind,
                constituency=constituency,
                options=options,
                keys=(*shared, *(f"{constituency}:{option}" for option in local)),
                top=tuple(place for place, option in enumerate(options) if "." not in option),
                place={option: place for place, option in enumerate(options)},
            )
        )
        return len(self.ballots) - 1


def _parts(contest: Contest, option: Option) -> tuple[str, ...]:
    """A party is on the form twice: with all its votes, and with those for the party itself."""
    return (option.id, f"{option.id}.0") if contest.kind is ContestKind.PARTIES else (option.id,)
