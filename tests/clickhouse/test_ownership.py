"""Ownership: one at a time, told to others, gone with its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest

from clickhouse import ownership
from clickhouse.ownership import (
    LOCK_FILE,
    OWNER_FILE,
    AlreadyOwned,
    DirectoryUnusable,
    OwnerInfo,
    find_owner,
    own,
)
from tests.privileges import without_privileges

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
        assert find_owner(tmp_path) == OwnerInfo(os.getpid(), "rekap import a.csv", owner.info.since, None)
        owner.announce("http://127.0.0.1:8123")
        written = json.loads((tmp_path / OWNER_FILE).read_text())
        assert set(written) == {"pid", "command", "since", "url"}
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


def test_a_directory_without_permission_says_so() -> None:
    directory = Path(tempfile.mkdtemp())  # not tmp_path: nobody may look into the folders of root above it
    directory.chmod(0o555)
    try:
        with (
            without_privileges(),
            pytest.raises(DirectoryUnusable, match="cannot be written: Permission denied"),
            own(directory, "x"),
        ):
            pass
    finally:
        directory.chmod(0o755)
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
