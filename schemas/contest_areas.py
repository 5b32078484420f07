"""Where a contest is held: its villages with the ballot of each, and the regions above them.

Columns have a row for each region in which the contest is held in any part, and none for any other: an
election of 545 local contests has 187,000 such rows, where one for every contest and region would be 50
million.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.elections import Contest, Scope
from schemas.regions import UNKNOWN, VILLAGE_DEPTH, Registry

Integers = NDArray[np.int64]

_CONSTITUENCY_DEPTH: Final = {Scope.NATION: 0, Scope.PROVINCE: 1, Scope.DISTRICT: 2}
_PROVINCE_DEPTH: Final = 1


def held_villages(registry: Registry, contest: Contest) -> Integers:
    """The indexes of the villages in which the contest is held, ascending."""
    if contest.held_in is None:
        villages = np.flatnonzero(registry.depth == VILLAGE_DEPTH)
    else:
        below = [registry.villages_below(region) for region in _indexes(registry, contest.held_in)]
        villages = np.unique(np.concatenate(below)) if below else np.zeros(0, np.int64)
    if excluded := _indexes(registry, contest.excluded):
        for ancestors in registry.ancestors:
            villages = villages[~np.isin(ancestors[villages], excluded)]
    return villages


def held_without_villages(registry: Registry, contest: Contest) -> Integers:
    """The indexes of the regions with nothing below them, not even villages, in which the contest is held,
    ascending: nothing is expected there, and that is shown."""
    held = registry.depth != VILLAGE_DEPTH
    held[registry.parent[registry.parent != UNKNOWN]] = False
    if contest.held_in is not None:
        held &= _within(registry, contest.held_in)
    return np.flatnonzero(held & ~_within(registry, contest.excluded))


def constituencies(
    registry: Registry, contest: Contest, districts: Mapping[str, str], regions: Integers
) -> list[tuple[str, str]]:
    """For each of these villages (or regions that have none) the constituency and the province that it is in;
    the constituency is empty where nobody knows it.

    `districts` gives the electoral district of each region that belongs to one; the nearest region at or
    above a village decides.
    """
    depth = _CONSTITUENCY_DEPTH.get(contest.scope)
    if depth is not None:
        above = registry.ancestors[depth][regions].tolist()
        own = ["" if region == UNKNOWN else registry.ids[region] for region in above]
    else:
        names = sorted(set(districts.values()))
        number = {name: place for place, name in enumerate(names)}
        known = sorted(
            (registry.index[code], number[name]) for code, name in districts.items() if code in registry.index
        )
        found = np.full(len(regions), len(names))
        if known:
            named, numbers = np.array(known, np.int64).T
            for ancestors in registry.ancestors:  # from the nation down
                here = ancestors[regions]
                places = np.minimum(np.searchsorted(named, here), len(named) - 1)
                found = np.where(named[places] == here, numbers[places], found)
        own = [(*names, "")[place] for place in found.tolist()]
    provinces = registry.ancestors[_PROVINCE_DEPTH][regions].tolist()
    return list(zip(own, (registry.ids[province] for province in provinces), strict=True))


def _indexes(registry: Registry, regions: Iterable[str]) -> list[int]:
    """Those that the register has."""
    return [registry.index[region] for region in regions if region in registry.index]


def _within(registry: Registry, regions: Iterable[str]) -> NDArray[np.bool_]:
    """By region index, whether it is one of these or below one."""
    named = _indexes(registry, regions)
    found = np.zeros(len(registry.ids), np.bool_)
    for ancestors in registry.ancestors:
        found |= np.isin(ancestors, named)  # UNKNOWN, of regions above that depth, is no index
    return found


class ContestArea:
    """The regions of one contest. Columns follow `regions`, the indexes of its regions in the register,
    ascending: parents stand before their children."""

    def __init__(
        self, registry: Registry, villages: Integers, ballots: Sequence[int], empty: Mapping[int, int]
    ) -> None:
        """`ballots`: the index of the ballot of each of the villages, which are in ascending order; `empty`:
        that of each region without villages, UNKNOWN where nobody knows which it would be."""
        self._registry = registry
        held = np.concatenate([villages, np.array(list(empty), np.int64)])
        above = [np.unique(column[held]) for column in registry.ancestors[:VILLAGE_DEPTH]]
        above = [column[column != UNKNOWN] for column in above]
        self.regions: Integers = np.concatenate([*above, villages]).astype(np.int64)
        self._sorted: list[int] = self.regions.tolist()
        self._first_village = len(self.regions) - len(villages)
        self._ballots = list(ballots)
        self._empty = dict(empty)

    def ballot_of(self, village: int) -> int | None:
        """The index of the ballot of a village; None where the contest is not held."""
        place = self._place(village)
        if place is None or place < self._first_village:
            return None
        return self._ballots[place - self._first_village]

    def ballots_in(self, region: int) -> Sequence[int]:
        """The indexes of all ballots in a region, ascending."""
        place = self._place(region)
        return () if place is None else self.ballots[place]

    def places(self, regions: Integers) -> tuple[Integers, NDArray[np.bool_]]:
        """The row of each of these regions, and whether it has one (the row of others means nothing)."""
        if not len(self.regions):
            return np.zeros(len(regions), np.int64), np.zeros(len(regions), np.bool_)
        places = np.minimum(np.searchsorted(self.regions, regions), len(self.regions) - 1)
        return places, self.regions[places] == regions

    @cached_property
    def ballots(self) -> list[Sequence[int]]:
        """The indexes of all ballots in each region, ascending."""
        # Nearly all regions have one ballot: only the others have to be looked into.
        lowest, highest = self._bounds
        alone = {*self._ballots, *self._empty.values()} - {UNKNOWN}
        one: dict[int, tuple[int, ...]] = {UNKNOWN: ()} | {ballot: (ballot,) for ballot in alone}
        mixed = lowest < highest
        several: dict[int, set[int]] = {place: set() for place in np.flatnonzero(mixed).tolist()}
        inside = np.flatnonzero((self._parent != UNKNOWN) & mixed[self._parent])
        for place in inside[::-1].tolist():  # children stand after parents
            below: Collection[int] = several.get(place) or one[int(highest[place])]
            several[int(self._parent[place])].update(below)
        return [
            tuple(sorted(several[place])) if place in several else one[ballot]
            for place, ballot in enumerate(highest.tolist())
        ]

    @cached_property
    def has_one(self) -> NDArray[np.bool_]:
        """Whether all of a region has one and the same ballot."""
        lowest, highest = self._bounds
        found: NDArray[np.bool_] = lowest == highest
        return found

    @cached_property
    def expected(self) -> tuple[Integers, Integers]:
        """Stations and registered voters (UNKNOWN where nobody knows) in the part where it is held."""
        registry = self._registry
        voters = registry.registered[self.regions]
        known = self._is_village & (voters != UNKNOWN)
        stations = np.where(self._is_village, registry.stations[self.regions], 0)
        registered = self._sum(np.where(known, voters, 0))
        return self._sum(stations), np.where(self._sum(known) > 0, registered, UNKNOWN)

    @cached_property
    def unknown(self) -> Integers:
        """The expected stations in villages of which nobody knows the registered voters."""
        registry = self._registry
        are_unknown = self._is_village & ~registry.voters_known[self.regions]
        return self._sum(np.where(are_unknown, registry.stations[self.regions], 0))

    def _place(self, region: int) -> int | None:
        place = bisect_left(self._sorted, region)
        return place if place < len(self._sorted) and self._sorted[place] == region else None

    @cached_property
    def _parent(self) -> Integers:
        """The row of each region's parent; UNKNOWN of the nation."""
        parents = self._registry.parent[self.regions]
        return np.where(parents == UNKNOWN, UNKNOWN, np.searchsorted(self.regions, parents))

    @cached_property
    def _is_village(self) -> NDArray[np.bool_]:
        return np.arange(len(self.regions)) >= self._first_village

    @cached_property
    def _levels(self) -> list[Integers]:
        """The rows of each level below the nation, from the villages up."""
        depth = self._registry.depth[self.regions]
        return [np.flatnonzero(depth == level) for level in range(VILLAGE_DEPTH, 0, -1)]

    @cached_property
    def _bounds(self) -> tuple[Integers, Integers]:
        """The lowest and the highest index of a ballot in each region."""
        highest = np.full(len(self.regions), UNKNOWN, np.int64)
        highest[self._first_village :] = self._ballots
        empty, _ = self.places(np.array(list(self._empty), np.int64))
        highest[empty] = list(self._empty.values())
        lowest = np.where(highest == UNKNOWN, np.iinfo(np.int64).max, highest)
        for here in self._levels:
            np.minimum.at(lowest, self._parent[here], lowest[here])
            np.maximum.at(highest, self._parent[here], highest[here])
        return lowest, highest

    def _sum(self, column: NDArray[np.int64] | NDArray[np.bool_]) -> Integers:
        """A column of villages, added up in the regions above them."""
        sums: Integers = column.astype(np.int64)
        for here in self._levels:
            np.add.at(sums, self._parent[here], sums[here])
        return sums
