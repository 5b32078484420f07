"""The changes of a decided batch, and the rows of the projections that hold them.

Nothing is changed here: the batch was applied to the state before, and the caller inserts the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.named_rows import FindingRow, RecapRow
from schemas.regions import DEPTH, Level, Registry
from schemas.rejections import Rejection
from schemas.tallies import Tally
from sinks.rows import Rows
from stream_processors.cells import STATUSES, Cells
from stream_processors.partition import unit_states
from stream_processors.partition.batch import Batch
from stream_processors.partition.message_rows import COUNT, RECAP
from stream_processors.partition.state import Outcome, State
from stream_processors.partition.versions import against_versions_before, with_rules

Times = int | NDArray[np.int64]
"""When entries were recorded, in microseconds since 1970 (UTC): one time for all, or one for each."""


class BallotTotals(NamedTuple):
    """The totals of regions that have only this ballot: a row of `cells` for each."""

    ballot: int  # its index
    regions: NDArray[np.int64]
    cells: Cells


@dataclass(frozen=True, slots=True)
class Changes:
    """A decided batch that is in the log at `partition`, and the totals after it. `recorded_at` is of the
    batch's messages."""

    batch: Batch
    outcome: Outcome
    recorded_at: Times
    totals: list[BallotTotals]
    whole: list[Tally]  # regions with several ballots
    partition: int = 0

    @property
    def size(self) -> int:
        """The bytes of its messages: a measure of the memory and time that its rows take."""
        return sum(map(len, self.batch.raws))

    @property
    def newest(self) -> int:
        """When the newest of its messages was recorded."""
        return int(np.max(self.recorded_at))

    def times(self, indexes: Sequence[int]) -> Times:
        """When the messages at these indexes were recorded."""
        return self.recorded_at if isinstance(self.recorded_at, int) else self.recorded_at[indexes]


def changed_totals(
    state: State,
    registry: Registry,
    ballots: Ballots,
    touched: dict[int, NDArray[np.int64]],
    top: Level = Level.NATION,
) -> tuple[list[BallotTotals], list[Tally]]:
    """`totals` and `whole` of the Changes whose regions by ballot are `touched` (see State.apply), up to the
    level `top`."""
    totals = []
    several: set[tuple[int, int]] = set()
    for ballot, everywhere in touched.items():
        regions = everywhere[registry.depth[everywhere] >= DEPTH[top]]
        contest = ballots.contest_of[ballot]
        alone = ballots.have_one(contest, regions)
        totals.append(BallotTotals(ballot, regions[alone], state.rollup.cells(ballot, regions[alone])))
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
        unit_states.version(state) for state in outcome.states
    ]
    row_of = {index: row for row, index in enumerate(appended)}
    rejected: dict[int, Rejection] = {row_of[index]: why for index, why in outcome.rejected.items()}
    bodies = [batch.raws[index] for index in appended]
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
    tables += _unit_rows(rows, ballots, changes)
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
            rows.tallies(ballots.ballots[one.ballot], one.regions, one.cells, last, newest, partition),
        )
        for one in changes.totals
    ]
    if changes.whole:
        tables.append(("tally_history", rows.whole_tallies(changes.whole, last, newest, partition)))
    return tables


def _unit_rows(rows: Rows, ballots: Ballots, changes: Changes) -> list[tuple[str, pa.Table]]:
    """Forms in force, their findings, and certified recapitulations."""
    batch, outcome, names = changes.batch, changes.outcome, ballots.contests
    counts = [n for n, index in enumerate(outcome.accepted) if batch.kinds[index] == COUNT]
    indexes = [outcome.accepted[n] for n in counts]
    versions = [unit_states.version(outcome.states[n]) for n in counts]
    positions = [outcome.positions[n] for n in counts]
    of_versions = against_versions_before(ballots, batch, outcome, counts)
    stations = _taken(batch.stations, [batch.station_rows[index] for index in indexes])
    if of_versions:
        stations["rules"] = with_rules(stations["rules"], indexes, of_versions)
    tables = [
        (
            "station_history",
            rows.stations(
                stations | _taken(batch.events, indexes),
                np.array([batch.regions[index] for index in indexes], np.int64),
                [STATUSES[batch.statuses[index]].value for index in indexes],
                [not batch.unlisted[index] for index in indexes],
                np.array(versions, np.int64),
                np.array(positions, np.int64),
                changes.times(indexes),
                changes.partition,
            ),
        )
    ]
    accepted = dict(zip(indexes, zip(versions, positions, strict=True), strict=True))
    all_found = [*batch.findings, *((index, (one,)) for index, one in of_versions.items())]
    found_at = [index for index, found in all_found if index in accepted for _ in found]
    findings = [
        FindingRow(
            names[batch.contests[index]], batch.units[index], batch.regions[index], *accepted[index], finding
        )
        for index, found in all_found
        if index in accepted
        for finding in found
    ]
    if findings:
        tables.append(("finding", rows.findings(findings, changes.times(found_at), changes.partition)))
    certified = [n for n, index in enumerate(outcome.accepted) if batch.kinds[index] == RECAP]
    if certified:
        indexes = [outcome.accepted[n] for n in certified]
        recaps = [
            RecapRow(
                names[batch.contests[index]],
                batch.regions[index],
                unit_states.version(outcome.states[n]),
                outcome.positions[n],
                batch.ids[index].hex(),
                batch.recaps[index],
            )
            for n, index in zip(certified, indexes, strict=True)
        ]
        tables.append(("recap", rows.recaps(recaps, changes.times(indexes), changes.partition)))
    return tables


def _taken(columns: pa.RecordBatch, indexes: list[int]) -> dict[str, pa.Array]:
    """The rows at `indexes` of each column."""
    names = columns.schema.names
    if len(indexes) == columns.num_rows:  # all of them: indexes are in order
        return dict(zip(names, columns.columns, strict=True))
    taken = columns.take(pa.array(indexes, pa.int64()))
    return dict(zip(names, taken.columns, strict=True))


def _outcomes(outcome: Outcome, rejected: Mapping[int, Rejection]) -> list[str] | None:
    """The outcome of each entry, where some are repeated; None where every entry is accepted or rejected."""
    repeated = set(outcome.repeated)
    if outcome.given is None or not repeated:
        return None
    return [
        "repeated" if index in repeated else "rejected" if row in rejected else "accepted"
        for row, index in enumerate(outcome.appended)
    ]
