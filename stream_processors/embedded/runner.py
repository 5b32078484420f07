"""The embedded engine: one process owns a data directory, appends, decides, adds up, projects and serves it.

A batch goes through these steps, in this order:
  1. read and assess            workers, no state
  2. decide                     nothing changes
  3. append + state + checkpoint, one SQLite transaction    <- the commit point
  4. apply                      memory
  5. rows, then their position  the projections' own checkpoint
After a crash before 3 nothing of the batch is in the log, and it can be sent again. After a crash after 3 it
is in the log: `open` restores the state up to the projections' checkpoint and runs 1, 2, 4 and 5 for the
entries after it, with the same functions. Steps 4 and 5 never run for entries that are not in the log.
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Final, Self

from clickhouse.client import connect
from clickhouse.interface.server import Server
from clickhouse.ownership import own
from event_log.reading import LogEntry
from event_log.sqlite import LogUnavailable, SqliteLog
from schemas.ballots import Ballots
from schemas.data_directory import DataDirectory
from schemas.decode import MAX_BYTES
from schemas.directory_identity import require_original
from schemas.entry_size import EntryTooLarge
from schemas.language import Text
from schemas.outcomes import MessageOutcome, Status
from schemas.sources import Source
from sinks.baseline import insert_baseline
from sinks.migrate import migrate
from sinks.rows import Rows
from sinks.writer import Writer
from stream_processors.assess import Assessor
from stream_processors.embedded.decisions import COMPARED, ComparedRow, Decisions
from stream_processors.embedded.projector import Projector
from stream_processors.partition import unit_states
from stream_processors.partition.assessing import AssessedChunk, Submitted, Workers, assess_entries
from stream_processors.partition.batch import Batch
from stream_processors.partition.changes import Changes, changed_totals
from stream_processors.partition.message_rows import CONTROL, REASON, RECAP
from stream_processors.partition.source_records import ImportReport
from stream_processors.partition.state import Outcome, State, StateRow

BATCHES_BETWEEN_COLLECTIONS: Final = 100
"""Some 500,000 events, which leave few reference cycles."""


@dataclass(slots=True)
class IngestReport(ImportReport):
    """The outcomes of a source's records: read = accepted + repeated + rejected + unreadable + empty."""

    accepted: int = 0


