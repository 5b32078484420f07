"""Compares the cells of the fold with the cells of the projections: counts them and keeps the differences.

While a count goes on, a total of several partitions may include other entries than those that were folded:
such units are not compared, and are counted. Nothing is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from queries.cells import Cells, Key
from schemas.regions import Level
from schemas.tallies import Tally

DIFFERENCES_KEPT: Final = 1_000
"""Differences that are listed; the count of them covers all."""

Why = Literal["ahead", "behind", "mixed"]
"""Why a unit can't be compared: what is shown of it is of more entries than were folded, of fewer, or of as
many others."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that differs: what the log gives and what the projections show (None: no such row or cell)."""

    contest: str
    level: str
    unit: str
    cell: str
    log: Any
    projection: Any


@dataclass(frozen=True, slots=True)
class NotCompared:
    """The units of a level that could not be compared for one reason, and how many cells they have."""

    level: str
    reason: Why
    units: int
    cells: int


class Comparison:
    """Counts cells and keeps the first differences."""

    def __init__(self) -> None:
        self.cells = 0
        self.count = 0
        self.differences: list[Difference] = []
        self._not_compared: dict[tuple[str, Why], list[int]] = {}

    @property
    def not_compared(self) -> list[NotCompared]:
        """The units that were not compared."""
        return [
            NotCompared(level, reason, len(cells), sum(cells))
            for (level, reason), cells in self._not_compared.items()
        ]

    def differ(self, difference: Difference) -> None:
        """One difference more."""
        self.count += 1
        if len(self.differences) < DIFFERENCES_KEPT:
            self.differences.append(difference)

    def compare(
        self,
        ours: dict[Key, Tally],
        level: str,
        theirs: Iterable[tuple[Key, Mapping[str, Any]]],
        *,
        moving: bool = False,
    ) -> None:
        """Every cell of a level: what the log gives (taken out of `ours`), beside what the projections show.
        `moving`: units whose entries may be others than those of the log are set aside."""
        for (contest, unit), shown in theirs:
            tally = ours.pop((contest, unit), None)
            expected = comparable(tally) if tally is not None else {}
            if shown == expected:  # as nearly all are: many times faster than cell by cell
                self.cells += len(expected)
                continue
            differing = [
                Difference(contest, level, unit, cell, expected.get(cell), found)
                for cell in (*expected, *(name for name in shown if name not in expected))
                # A station's row leaves out options that its form does not fill: nothing, as in any total.
                if expected.get(cell)
                != (found := shown.get(cell, 0 if level == Level.STATION and "votes" in cell else None))
            ]
            if moving and differing and expected:
                why = reason(expected["version"], shown["version"])
                self._not_compared.setdefault((level, why), []).append(len(expected))
                continue
            self.cells += len(expected)
            for one in differing:
                self.differ(one)
        for (contest, unit), tally in ours.items():  # the projections have no row for them
            cells = comparable(tally)
            self.cells += len(cells)
            for cell, figure in cells.items():
                self.differ(Difference(contest, level, unit, cell, figure, None))


def reason(version: int, shown: int) -> Why:
    """Why totals of that version are no others than those shown."""
    if shown == version:
        return "mixed"
    return "ahead" if shown > version else "behind"


def comparable(tally: Tally) -> Cells:
    """The cells that the projections have too."""
    cells = tally.cells()
    if tally.level is Level.STATION:
        for name in [name for name in cells if name.startswith("ballots_")]:
            del cells[name]
    return cells
