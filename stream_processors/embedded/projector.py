"""Inserts decided batches into the projections, on a thread of its own, in their order.

It may lag behind the log and is never ahead of it: the projections' checkpoint is written after their rows. A
failure is raised at the owner's next `put` or `drain`; nothing is skipped.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from schemas.ballots import Ballots
from sinks.rows import Rows, by_table
from sinks.writer import Writer
from stream_processors.partition.changes import Changes, rows_of

MAX_BATCH_BYTES: Final = 20_000_000
"""Bytes of events that are inserted together in a backlog: 50,000 forms of a presidential election. Each
insert makes parts that ClickHouse has to merge, and inserts of a tenth of this size take three times the
processor time for the same rows. Bytes, because a form of parties has thirty times the cells."""

MAX_PENDING_BYTES: Final = 40_000_000
"""Bytes of pending events from which on `put` blocks (backpressure); with their columns some 150 MB."""

BATCHING_DELAY_S: Final = 1.0
"""How long an event waits for more at the longest: the lag of the projections while a count goes on."""


class Projector:
    """Inserts batches through a `Writer` that only its thread uses."""

    def __init__(self, rows: Rows, writer: Writer, ballots: Ballots) -> None:
        self._rows = rows
        self._writer = writer
        self._ballots = ballots
        self._changed = threading.Condition()
        # Guarded by `_changed`: pending batches, since when, bytes pending or being inserted.
        self._jobs: list[Changes] = []
        self._since = 0.0
        self._bytes = 0
        self._flushing = False  # `drain` waits: without a batching delay
        self._closed = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)
        self._thread.start()

    def put(self, job: Changes) -> None:
        """Submit a batch; blocks while too many bytes are pending. Raises the failure of an earlier batch."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure or self._bytes < MAX_PENDING_BYTES)
            self._raise_failure()
            if not self._jobs:
                self._since = time.monotonic()
            self._jobs.append(job)
            self._bytes += job.size
            self._changed.notify_all()

    def drain(self) -> None:
        """Return when all submitted batches are inserted. Raises SinkUnavailable when one failed."""
        with self._changed:
            self._flushing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure or not self._bytes)
            self._flushing = False
            self._raise_failure()

    def close(self) -> None:
        """Insert the submitted batches and end the thread."""
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
                # Nothing more is inserted: a later batch must not move the checkpoint past this one.
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._bytes -= sum(job.size for job in jobs)
                self._changed.notify_all()

    def _next(self) -> list[Changes]:
        """Wait for the next batches to insert; none when the projector is closed and all are inserted."""
        with self._changed:
            while not self._due():
                waited = time.monotonic() - self._since
                self._changed.wait(max(BATCHING_DELAY_S - waited, 0.0) if self._jobs else None)
            jobs, self._jobs = self._jobs, []
            return jobs

    def _due(self) -> bool:
        if not self._jobs:
            return self._closed
        waiting = sum(job.size for job in self._jobs)
        waited = time.monotonic() - self._since
        return self._flushing or self._closed or waiting >= MAX_BATCH_BYTES or waited >= BATCHING_DELAY_S

    def _write(self, jobs: list[Changes]) -> None:
        """(1) rows, (2) position: see sinks.writer."""
        rows = (table for job in jobs for table in rows_of(self._rows, self._ballots, job))
        self._writer.insert(by_table(rows))
        self._writer.move(jobs[-1].outcome.end - 1, jobs[-1].newest)
