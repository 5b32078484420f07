"""Disks, files and processes that fail: a clear error each, and nothing lost."""

from __future__ import annotations

import resource
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from event_log.errors import unavailable
from event_log.leaf import leaf_hash
from event_log.sqlite import FORMAT, LogUnavailable, SqliteLog
from tests.event_log.support import append, bodies, python, rows, whole
from tests.privileges import without_privileges

KILLS = 8
"""Processes killed in the middle of appending: about a quarter of a second each."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


@pytest.fixture
def locked() -> Iterator[Path]:
    """A log in a directory that can be read and not written."""
    directory = Path(tempfile.mkdtemp())
    log = SqliteLog.open(directory / "log.sqlite")
    append(log, b"a")
    log.close()
    (directory / "log.sqlite").chmod(0o444)
    directory.chmod(0o555)
    yield directory
    directory.chmod(0o755)
    shutil.rmtree(directory)


# Files that are no log, or not one that can be used


def test_a_log_of_a_newer_format_is_refused_and_not_touched(path: Path) -> None:
    log = SqliteLog.open(path)
    append(log, b"a")
    log.connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    log.close()
    before = path.read_bytes()
    for readonly in (False, True):
        with pytest.raises(LogUnavailable, match=f"format {FORMAT + 1}.*Upgrade rekap"):
            SqliteLog.open(path, readonly=readonly)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"position,body\n0,a\n" * 500, "not a database.*damaged.*last copy"),
        (b"SQLite format 3\x00" + b"\xff" * 5_000, "not a database|malformed"),
        (b"short", "not a database.*damaged"),
    ],
)
@pytest.mark.parametrize("readonly", [False, True])
def test_a_file_that_is_no_database_is_refused_and_not_touched(
    path: Path, content: bytes, said: str, readonly: bool
) -> None:
    path.write_bytes(content)
    with pytest.raises(LogUnavailable, match=said):
        SqliteLog.open(path, readonly=readonly)
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_refused_and_not_touched(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE event (name TEXT)")
    other.close()
    before = path.read_bytes()
    for readonly in (False, True):
        with pytest.raises(LogUnavailable, match=r"something else.*another directory"):
            SqliteLog.open(path, readonly=readonly)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.01])
@pytest.mark.parametrize("readonly", [False, True])
def test_a_truncated_file_is_refused_and_not_touched(path: Path, kept: float, readonly: bool) -> None:
    log = SqliteLog.open(path)
    for _ in range(5):
        append(log, *[b"x" * 1_000] * 200)
    log.close()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(LogUnavailable, match=r"damaged.*last copy"):
        SqliteLog.open(path, readonly=readonly)
    assert path.read_bytes() == content[: int(len(content) * kept)]


def test_a_page_that_was_overwritten_stops_the_reader_with_advice(path: Path) -> None:
    log = SqliteLog.open(path)
    append(log, *[b"%06d" % number * 100 for number in range(3_000)])
    log.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4_096 * 4_096
    content[middle : middle + 4_096] = b"\xff" * 4_096
    path.write_bytes(content)
    again = SqliteLog.open(path)
    with pytest.raises(LogUnavailable, match="damaged"):
        list(again.read())
    with pytest.raises(LogUnavailable, match="damaged"):
        again.at(range(3_000))


def test_a_changed_byte_no_longer_fits_its_hash(path: Path) -> None:
    log = SqliteLog.open(path)
    append(log, b"votes: 117")
    log.close()
    path.write_bytes(path.read_bytes().replace(b"votes: 117", b"votes: 617"))
    (entry,) = SqliteLog.open(path).read()
    assert entry.leaf == leaf_hash(b"votes: 117") != leaf_hash(entry.raw)


def test_a_log_that_is_not_there_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(LogUnavailable, match=r"There is no log.*Nothing has been imported"):
        SqliteLog.open(path, readonly=True)
    assert not path.exists()


def test_a_log_that_was_never_written_reads_as_empty_and_can_be_written(path: Path) -> None:
    """What a crash leaves between making the file and its tables."""
    path.touch()
    with pytest.raises(LogUnavailable, match=r"is empty. Nothing has been imported"):
        SqliteLog.open(path, readonly=True)
    assert append(SqliteLog.open(path), b"a") == 0


# Directories


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        LogUnavailable, match=r"gone/log.sqlite: unable to open.*exists and is yours to write"
    ):
        SqliteLog.open(tmp_path / "gone" / "log.sqlite")


def test_a_directory_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="unable to open"):
        SqliteLog.open(tmp_path)


def test_a_directory_that_can_not_be_written_is_refused_and_its_log_stays_whole(locked: Path) -> None:
    with without_privileges():
        for name in ("log.sqlite", "new.sqlite"):
            with pytest.raises(LogUnavailable, match="is yours to write"):
                append(SqliteLog.open(locked / name), b"b")
    assert sorted(file.name for file in locked.iterdir()) == ["log.sqlite"]
    locked.chmod(0o755)
    (locked / "log.sqlite").chmod(0o644)
    assert bodies(SqliteLog.open(locked / "log.sqlite")) == [b"a"]


# Disks


def test_a_full_disk_loses_nothing_that_was_appended_and_appending_goes_on_afterwards(path: Path) -> None:
    log = SqliteLog.open(path)
    append(log, b"a")
    log.connection.execute("PRAGMA max_page_count = 12")
    appended = [b"a"]
    with pytest.raises(LogUnavailable, match=r"disk is full. Free some space.*nothing was lost"):  # noqa: PT012
        for number in range(100):
            body = b"%d" % number * 2_000
            append(log, body)
            appended.append(body)
    assert len(appended) > 1
    assert bodies(log) == appended
    log.connection.execute("PRAGMA max_page_count = 10000")
    assert append(log, b"z") == len(appended)
    log.close()
    assert bodies(SqliteLog.open(path)) == [*appended, b"z"]


_FILL = """
import resource, sys
from pathlib import Path
from event_log.leaf import leaf_hash
from event_log.sqlite import LogUnavailable, SqliteLog
log = SqliteLog.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    while True:
        body = b"x" * 5_000
        with log.transaction():
            position = log.append([body], [leaf_hash(body)], log.now())
        print(position, flush=True)
