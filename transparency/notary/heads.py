"""Which heads of which logs the notary has bound itself to sign: one file, only ever longer, durable at once.

A head is written here before it is signed. Ed25519 signs deterministically, so a head that was written and
not signed before a crash gets the same signature afterwards, and no other head can stand in its place.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from event_log.errors import LogUnavailable
from schemas.language import Text
from schemas.private_files import use_private_umask
from schemas.text import quoted
from transparency.notary.log_tree import Head
from transparency.notary.refusals import HeadMoved

FORMAT: Final = 1
"""PRAGMA user_version."""

BUSY_TIMEOUT_S: Final = 10
"""How long to wait for another process's transaction, which has one row."""

_SCHEMA: Final = (
    "CREATE TABLE head (origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL "
    "CHECK (length(root) = 32), PRIMARY KEY (origin, size)) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER head_is_never_updated BEFORE UPDATE ON head "
    "BEGIN SELECT RAISE(ABORT, 'a head that may be signed is never changed'); END",
    "CREATE TRIGGER head_is_never_deleted BEFORE DELETE ON head "
    "BEGIN SELECT RAISE(ABORT, 'a head that may be signed is never deleted'); END",
    "CREATE TABLE directory (id TEXT NOT NULL) STRICT",
)


class HeadStore:
    """The file, open. Use `open`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`, made if it is not there. Raises LogUnavailable."""
        use_private_umask()
        try:
            connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("BEGIN IMMEDIATE")
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version == 0:
                    for statement in _SCHEMA:
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {FORMAT}")
                connection.execute("COMMIT")
                if version > FORMAT:
                    raise sqlite3.DatabaseError(f"format {version} is of a newer version of rekap")
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        return cls(connection, path)

    def last(self, origin: str) -> Head | None:
        """The newest head of a log; None: there is none. Raises LogUnavailable."""
        try:
            row = self._connection.execute(
                "SELECT size, root FROM head WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
            ).fetchone()
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error
        return None if row is None else Head(*row)

    def any(self) -> bool:
        """Whether a head of any log was ever persisted. Raises LogUnavailable."""
        try:
            return self._connection.execute("SELECT 1 FROM head LIMIT 1").fetchone() is not None
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error

    def advance(self, origin: str, last: Head | None, new: Head) -> None:
        """Bind the notary to `new`, which goes on from `last`; on the disk when this returns.

        Raises HeadMoved where the newest head is another one than `last`, and LogUnavailable."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                if self.last(origin) != last or (last is not None and new.size <= last.size):
                    raise HeadMoved(origin)
                self._connection.execute("INSERT INTO head VALUES (?, ?, ?)", (origin, *new))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise _unusable(self._path, error) from error

    def directory(self) -> str | None:
        """The id of the data directory that the heads are of. Raises LogUnavailable."""
        try:
            row = self._connection.execute("SELECT id FROM directory").fetchone()
        except sqlite3.Error as error:
            raise _unusable(self._path, error) from error
        return None if row is None else str(row[0])

    def take_over(self, directory: str) -> None:
        """From here on the heads are of that data directory. Raises LogUnavailable."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM directory")
            self._connection.execute("INSERT INTO directory VALUES (?)", (directory,))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
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


def _unusable(path: Path, error: sqlite3.Error) -> LogUnavailable:
    return LogUnavailable(
        Text(
            id=f"{path}: {quoted(error)}. Tidak ada yang ditandatangani. Periksa disk dan hak berkas itu; "
            "jangan hapus: isinya kepala log yang sudah terikat untuk ditandatangani.",
            en=f"{path}: {quoted(error)}. Nothing is signed. Check its disk and its rights; do not remove "
            "it: it holds the heads that the notary has bound itself to sign.",
        )
    )
