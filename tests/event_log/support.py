"""What the log's tests share: appending, and looking at the file from outside."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from event_log.leaf import leaf_hash
from event_log.reading import LogEntry
from event_log.sqlite import SqliteLog


def append(log: SqliteLog, *bodies: bytes) -> int:
    """Append a batch as its owner does; the position of its first entry."""
    with log.transaction():
        return log.append(bodies, [leaf_hash(body) for body in bodies], log.now())


def bodies(log: SqliteLog) -> list[bytes]:
    """The bytes of all entries."""
    return [entry.raw for entry in log.read()]


def whole(entries: Sequence[LogEntry]) -> bool:
    """Whether positions have no gap, times never stand still before a later batch, and hashes fit."""
    times = [entry.recorded_at for entry in entries]
    return (
        [entry.position for entry in entries] == list(range(len(entries)))
        and times == sorted(times)
        and all(entry.leaf == leaf_hash(entry.raw) for entry in entries)
    )


def rows(path: Path) -> list[tuple[int, int, bytes, bytes]]:
    """All rows, read by another connection that knows nothing of this project."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT * FROM event ORDER BY position").fetchall()
    connection.close()
    return found


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process that runs `code`, with pipes to it."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