except LogUnavailable as error:
    print(error, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with log.transaction():
    position = log.append([b"after"], [leaf_hash(b"after")], log.now())
print(position, flush=True)
"""


def test_a_disk_that_takes_no_more_bytes_loses_nothing_that_was_appended(path: Path) -> None:
    """The operating system itself refuses to let the file grow, in the middle of a write."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    process = python(_FILL, str(path))
    said, trouble = process.communicate(timeout=60)
    assert trouble == ""
    *positions, error, last = said.splitlines()
    assert positions == [str(number) for number in range(len(positions))]
    assert "run the same command again" in error
    assert int(last) == len(positions) > 5
    log = SqliteLog.open(path)
    assert bodies(log) == [b"x" * 5_000] * len(positions) + [b"after"]


# Processes

_APPEND = """
import random, sys
from pathlib import Path
from event_log.leaf import leaf_hash
from event_log.sqlite import SqliteLog
chance = random.Random(int(sys.argv[2]))
log = SqliteLog.open(Path(sys.argv[1]))
position = log.end
while True:
    bodies = [b"%d;" % (position + n) * chance.randint(1, 400) for n in range(chance.randint(1, 60))]
    with log.transaction():
        assert log.append(bodies, [leaf_hash(body) for body in bodies], log.now()) == position
        log.connection.execute("INSERT OR REPLACE INTO beside VALUES (1, ?)", (position + len(bodies),))
    position += len(bodies)
    print(position, flush=True)
"""


def test_a_process_killed_in_the_middle_leaves_a_prefix_with_everything_that_it_had_reported(
    path: Path,
) -> None:
    """And what it wrote beside the entries, in the same transaction, stands where they stand."""
    log = SqliteLog.open(path)
    log.connection.execute("CREATE TABLE beside (only INTEGER PRIMARY KEY, end INTEGER) STRICT")
    log.close()
    chance = Random(6)
    ends = [0]
    for attempt in range(KILLS):
        process = python(_APPEND, str(path), str(attempt))
        assert process.stdout is not None
        assert process.stderr is not None
        reported = int(process.stdout.readline())  # it appends from now on
        time.sleep(chance.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        reported = max([reported, *(int(line) for line in process.stdout if line.endswith("\n"))])
        assert process.wait() == -signal.SIGKILL
        assert process.stderr.read() == ""
        log = SqliteLog.open(path)
        entries = list(log.read())
        assert whole(entries)
        assert all(set(entry.raw.split(b";")) == {b"%d" % entry.position, b""} for entry in entries)
        assert len(entries) >= reported > ends[-1]
        assert log.connection.execute("SELECT end FROM beside").fetchone() == (len(entries),)
        ends.append(len(entries))
        log.close()
    assert ends == sorted(set(ends))


_READ = """
import sys
from pathlib import Path
from event_log.sqlite import SqliteLog
log = SqliteLog.open(Path(sys.argv[1]), readonly=True)
for line in sys.stdin:
    print(log.end, len(list(log.read())), flush=True)
"""


def test_a_reader_in_another_process_sees_committed_entries_only(path: Path) -> None:
    log = SqliteLog.open(path)
    append(log, b"a")
    process = python(_READ, str(path))
    assert process.stdin is not None
    assert process.stdout is not None

    def seen() -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    assert seen() == "1 1"
    with log.transaction():
        log.append([b"b"] * 5_000, [leaf_hash(b"b")] * 5_000, log.now())
        assert seen() == "1 1"
    assert seen() == "5001 5001"
    with pytest.raises(KeyError), log.transaction():  # noqa: PT012
        log.append([b"c"], [leaf_hash(b"c")], log.now())
        raise KeyError
    assert seen() == "5001 5001"
    process.stdin.close()
    assert process.wait(timeout=10) == 0


def test_a_second_writer_is_told_that_another_process_writes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("event_log.sqlite.BUSY_TIMEOUT_S", 0.05)
    log, other = SqliteLog.open(path), SqliteLog.open(path)
    with log.transaction():
        log.append([b"a"], [leaf_hash(b"a")], log.now())
        with pytest.raises(LogUnavailable, match="Another process is writing it"):
            append(other, b"b")
    assert append(other, b"b") == 1
    assert [row[3] for row in rows(path)] == [b"a", b"b"]


def test_two_processes_that_make_the_log_at_once_make_one(path: Path) -> None:
    made = [python(_READ.replace(", readonly=True", ""), str(path)) for _ in range(4)]
    for process in made:
        said, trouble = process.communicate("\n", timeout=30)
        assert (said, trouble) == ("0 0\n", "")


# Advice


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("SQLITE_FULL", "Free some space"),
        ("SQLITE_READONLY_DIRECTORY", "yours to write"),
        ("SQLITE_CANTOPEN", "yours to write"),
        ("SQLITE_BUSY_SNAPSHOT", "Another process"),
        ("SQLITE_CORRUPT_INDEX", "last copy"),
        ("SQLITE_NOTADB", "last copy"),
        ("SQLITE_IOERR_FSYNC", "Check it"),
        ("SQLITE_CONSTRAINT_TRIGGER", "report this sentence"),
        ("", "report this sentence"),
    ],
)
def test_every_trouble_says_which_log_what_and_what_to_do(path: Path, code: str, advice: str) -> None:
    error = sqlite3.OperationalError("it went wrong")
    error.sqlite_errorname = code
    said = str(unavailable(path, error))
    assert str(path) in said
    assert "it went wrong" in said
    assert advice in said
