"""A region's totals out of its cells: what the rollup, the rows and the baseline share.

Cells are numbers in the order of the ballot's layout (schemas.tallies); a Tally is what a row and a reader
get.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import add
from typing import Final

import numpy as np

from schemas.ballots import Ballot, Ballots
from schemas.regions import REGION_LEVELS, UNKNOWN, Registry
from schemas.tallies import BY_OPTION, CELL, FIRST_VOTE, FIXED_CELLS, Tally, registered_outstanding

_OF_SHARES: Final = ("share_votes", "clean_share_votes")


def cell_count(ballot: Ballot) -> int:
    """How many cells a unit with that ballot has, its version included."""
    return ballot.layout.width


def tally_of(
    registry: Registry,
    ballots: Ballots,
    contest: int,
    region: int,
    parts: Iterable[tuple[Ballot, list[int]]],
) -> Tally:
    """The totals of a region out of its cells on each of its ballots."""
    shared = ballots.shared(contest, region)
    fixed = [0] * FIRST_VOTE
    sums: dict[str, dict[str, int]] = {name: {} for name in BY_OPTION}
    for ballot, cells in parts:
        fixed = list(map(add, fixed, cells))  # as long as the shorter: the votes are left over
        top_keys = [ballot.keys[place] for place in ballot.top]
        for name, held in sums.items():
            keys = top_keys if name in _OF_SHARES else ballot.keys
            for key, figure in zip(keys, cells[getattr(ballot.layout, name)], strict=True):
                held[key] = held.get(key, 0) + figure
    for name in _OF_SHARES:
        sums[name] = {key: figure for key, figure in sums[name].items() if key in shared}
    expected, registered = ballots.expected(contest, region)
    unknown = int(ballots.unknown_in(contest, np.array([region]))[0])
    voters = (fixed[CELL[name]] for name in ("registered_in", "unclear", "cleared"))
    parent = int(registry.parent[region])
    return Tally(
        contest=ballots.contests[contest],
        level=REGION_LEVELS[registry.depth[region]],
        unit=registry.ids[region],
        parent="" if parent == UNKNOWN else registry.ids[parent],
        version=fixed[0],
        fixed=tuple(fixed[1 : 1 + len(FIXED_CELLS)]),
        expected=expected,
        registered=registered,
        registered_outstanding=registered_outstanding(registered, unknown, *voters),
        **sums,
    )
