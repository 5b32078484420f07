"""What a decided batch changed, and the rows that say so in the projections.

It changes nothing itself: the state has taken the batch in before, and somebody else inserts the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.regions import DEPTH, Level, Registry
from schemas.rejections import Rejection
from schemas.tallies import Tally
from sinks.rows import Rows
from stream_processors.cells import STATUSES, Cells
from stream_processors.partition import records
from stream_processors.partition.batch import COUNT, RECAP, Batch
from stream_processors.partition.state import Outcome, State

Times = int | NDArray[np.int64]
"""When entries were recorded, in microseconds since 1970 (UTC): one time for all, or one for each."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A decided batch that is in the log at `partition`, and the totals after it. `recorded_at` is of the
    batch's messages."""

    batch: Batch
    outcome: Outcome
    recorded_at: Times
    totals: list[tuple[int, NDArray[np.int64], Cells]]  # ballot, regions, their cells
    whole: list[Tally]  # regions with several ballots
    partition: int = 0

    @property
    def size(self) -> int:
        """The bytes of its messages, as a measure of what it takes to hold and to insert."""
        return sum(map(len, self.batch.raws))

    @property
    def newest(self) -> int:
        """When the newest of its messages was recorded."""
        return int(np.max(self.recorded_at))

    def times(self, places: Sequence[int]) -> Times:
        """When the messages at these places were recorded."""
        return self.recorded_at if isinstance(self.recorded_at, int) else self.recorded_at[places]


class Totals:
    """Which totals a batch changed, as far up as `top`."""

    def __init__(self, registry: Registry, ballots: Ballots, top: Level = Level.NATION) -> None:
        self._ballots = ballots
        self._shown = registry.depth >= DEPTH[top]

    def of(
        self, state: State, touched: dict[int, NDArray[np.int64]]
    ) -> tuple[list[tuple[int, NDArray[np.int64], Cells]], list[Tally]]:
        """`totals` and `whole` of the Changes whose regions by ballot are `touched` (see State.apply)."""
        totals = []
        several: set[tuple[int, int]] = set()
        for ballot, everywhere in touched.items():
            regions = everywhere[self._shown[everywhere]]
            contest = self._ballots.contest_of[ballot]
            alone = self._ballots.has_one(contest)[regions]
            totals.append((ballot, regions[alone], state.rollup.cells(ballot, regions[alone])))
            several.update((contest, region) for region in regions[~alone].tolist())
        return totals, [state.rollup.tally(contest, region) for contest, region in sorted(several)]


def rows_of(rows: Rows, ballots: Ballots, changes: Changes) -> list[tuple[str, pa.Table]]:
    """The rows that a decided batch adds to each table of the projections."""
    batch, outcome, appended = changes.batch, changes.outcome, changes.outcome.appended
    at = changes.times(appended)
    entries = np.asarray(outcome.entries, np.int64)
    events = _taken(batch.events, appended)
    versions = np.zeros(len(appended), np.int64)
    versions[np.searchsorted(entries, outcome.positions)] = [
        records.version(record) for record in outcome.records
    ]
    row_of = {place: row for row, place in enumerate(appended)}
    rejected: dict[int, Rejection] = {row_of[place]: said for place, said in outcome.rejected.items()}
    bodies = [batch.raws[place] for place in appended]
    tables = [
        (
            "event",
            rows.events(
                events,
                bodies,
                entries,
                at,
                rejected,
                versions,
                changes.partition,
                _outcomes(outcome, rejected),
            ),
        )
    ]
    tables += _unit_rows(rows, ballots.contests, changes)
    if rejected:
        some = list(rejected)
        tables.append(
            (
                "rejected",
                rows.rejected(
                    {name: column.take(pa.array(some)) for name, column in events.items()},
                    [bodies[row] for row in some],
                    entries[some],
                    at if isinstance(at, int) else at[some],
                    list(rejected.values()),
                    changes.partition,
                ),
            )
        )
    last, newest, partition = outcome.end - 1, changes.newest, changes.partition
    tables += [
        (
            "tally_history",
            rows.tallies(ballots.ballots[ballot], regions, cells, last, newest, changes.partition),
        )
        for ballot, regions, cells in changes.totals
    ]
    if changes.whole:
        tables.append(("tally_history", rows.whole_tallies(changes.whole, last, newest, partition)))
    return tables


def _unit_rows(rows: Rows, names: list[str], changes: Changes) -> list[tuple[str, pa.Table]]:
    """Forms in force, their findings, and certified recapitulations."""
    batch, outcome = changes.batch, changes.outcome
    counts = [n for n, place in enumerate(outcome.accepted) if batch.kinds[place] == COUNT]
    places = [outcome.accepted[n] for n in counts]
    versions = [records.version(outcome.records[n]) for n in counts]
    positions = [outcome.positions[n] for n in counts]
    tables = [
        (
            "station_history",
            rows.stations(
                _taken(batch.stations, [batch.station_rows[place] for place in places])
                | _taken(batch.events, places),
                np.array([batch.regions[place] for place in places], np.int64),
                [STATUSES[batch.statuses[place]].value for place in places],
                [not batch.unlisted[place] for place in places],
                np.array(versions, np.int64),
                np.array(positions, np.int64),
                changes.times(places),
                changes.partition,
            ),
        )
    ]
    accepted = dict(zip(places, zip(versions, positions, strict=True), strict=True))
    found_at = [place for place, found in batch.findings if place in accepted for _ in found]
    findings = [
        (names[batch.contests[place]], batch.units[place], batch.regions[place], *accepted[place], finding)
        for place, found in batch.findings
        if place in accepted
        for finding in found
    ]
    if findings:
        tables.append(("finding", rows.findings(findings, changes.times(found_at), changes.partition)))
    certified = [n for n, place in enumerate(outcome.accepted) if batch.kinds[place] == RECAP]
    if certified:
        places = [outcome.accepted[n] for n in certified]
        recaps = [
            (
                names[batch.contests[place]],
                batch.regions[place],
                records.version(outcome.records[n]),
                outcome.positions[n],
                batch.ids[place].hex(),
                batch.recaps[place],
            )
            for n, place in zip(certified, places, strict=True)
        ]
        tables.append(("recap", rows.recaps(recaps, changes.times(places), changes.partition)))
    return tables


def _taken(columns: pa.RecordBatch, places: list[int]) -> dict[str, pa.Array]:
    """The rows at `places` of each column."""
    names = columns.schema.names
    if len(places) == columns.num_rows:  # all of them: places are in order
        return dict(zip(names, columns.columns, strict=True))
    taken = columns.take(pa.array(places, pa.int64()))
    return dict(zip(names, taken.columns, strict=True))


def _outcomes(outcome: Outcome, rejected: Mapping[int, Rejection]) -> list[str] | None:
    """What became of each entry, where some are repeated; None where the rejected ones tell it all."""
    repeated = set(outcome.repeated)
    if outcome.given is None or not repeated:
        return None
    return [
        "repeated" if place in repeated else "rejected" if row in rejected else "accepted"
        for row, place in enumerate(outcome.appended)
    ]
