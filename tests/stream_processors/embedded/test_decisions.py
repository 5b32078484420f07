"""State and rejected messages beside the log, also in files of an earlier version."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_log.sqlite import SqliteLog
from schemas.rejections import Reason
from stream_processors.embedded.decisions import Decisions
from stream_processors.partition.message_rows import COUNT, RECAP
from stream_processors.partition.state import UnitState

MESSAGE = bytes(range(32))


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A log with the earlier names: of the table of rejected messages, and of the column `kind`."""
    path = tmp_path / "log.sqlite"
    log = SqliteLog.open(path)
    with log.transaction():
        log.connection.execute(
            "CREATE TABLE parked (id BLOB PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID"
        )
        log.connection.execute("INSERT INTO parked VALUES (?, ?)", (MESSAGE, Reason.WRONG_KEY.value))
        log.connection.execute(
            "CREATE TABLE decision (position INTEGER PRIMARY KEY, is_recap INTEGER NOT NULL, "
            "contest INTEGER NOT NULL, unit TEXT NOT NULL, record BLOB NOT NULL) STRICT"
        )
        log.connection.executemany(
            "INSERT INTO decision VALUES (?, ?, 0, ?, x'00')",
            [(0, COUNT, "a station"), (1, RECAP, "a region")],
        )
    log.close()
    return path


def test_a_table_of_the_earlier_name_is_renamed_and_keeps_its_rows(earlier: Path) -> None:
    for _ in range(2):
        log = SqliteLog.open(earlier)
        decisions = Decisions(log, {})
        assert decisions.rejected_before(MESSAGE, Reason.WRONG_KEY)
        assert not decisions.rejected_before(MESSAGE, Reason.ALREADY_COUNTED)
        tables = {name for (name,) in log.connection.execute("SELECT name FROM sqlite_master")}
        assert "rejected" in tables
        assert "parked" not in tables
        log.close()


def test_a_column_of_the_earlier_name_is_renamed_and_keeps_its_rows(earlier: Path) -> None:
    for _ in range(2):
        log = SqliteLog.open(earlier)
        (rows,) = Decisions(log, {}).read(10)
        assert rows == [UnitState(COUNT, 0, "a station", b"\0"), UnitState(RECAP, 0, "a region", b"\0")]
        log.close()
