"""Ownership: one at a time, told to others, gone with its process."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from clickhouse import ownership
from clickhouse.ownership import (
    LOCK_FILE,
    OWNER_FILE,
    AlreadyOwned,
    DirectoryUnusable,
    find_owner,
    own,
)
from schemas.private_files import NotOurs
from tests.privileges import NOBODY, without_privileges

OWN_AND_WAIT = """
import sys
from pathlib import Path
from clickhouse.ownership import own
with own(Path(sys.argv[1]), "rekap import tps.parquet") as owner:
    owner.announce("http://127.0.0.1:4321")
    print("owned", flush=True)
    input()
"""


class Elsewhere:
    """Another process that owns the directory until it is let go or killed."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_AND_WAIT, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "owned\n"

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Elsewhere:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def test_a_free_directory_has_no_owner(tmp_path: Path) -> None:
    assert find_owner(tmp_path) is None
    assert find_owner(tmp_path / "missing") is None


def test_the_owner_says_who_it_is_since_when_and_where_it_serves(tmp_path: Path) -> None:
    with own(tmp_path, "rekap import a.csv") as owner:
        assert find_owner(tmp_path) == owner.info
        owner.announce("http://127.0.0.1:8123")
        written = json.loads((tmp_path / OWNER_FILE).read_text())
        assert set(written) == {"pid", "command", "since", "url", "began"}
        assert written["url"] == "http://127.0.0.1:8123"
        assert datetime.fromisoformat(written["since"]).tzinfo is not None
        assert find_owner(tmp_path) == owner.info
    assert find_owner(tmp_path) is None
    assert not (tmp_path / OWNER_FILE).exists()


def test_a_second_taker_is_told_who_the_first_is_and_what_to_do(tmp_path: Path) -> None:
    with Elsewhere(tmp_path) as first:
        owner = find_owner(tmp_path)
        assert owner is not None
        with pytest.raises(AlreadyOwned) as refused, own(tmp_path, "second"):
            pass
    assert refused.value.owner == owner
    text = str(refused.value)
    for part in (
        str(first.process.pid),
        "rekap import tps.parquet",
        owner.since,
        "http://127.0.0.1:4321",
        "stop it",
    ):
        assert part in text


def test_one_process_cannot_own_twice(tmp_path: Path) -> None:
    with own(tmp_path, "first"), pytest.raises(AlreadyOwned, match=r"\(first\)"), own(tmp_path, "second"):
        pass
    with own(tmp_path, "third") as owner:
        assert owner.info.command == "third"


def test_a_failure_inside_gives_the_directory_up(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), own(tmp_path, "fails"):
        raise RuntimeError
    assert find_owner(tmp_path) is None


def test_a_killed_owner_owns_nothing_and_its_file_is_not_believed(tmp_path: Path) -> None:
    Elsewhere(tmp_path).kill()
    assert json.loads((tmp_path / OWNER_FILE).read_text())["command"] == "rekap import tps.parquet"
    assert find_owner(tmp_path) is None
    with own(tmp_path, "next") as owner:
        assert find_owner(tmp_path) == owner.info


