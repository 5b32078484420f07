"""Carries decided batches into the projections, on a thread of its own, in their order.

It may lag behind the log and never runs ahead of it: the projections' own checkpoint follows their rows. A
failure is told to the owner at its next `put` or `drain`; nothing is skipped.
"""

from __future__ import annotations

import threading
import time
from typing import Final

import pyarrow as pa

from schemas.ballots import Ballots
from sinks.rows import Rows
from sinks.writer import Writer
from stream_processors.partition.changes import Changes, rows_of

BYTES_TOGETHER: Final = 20_000_000
"""Bytes of events that are inserted together while more come: 50,000 forms of a presidential election. Each
insert makes parts that ClickHouse has to merge, and inserts of a tenth of this size take three times the
processor time for the same rows. Bytes, because a form of parties has thirty times the cells."""

BYTES_WAITING: Final = 40_000_000
"""Bytes of events that may wait before the owner waits too; with their columns some 150 MB."""

LONGEST_WAIT_S: Final = 1.0
"""How long an event waits for company at the longest: how far the projections lag while a count goes on."""


class Projector:
    """Writes jobs through a `Writer` that is used by its thread alone."""

    def __init__(self, rows: Rows, writer: Writer, ballots: Ballots) -> None:
        self._rows = rows
        self._writer = writer
        self._ballots = ballots
        self._changed = threading.Condition()
        # Guarded by `_changed`: what waits, since when, how many bytes wait or are being written.
        self._jobs: list[Changes] = []
        self._since = 0.0
        self._bytes = 0
        self._hurry = False  # somebody waits for all of it
        self._closed = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def put(self, job: Changes) -> None:
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

    def _next(self) -> list[Changes]:
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

    def _write(self, jobs: list[Changes]) -> None:
        """(1) rows, (2) position: see sinks.writer."""
        tables: dict[str, list[pa.Table]] = {}
        for job in jobs:
            for name, table in rows_of(self._rows, self._ballots, job):
                tables.setdefault(name, []).append(table)
        self._writer.insert({name: pa.concat_tables(some) for name, some in tables.items()})
        self._writer.move(jobs[-1].outcome.end - 1, jobs[-1].newest)