class Runner:
    """The owner of a data directory. Use `open`, and close it: as a context manager."""

    def __init__(self, directory: DataDirectory, command: str, workers: int) -> None:
        """Use `open`."""
        election, registry = directory.election, directory.registry
        ballots = Ballots(election, registry)
        self._registry, self._ballots = registry, ballots
        self._contests = {contest: number for number, contest in enumerate(ballots.contests)}
        with ExitStack() as opened:  # closes everything when a later step fails
            # Before the lock: a forked process would keep it. See Workers.
            self._workers = opened.enter_context(Workers(Assessor(election, registry, ballots), workers))
            owner = opened.enter_context(own(directory.path, command))
            require_original(directory.path)
            self._log = opened.enter_context(closing(SqliteLog.open(directory.log_path)))
            self._decisions = Decisions(self._log, self._contests)
            self._compared: list[dict[str, list[int]]] = [{} for _ in self._contests]
            self._remember(self._decisions.compared())
            self._state = State(registry, ballots, election.identity)
            client = opened.enter_context(closing(connect(directory.clickhouse_url)))
            migrate(client)
            rows = Rows(election.id, registry, ballots)
            writer = Writer(client, election.id)
            if not self._log.end and writer.holds_partitions():
                raise _of_kafka(directory)
            if self._decisions.is_outdated:  # made by an earlier version, as all rows are: see _recover
                writer.clear()
            insert_baseline(rows, writer, registry, ballots)
            self._server = opened.enter_context(
                Server(directory.clickhouse_url, token_directory=directory.path)
            )
            owner.announce(self._server.url)
            self._projector = opened.enter_context(closing(Projector(rows, writer, ballots)))
            self._recover(writer.position())
            self._opened = opened.pop_all()

    @classmethod
    def open(cls, directory: DataDirectory, *, command: str, workers: int | None = None) -> Self:
        """Own `directory`, bring state and projections up to the log, and serve them read-only on loopback.

        `workers` processes read and assess (None: one for each core; 0: none, for few messages). Raises
        AlreadyOwned, DirectoryCopied, LogUnavailable, SinkUnavailable, MigrationError, RegistryInvalid.
        """
        return cls(directory, command, (os.cpu_count() or 1) if workers is None else workers)

    @property
    def url(self) -> str:
        """Where the projections can be read while this runner lives: ClickHouse's HTTP interface."""
        return self._server.url

    def ingest(
        self, source: Source, on_progress: Callable[[IngestReport], None] | None = None
    ) -> IngestReport:
        """Take in everything from `source`; when it returns, all of it is in the log and in the projections.

        `on_progress` is called after each batch with the report so far. Raises OSError when the source
        can't be read, LogUnavailable and SinkUnavailable; what was reported as accepted is kept.
        """
        report = IngestReport()
        began = time.monotonic()
        with _collecting_rarely() as collect:
            for chunk in self._workers.read(source.chunks(self.lineage)):
                outcome = self._take_in(chunk)
                _count(report, chunk, outcome)
                report.seconds = time.monotonic() - began
                if on_progress is not None:
                    on_progress(report)
                collect()
            self._projector.drain()
        report.seconds = time.monotonic() - began
        return report

    def submit(self, messages: Sequence[bytes]) -> IngestReport:
        """Take in some messages at once; as `ingest`."""
        report = IngestReport()
        began = time.monotonic()
        for chunk in self._workers.read([Submitted(messages)]):
            _count(report, chunk, self._take_in(chunk))
        self._projector.drain()
        report.seconds = time.monotonic() - began
        return report

    def append(self, messages: Sequence[bytes]) -> list[MessageOutcome]:
        """Append and decide some messages at once; the outcome of each, in order.

        When it returns, what was accepted or rejected is durable in the log; the projections follow (see
        `ingest` for errors).
        """
        fitting = [raw for raw in messages if len(raw) <= MAX_BYTES]
        (chunk,) = self._workers.read([Submitted(fitting)])
        decided = iter(self._take_in(chunk).by_message())
        return [
            MessageOutcome(Status.TOO_LARGE, said=EntryTooLarge(raw).said)
            if len(raw) > MAX_BYTES
            else next(decided)
            for raw in messages
        ]

    def lineage(self, contest: str, stations: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
        """The events of those `stations` that have any, oldest first (see schemas.sources)."""
        number = self._contests.get(contest)
        if number is None:
            return {}
        positions: dict[str, list[int]] = {
            station: list(unit_states.unpack(state).positions)
            for station, state in self._state.states_of(number, stations)
        }
        compared = self._compared[number]
        for station in stations if compared else ():
            if station in compared:
                positions[station] = sorted({*positions.get(station, ()), *compared[station]})
        return {station: self._log.at(places) for station, places in positions.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait until everything is projected, and release the directory."""
        self._opened.close()

    def _take_in(self, chunk: AssessedChunk) -> Outcome:
        batch = chunk.batch
        outcome = self._state.decide_batch(batch, self._log.end, self._decisions.rejected_before)
        if not outcome.appended:
            return outcome
        recorded_at = self._log.now()
        with self._log.transaction():
            self._log.append(
                [batch.raws[index] for index in outcome.appended],
                [chunk.leaves[index] for index in outcome.appended],
                recorded_at,
            )
            self._decisions.write(
                _state_rows(batch, outcome),
                [(batch.ids[index], rejection.reason) for index, rejection in outcome.rejected.items()],
                compared := self._compared_rows(batch, outcome),
                outcome.numbers,
                outcome.end,
            )
        self._remember(compared)
        self._apply_and_project(batch, outcome, recorded_at)
        return outcome

    def _compared_rows(self, batch: Batch, outcome: Outcome) -> list[ComparedRow]:
        """The rejected counts that importers compare their records with."""
        rows: list[ComparedRow] = []
        positions = dict(zip(outcome.appended, outcome.entries, strict=True)) if outcome.rejected else {}
        for index, rejection in outcome.rejected.items():
            if rejection.reason in COMPARED and batch.kinds[index] not in (RECAP, REASON):
                contest, unit = (batch.events.column(name)[index].as_py() for name in ("contest", "unit"))
                rows.append(ComparedRow(positions[index], self._contests[contest], unit))
        return rows

    def _remember(self, rows: Iterable[ComparedRow]) -> None:
        for row in rows:
            self._compared[row.contest].setdefault(row.unit, []).append(row.position)

    def _apply_and_project(self, batch: Batch, outcome: Outcome, recorded_at: int) -> None:
        touched = self._state.apply(batch, outcome)
        totals, whole = changed_totals(self._state, self._registry, self._ballots, touched)
        self._projector.put(Changes(batch, outcome, recorded_at, totals, whole))

    def _recover(self, projected: int) -> None:
        """Restore the state at the projections' checkpoint, then apply and project the entries after it."""
        if projected >= self._log.end:  # new entries would get positions that the projections have rows for
            raise _cut_off(self._log, projected)
        is_outdated = self._decisions.is_outdated  # nothing is projected then, and all is made again
        for rows in self._decisions.read(projected + 1):
            self._state.restore(rows)
        self._state.finish_restoring()
        for batch, first, recorded_at in self._unprojected(projected + 1):
            # Each entry in the log was accepted or rejected when it was appended: it is decided once more.
            outcome = self._state.decide_batch(batch, first, lambda *_: False)
            if outcome.end - first != len(batch):
                raise LogUnavailable(
                    Text(
                        id=f"{self._log.path} memuat entri yang diputuskan lain oleh versi ini daripada "
                        "oleh versi "
                        f"yang menulisnya (mulai posisi {first}). Pakai versi itu, atau laporkan kalimat "
                        "ini.",
                        en=f"{self._log.path} holds entries that this version decides otherwise than the one "
                        f"that appended them (from position {first}). Use that version, or report this "
                        "sentence.",
                    )
                )
            if is_outdated:
                with self._log.transaction():
                    self._decisions.rewrite(_state_rows(batch, outcome), outcome.numbers)
            self._apply_and_project(batch, outcome, recorded_at)
        self._projector.drain()
        if is_outdated:  # last: until then the next start begins again
            with self._log.transaction():
                self._decisions.upgraded()

    def _unprojected(self, start: int) -> Iterator[tuple[Batch, int, int]]:
        """The log from `start` on, assessed: the batches that were appended together, with their position and
        time."""
        groups: list[tuple[int, int]] = []

        def appended() -> Iterator[list[bytes]]:
            for recorded_at, entries in groupby(self._log.read(start), _recorded_at):
                together = list(entries)
                groups.append((together[0].position, recorded_at))
                yield [entry.raw for entry in together]

        for number, batch in enumerate(self._workers.map(assess_entries, appended())):
            yield batch, *groups[number]


def _cut_off(log: SqliteLog, projected: int) -> LogUnavailable:
    """What is shown holds the only copy of the messages that the log lost: nothing of it may be deleted."""
    directory = log.path.parent
    shown, lost = directory / "clickhouse", directory.with_name("messages.jsonl")
    return LogUnavailable(
        Text(
            id=f"Log {log.path} memuat {log.end} peristiwa, tetapi {projected + 1} sudah ditampilkan: log "
            "itu terpotong, atau salinan lama. Kembalikan log yang lebih baru. Bila itu hilang, "
            "pesan-pesannya masih ada dalam yang ditampilkan: jalankan "
            f"rekap --data {directory} log --format jsonl --output {lost}, "
            f"pindahkan {shown} ke luar direktori itu, lalu rekap --data {directory} import {lost}.",
            en=f"The log {log.path} has {log.end} entries, but {projected + 1} are projected: it was cut "
            "off, or is an older copy. Put the newer log back. If that one is lost, what is shown still has "
            f"its messages: run rekap --data {directory} log --format jsonl --output {lost}, "
            f"move {shown} out of that directory, then run rekap --data {directory} import {lost}.",
        )
    )


def _of_kafka(directory: DataDirectory) -> LogUnavailable:
    """Counting here would mix the rows of two logs."""
    return LogUnavailable(
        Text(
            id=f"Yang ditampilkan di {directory.path} diisi rekap sink dari log di Kafka. Kirim ke sana "
            "(--broker), atau siapkan direktori lain dengan rekap init.",
            en=f"What is shown in {directory.path} was filled by rekap sink from a log on Kafka. Send there "
            "(--broker), or set up another directory with rekap init.",
        )
    )


def _state_rows(batch: Batch, outcome: Outcome) -> list[StateRow]:
    """What the state keeps of each accepted message, in the order of the log."""
    rows = [
        StateRow(position, batch.kinds[index], batch.contests[index], batch.units[index], state)
        for position, index, state in zip(outcome.positions, outcome.accepted, outcome.states, strict=True)
    ]
    if not outcome.controls:
        return rows
    positions = dict(zip(outcome.appended, outcome.entries, strict=True))
    rows += [
        StateRow(positions[index], CONTROL, 0, "", batch.controls[index].raw) for index in outcome.controls
    ]
    return sorted(rows)


@contextmanager
def _collecting_rarely() -> Iterator[Callable[[], None]]:
    """Disable the cyclic garbage collector; call the result once for each batch.

    Batches are columns of plain values, freed by reference counting, but allocating them makes the collector
    traverse all objects, for a third of this process's time. So only the young generation is collected, every
    BATCHES_BETWEEN_COLLECTIONS.
    """
    batches = 0

    def collect() -> None:
        nonlocal batches
        batches += 1
        if batches % BATCHES_BETWEEN_COLLECTIONS == 0:
            gc.collect(1)

    was_on = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        yield collect
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()


def _recorded_at(entry: LogEntry) -> int:
    return entry.recorded_at


def _count(report: IngestReport, chunk: AssessedChunk, outcome: Outcome) -> None:
    rejections = (*outcome.rejected.values(), *outcome.rejected_again.values())
    report.add(chunk.counts)
    report.accepted += len(outcome.accepted) + len(outcome.controls)
    report.repeated += len(outcome.repeated)
    report.rejected += len(rejections)
    report.add_reasons(Counter(rejection.reason for rejection in rejections))
