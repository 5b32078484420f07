"""One process owns a data directory, says so in it, and gives it up when it ends, however it ends.

The lock is the kernel's (flock): it is gone when its process is, so kill -9 or a power cut leaves nothing to
clean up. `owner.json` only tells people who holds it; a file that a killed owner left behind is not believed
and is written over. It keeps out processes that ask here, not those that open the files on their own, and it
does not work between machines that share a directory over a network.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from schemas.text import quoted

LOCK_FILE: Final = "owner.lock"
"""Never deleted: whoever deletes a lock file lets two processes lock two files of the same name."""
OWNER_FILE: Final = "owner.json"

LOOK_S: Final = 0.1
"""How long a taker tries at the least. Looking whether a lock is held means to take it for some microseconds;
a taker that meets a looker must not call it an owner."""
RETRY_S: Final = 0.01
"""Pause between two tries: short beside anything a person waits for, and next to no work."""
WRITE_S: Final = 1.0
"""How long a reader waits for a new owner to have written its file: it does so right after locking."""


class AlreadyOwned(Exception):
    """Another process owns the directory. The text names it and says what to do."""

    def __init__(self, directory: Path, owner: OwnerInfo) -> None:
        self.owner = owner
        who = f"process {owner.pid} ({quoted(owner.command)})" if owner.pid else quoted(owner.command)
        where = f" Its results can be read at {owner.url} meanwhile." if owner.url else ""
        super().__init__(
            f"{directory} is in use by {who} since {owner.since}.{where} "
            "Wait until it has finished, or stop it, and run the same command again."
        )


class DirectoryUnusable(Exception):
    """The directory cannot be locked or written. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class OwnerInfo:
    """Who owns a directory: process id (0: not known), command, since when (ISO 8601 with zone), URL."""

    pid: int
    command: str
    since: str
    url: str | None = None


class Owner:
    """The lock as long as it is held. Made by `own`."""

    def __init__(self, directory: Path, lock: int, info: OwnerInfo) -> None:
        self._directory = directory
        self._lock = lock
        self.info = info
        self._write()
        _held.add(self)

    def announce(self, url: str) -> None:
        """Say where the projections can be read while this process lives. Raises DirectoryUnusable."""
        said = self.info
        self.info = replace(said, url=url)
        try:
            self._write()
        except OSError as error:
            self.info = said  # what the file still says
            raise _unusable(self._directory, error) from error

    def _write(self) -> None:
        # A reader sees the old text or the new one, never half of it.
        part = self._directory / f"{OWNER_FILE}.{self.info.pid}"
        part.write_text(json.dumps(asdict(self.info), indent=1) + "\n", encoding="utf-8")
        part.replace(self._directory / OWNER_FILE)

    def release(self) -> None:
        """Give the directory up. The file goes first: while the lock is held it is ours to delete."""
        _held.discard(self)
        with contextlib.suppress(OSError):
            (self._directory / OWNER_FILE).unlink()
        os.close(self._lock)

    def forget_after_fork(self) -> None:
        """Let go of the lock's file in a forked child: it would hold the lock after the owner has died."""
        os.close(self._lock)


_held: weakref.WeakSet[Owner] = weakref.WeakSet()


def _forget_after_fork() -> None:
    for owner in list(_held):
        owner.forget_after_fork()
    _held.clear()


os.register_at_fork(after_in_child=_forget_after_fork)


@contextmanager
def own(directory: Path, command: str, wait: float = 0) -> Iterator[Owner]:
    """Own `directory` inside the block; `command` is how this process is named to others.

    Waits up to `wait` seconds for another owner to finish. Raises AlreadyOwned when it has not, and
    DirectoryUnusable when the directory is missing or cannot be written.
    """
    try:
        lock = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unusable(directory, error) from error
    try:
        _take(directory, lock, max(wait, LOOK_S))
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        owner = Owner(directory, lock, OwnerInfo(os.getpid(), command, since))
    except OSError as error:
        os.close(lock)
        raise _unusable(directory, error) from error
    except BaseException:
        os.close(lock)
        raise
    try:
        yield owner
    finally:
        owner.release()


def find_owner(directory: Path) -> OwnerInfo | None:
    """The living owner of `directory`, None when nobody owns it (whatever `owner.json` says)."""
    deadline = time.monotonic() + WRITE_S
    while _is_held(directory):
        info = _read(directory)
        if info is not None and _is_alive(info.pid):
            return info
        if time.monotonic() > deadline:
            # Locked for certain, but the file is missing or tells of somebody who is dead.
            return OwnerInfo(0, "a process that has not said who it is", _since_lock(directory))
        time.sleep(RETRY_S)
    return None


def _take(directory: Path, lock: int, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                owner = find_owner(directory)
                if owner is not None:
                    raise AlreadyOwned(directory, owner) from None
        time.sleep(RETRY_S)


def _is_held(directory: Path) -> bool:
    try:
        looking = os.open(directory / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared, so that two lookers do not take each other for an owner.
        fcntl.flock(looking, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(looking)
    return False


def _read(directory: Path) -> OwnerInfo | None:
    try:
        held = json.loads((directory / OWNER_FILE).read_text(encoding="utf-8"))
        url = held["url"]
        return OwnerInfo(
            int(held["pid"]), str(held["command"]), str(held["since"]), None if url is None else str(url)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, as another user
        return True
    return True


def _since_lock(directory: Path) -> str:
    try:
        changed = (directory / LOCK_FILE).stat().st_mtime
    except OSError:
        return "an unknown time"
    return datetime.fromtimestamp(changed).astimezone().isoformat(timespec="seconds")


def _unusable(directory: Path, error: OSError) -> DirectoryUnusable:
    if isinstance(error, FileNotFoundError):
        return DirectoryUnusable(
            f"There is no directory {directory}. Make it with `rekap init`, or name another."
        )
    return DirectoryUnusable(
        f"{directory} cannot be written: {error.strerror}. Make it writable for this user, make room on its "
        "disk, or name another directory."
    )
