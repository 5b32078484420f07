"""The log in one SQLite file: appended in batches, durable when an append returns, guarded against change.

A crash at any point leaves a prefix of what was appended: a batch is one transaction, and in WAL mode with
synchronous=FULL the commit is on the disk before it returns. Triggers refuse update, delete and every insert
that is not at the end (so INSERT OR REPLACE can't rewrite). They guard against mistakes and against other
programs; against somebody who rewrites the whole file only a published hash of it helps.

It does not know what the bytes mean: what does not make an event is kept as well.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from event_log.clock import ClockJump, RecordingClock
from event_log.errors import LogUnavailable, unavailable
from event_log.reading import LogEntry
from schemas.language import Text
from schemas.private_files import use_private_umask

__all__ = ["LogUnavailable", "SqliteLog", "unavailable"]

FORMAT: Final = 1
"""PRAGMA user_version of the files that this code writes."""

PAGE_CACHE_KIB: Final = 64 * 1024
"""SQLite's page cache: appends touch only the end of the tables, so more would not be used."""

READ_BATCH: Final = 2_000
"""Rows fetched at once: some megabytes of events."""

ROWS_AT_ONCE: Final = 250
"""Rows of one INSERT: SQLite takes 32,766 values in a statement, and more rows bring nothing more."""

BUSY_TIMEOUT_S: Final = 10
"""How long to wait for another connection's short transaction."""

_SCHEMA: Final = """
CREATE TABLE event (
    position    INTEGER PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    leaf        BLOB NOT NULL CHECK (length(leaf) = 32),
    body        BLOB NOT NULL
) STRICT;
CREATE TRIGGER event_is_never_updated BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event is never changed'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event is never deleted'); END;
CREATE TRIGGER event_is_appended_at_the_end BEFORE INSERT ON event
WHEN NEW.position IS NOT (SELECT COALESCE(MAX(position) + 1, 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event can stand only at its end'); END;
"""


_CLOCK_JUMPS: Final = """
CREATE TABLE IF NOT EXISTS clock_jump (
    position    INTEGER NOT NULL,
    clock       INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (position, clock)
) STRICT
"""


