"""A notary that dies at any step, before or after the step took effect, goes on without a second truth."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.transparency.notary_worlds import Crash, World
from tests.transparency.trees import ORIGIN, some_entries
from transparency.checkpoint import Checkpoint
from transparency.notary import log_files
from transparency.notary.heads import HeadStore
from transparency.notary.log_files import LogFiles
from transparency.notary.log_tree import EMPTY, Head
from transparency.notary.notary import Notary

SIZES: Final = (2, 256, 259)
"""The log grows to these; then everything was signed once more."""

STEPS: Final = {
    "log": {"entries"},
    "files": {"checkpoint", "put", "flush", "publish", "publish_key", "read"},
    "heads": {"last", "advance"},
    "signer": {"sign"},
    "send": {"__call__"},
}
"""What a notary does with the things around it."""

MEMORY: Final = Path("/dev/shm")

MODES: Final = ("failed and did not persist", "failed but did persist", "power was lost")


class Steps:
    """Counts steps and ends the process at one of them."""

    def __init__(self, world: World, at: int | None, mode: str) -> None:
        self.world = world
        self.at = at
        self.mode = mode
        self.count = 0
        self.signed: list[Head] = []
        self._counting = threading.Lock()

    def wrap(self, name: str, port: Any) -> Any:
        """Something that counts what is done with `port`."""
        return Stepped(self, name, port)

    def step(self, do: Callable[[], Any]) -> Any:
        """One step."""
        with self._counting:  # witnesses are asked on threads
            number, self.count = self.count, self.count + 1
        if number == self.at and self.mode == MODES[0]:
            raise Crash
        result = do()
        if number == self.at:
            raise Crash
        return result


class Stepped:
    """A thing of which some methods are steps."""

    def __init__(self, steps: Steps, name: str, port: Any) -> None:
        self._steps, self._name, self._port = steps, name, port

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in STEPS[self._name]:
            return found

        def stepped(*arguments: Any) -> Any:
            if name == "sign":
                self._record(arguments[0])
            return self._steps.step(lambda: found(*arguments))

        return stepped

    def __call__(self, *arguments: Any) -> Any:
        return self._steps.step(lambda: self._port(*arguments))

    def _record(self, text: bytes) -> None:
        """Nothing is signed that is not persisted."""
        checkpoint = Checkpoint.parse(text)
        head = Head(checkpoint.size, checkpoint.root)
        with HeadStore.open(self._steps.world.folder / "heads.sqlite") as heads:
            assert heads.last(ORIGIN) == head
        self._steps.signed.append(head)


def run(world: World, steps: Steps) -> None:
    """Start a notary, and let the log grow from where it is to its end."""
    notary: Notary | None = None
    files: list[LogFiles] = []

    def wrap(name: str, port: Any) -> Any:
        if name == "files":
            files.append(port)
        return steps.wrap(name, port)

    try:
        notary = world.notary(wrap)
        notary.start()
        for size in (*SIZES, SIZES[-1]):
            world.log.append(*some_entries(size)[len(world.log.raws) :])
            notary.sign()
    except Crash:
        if steps.mode == MODES[2]:
            lose_what_was_not_flushed(files[0])
    finally:
        if notary is not None:
            notary._heads.close()


def lose_what_was_not_flushed(files: LogFiles) -> None:
    """What a power cut may take: files that were written and not brought onto the disk."""
    for path in files._unsynced:
        if path.is_file():
            path.unlink()
        elif path.is_dir() and path != files.path:
            for part in path.glob("*.part"):
                part.unlink()


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a thing: each crash opens and syncs files of its own."""
    if not MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def without_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost in a power cut is said by `lose_what_was_not_flushed` instead."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize("mode", MODES)
def test_a_crash_at_every_step_leaves_one_truth(quick_path: Path, mode: str) -> None:
    (quick_path / "whole").mkdir()
    world = World.with_witnesses(quick_path / "whole", 2, quorum=1)
    whole = Steps(world, None, mode)
    run(world, whole)
    assert whole.count > 40
    assert world.published() == whole.signed[-1]
    for at in range(whole.count):
        folder = quick_path / f"crash{at}"
        folder.mkdir()
        world = World.with_witnesses(folder, 2, quorum=1)
        crashed = Steps(world, at, mode)
        run(world, crashed)
        before = world.published()  # whatever is published is whole
        after = Steps(world, None, mode)
        run(world, after)
        assert world.published() == whole.signed[-1]
        signed = [*crashed.signed, *after.signed]
        assert signed == sorted(signed), at
        by_size = dict(signed)
        assert len({*signed}) == len(by_size), at  # one root for each size
        assert before is None or before in signed
        assert {one.size for one in world.witnesses} == {SIZES[-1]}
        shutil.rmtree(folder)


def test_steps_of_writing_a_file_leave_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each system call below `publish`, before and after it took effect."""
    calls = ("open", "fchmod", "replace", "_sync")
    for call in calls:
        for persisted in (False, True):
            folder = tmp_path / f"{call}{persisted}"
            folder.mkdir()
            world = World(folder)
            notary = world.notary()
            notary.start()
            world.log.append(b"one")
            notary.sign()
            world.log.append(b"two")
            with monkeypatch.context() as patched:
                fail_at(patched, call, persisted)
                with pytest.raises(Crash):
                    notary.sign()
            published = world.published()
            assert published is not None
            assert published.size in (1, 2)
            again = world.notary()
            again.start()
            assert again.sign().head.size == 2
            published = world.published()
            assert published is not None
            assert published.size == 2


def fail_at(patched: pytest.MonkeyPatch, call: str, persisted: bool) -> None:
    """Let a call of the file `checkpoint` fail, before or after it took effect."""
    if call == "fchmod":
        patched.setattr(os, "fchmod", failing(os.fchmod, persisted, lambda *_: True))
    elif call == "_sync":
        patched.setattr(log_files, "_sync", failing(log_files._sync, persisted, lambda *_: True))
    else:
        touches = failing(
            getattr(Path, call), persisted, lambda path, *_: path.name in ("checkpoint.part", "log.vkey.part")
        )
        patched.setattr(Path, call, touches)


def failing(real: Callable[..., Any], persisted: bool, chosen: Callable[..., bool]) -> Callable[..., Any]:
    """`real`, but for the chosen arguments it fails."""

    def called(*arguments: Any, **named: Any) -> Any:
        if not chosen(*arguments):
            return real(*arguments, **named)
        if persisted:
            real(*arguments, **named)
        raise Crash

    return called


def test_a_head_that_was_persisted_and_not_signed_is_signed_after_the_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    entries = some_entries(3)
    world.log.append(*entries)
    steps = Steps(world, None, MODES[0])
    notary = world.notary(steps.wrap)
    notary.start()
    monkeypatch.setattr(notary, "_signer", Stepped(Steps(world, 0, MODES[0]), "signer", world.signer))
    with pytest.raises(Crash):
        notary.sign()
    with HeadStore.open(tmp_path / "heads.sqlite") as heads:
        bound = heads.last(ORIGIN)
    assert bound is not None
    assert bound.size == 3
    world.log.append(b"more")
    again = Steps(world, None, MODES[0])
    notary = world.notary(again.wrap)
    notary.start()
    notary.sign()
    assert [one.size for one in again.signed] == [3, 4]
    assert again.signed[0] == bound
    assert EMPTY in steps.signed
