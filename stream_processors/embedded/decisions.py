"""Stores the state in the log's own SQLite file, so that log, state and checkpoint are committed together.

A row for each accepted event holds its unit's state after it; the last row of each unit is in force. Rows are
only added, as to the log itself: a table updated in place would write a page of the disk for each form.
Everything here can be made from the log again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from event_log.sqlite import LogUnavailable, SqliteLog, insert_rows, unavailable
from schemas.decode import decode
from schemas.events import CountEvent
from schemas.language import Text
from schemas.rejections import Reason, Rejected
from stream_processors.partition.state import NUMBERS, NumberRow, StateRow, UnitState

READ_BATCH: Final = 20_000
"""Rows fetched at once while state is read: a few megabytes."""

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS decision (position INTEGER PRIMARY KEY, kind INTEGER NOT NULL, "
    "contest INTEGER NOT NULL, unit TEXT NOT NULL, record BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS rejected (id BLOB PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS compared (position INTEGER PRIMARY KEY, contest INTEGER NOT NULL, "
    "unit TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS sequence (position INTEGER PRIMARY KEY, signer TEXT NOT NULL, "
    "record BLOB NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS checkpoint (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT",
)

_OLD_NAME_OF_REJECTED: Final = "parked"
"""The table `rejected` in files of earlier versions: renamed when such a file is opened."""

_OLD_NAME_OF_KIND: Final = "is_recap"
"""The column `kind` in files of earlier versions, with the same numbers."""

COMPARED: Final = frozenset(
    {
        Reason.ALREADY_COUNTED,
        Reason.SUPERSEDED_MISMATCH,
        Reason.RULING_IN_FORCE,
        Reason.ORDER_UNKNOWN,
        Reason.SEEN_EARLIER,
    }
)
"""Why a count fitting the election was rejected; importers compare with them (schemas.sources.Lineage)."""


class ComparedRow(NamedTuple):
    """A rejected count with one of the reasons COMPARED."""

    position: int
    contest: int  # its index
    unit: str


STATE: Final = "state"
"""The checkpoint of the state: how many entries of the log it holds."""

_FORMAT_NAME: Final = "format"
FORMAT: Final = 3
"""The format of the records, kept beside the checkpoint. 2: a figure that a form does not give is told apart
from a zero. 3: control events and sequence numbers. Files without a format have 1."""


class Decisions:
    """State and checkpoint of a log. Writes are made inside the log's transaction."""

    def __init__(self, log: SqliteLog, contests: Mapping[str, int]) -> None:
        """`contests` are the indexes of the election's contests by their ids."""
        self._connection: sqlite3.Connection = log.connection
        self._path = log.path
        with log.transaction():
            has_compared = self._has_table("compared")
            if self._has_table(_OLD_NAME_OF_REJECTED):
                self._connection.execute(f"ALTER TABLE {_OLD_NAME_OF_REJECTED} RENAME TO rejected")
            if self._has_column("decision", _OLD_NAME_OF_KIND):
                self._connection.execute(f"ALTER TABLE decision RENAME COLUMN {_OLD_NAME_OF_KIND} TO kind")
            for statement in _SCHEMA:
                self._connection.execute(statement)
            if not log.end:
                self.upgraded()
            if log.end and not has_compared:
                insert_rows(self._connection, "compared", list(self._compared_before(contests)))
        held = self.checkpoint()
        if held != log.end:
            raise LogUnavailable(
                Text(
                    id=f"Log {log.path} berisi {log.end} entri, padahal keadaannya dibuat dari {held}. Ada "
                    "yang lain "
                    "menulis ke berkas itu. Kembalikan dari salinan terakhirnya.",
                    en=f"The log {log.path} has {log.end} entries, but its state was made from {held}. "
                    "Something else wrote to the file. Restore it from its last copy.",
                )
            )

    def _has_column(self, table: str, name: str) -> bool:
        rows = self._connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return (name,) in rows.fetchall()

    def _has_table(self, name: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)
        ).fetchone()
        return row is not None

    def checkpoint(self) -> int:
        """How many entries of the log the state holds."""
        return self._number(STATE)

    def _number(self, name: str) -> int:
        row = self._connection.execute("SELECT position FROM checkpoint WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    @property
    def is_outdated(self) -> bool:
        """Whether the records are of an earlier format: all of them have to be made again from the log."""
        return self._number(_FORMAT_NAME) != FORMAT

    def rewrite(self, decisions: Sequence[StateRow], numbers: Sequence[NumberRow]) -> None:
        """Put these records in the places of outdated ones; within a transaction."""
        self._connection.executemany("INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?)", decisions)
        self._connection.executemany("INSERT OR REPLACE INTO sequence VALUES (?, ?, ?)", numbers)

    def upgraded(self) -> None:
        """Every record is of this version's format; within a transaction."""
        self._connection.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", (_FORMAT_NAME, FORMAT))

    def write(
        self,
        decisions: Sequence[StateRow],
        rejected: Iterable[tuple[bytes, str]],
        compared: Sequence[ComparedRow],
        numbers: Sequence[NumberRow],
        checkpoint: int,
    ) -> None:
        """Add the state after a batch and advance the checkpoint, inside the transaction that appends the
        batch."""
        insert_rows(self._connection, "decision", decisions)
        insert_rows(self._connection, "compared", compared)
        insert_rows(self._connection, "sequence", numbers)
        self._connection.executemany("INSERT OR REPLACE INTO rejected VALUES (?, ?)", rejected)
        self._connection.execute("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", (STATE, checkpoint))

    def compared(self) -> list[ComparedRow]:
        """Every rejected count that importers compare with, in the order of the log."""
        rows = self._connection.execute("SELECT position, contest, unit FROM compared ORDER BY position")
        return [ComparedRow(*row) for row in rows]

    def _compared_before(self, contests: Mapping[str, int]) -> Iterator[ComparedRow]:
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
            if row is not None and row[0] in COMPARED and isinstance(decoded.event, CountEvent):
                yield ComparedRow(position, contests[decoded.event.contest], decoded.event.unit)

    def rejected_before(self, event_id: bytes, reason: Reason) -> bool:
        """Whether the message has been rejected for that reason already: it is in the log already."""
        row = self._connection.execute("SELECT reason FROM rejected WHERE id = ?", (event_id,)).fetchone()
        return row is not None and row[0] == reason

    def read(self, below: int) -> Iterator[list[UnitState]]:
        """The states of units after the events at positions below `below`, in order, some thousands at a
        time; the sequence numbers used there come last. Raises LogUnavailable."""
        try:
            rows = self._connection.execute(
                "SELECT kind, contest, unit, record FROM decision WHERE position < ? ORDER BY position",
                (below,),
            )
            while some := rows.fetchmany(READ_BATCH):
                yield [UnitState(*row) for row in some]
            rows = self._connection.execute(
                "SELECT ?, 0, signer, record FROM sequence WHERE position < ? ORDER BY position",
                (NUMBERS, below),
            )
            while some := rows.fetchmany(READ_BATCH):
                yield [UnitState(*row) for row in some]
        except sqlite3.Error as error:
            raise unavailable(self._path, error) from error