def test_a_file_that_names_a_living_process_is_not_believed_without_its_lock(tmp_path: Path) -> None:
    claim = {"pid": os.getpid(), "command": "x", "since": "2024-02-14T00:00:00+00:00", "url": None}
    (tmp_path / OWNER_FILE).write_text(json.dumps(claim))
    assert find_owner(tmp_path) is None
    (tmp_path / LOCK_FILE).write_text("")
    assert find_owner(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', None])
def test_a_held_lock_without_a_readable_file_is_still_an_owner(
    tmp_path: Path, content: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "WRITE_S", 0.05)
    with own(tmp_path, "first"):
        if content is None:
            (tmp_path / OWNER_FILE).unlink()
        else:
            (tmp_path / OWNER_FILE).write_text(content)
        owner = find_owner(tmp_path)
        assert owner is not None
        assert owner.command == "a process that has not said who it is"
        with pytest.raises(AlreadyOwned, match="has not said who it is"), own(tmp_path, "second"):
            pass


def test_a_child_that_outlives_its_owner_does_not_keep_the_lock(tmp_path: Path) -> None:
    with own(tmp_path, "parent"):
        child = os.fork()
        if child == 0:
            signal.pause()
    try:
        assert find_owner(tmp_path) is None
        with own(tmp_path, "next"):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_waiting_takes_over_when_the_first_lets_go(tmp_path: Path) -> None:
    with Elsewhere(tmp_path) as first:
        threading.Timer(0.3, first.let_go).start()
        with own(tmp_path, "second", wait=20) as owner:
            assert find_owner(tmp_path) == owner.info


def test_waiting_ends_with_the_refusal_when_the_first_stays(tmp_path: Path) -> None:
    with Elsewhere(tmp_path):
        began = time.monotonic()
        with pytest.raises(AlreadyOwned), own(tmp_path, "second", wait=0.5):
            pass
        assert 0.5 <= time.monotonic() - began < 10


def test_short_owners_that_race_with_a_wait_all_get_their_turn_one_at_a_time(tmp_path: Path) -> None:
    inside, most, turns = 0, 0, 0
    failures: list[Exception] = []

    def take(name: str) -> None:
        nonlocal inside, most, turns
        for _ in range(10):
            try:
                with own(tmp_path, name, wait=20):
                    inside += 1
                    most = max(most, inside)
                    time.sleep(0.002)
                    inside -= 1
                    turns += 1
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=take, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, most, turns) == ([], 1, 20)


def test_looking_does_not_get_in_the_way_of_taking(tmp_path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            find_owner(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for turn in range(50):
            with own(tmp_path, f"turn {turn}"):
                pass
    finally:
        stop.set()
        for looker in lookers:
            looker.join()


def test_an_address_that_cannot_be_written_is_not_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with own(tmp_path, "x") as owner:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "write_text", full)
            with pytest.raises(DirectoryUnusable, match="make room"):
                owner.announce("http://127.0.0.1:1")
        assert find_owner(tmp_path) == owner.info
        assert owner.info.url is None
        owner.announce("http://127.0.0.1:1")
        assert find_owner(tmp_path) == owner.info


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(DirectoryUnusable, match=r"no directory .*rekap init"), own(tmp_path / "missing", "x"):
        pass


def test_a_directory_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)  # a real one cannot be made as root
    with (
        pytest.raises(DirectoryUnusable, match="cannot be written: Read-only file system"),
        own(tmp_path, "x"),
    ):
        pass


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


@needs_root
def test_a_directory_of_another_account_is_refused_and_the_account_named() -> None:
    directory = Path(tempfile.mkdtemp())  # not tmp_path: nobody may look into the folders of root above it
    directory.chmod(0o777)
    try:
        with (
            without_privileges(),
            pytest.raises(NotOurs, match="belongs to the account root"),
            own(directory, "x"),
        ):
            pass
        assert list(directory.iterdir()) == []
        os.chown(directory, NOBODY, -1)
        with pytest.raises(NotOurs, match=r"runs as root.*sudo -u nobody"), own(directory, "x"):
            pass
        assert list(directory.iterdir()) == []
    finally:
        directory.rmdir()


def test_a_full_disk_at_the_owner_s_file_gives_the_lock_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(DirectoryUnusable, match="make room"), own(tmp_path, "x"):
            pass
    with own(tmp_path, "again"):
        assert find_owner(tmp_path) is not None


LOCK_AS_NOBODY = f"""
import fcntl, os, sys
os.setuid({NOBODY})
lock = open(sys.argv[1], "r")
fcntl.flock(lock, fcntl.LOCK_EX)
print("locked", flush=True)
input()
"""


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A directory that another account can reach: not in one of root's."""
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


