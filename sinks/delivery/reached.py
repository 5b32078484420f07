"""How far each partition of the log has come without a gap: what may be said to have arrived.

Every entry of the log has a row in `event`, and a batch of rows says which position it goes on from. When
neither reaches back to what is there, rows are missing, and the position is held back: a position in the
projections says that everything up to it is there. Rows that come again fill the gap, whenever they come.

It knows what was handed over, not what was written: whoever uses it writes in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

NOTHING: Final = -1
"""The position of a partition of which nothing has come."""


class Gap(NamedTuple):
    """Entries of a partition of the log without rows: from `first` up to `last`, as far as is known."""

    partition: int
    first: int
    last: int


class Reached:
    """The last position of each partition up to which the rows of every entry have been handed over."""

    def __init__(self) -> None:
        self._reached: dict[int, int] = {}

    def know(self, positions: Mapping[int, int]) -> None:
        """The projections have these positions: others may have written them."""
        for partition, position in positions.items():
            self._reached[partition] = max(self._reached.get(partition, NOTHING), position)

    def events(self, partition: int, positions: NDArray[np.uint64]) -> None:
        """Rows of `event` at these positions (ascending) are handed over."""
        reached = self._reached.get(partition, NOTHING)
        newer = positions.astype(np.int64)
        newer = newer[newer > reached]
        beyond = np.flatnonzero(np.diff(newer, prepend=reached) > 1)
        joined = newer[: beyond[0]] if len(beyond) else newer
        if len(joined):
            self._reached[partition] = int(joined[-1])

    def move(self, partition: int, position: int, after: int | None) -> Gap | None:
        """All rows of the entries after `after` (None: not said) up to `position` have been handed over. None
        when everything up to `position` has been, or the gap before it."""
        reached = self._reached.get(partition, NOTHING)
        if position <= reached:
            return None
        if after is None or after > reached:
            return Gap(partition, reached + 1, position if after is None else after)
        self._reached[partition] = position
        return None
