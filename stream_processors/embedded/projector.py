"""Carries decided batches into the projections, on a thread of its own, in their order.

It may lag behind the log and never runs ahead of it: the projections' own checkpoint follows their rows. A
failure is told to the owner at its next `put` or `drain`; nothing is skipped.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.rejections import Rejection
from schemas.tallies import Tally
from sinks.rows import Rows
from sinks.writer import Writer
from stream_processors.cells import STATUSES, Cells
from stream_processors.embedded import records
from stream_processors.embedded.batch import COUNT, RECAP, Batch
from stream_processors.embedded.state import Outcome

BATCHES_WAITING: Final = 4
"""Batches that may wait for the projections before the owner waits too: some 20,000 events in memory."""

BATCHES_AT_ONCE: Final = 4
"""Waiting batches that are inserted together: each insert makes parts that ClickHouse has to merge."""


@dataclass(frozen=True, slots=True)
class Job:
    """A decided batch that is in the log, and the totals after it."""

    batch: Batch
    outcome: Outcome
    recorded_at: int
    totals: list[tuple[int, NDArray[np.int64], Cells]]  # ballot, regions, their cells
    whole: list[Tally]  # regions with several ballots


class Projector:
    """Writes jobs through a `Writer` that is used by its thread alone."""

    def __init__(self, rows: Rows, writer: Writer, ballots: Ballots) -> None:
        self._rows = rows
        self._writer = writer
        self._ballots = ballots
        self._jobs: queue.Queue[Job | None] = queue.Queue(BATCHES_WAITING)
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Hand over a batch, waiting while too many wait. Raises what went wrong with an earlier one."""
        self._raise_failure()
        self._jobs.put(job)

    def drain(self) -> None:
        """Return when everything handed over has arrived. Raises SinkUnavailable when it has not."""
        self._jobs.join()
        self._raise_failure()

    def close(self) -> None:
        """Let the thread end after what was handed over."""
        self._jobs.put(None)
        self._thread.join()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while True:
            jobs = [self._jobs.get()]
            while len(jobs) < BATCHES_AT_ONCE and jobs[-1] is not None:
                try:
                    jobs.append(self._jobs.get_nowait())
                except queue.Empty:
                    break
            try:
                # After a failure nothing more is written: a later batch must not move the checkpoint.
                if self._failure is None:
                    self._write([job for job in jobs if job is not None])
            except Exception as error:
                self._failure = error
            for _ in jobs:
                self._jobs.task_done()
            if jobs[-1] is None:
                return

    def _write(self, jobs: list[Job]) -> None:
        """(1) rows, (2) position: see sinks.writer."""
        jobs = [job for job in jobs if job.outcome.appended]
        if not jobs:
            return
        tables: dict[str, list[pa.Table]] = {}
        for job in jobs:
            for name, table in rows_of(self._rows, self._ballots, job):
                tables.setdefault(name, []).append(table)
        self._writer.insert({name: pa.concat_tables(some) for name, some in tables.items()})
        self._writer.move(jobs[-1].outcome.end - 1, jobs[-1].recorded_at)


def rows_of(rows: Rows, ballots: Ballots, job: Job) -> list[tuple[str, pa.Table]]:
    """The rows that a decided batch adds to each table of the projections."""
    batch, outcome, at = job.batch, job.outcome, job.recorded_at
    first, appended = outcome.first, outcome.appended
    events = _taken(batch.events, appended)
    versions = np.zeros(len(appended), np.int64)
    versions[[position - first for position in outcome.positions]] = [
        records.head(record)[0] for record in outcome.records
    ]
    row_of = {place: row for row, place in enumerate(appended)}
    parked: dict[int, Rejection] = {row_of[place]: said for place, said in outcome.parked.items()}
    bodies = [batch.raws[place] for place in appended]
    tables = [
        (
            "event",
            rows.events(events, bodies, np.arange(first, outcome.end), at, parked, versions),
        )
    ]
    tables += _unit_rows(rows, ballots.contests, job)
    if parked:
        some = list(parked)
        tables.append(
            (
                "rejected",
                rows.rejected(
                    {name: column.take(pa.array(some)) for name, column in events.items()},
                    [bodies[row] for row in some],
                    np.array(some) + first,
                    at,
                    list(parked.values()),
                ),
            )
        )
    last = outcome.end - 1
    tables += [
        ("tally_history", rows.tallies(ballots.ballots[ballot], regions, cells, last, at))
        for ballot, regions, cells in job.totals
    ]
    if job.whole:
        tables.append(("tally_history", rows.whole_tallies(job.whole, last, at)))
    return tables


def _unit_rows(rows: Rows, names: list[str], job: Job) -> list[tuple[str, pa.Table]]:
    """Forms in force, their findings, and certified recapitulations."""
    batch, outcome, at = job.batch, job.outcome, job.recorded_at
    counts = [n for n, place in enumerate(outcome.accepted) if batch.kinds[place] == COUNT]
    places = [outcome.accepted[n] for n in counts]
    versions = [records.head(outcome.records[n])[0] for n in counts]
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
                at,
            ),
        )
    ]
    accepted = dict(zip(places, zip(versions, positions, strict=True), strict=True))
    findings = [
        (names[batch.contests[place]], batch.units[place], batch.regions[place], *accepted[place], finding)
        for place, found in batch.findings
        if place in accepted
        for finding in found
    ]
    if findings:
        tables.append(("finding", rows.findings(findings, at)))
    recaps = [
        (
            names[batch.contests[place]],
            batch.regions[place],
            records.head(outcome.records[n])[0],
            outcome.positions[n],
            batch.ids[place].hex(),
            batch.recaps[place],
        )
        for n, place in enumerate(outcome.accepted)
        if batch.kinds[place] == RECAP
    ]
    if recaps:
        tables.append(("recap", rows.recaps(recaps, at)))
    return tables


def _taken(columns: pa.RecordBatch, places: list[int]) -> dict[str, pa.Array]:
    """The rows at `places` of each column."""
    names = columns.schema.names
    if len(places) == columns.num_rows:  # all of them: places are in order
        return dict(zip(names, columns.columns, strict=True))
    taken = columns.take(pa.array(places, pa.int64()))
    return dict(zip(names, taken.columns, strict=True))
