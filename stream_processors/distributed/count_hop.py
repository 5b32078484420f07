"""The first hop: one partition of the events, from station to district, in one state.

The state is a fold of the partition up to `position`, whoever made it and however often it was made. A
partition holds whole districts, so that a district's totals come from one state. Nothing is sent here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.regions import DEPTH, Level, Registry
from schemas.tally_messages import TallyMessage
from stream_processors.partition.batch import Batch
from stream_processors.partition.changes import Changes, Totals
from stream_processors.partition.state import State

Unit = tuple[int, int]
"""(contest index, region index)"""

DISTRICT_DEPTH: Final = DEPTH[Level.DISTRICT]


@dataclass(frozen=True, slots=True)
class Entries:
    """Assessed messages as they stand in a partition: key, position (ascending) and `recorded_at`
    (microseconds since 1970, UTC) of each; the leaf hash of the last one. `more`: they are a part of a
    backlog, and the next part of it is being read."""

    batch: Batch
    keys: Sequence[bytes | None]
    positions: Sequence[int]
    recorded_at: NDArray[np.int64]
    leaf: bytes
    more: bool = False

    def __len__(self) -> int:
        return len(self.positions)


class CountHop:
    """State and totals of one partition of the events."""

    def __init__(self, partition: int, election: str, registry: Registry, ballots: Ballots) -> None:
        self.partition = partition
        self.state = State(registry, ballots)
        self.position = 0  # of the next entry to take in
        self.newest = 0  # when the newest entry taken in was recorded
        self.leaf = b""  # the leaf hash of the last entry taken in
        self.accepted = 0
        self._election = election
        self._registry = registry
        self._ballots = ballots
        self._totals = Totals(registry, ballots, Level.DISTRICT)
        self._changed: set[Unit] = set()

    def take(self, entries: Entries, *, shown: bool = True) -> Changes:
        """Take in entries from `position` on, and say what they changed (without `shown`, without totals).
        Raises ValueError for earlier ones: taken in twice, a state would no longer be a fold."""
        if entries.positions[0] < self.position:
            raise ValueError(
                f"Partition {self.partition} stands at {self.position}, not at {entries.positions[0]}."
            )
        outcome = self.state.decide_entries(entries.batch, entries.positions)
        touched = self.state.apply(entries.batch, outcome)
        self.position = outcome.end
        self.newest = max(self.newest, int(entries.recorded_at.max()))
        self.leaf = entries.leaf
        self.accepted += len(outcome.accepted)
        for ballot, regions in touched.items():
            contest = self._ballots.contest_of[ballot]
            districts = regions[self._registry.depth[regions] == DISTRICT_DEPTH]
            self._changed.update((contest, region) for region in districts.tolist())
        totals, whole = self._totals.of(self.state, touched) if shown else ([], [])
        return Changes(entries.batch, outcome, entries.recorded_at, totals, whole, self.partition)

    def changed(self) -> list[TallyMessage]:
        """The totals of the districts that changed since this was asked last."""
        units, self._changed = sorted(self._changed), set()
        return [self._tally(*unit) for unit in units]

    def all(self) -> Iterator[TallyMessage]:
        """The totals of every district with an accepted event."""
        self._changed.clear()
        units = {
            (self._ballots.contest_of[ballot], region)
            for ballot, regions in self.state.rollup.regions()
            for region in regions
            if self._registry.depth[region] == DISTRICT_DEPTH
        }
        # Whoever asked for the cells of a region left it here with zeros.
        return (tally for unit in sorted(units) if (tally := self._tally(*unit)).version)

    def _tally(self, contest: int, region: int) -> TallyMessage:
        snapshot = self.state.rollup.snapshot(contest, region)
        return TallyMessage(
            election=self._election,
            contest=self._ballots.contests[contest],
            level=Level.DISTRICT,
            unit=snapshot.unit,
            parent=self._registry.ids[self._registry.parent[region]],
            version=snapshot.version,
            cells=snapshot.cells,
            source={self.partition: self.position - 1},
            recorded_at=self.newest,
        )
