"""The state on the disk, in the log's own file, so that log, state and checkpoint move in one transaction.

A row for each accepted event holds its unit's state after it; the state is the last row of each unit. Rows
are only added, as to the log itself: a table that is updated in place would write a page of the disk for
each form that arrives. Everything here can be made from the log again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from event_log.sqlite import LogUnavailable, SqliteLog, insert_rows, unavailable
from schemas.decode import decode
from schemas.events import RecapCertified
from schemas.rejections import Reason, Rejected
from stream_processors.partition.state import RecordRow

READ_BATCH: Final = 20_000
"""Rows fetched at once while state is read: a few megabytes."""

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS decision (position INTEGER PRIMARY KEY, is_recap INTEGER NOT NULL, "
    "contest INTEGER NOT NULL, unit TEXT NOT NULL, record BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS rejected (id BLOB PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS told (position INTEGER PRIMARY KEY, contest INTEGER NOT NULL, "
    "unit TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS checkpoint (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT",
)

_OLD_NAME_OF_REJECTED: Final = "parked"
"""The table `rejected` in files of earlier versions: renamed when such a file is opened."""

TOLD: Final = frozenset(
    {
        Reason.ALREADY_COUNTED,
        Reason.SUPERSEDED_MISMATCH,
        Reason.RULING_IN_FORCE,
        Reason.ORDER_UNKNOWN,
        Reason.SEEN_EARLIER,
    }
)
"""Reasons of rejected counts that fit the election: sources are told of them (producers.sources.Lineage)."""

ToldRow = tuple[int, int, str]
"""position, contest index and unit of a rejected count with one of the reasons TOLD."""

STATE: Final = "state"
"""The checkpoint of the state: how many entries of the log it holds."""


class Decisions:
    """State and checkpoint beside a log. Writing happens within the log's transaction."""

    def __init__(self, log: SqliteLog, contests: Mapping[str, int]) -> None:
        """`contests` are the indexes of the election's contests by their ids."""
        self._connection: sqlite3.Connection = log.connection
        self._path = log.path
        with log.transaction():
            has_told = self._has_table("told")
            if self._has_table(_OLD_NAME_OF_REJECTED):
                self._connection.execute(f"ALTER TABLE {_OLD_NAME_OF_REJECTED} RENAME TO rejected")
            for statement in _SCHEMA:
                self._connection.execute(statement)
            if log.end and not has_told:
                insert_rows(self._connection, "told", list(self._told_before(contests)))
        held = self.checkpoint()
        if held != log.end:
            raise LogUnavailable(
                f"The log {log.path} has {log.end} entries, but its state was made from {held}. Something "
                "else wrote to the file. Restore it from its last copy."
            )

    def _has_table(self, name: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)
        ).fetchone()
        return row is not None

    def checkpoint(self) -> int:
        """How many entries of the log the state holds."""
        row = self._connection.execute("SELECT position FROM checkpoint WHERE name = ?", (STATE,)).fetchone()
        return int(row[0]) if row else 0

    def write(
        self,
        decisions: Sequence[RecordRow],
        rejected: Iterable[tuple[bytes, str]],
        told: Sequence[ToldRow],
        checkpoint: int,
    ) -> None:
        """Add the state after a batch and move the checkpoint; within the transaction that appends it."""
        insert_rows(self._connection, "decision", decisions)
        insert_rows(self._connection, "told", told)
        self._connection.executemany("INSERT OR REPLACE INTO rejected VALUES (?, ?)", rejected)
        self._connection.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", (STATE, checkpoint))

    def told(self) -> list[ToldRow]:
        """Every rejected count that sources are told of, in the order of the log."""
        return self._connection.execute(
            "SELECT position, contest, unit FROM told ORDER BY position"
        ).fetchall()

    def _told_before(self, contests: Mapping[str, int]) -> Iterator[ToldRow]:
        """The rejected counts of a log that was written before there was a table of them."""
        rows = self._connection.execute(
            "SELECT position, body FROM event WHERE position NOT IN (SELECT position FROM decision) "
            "ORDER BY position"
        )
        for position, body in rows:
            try:
                decoded = decode(body)
            except Rejected:
                continue
            row = self._connection.execute(
                "SELECT reason FROM rejected WHERE id = ?", (bytes.fromhex(decoded.event_id),)
            ).fetchone()
            if row is not None and row[0] in TOLD and not isinstance(decoded.event, RecapCertified):
                yield position, contests[decoded.event.contest], decoded.event.unit

    def rejected_before(self, event_id: bytes, reason: Reason) -> bool:
        """Whether the message has been rejected for that reason already: it is in the log already."""
        row = self._connection.execute("SELECT reason FROM rejected WHERE id = ?", (event_id,)).fetchone()
        return row is not None and row[0] == reason

    def read(self, below: int) -> Iterator[list[tuple[int, int, str, bytes]]]:
        """is_recap, contest, unit and record of the rows at positions below `below`, in order, some thousands
        at a time. Raises LogUnavailable."""
        try:
            rows = self._connection.execute(
                "SELECT is_recap, contest, unit, record FROM decision WHERE position < ? ORDER BY position",
                (below,),
            )
            while some := rows.fetchmany(READ_BATCH):
                yield some
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error
