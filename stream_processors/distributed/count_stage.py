"""The first stage: folds one partition of count-events, from station to district, in one state.

The state is a fold of the partition up to `position`, whichever process computed it and however often. A
partition holds whole districts, so that a district's totals come from one state. Nothing is published here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import DEPTH, Level, Registry
from schemas.tally_messages import TallyMessage
from stream_processors.partition.batch import Batch
from stream_processors.partition.changes import Changes, changed_totals
from stream_processors.partition.state import State

Unit = tuple[int, int]
"""(contest index, region index)"""

DISTRICT_DEPTH: Final = DEPTH[Level.DISTRICT]


@dataclass(frozen=True, slots=True)
class AssessedEntries:
    """Assessed entries of a log partition: key, position (ascending) and `recorded_at` (microseconds since
    1970, UTC) of each; the leaf hash of the last one. `more`: they are a part of a backlog, and the next part
    of it is being read."""

    batch: Batch
    keys: Sequence[bytes | None]
    positions: Sequence[int]
    recorded_at: NDArray[np.int64]
    leaf: bytes
    more: bool = False

    def __len__(self) -> int:
        return len(self.positions)


class CountStage:
    """State and totals of one partition of count-events."""

    def __init__(self, partition: int, election: Election, registry: Registry, ballots: Ballots) -> None:
        self.partition = partition
        self.state = State(registry, ballots, election.identity)
        self.position = 0  # of the next entry to apply
        self.newest = 0  # when the newest applied entry was recorded
        self.leaf = b""  # the leaf hash of the last applied entry
        self.accepted = 0
        self._election = election.id
        self._registry = registry
        self._ballots = ballots
        self._changed: set[Unit] = set()

    def apply(self, entries: AssessedEntries, *, with_rows: bool = True) -> Changes:
        """Apply entries from `position` on and return what they changed (without `with_rows`, without
        totals). Raises ValueError for earlier ones: applied twice, a state would no longer be a fold."""
        if entries.positions[0] < self.position:
            raise ValueError(
                f"Partition {self.partition} is at position {self.position}, not at {entries.positions[0]}."
            )
        outcome = self.state.decide_entries(entries.batch, entries.positions)
        touched = self.state.apply(entries.batch, outcome)
        self.position = outcome.end
        self.newest = max(self.newest, int(entries.recorded_at.max()))
        self.leaf = entries.leaf
        self.accepted += len(outcome.accepted) + len(outcome.controls)
        for ballot, regions in touched.items():
            contest = self._ballots.contest_of[ballot]
            districts = regions[self._registry.depth[regions] == DISTRICT_DEPTH]
            self._changed.update((contest, region) for region in districts.tolist())
        totals, whole = (
            changed_totals(self.state, self._registry, self._ballots, touched, Level.DISTRICT)
            if with_rows
            else ([], [])
        )
        return Changes(entries.batch, outcome, entries.recorded_at, totals, whole, self.partition)

    def changed_tallies(self) -> list[TallyMessage]:
        """The totals of the districts that changed since the last call."""
        units, self._changed = sorted(self._changed), set()
        return [self._tally(*unit) for unit in units]

    def all_tallies(self) -> Iterator[TallyMessage]:
        """The totals of every district with an accepted event."""
        self._changed.clear()
        units = {
            (self._ballots.contest_of[ballot], region)
            for ballot, regions in self.state.rollup.regions()
            for region in regions
            if self._registry.depth[region] == DISTRICT_DEPTH
        }
        # Reading the cells of a region adds it to the roll-up with zeros: its version is 0.
        return (tally for unit in sorted(units) if (tally := self._tally(*unit)).version)

    def _tally(self, contest: int, region: int) -> TallyMessage:
        totals = self.state.rollup.region_totals(contest, region)
        return TallyMessage(
            election=self._election,
            contest=self._ballots.contests[contest],
            level=Level.DISTRICT,
            unit=totals.unit,
            parent=self._registry.ids[self._registry.parent[region]],
            version=totals.version,
            cells=totals.cells,
            source={self.partition: self.position - 1},
            recorded_at=self.newest,
        )
