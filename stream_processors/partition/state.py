"""The state of a count in memory: one record for each unit, and the totals above them.

`decide_batch` says what becomes of each message without changing anything; `apply` makes it so. Between the
two the owner commits: what could not be written never enters the state. Recovery calls the same two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.regions import Registry
from schemas.rejections import Reason, Rejection
from stream_processors.cells import Cells, figure_count, station_cells
from stream_processors.partition import records
from stream_processors.partition.batch import RECAP, REJECTED, Batch
from stream_processors.partition.differences import with_cells
from stream_processors.rollup import Rollup
from stream_processors.station import Accepted, Proposal, Repeated, decide

RESTORE_BATCH: Final = 50_000
"""Records added up at once while state is restored: some 20 MB of cells."""

RejectedBefore = Callable[[bytes, Reason], bool]
"""Whether the message with that id has been rejected for that reason before."""

RecordRow = tuple[int, int, int, str, bytes]
"""position, is_recap (0 or 1: sqlite3 would look for an adapter of a bool), contest index, unit, record (see
stream_processors.partition.records): a unit's state after the event at that position."""


@dataclass(slots=True)
class Outcome:
    """What becomes of a batch. Places are those in the batch.

    A batch that is to be appended stands in the log from `first` on without what it repeats; one that was
    read from a log stands there as a whole, at the positions `given`.
    """

    first: int
    given: Sequence[int] | None = None
    appended: list[int] = field(default_factory=list)  # places that stand in the log, in order
    accepted: list[int] = field(default_factory=list)  # of these, the places accepted
    records: list[bytes] = field(default_factory=list)  # the unit's record after each accepted one
    previous: list[bytes | None] = field(default_factory=list)  # and before it
    positions: list[int] = field(default_factory=list)  # the position of each accepted one
    rejected: dict[int, Rejection] = field(default_factory=dict)  # appended, but rejected
    rejected_again: list[Rejection] = field(default_factory=list)  # the same message, rejected before
    repeated: list[int] = field(default_factory=list)  # accepted before

    @property
    def end(self) -> int:
        """The position after the last one that stands in the log."""
        return self.given[-1] + 1 if self.given else self.first + len(self.appended)

    @property
    def entries(self) -> Sequence[int]:
        """The position of each of `appended`."""
        return range(self.first, self.end) if self.given is None else self.given


