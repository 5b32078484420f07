"""What is outstanding in a village: how many stations are surplus, and which voters are still to come.

This is decided for each village and added up from there: more forms than expected in one village never stand
in for forms that another one lacks. Where the register tells the voters of each station, those outstanding
are known station by station. Where it tells only those of the village, they are known while none of its
stations is in, and when all are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.regions import Registry
from schemas.tallies import CELL

DECIDED: Final = np.array([CELL[name] for name in ("surplus", "registered_in", "unclear", "cleared")])
"""The cells that are decided here, in the order of `decided`; stations add nothing to them."""

_RECEIVED, _UNLISTED = CELL["received"], CELL["unlisted"]
_FORMS, _VOTERS = CELL["registered_forms"], CELL["registered_received"]


def decided(registry: Registry, villages: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """The cells DECIDED of these villages, whose other cells are the rows of `cells`. Of a village from which
    nothing came they are zeros."""
    expected = registry.stations[villages].astype(np.int64)
    voters = np.where(registry.voters_known[villages], registry.registered[villages], 0)
    counted = cells[:, _RECEIVED] - cells[:, _UNLISTED]
    surplus = np.maximum(counted - expected, 0)
    outstanding = expected - counted + surplus
    received = cells[:, _VOTERS]
    # Of stations whose own voters are not known: those that are in, and those that are not.
    anonymous_in = counted - cells[:, _FORMS]
    anonymous_out = np.maximum(registry.stations_unknown[villages] - anonymous_in, 0)
    one_by_one = anonymous_out == 0
    as_a_whole = ~one_by_one & (anonymous_in == 0)
    to_come = np.where(one_by_one, registry.voters_by_station[villages] - received, voters - received)
    is_known = registry.voters_known[villages]
    told = is_known & (one_by_one | as_a_whole)
    settled = np.where(told, np.clip(voters - to_come, 0, voters), 0)
    unclear = np.where(is_known & ~told, anonymous_out, 0)
    cleared = np.where(is_known, 0, expected - outstanding)
    return np.column_stack([surplus, settled, unclear, cleared])