class SqliteLog:
    """The log of one election on one machine. One connection; for one thread at a time. An
    event_log.reading.ReadableLog of one partition."""

    partitions: Final = 1
    partition_of: Final = None

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Use `open`."""
        self.connection = connection
        self.path = path
        self._clock = RecordingClock(0)

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> SqliteLog:
        """The log at `path`, made if it is not there (unless `readonly`). Raises LogUnavailable."""
        if readonly and not path.is_file():
            raise LogUnavailable(
                Text(
                    id=f"Tidak ada log di {path}. Belum ada yang diimpor di sana.",
                    en=f"There is no log at {path}. Nothing has been imported there yet.",
                )
            )
        use_private_umask()  # SQLite gives the files beside it the rights of the log
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode={'ro' if readonly else 'rwc'}",
                uri=True,
                isolation_level=None,
                timeout=BUSY_TIMEOUT_S,
                check_same_thread=False,
            )
            log = cls(connection, path)
            try:
                log._prepare(readonly)
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise unavailable(path, error) from error
        return log

    def _prepare(self, readonly: bool) -> None:
        # One statement, so that another process can't make the tables between the two questions.
        version, tables = self.connection.execute(
            "SELECT user_version, (SELECT COUNT(*) FROM sqlite_master) FROM pragma_user_version"
        ).fetchone()
        if version > FORMAT:
            raise LogUnavailable(
                Text(
                    id=f"{self.path} berformat {version}, ditulis oleh versi rekap yang lebih baru; yang "
                    "ini mengenal "
                    f"{FORMAT}. Perbarui rekap. Log itu tidak disentuh.",
                    en=f"{self.path} has format {version}, written by a newer version of rekap; this one "
                    "knows "
                    f"{FORMAT}. Upgrade rekap. The log was not touched.",
                )
            )
        if version == 0 and tables:
            raise LogUnavailable(
                Text(
                    id=f"{self.path} adalah basis data lain, dengan tabelnya sendiri. Sebutkan direktori "
                    "lain. "
                    "Berkas itu tidak disentuh.",
                    en=f"{self.path} is a database of something else, with tables of its own. Name another "
                    "directory. The file was not touched.",
                )
            )
        if version == 0 and readonly:
            raise LogUnavailable(
                Text(
                    id=f"Log {self.path} kosong. Belum ada yang diimpor di sana.",
                    en=f"The log {self.path} is empty. Nothing has been imported there yet.",
                )
            )
        self.connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
        if not readonly:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            if version == 0:
                self._make_tables()
            self.connection.execute(_CLOCK_JUMPS)
        row = self.connection.execute(
            "SELECT recorded_at FROM event ORDER BY position DESC LIMIT 1"
        ).fetchone()
        self._clock = RecordingClock(row[0] if row else 0)

    def _make_tables(self) -> None:
        with self.transaction():
            if self.connection.execute("PRAGMA user_version").fetchone()[0] == FORMAT:
                return  # another process was faster
            for statement in _statements(_SCHEMA):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is on the disk when it ends, or nothing of it. Raises LogUnavailable."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")  # the commit point
            self._clock.jumped.clear()
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise unavailable(self.path, error) from error

    def append(self, bodies: Sequence[bytes], leaves: Sequence[bytes], recorded_at: int) -> int:
        """Add entries at the end, within a `transaction`; the position of the first. All share the time."""
        first = self.end
        positions = range(first, first + len(bodies))
        times = [recorded_at] * len(bodies)
        insert_rows(self.connection, "event", list(zip(positions, times, leaves, bodies, strict=True)))
        for jump in self._clock.jumped:
            self.connection.execute("INSERT OR IGNORE INTO clock_jump VALUES (?, ?, ?)", (first, *jump))
        return first

    def now(self) -> int:
        """The time for the next batch, in microseconds since 1970: later than that of every earlier one,
        whatever the machine's clock does, so that the log's times follow its order."""
        return self._clock.now()

    def clock_jumps(self) -> list[ClockJump]:
        """Where the machine's clock jumped, oldest first. Raises LogUnavailable."""
        try:
            if self._row("SELECT COUNT(*) FROM sqlite_master WHERE name = 'clock_jump'") == (0,):
                return []  # a log of an older version, which is only read
            rows = self.connection.execute("SELECT * FROM clock_jump ORDER BY position, clock").fetchall()
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error
        return [ClockJump(*row) for row in rows]

    @property
    def end(self) -> int:
        """The position that the next entry will have: the number of entries. Raises LogUnavailable."""
        (last,) = self._row("SELECT MAX(position) FROM event")
        return 0 if last is None else int(last) + 1

    def read(self, start: int = 0, limit: int | None = None) -> Iterator[LogEntry]:
        """The entries from position `start` on, at most `limit` of them, as far as the log goes now.
        Raises LogUnavailable, also after some entries."""
        try:
            end = self.end if limit is None else min(self.end, start + limit)
            while start < end:
                rows = self.connection.execute(
                    "SELECT position, recorded_at, NULL, body, leaf FROM event "
                    "WHERE position >= ? AND position < ? ORDER BY position",
                    (start, min(end, start + READ_BATCH)),
                ).fetchall()
                for row in rows:
                    yield LogEntry(*row)
                start += READ_BATCH
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def ends(self) -> list[int]:
        """`end`, as of the one partition."""
        return [self.end]

    def entries(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
        """As `read`, up to position `end` (not included). Raises IndexError for another partition than 0."""
        if partition:
            raise IndexError(f"The log {self.path} has no partition {partition}: it has number 0 only.")
        yield from self.read(start, None if end is None else max(end - start, 0))

    def at(self, positions: Sequence[int]) -> list[bytes]:
        """The bytes at these positions. Raises IndexError where there is no entry, and LogUnavailable."""
        found = []
        for position in positions:
            row = self._row("SELECT body FROM event WHERE position = ?", position)
            if row is None:
                raise IndexError(
                    f"The log {self.path} has no entry at position {position}: it has {self.end}."
                )
            found.append(row[0])
        return found

    def tail(self, start: int = 0, *, poll_s: float = 0.2) -> Iterator[LogEntry]:
        """The entries from `start` on, waiting for new ones for ever."""
        while True:
            for entry in self.read(start):
                yield entry
                start = entry.position + 1
            time.sleep(poll_s)

    def _row(self, sql: str, *values: int) -> Any:
        """The one row that `sql` gives, or None."""
        try:
            return self.connection.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def insert_rows(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert whole rows, many with one statement.

    As fast as executemany where one thread runs; where several do, executemany releases the interpreter lock
    for each row and waits for it again, which doubled the time of an append.
    """
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        holes = f"({', '.join('?' * len(some[0]))})"
        connection.execute(
            f"INSERT INTO {table} VALUES {', '.join([holes] * len(some))}", list(chain.from_iterable(some))
        )


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.strip().splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
