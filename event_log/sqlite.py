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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

FORMAT: Final = 1
"""PRAGMA user_version of the files that this code writes."""

PAGE_CACHE_KIB: Final = 64 * 1024
"""SQLite's page cache: appends touch only the end of the tables, so more would not be used."""

READ_BATCH: Final = 2_000
"""Rows fetched at once: some megabytes of events."""

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


class LogUnavailable(Exception):
    """The log can't be opened, read or appended to; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its position (0-based), when the log took it in (microseconds since 1970, UTC), the bytes
    as received, and their leaf hash."""

    position: int
    recorded_at: int
    raw: bytes
    leaf: bytes

    @property
    def recorded(self) -> datetime:
        """`recorded_at` as a time in UTC."""
        return datetime.fromtimestamp(self.recorded_at / 1_000_000, UTC)


class SqliteLog:
    """The log of one election on one machine. One connection; for one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Use `open`."""
        self.connection = connection
        self.path = path
        self._last_recorded_at = 0

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> SqliteLog:
        """The log at `path`, made if it is not there (unless `readonly`). Raises LogUnavailable."""
        if readonly and not path.is_file():
            raise LogUnavailable(f"There is no log at {path}. Nothing has been imported there yet.")
        try:
            connection = sqlite3.connect(
                f"file:{path}?mode={'ro' if readonly else 'rwc'}",
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
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise LogUnavailable(
                f"{self.path} has format {version}, written by a newer version of rekap; this one knows "
                f"{FORMAT}. Upgrade rekap. The log was not touched."
            )
        self.connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
        if not readonly:
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            if version == 0:
                with self.transaction():
                    for statement in _statements(_SCHEMA):
                        self.connection.execute(statement)
                    self.connection.execute(f"PRAGMA user_version = {FORMAT}")
        row = self.connection.execute(
            "SELECT recorded_at FROM event ORDER BY position DESC LIMIT 1"
        ).fetchone()
        self._last_recorded_at = row[0] if row else 0

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
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise unavailable(self.path, error) from error

    def append(self, bodies: Sequence[bytes], leaves: Sequence[bytes], recorded_at: int) -> int:
        """Add entries at the end, within a `transaction`; the position of the first. All share the time."""
        first = self.end
        self.connection.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?)",
            zip(range(first, first + len(bodies)), [recorded_at] * len(bodies), leaves, bodies, strict=True),
        )
        return first

    def now(self) -> int:
        """The time for the next batch, in microseconds since 1970: later than that of every earlier one,
        whatever the machine's clock does, so that the log's times follow its order."""
        self._last_recorded_at = max(time.time_ns() // 1_000, self._last_recorded_at + 1)
        return self._last_recorded_at

    @property
    def end(self) -> int:
        """The position that the next entry will have: the number of entries."""
        row = self.connection.execute("SELECT MAX(position) FROM event").fetchone()
        return 0 if row[0] is None else int(row[0]) + 1

    def read(self, start: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """The entries from position `start` on, at most `limit` of them, as far as the log goes now."""
        try:
            end = self.end if limit is None else min(self.end, start + limit)
            while start < end:
                rows = self.connection.execute(
                    "SELECT position, recorded_at, body, leaf FROM event "
                    "WHERE position >= ? AND position < ? ORDER BY position",
                    (start, min(end, start + READ_BATCH)),
                ).fetchall()
                for row in rows:
                    yield Entry(*row)
                start += READ_BATCH
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def at(self, positions: Sequence[int]) -> list[bytes]:
        """The bytes at these positions."""
        select = "SELECT body FROM event WHERE position = ?"
        return [self.connection.execute(select, (position,)).fetchone()[0] for position in positions]

    def tail(self, start: int = 0, *, poll_s: float = 0.2) -> Iterator[Entry]:
        """The entries from `start` on, waiting for new ones for ever."""
        while True:
            for entry in self.read(start):
                yield entry
                start = entry.position + 1
            time.sleep(poll_s)

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def unavailable(path: Path, error: sqlite3.Error) -> LogUnavailable:
    """What `error` means for whoever runs this, and what to do about it."""
    text = str(error)
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_FULL") or "disk is full" in text:
        advice = "The disk is full. Free some space and run the same command again: nothing was lost."
    elif code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        advice = "It can't be opened for writing. Check that the directory exists and is yours to write."
    elif code.startswith("SQLITE_BUSY"):
        advice = "Another process is writing it. Wait for that one to end, or stop it."
    elif code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        advice = "The file is damaged. Keep it as it is, and restore the log from its last copy."
    elif code.startswith("SQLITE_IOERR"):
        advice = "The disk can't be read or written. Check it, then run the same command again."
    else:
        advice = "Run the same command again; if it fails again, report this sentence."
    return LogUnavailable(f"The log {path}: {text}. {advice}")


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.strip().splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
