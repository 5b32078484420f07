"""The log: what it takes in it gives back, in order, and nothing else ever changes it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_log import sqlite
from event_log.leaf import leaf_hash
from event_log.sqlite import LogUnavailable, SqliteLog
from tests.event_log.support import append, bodies, rows, whole
from tests.logs import UNHURRIED


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> SqliteLog:
    return SqliteLog.open(path)


# Appending and reading


def test_an_empty_log_ends_at_zero(log: SqliteLog) -> None:
    assert log.end == 0
    assert list(log.read()) == []


def test_entries_come_back_in_order_with_position_time_bytes_and_hash(log: SqliteLog) -> None:
    before = datetime.now(UTC)
    assert append(log, b"one", b"") == 0
    assert append(log, b"\xff\x00 no text") == 2
    entries = list(log.read())
    assert [(entry.position, entry.raw) for entry in entries] == [
        (0, b"one"),
        (1, b""),
        (2, b"\xff\x00 no text"),
    ]
    assert whole(entries)
    assert entries[0].recorded_at == entries[1].recorded_at < entries[2].recorded_at
    assert before <= entries[0].recorded <= datetime.now(UTC)
    assert log.end == 3


def test_an_empty_batch_appends_nothing(log: SqliteLog) -> None:
    assert append(log) == 0
    assert append(log, b"one") == 0
    assert log.end == 1


@pytest.mark.parametrize("more", [-1, 0, 1, sqlite.ROWS_AT_ONCE])
def test_a_batch_of_any_size_is_appended_whole(log: SqliteLog, more: int) -> None:
    some = [b"%d" % number for number in range(sqlite.ROWS_AT_ONCE + more)]
    assert append(log, *some) == 0
    assert append(log, *some) == len(some)
    assert bodies(log) == some * 2
    assert whole(list(log.read()))


def test_what_was_appended_is_there_after_closing_and_opening_again(path: Path, log: SqliteLog) -> None:
    append(log, b"one")
    log.close()
    again = SqliteLog.open(path)
    assert append(again, b"two") == 1
    again.close()
    reader = SqliteLog.open(path, readonly=True)
    assert bodies(reader) == [b"one", b"two"]
    assert whole(list(reader.read()))


@settings(UNHURRIED, max_examples=25)
@given(st.lists(st.lists(st.binary(max_size=20), max_size=5), max_size=6), st.integers(1, 4), st.data())
def test_reading_from_anywhere_gives_what_was_appended_from_there_on(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[bytes]], at_once: int, data: st.DataObject
) -> None:
    log = SqliteLog.open(tmp_path_factory.mktemp("log") / "log.sqlite")
    everything: list[bytes] = []
    for batch in batches:
        assert append(log, *batch) == len(everything)
        everything += batch
    start = data.draw(st.integers(0, len(everything) + 2))
    limit = data.draw(st.none() | st.integers(0, len(everything) + 2))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sqlite, "READ_BATCH", at_once)
        found = list(log.read(start, limit))
    assert [entry.raw for entry in found] == everything[start : None if limit is None else start + limit]
    assert [entry.position for entry in found] == list(range(start, start + len(found)))
    log.close()


def test_positions_are_looked_up_in_the_order_that_is_asked(log: SqliteLog) -> None:
    append(log, b"a", b"b", b"c")
    assert log.at([2, 0, 2]) == [b"c", b"a", b"c"]
    assert log.at([]) == []


@pytest.mark.parametrize("position", [3, -1])
def test_a_position_without_an_entry_is_named(log: SqliteLog, position: int) -> None:
    append(log, b"a", b"b", b"c")
    with pytest.raises(IndexError, match=f"no entry at position {position}: it has 3"):
        log.at([0, position])


def test_a_tail_goes_on_with_what_is_appended_later(path: Path, log: SqliteLog) -> None:
    append(log, b"a", b"b")
    tail = SqliteLog.open(path, readonly=True).tail(1, poll_s=0.001)
    assert next(tail).raw == b"b"
    append(log, b"c", b"d")
    assert [next(tail).raw for _ in range(2)] == [b"c", b"d"]
    append(log, b"e")
    assert next(tail).position == 4


def test_a_read_under_way_ends_where_the_log_ended_when_it_began(
    log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "READ_BATCH", 1)
    append(log, b"a", b"b")
    reading = log.read()
    assert next(reading).raw == b"a"
    append(log, b"c")
    assert [entry.raw for entry in reading] == [b"b"]


# Times


def test_times_grow_strictly_when_the_clock_goes_backwards(
    path: Path, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([9_000_000, 4_000_000, 4_000_000, 9_900_000, 1_000, 2_000, 8_000_000, 9_500_000, 1, 2])
    monkeypatch.setattr("event_log.clock.time.time_ns", lambda: next(clock) * 1_000)
    for number in range(5):
        append(log, b"%d" % number)
    log.close()
    again = SqliteLog.open(path)  # a new process: it must not start over either
    for number in range(3):
        append(again, b"again %d" % number)
    times = [entry.recorded_at for entry in again.read()]
    assert all(earlier < later for earlier, later in pairwise(times))


def test_a_time_given_out_is_never_given_out_again_even_if_nothing_was_appended(log: SqliteLog) -> None:
    assert log.now() < log.now() < log.now()


# Transactions


def test_nothing_of_a_transaction_that_fails_is_kept(path: Path, log: SqliteLog) -> None:
    append(log, b"kept")
    with pytest.raises(KeyError), log.transaction():  # noqa: PT012
        log.append([b"lost"], [leaf_hash(b"lost")], log.now())
        log.connection.execute("CREATE TABLE beside (n INTEGER)")
        raise KeyError("the owner's own mistake")
    assert bodies(log) == [b"kept"]
    assert append(log, b"next") == 1
    assert [row[3] for row in rows(path)] == [b"kept", b"next"]
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        log.connection.execute("SELECT * FROM beside")


def test_a_commit_that_failed_kept_nothing_and_can_be_tried_again(path: Path, log: SqliteLog) -> None:
    """Failed, and not persisted."""
    append(log, b"kept")
    log.connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(LogUnavailable, match="disk is full"):
        append(log, b"x" * 100_000)
    log.connection.execute("PRAGMA max_page_count = 100000")
    assert [row[3] for row in rows(path)] == [b"kept"]
    assert append(log, b"x" * 100_000) == 1


def test_a_commit_that_failed_after_it_was_on_the_disk_shows_in_the_end_of_the_log(
    path: Path, log: SqliteLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failed, but persisted: whoever looks at the log again finds the entry, and appends after it."""

    class Interrupted:
        """A connection whose COMMIT is done and then raises, as Ctrl-C may."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> object:
            return getattr(self._connection, name)

        def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
            cursor = self._connection.execute(sql, *values)  # type: ignore[arg-type]
            if sql == "COMMIT":
                raise KeyboardInterrupt
            return cursor

    with monkeypatch.context() as patched:
        patched.setattr(log, "connection", Interrupted(log.connection))
        with pytest.raises(KeyboardInterrupt):
            append(log, b"there")
    assert [row[3] for row in rows(path)] == [b"there"]
    assert log.end == 1
    assert append(log, b"next") == 1


def test_a_batch_with_one_impossible_entry_is_refused_as_a_whole(path: Path, log: SqliteLog) -> None:
    with pytest.raises(LogUnavailable), log.transaction():
        log.append([b"a", b"b"], [leaf_hash(b"a"), b"too short"], log.now())
    assert rows(path) == []


def test_as_many_hashes_as_bodies_are_needed(path: Path, log: SqliteLog) -> None:
    with pytest.raises(ValueError, match="zip"), log.transaction():
        log.append([b"a", b"b"], [leaf_hash(b"a")], log.now())
    assert rows(path) == []


# Guards

HASH = "zeroblob(32)"


@pytest.mark.parametrize("recursive", ["ON", "OFF"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = x'00' WHERE position = 1",
        "UPDATE OR REPLACE event SET body = x'00' WHERE position = 1",
        "UPDATE OR IGNORE event SET body = x'00' WHERE position = 1",
        "UPDATE event SET recorded_at = 0",
        "UPDATE event SET position = 9 WHERE position = 1",
        "UPDATE event SET rowid = 9 WHERE position = 1",
        "DELETE FROM event WHERE position = 1",
        "DELETE FROM event",
        f"INSERT INTO event VALUES (1, 1, {HASH}, x'00')",
        f"INSERT OR REPLACE INTO event VALUES (1, 1, {HASH}, x'00')",
        f"REPLACE INTO event VALUES (1, 1, {HASH}, x'00')",
        f"INSERT OR IGNORE INTO event VALUES (1, 1, {HASH}, x'00')",
        f"INSERT OR FAIL INTO event VALUES (1, 1, {HASH}, x'00')",
        f"INSERT OR ROLLBACK INTO event VALUES (1, 1, {HASH}, x'00')",
        f"INSERT INTO event VALUES (1, 1, {HASH}, x'00') ON CONFLICT (position) DO UPDATE SET body = x'00'",
        f"INSERT INTO event VALUES (1, 1, {HASH}, x'00') ON CONFLICT DO NOTHING",
        f"INSERT INTO event (rowid, recorded_at, leaf, body) VALUES (1, 1, {HASH}, x'00')",
        f"INSERT INTO event VALUES (4, 1, {HASH}, x'00')",
        f"INSERT OR IGNORE INTO event VALUES (4, 1, {HASH}, x'00')",
        f"INSERT INTO event VALUES (-1, 1, {HASH}, x'00')",
        f"INSERT INTO event VALUES (NULL, 1, {HASH}, x'00')",
        f"INSERT INTO event (recorded_at, leaf, body) VALUES (1, {HASH}, x'00')",
        "INSERT INTO event SELECT position + 1, recorded_at, leaf, body FROM event",
    ],
)
def test_another_connection_can_change_nothing_that_is_there_and_leave_no_gap(
    path: Path, log: SqliteLog, statement: str, recursive: str
) -> None:
    append(log, b"a", b"b", b"c")
    before = rows(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(sqlite3.IntegrityError, match="the log is append-only"):
        other.execute(statement)
    other.close()
    assert rows(path) == before
    assert append(log, b"d") == 3


@pytest.mark.parametrize(
    "values",
    [
        "3, 1, zeroblob(31), x'00'",
        "3, 1, zeroblob(32), 'text'",
        "3, 'now', zeroblob(32), x'00'",
        "3, 1, NULL, x'00'",
    ],
)
def test_only_a_whole_entry_can_stand_at_the_end(path: Path, log: SqliteLog, values: str) -> None:
    append(log, b"a", b"b", b"c")
    other = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError):
        other.execute(f"INSERT INTO event VALUES ({values})")
    other.close()
    assert len(rows(path)) == 3


def test_the_file_is_durable_when_an_append_returns(log: SqliteLog) -> None:
    """FULL: without it a commit in WAL mode may be lost with the power."""
    assert log.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert log.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_reader_can_not_write(path: Path, log: SqliteLog) -> None:
    append(log, b"a")
    reader = SqliteLog.open(path, readonly=True)
    with pytest.raises(LogUnavailable, match="readonly"):
        append(reader, b"b")
    assert bodies(reader) == [b"a"]


@pytest.mark.parametrize("folder", ["a b", "100%", "what?", "#1", "pemilu-ü"])
def test_any_name_of_a_directory_will_do(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "log.sqlite"
    path.parent.mkdir()
    append(SqliteLog.open(path), b"a")
    assert path.is_file()
    assert bodies(SqliteLog.open(path, readonly=True)) == [b"a"]
    assert sorted(tmp_path.iterdir()) == [path.parent]