class State:
    """Records by unit, and the totals of all regions."""

    def __init__(self, registry: Registry, ballots: Ballots) -> None:
        self._ballots = ballots
        self.rollup = Rollup(registry, ballots)
        # One dict for each contest and kind: keys and values hold nothing for the collector to walk.
        self._counts: list[dict[str, bytes]] = [{} for _ in ballots.contests]
        self._recaps: list[dict[str, bytes]] = [{} for _ in ballots.contests]

    def records_of(self, contest: int, stations: Iterable[str]) -> list[tuple[str, bytes]]:
        """The records of those `stations` of which something was accepted."""
        units = self._counts[contest]
        return [(station, units[station]) for station in stations if station in units]

    def decide_batch(self, batch: Batch, first: int, rejected_before: RejectedBefore) -> Outcome:
        """What becomes of each message of `batch` if it is appended from position `first` on."""
        return self._decide(batch, Outcome(first), rejected_before)

    def decide_entries(self, batch: Batch, positions: Sequence[int]) -> Outcome:
        """What became of each message of `batch`, which stands in the log at these positions (ascending)."""
        return self._decide(batch, Outcome(positions[0], positions), _never)

    def _decide(self, batch: Batch, outcome: Outcome, rejected_before: RejectedBefore) -> Outcome:
        given = outcome.given
        fresh: dict[tuple[bool, int, str], bytes] = {}
        rejected_now: dict[bytes, Reason] = {}
        for place, (kind, message, contest, unit) in enumerate(
            zip(batch.kinds, batch.ids, batch.contests, batch.units, strict=True)
        ):
            if kind == REJECTED:
                rejection = batch.rejections[place]
            else:
                is_recap = kind == RECAP
                key = (is_recap, contest, unit)
                held = fresh.get(key) or (self._recaps if is_recap else self._counts)[contest].get(unit)
                decision = decide(
                    records.lineage_of(held),
                    Proposal(message, unit, batch.supersedes[place], batch.annuls[place]),
                )
                if isinstance(decision, Accepted):
                    position = outcome.end if given is None else given[place]
                    ids, positions = records.extended(held, message, position)
                    record = fresh[key] = records.pack(
                        ids,
                        positions,
                        batch.statuses[place],
                        batch.unlisted[place],
                        batch.ballots[place],
                        batch.regions[place],
                        batch.figures[place],
                    )
                    outcome.appended.append(place)
                    outcome.accepted.append(place)
                    outcome.records.append(record)
                    outcome.previous.append(held)
                    outcome.positions.append(position)
                    continue
                if isinstance(decision, Repeated):
                    outcome.repeated.append(place)
                    if given is not None:
                        outcome.appended.append(place)
                    continue
                rejection = decision
                if rejection.reason is Reason.ALREADY_COUNTED and held is not None and not is_recap:
                    ballot = self._ballots.ballots[batch.ballots[place]]
                    rejection = with_cells(rejection, held, ballot, batch.figures[place])
            if given is not None:
                outcome.rejected[place] = rejection
                outcome.appended.append(place)
            elif rejected_now.get(message) == rejection.reason or rejected_before(message, rejection.reason):
                outcome.rejected_again.append(rejection)
            else:
                rejected_now[message] = rejection.reason
                outcome.rejected[place] = rejection
                outcome.appended.append(place)
        return outcome

    def apply(self, batch: Batch, outcome: Outcome) -> dict[int, NDArray[np.int64]]:
        """Take the accepted messages in; by ballot the indexes of the regions whose totals changed."""
        by_ballot: dict[int, list[int]] = {}
        for number, place in enumerate(outcome.accepted):
            is_recap = batch.kinds[place] == RECAP
            units = (self._recaps if is_recap else self._counts)[batch.contests[place]]
            units[batch.units[place]] = outcome.records[number]
            if not is_recap:
                by_ballot.setdefault(batch.ballots[place], []).append(number)
        for ballot, numbers in by_ballot.items():
            villages = np.array([batch.regions[outcome.accepted[number]] for number in numbers], np.int64)
            changes = self._cells(ballot, [outcome.records[number] for number in numbers])
            replaced = [
                (row, held) for row, number in enumerate(numbers) if (held := outcome.previous[number])
            ]
            if replaced:
                rows = [row for row, _ in replaced]
                changes[rows] -= self._cells(ballot, [held for _, held in replaced])
            self.rollup.add(ballot, villages, changes)
        return self.rollup.settle()

    def rows(self) -> Iterator[tuple[int, int, str, bytes]]:
        """Every record: is_recap (0 or 1), contest index, unit, record."""
        for is_recap, kinds in enumerate((self._counts, self._recaps)):
            for contest, units in enumerate(kinds):
                for unit, record in units.items():
                    yield is_recap, contest, unit, record

    def restore(self, rows: Iterable[tuple[int, int, str, bytes]]) -> None:
        """Take in what `rows` gave, a unit's latest record last; `finish_restoring` adds up afterwards."""
        for is_recap, contest, unit, record in rows:
            (self._recaps if is_recap else self._counts)[contest][unit] = record

    def finish_restoring(self) -> None:
        """Add up all records that `restore` took in."""
        for units in self._counts:
            held = list(units.values())
            ballots = records.heads(held)["ballot"]
            for ballot in np.unique(ballots).tolist():
                places = np.flatnonzero(ballots == ballot).tolist()
                for start in range(0, len(places), RESTORE_BATCH):
                    part = [held[place] for place in places[start : start + RESTORE_BATCH]]
                    regions = records.heads(part)["region"].astype(np.int64)
                    self.rollup.add(ballot, regions, self._cells(ballot, part))
                    self.rollup.settle()

    def _cells(self, ballot: int, held: Sequence[bytes]) -> Cells:
        """The cells of these records, all of one ballot."""
        heads = records.heads(held)
        return station_cells(
            heads["version"].astype(np.int64),
            heads["status"].astype(np.int64),
            heads["unlisted"].astype(np.int64),
            records.figures(held, figure_count(self._ballots.ballots[ballot])),
        )


def _never(_: bytes, __: Reason) -> bool:
    return False
