"""The contiguous position of each partition of the log: a low watermark below which no rows are missing.

Every entry of the log has a row in `event`, and the `after` header of a batch of rows names the position that
it follows. When neither is contiguous with the watermark, rows are missing and the watermark does not
advance: a position in the projections states that all rows up to it are there. Redelivered rows fill the gap
at any time.

It tracks what was added to batches, not what was inserted: the caller inserts batches in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from schemas.tables import NO_POSITION


class Gap(NamedTuple):
    """Entries of a partition of the log without rows: from `first` up to `last`, as far as is known."""

    partition: int
    first: int
    last: int


class ContiguousPositions:
    """By partition the last position up to which the rows of every entry were added."""

    def __init__(self) -> None:
        self._positions: dict[int, int] = {}

    def restore(self, positions: Mapping[int, int]) -> None:
        """Raise the watermarks to the positions of the projections: other sinks may have written them."""
        for partition, position in positions.items():
            self._positions[partition] = max(self._positions.get(partition, NO_POSITION), position)

    def add(self, partition: int, positions: NDArray[np.uint64]) -> None:
        """Add the rows of `event` at these positions (ascending)."""
        held = self._positions.get(partition, NO_POSITION)
        newer = positions.astype(np.int64)
        newer = newer[newer > held]
        beyond = np.flatnonzero(np.diff(newer, prepend=held) > 1)
        contiguous = newer[: beyond[0]] if len(beyond) else newer
        if len(contiguous):
            self._positions[partition] = int(contiguous[-1])

    def advance(self, partition: int, position: int, after: int | None) -> Gap | None:
        """Advance to `position`, when all rows of the entries after `after` (None: not given) up to it were
        added. None when the watermark is at or beyond `position`, otherwise the gap before it."""
        held = self._positions.get(partition, NO_POSITION)
        if position <= held:
            return None
        if after is None or after > held:
            return Gap(partition, held + 1, position if after is None else after)
        self._positions[partition] = position
        return None
