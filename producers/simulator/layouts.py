"""Block IV of a ballot as places in a table, so that many different ballots can be filled together.

A contest's table has a row for each option that has votes of its own total (pair, person, party) and,
where parties stand, a column for each part of that total: the party itself and its candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from producers.simulator.draws import Bits, Ints, key_of


@dataclass(frozen=True, slots=True)
class Layout:
    """The options of one ballot in canonical order, and the place of each in a row of the flattened table
    (1 + parts figures an option: its total, then its parts); `totals` are those with a total of their own."""

    options: tuple[str, ...]
    places: tuple[int, ...]
    totals: tuple[str, ...]

    def read(self, row: Sequence[int]) -> tuple[int, ...]:
        """The figures of `options`, in their order, out of a row of the table."""
        if len(self.places) == 1:  # for one place an itemgetter gives no tuple
            return (row[self.places[0]],)
        figures: tuple[int, ...] = itemgetter(*self.places)(row)
        return figures


@dataclass(frozen=True, slots=True)
class Table:
    """The layouts of one contest. `keys` (layouts x rows) are the keys of the options that stand in a row, 0
    where none does; `sizes` (layouts x rows) how many parts they have, at most `parts`."""

    layouts: tuple[Layout, ...]
    keys: Bits
    sizes: Ints
    parts: int

    def of(self, layouts: Ints) -> Table:
        """The same table with only those of its layouts, in that order."""
        kept = tuple(self.layouts[one] for one in layouts.tolist())
        return Table(kept, self.keys[layouts], self.sizes[layouts], self.parts)


def table_of(ballots: Sequence[tuple[str, ...]]) -> Table:
    """The table that ballots with these options share; layouts are in the order of `ballots`."""
    of_ballot = [_grouped(options) for options in ballots]
    rows = max(len(groups) for groups in of_ballot)
    parts = max(len(own) for groups in of_ballot for own in groups.values())
    keys: NDArray[Any] = np.zeros((len(ballots), rows), np.uint64)
    sizes: NDArray[Any] = np.zeros((len(ballots), rows), np.int64)
    layouts = []
    for number, groups in enumerate(of_ballot):
        places: dict[str, int] = {}
        for row, (total, own) in enumerate(groups.items()):
            keys[number, row] = key_of(f"option {total}")
            sizes[number, row] = len(own)
            for column, option in enumerate((total, *own)):
                places[option] = row * (1 + parts) + column
        options = tuple(sorted(places))
        layouts.append(Layout(options, tuple(places[option] for option in options), tuple(groups)))
    return Table(tuple(layouts), keys, sizes, parts)


def _grouped(options: tuple[str, ...]) -> dict[str, list[str]]:
    """The options with a total of their own, each with its parts."""
    groups: dict[str, list[str]] = {option: [] for option in options if "." not in option}
    for option in options:
        total, _, part = option.partition(".")
        if part:
            groups[total].append(option)
    return groups