@needs_root
def test_a_lock_that_another_account_holds_stops_nobody(reachable: Path) -> None:
    reachable.chmod(0o755)
    (reachable / LOCK_FILE).touch()
    (reachable / LOCK_FILE).chmod(0o644)  # as an older version made it
    stranger = subprocess.Popen(
        [sys.executable, "-c", LOCK_AS_NOBODY, str(reachable / LOCK_FILE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "locked\n"
        assert find_owner(reachable) is None
        with own(reachable, "count") as owner:
            assert find_owner(reachable) == owner.info
            with pytest.raises(AlreadyOwned, match=r"\(count\)"), own(reachable, "second"):
                pass
        assert stat.S_IMODE((reachable / LOCK_FILE).stat().st_mode) == 0o600
        assert stranger.poll() is None  # it still holds what is no longer the lock
    finally:
        stranger.kill()
        stranger.wait()


@needs_root
def test_another_account_cannot_take_the_lock(reachable: Path) -> None:
    with own(reachable, "count"):
        pass
    taken = subprocess.run(
        [sys.executable, "-c", LOCK_AS_NOBODY, str(reachable / LOCK_FILE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "PermissionError" in taken.stderr


@needs_root
def test_a_claim_that_another_account_wrote_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "WRITE_S", 0.05)
    claim = {"pid": os.getpid(), "command": "me", "since": "today", "url": "http://127.0.0.1:1"}
    with own(tmp_path, "real") as owner:
        (tmp_path / OWNER_FILE).unlink()
        (tmp_path / OWNER_FILE).write_text(json.dumps(claim))
        os.chown(tmp_path / OWNER_FILE, NOBODY, -1)
        found = find_owner(tmp_path)
        assert found is not None
        assert (found.pid, found.url) == (0, None)
        (tmp_path / OWNER_FILE).unlink()
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_text(json.dumps(claim))
        (tmp_path / OWNER_FILE).symlink_to(elsewhere)
        found = find_owner(tmp_path)
        assert found is not None
        assert (found.pid, found.url) == (0, None)
        owner.announce("http://127.0.0.1:2")
        assert find_owner(tmp_path) == owner.info
        assert json.loads(elsewhere.read_text()) == claim


@pytest.mark.parametrize("kind", ["link", "fifo", "foreign", "wide"])
def test_what_stands_in_the_lock_s_place_is_replaced_and_not_followed(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "WRITE_S", 0.05)
    directory, outside = tmp_path / "data", tmp_path / "outside"
    directory.mkdir()
    outside.write_text("kept")
    lock = directory / LOCK_FILE
    match kind:
        case "link":
            lock.symlink_to(outside)
        case "fifo":
            os.mkfifo(lock, 0o600)
        case "foreign":
            lock.touch(0o600)
            if os.geteuid() == 0:
                os.chown(lock, NOBODY, -1)
        case "wide":
            lock.touch()
            lock.chmod(0o666)
    with own(directory, "count") as owner:
        assert find_owner(directory) == owner.info
        assert stat.S_IMODE(lock.lstat().st_mode) == 0o600
        assert stat.S_ISREG(lock.lstat().st_mode)
        assert lock.lstat().st_uid == os.geteuid()
    assert outside.read_text() == "kept"


def test_an_owner_of_an_older_version_keeps_its_directory(tmp_path: Path) -> None:
    lock = tmp_path / LOCK_FILE
    lock.touch()
    lock.chmod(0o644)
    claim = {"pid": os.getpid(), "command": "older", "since": "today", "url": None}
    (tmp_path / OWNER_FILE).write_text(json.dumps(claim))
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(AlreadyOwned, match=r"\(older\)"), own(tmp_path, "second"):
            pass


def test_many_processes_that_meet_a_lock_of_an_older_version_own_one_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / LOCK_FILE
    lock.touch()
    lock.chmod(0o644)
    takers = [
        subprocess.Popen([sys.executable, "-c", TAKE_ALONE, str(tmp_path)], stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert [(taker.communicate(timeout=120)[1], taker.returncode) for taker in takers] == [("", 0)] * 6


TAKE_ALONE = """
import sys, time
from pathlib import Path
from clickhouse.ownership import own
directory = Path(sys.argv[1])
for _ in range(5):
    with own(directory, "taker", wait=60):
        with (directory / "inside").open("x"):  # fails when another one is inside
            time.sleep(0.01)
        (directory / "inside").unlink()
"""


def test_another_program_with_the_owner_s_number_is_not_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "WRITE_S", 0.05)
    with own(tmp_path, "real") as owner:
        assert owner.info.began is not None
        claim = {**json.loads((tmp_path / OWNER_FILE).read_text()), "began": owner.info.began - 1}
        (tmp_path / OWNER_FILE).write_text(json.dumps(claim))
        found = find_owner(tmp_path)
        assert found is not None
        assert found.pid == 0
