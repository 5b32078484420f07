"""Carries decided batches into the projections, on a thread of its own, in their order.

It may lag behind the log and never runs ahead of it: the projections' own checkpoint follows their rows. A
failure is told to the owner at its next `put` or `drain`; nothing is skipped.
"""

from __future__ import annotations

import threading
import time
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

BYTES_TOGETHER: Final = 20_000_000
"""Bytes of events that are inserted together while more come: 50,000 forms of a presidential election. Each
insert makes parts that ClickHouse has to merge, and inserts of a tenth of this size take three times the
processor time for the same rows. Bytes, because a form of parties has thirty times the cells."""

BYTES_WAITING: Final = 40_000_000
"""Bytes of events that may wait before the owner waits too; with their columns some 150 MB."""

LONGEST_WAIT_S: Final = 1.0
"""How long an event waits for company at the longest: how far the projections lag while a count goes on."""


@dataclass(frozen=True, slots=True)
class Job:
    """A decided batch that is in the log, and the totals after it."""

    batch: Batch
    outcome: Outcome
    recorded_at: int
    totals: list[tuple[int, NDArray[np.int64], Cells]]  # ballot, regions, their cells
    whole: list[Tally]  # regions with several ballots

    @property
    def size(self) -> int:
        """The bytes of its messages, as a measure of what it takes to hold and to insert."""
        return sum(map(len, self.batch.raws))


class Projector:
    """Writes jobs through a `Writer` that is used by its thread alone."""

    def __init__(self, rows: Rows, writer: Writer, ballots: Ballots) -> None:
        self._rows = rows
        self._writer = writer
        self._ballots = ballots
        self._changed = threading.Condition()
        # Guarded by `_changed`: what waits, since when, how many bytes wait or are being written.
        self._jobs: list[Job] = []
        self._since = 0.0
        self._bytes = 0
        self._hurry = False  # somebody waits for all of it
        self._closed = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Hand over a batch, waiting while too much waits. Raises what went wrong with an earlier one."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._bytes < BYTES_WAITING)
            self._raise_failure()
            if not self._jobs:
                self._since = time.monotonic()
            self._jobs.append(job)
            self._bytes += job.size
            self._changed.notify_all()

    def drain(self) -> None:
        """Return when everything handed over has arrived. Raises SinkUnavailable when it has not."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure or not self._bytes)
            self._hurry = False
            self._raise_failure()

    def close(self) -> None:
        """Let the thread end after what was handed over."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while jobs := self._next():
            try:
                self._write(jobs)
            except Exception as error:
                # Nothing more is written: a later batch must not move the checkpoint past this one.
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._bytes -= sum(job.size for job in jobs)
                self._changed.notify_all()

    def _next(self) -> list[Job]:
        """The jobs to write now, waited for; none when the projector is closed and all is written."""
        with self._changed:
            while not self._due():
                waited = time.monotonic() - self._since
                self._changed.wait(max(LONGEST_WAIT_S - waited, 0.0) if self._jobs else None)
            jobs, self._jobs = self._jobs, []
            return jobs

    def _due(self) -> bool:
        if not self._jobs:
            return self._closed
        waiting = sum(job.size for job in self._jobs)
        waited = time.monotonic() - self._since
        return self._hurry or self._closed or waiting >= BYTES_TOGETHER or waited >= LONGEST_WAIT_S

    def _write(self, jobs: list[Job]) -> None:
        """(1) rows, (2) position: see sinks.writer."""
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
        records.version(record) for record in outcome.records
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
            records.version(outcome.records[n]),
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
