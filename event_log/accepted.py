"""A cache file of the events that importers compare their records with, and the position read of each
partition.

It can be made from the log again at any time: it may be removed, and a caller that finds that it does not fit
the log clears it. One process uses it at a time; another one gets a temporary file of its own.

The caller decides what is accepted; here an event is bytes and an id.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import orjson

from event_log.errors import LogUnavailable
from schemas.language import Text
from schemas.private_files import use_private_umask
from schemas.text import quoted

FORMAT: Final = 4
"""PRAGMA user_version; a file of any other format is emptied."""

PAGE_CACHE_KIB: Final = 128 * 1024
"""SQLite's page cache: units are looked up all over the file."""

_SCHEMA: Final = (
    "CREATE TABLE read_position (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL, "
    "last INTEGER NOT NULL, leaf BLOB NOT NULL) STRICT",
    "CREATE TABLE accepted (contest TEXT NOT NULL, unit TEXT NOT NULL, number INTEGER NOT NULL, "
    "id BLOB NOT NULL, fate INTEGER NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE UNIQUE INDEX by_unit ON accepted (contest, unit, number, id, fate)",
)


class ReadPosition(NamedTuple):
    """The read position of one partition: where to resume, and the position and leaf hash of the last entry
    that was read, which identify the log."""

    next: int
    last: int
    leaf: bytes


class Effect(IntEnum):
    """What an event did to its unit; the column `fate` has the number."""

    COUNTS = 0
    ANNULS = 1
    REJECTED = 2


class AcceptedRow(NamedTuple):
    """An event: its unit, which of the unit's events it is (from 1), its id (32 bytes), an Effect, and its
    bytes."""

    contest: str
    unit: str
    number: int
    id: bytes
    effect: int
    body: bytes


class AcceptedEvents:
    """The file, open. Use `open`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Use `open`."""
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`, made if it is not there; one that is gone afterwards where another process has
        it, or nothing can be written there. Raises LogUnavailable."""
        use_private_umask()
        try:
            try:
                return cls._opened(path, str(path))
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # damaged
                path.unlink()
                return cls._opened(path, str(path))
        except (sqlite3.OperationalError, OSError):  # in use, or not ours to write
            temporary = Path(tempfile.gettempdir())
            try:
                return cls._opened(temporary, "")  # SQLite's word for a file without a name
            except sqlite3.Error as error:
                raise _unusable(temporary, error) from error

    @classmethod
    def _opened(cls, path: Path, name: str) -> Self:
        connection = sqlite3.connect(name, isolation_level=None, timeout=0)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
            connection.execute("BEGIN EXCLUSIVE")  # held by this mode until the file is closed
            if connection.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
                for (table,) in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                ).fetchall():
                    connection.execute(f'DROP TABLE "{table}"')
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return cls(connection, path)

    def read_positions(self) -> dict[int, ReadPosition]:
        """The read position by partition. Raises LogUnavailable."""
        rows = self._rows("SELECT partition, next, last, leaf FROM read_position")
        return {partition: ReadPosition(*rest) for partition, *rest in rows}

    def clear(self) -> None:
        """Remove everything. Raises LogUnavailable."""
        self._rows("DELETE FROM accepted")
        self._rows("DELETE FROM read_position")

    def effects(self, contest: str, units: Iterable[str]) -> dict[str, list[tuple[bytes, int]]]:
        """Of those units that have any: id and Effect of their events in order. Raises LogUnavailable."""
        found: dict[str, list[tuple[bytes, int]]] = {}
        for unit, event, effect in self._of(contest, units, "id, fate"):
            found.setdefault(unit, []).append((event, effect))
        return found

    def bodies(self, contest: str, units: Iterable[str]) -> dict[str, list[bytes]]:
        """Of those units that have any: the bytes of their events, oldest first. Raises LogUnavailable."""
        found: dict[str, list[bytes]] = {}
        for unit, body in self._of(contest, units, "body"):
            found.setdefault(unit, []).append(body)
        return found

    def add(self, rows: Sequence[AcceptedRow], read: Mapping[int, ReadPosition]) -> None:
        """Add accepted events and set read positions, in one transaction. Raises LogUnavailable."""
        try:
            self._connection.execute("BEGIN")
            try:
                self._connection.executemany("INSERT INTO accepted VALUES (?, ?, ?, ?, ?, ?)", rows)
                self._connection.executemany(
                    "INSERT OR REPLACE INTO read_position VALUES (?, ?, ?, ?)",
                    [(partition, *one) for partition, one in read.items()],
                )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _of(self, contest: str, units: Iterable[str], columns: str) -> list[Any]:
        return self._rows(
            f"SELECT unit, {columns} FROM accepted WHERE contest = ? "
            "AND unit IN (SELECT value FROM json_each(?)) ORDER BY unit, number",
            contest,
            orjson.dumps(list(units)).decode(),
        )

    def _rows(self, sql: str, *values: str) -> list[Any]:
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error


def _unusable(path: Path, error: sqlite3.Error) -> LogUnavailable:
    return LogUnavailable(
        Text(
            id=f"{path}: {quoted(error)}. Periksa apakah disknya penuh. Berkas itu boleh dihapus: isinya "
            "dibuat lagi dari log. Lalu ulangi perintah yang sama.",
            en=f"{path}: {quoted(error)}. Check whether its disk is full. The file may be removed: it is "
            "made again from the log. Then run the same command again.",
        )
    )
