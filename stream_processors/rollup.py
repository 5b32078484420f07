"""Adding up: whole values travel from child to parent, and a parent is the sum of its children.

`merge` decides between two values of one child; `total` is what a parent is, by definition. `Rollup` keeps
parents equal to that definition without adding everything again: it takes out a child's old value and puts
in its new one. Nothing here knows where values come from or go to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import add
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.regions import UNKNOWN, Registry
from schemas.tallies import Tally
from schemas.tally_cells import cell_count, tally_of
from stream_processors.cells import Cells
from stream_processors.outstanding import DECIDED, decided

FIRST_CAPACITY: Final = 64
"""Rows a ballot's table begins with; it doubles when they are used up."""


class Merge(StrEnum):
    """What a child's value is to its parent, given the one it holds."""

    ADVANCED = "advanced"  # newer: store it, publish the parent
    REPEATED = "repeated"  # the same: publish the parent again, the first publish may have been lost
    CONFLICT = "conflict"  # same version, other cells: keep the held one, count it, raise an alarm
    STALE = "stale"  # older: nothing


@dataclass(frozen=True, slots=True)
class RegionTotals:
    """The whole value of one unit in one contest: cells by ballot index, each beginning with the version."""

    unit: str
    cells: Mapping[int, tuple[int, ...]]

    @property
    def version(self) -> int:
        """The number of accepted events below the unit."""
        return sum(cells[0] for cells in self.cells.values())


def merge(held: RegionTotals | None, came: RegionTotals) -> tuple[Merge, RegionTotals]:
    """How `came` compares with `held`, and the totals to hold from now on."""
    if held is None or came.version > held.version:
        return Merge.ADVANCED, came
    if came.version < held.version:
        return Merge.STALE, held
    return (Merge.REPEATED if came.cells == held.cells else Merge.CONFLICT), held


def total(unit: str, children: Iterable[RegionTotals]) -> RegionTotals:
    """The value of a unit whose children are `children`: cell by cell their sum, the version included."""
    sums: dict[int, tuple[int, ...]] = {}
    for child in children:
        for ballot, cells in child.cells.items():
            held = sums.get(ballot)
            sums[ballot] = tuple(map(add, held, cells)) if held else tuple(cells)
    return RegionTotals(unit, sums)


class _Table:
    """The cells of one ballot in every region that has any: a row for each."""

    def __init__(self, width: int) -> None:
        self.row: dict[int, int] = {}
        self.cells = np.zeros((FIRST_CAPACITY, width), np.int64)

    def rows(self, regions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of these regions, made where they are not there yet."""
        row = self.row
        rows = np.array([row.setdefault(region, len(row)) for region in regions.tolist()], np.int64)
        while len(row) > len(self.cells):
            self.cells = np.concatenate([self.cells, np.zeros_like(self.cells)])
        return rows


class Rollup:
    """The totals of every region of a register, kept current as the stations below the villages change."""

    def __init__(self, registry: Registry, ballots: Ballots) -> None:
        self._registry = registry
        self._ballots = ballots
        self._tables = [_Table(cell_count(ballot)) for ballot in ballots.ballots]
        self._waiting: dict[int, list[tuple[NDArray[np.int64], Cells]]] = {}

    def add(self, ballot: int, villages: NDArray[np.int64], changes: Cells) -> None:
        """Stations in `villages` (region indexes, repeated as needed) changed by the rows of `changes`: new
        cells less the old ones. Shown from `settle` on."""
        if len(villages):
            self._waiting.setdefault(ballot, []).append((villages, changes))

    def settle(self) -> dict[int, NDArray[np.int64]]:
        """Carry all changes up to the nation; by ballot the indexes of the regions that changed."""
        touched: dict[int, NDArray[np.int64]] = {}
        for ballot, waiting in sorted(self._waiting.items()):
            table = self._tables[ballot]
            regions = np.concatenate([villages for villages, _ in waiting])
            changes = np.concatenate([change for _, change in waiting])
            levels: list[NDArray[np.int64]] = []
            while len(regions):
                regions, changes = _sum_by_region(regions, changes)
                rows = table.rows(regions)  # first: it may have to make the table larger
                table.cells[rows] += changes
                if not levels:  # villages: what is decided for them as a whole, and added up from here on
                    here = np.ix_(rows, DECIDED)
                    after = decided(self._registry, regions, table.cells[rows])
                    changes[:, DECIDED] = after - table.cells[here]
                    table.cells[here] = after
                levels.append(regions)
                parents = self._registry.parent[regions].astype(np.int64)
                below = parents != UNKNOWN
                regions, changes = parents[below], changes[below]
            touched[ballot] = np.concatenate(levels)
        self._waiting = {}
        return touched

    def cells(self, ballot: int, regions: NDArray[np.int64]) -> Cells:
        """A copy of the cells of that ballot in these regions, a row for each; zeros where nothing came."""
        table = self._tables[ballot]
        rows = table.rows(regions)
        return table.cells[rows]

    def regions(self) -> Iterator[tuple[int, list[int]]]:
        """By ballot the indexes of the regions that something came for."""
        return ((ballot, list(table.row)) for ballot, table in enumerate(self._tables))

    def tally(self, contest: int, region: int) -> Tally:
        """The totals of a region in a contest, over all of its ballots."""
        found = np.array([region])
        parts = [
            (self._ballots.ballots[ballot], self.cells(ballot, found)[0].tolist())
            for ballot in self._ballots.of_region(contest, region)
        ]
        return tally_of(self._registry, self._ballots, contest, region, parts)

    def region_totals(self, contest: int, region: int) -> RegionTotals:
        """The whole value of a region, as it would travel to its parent; without ballots still at zero."""
        found = np.array([region])
        cells = {
            ballot: tuple(self.cells(ballot, found)[0].tolist())
            for ballot in self._ballots.of_region(contest, region)
        }
        return RegionTotals(
            self._registry.ids[region], {ballot: row for ballot, row in cells.items() if any(row)}
        )


def _sum_by_region(regions: NDArray[np.int64], changes: Cells) -> tuple[NDArray[np.int64], Cells]:
    """One row for each region, in the order of their indexes."""
    order = np.argsort(regions, kind="stable")
    ordered = regions[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[starts], np.add.reduceat(changes[order], starts, axis=0)
