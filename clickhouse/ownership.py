"""One process owns a data directory, says so in it, and gives it up when it ends, however it ends.

The lock is the kernel's (flock): it is gone when its process is, so kill -9 or a power cut leaves nothing to
clean up. `owner.json` only tells people who holds it; a file that a killed owner left behind is not believed
and is written over. It keeps out processes that ask here, not those that open the files on their own, and it
does not work between machines that share a directory over a network.

Other accounts have no part in it: the directory and its lock are 0700 and 0600, a lock file that others could
open, or that is not ours, is replaced, and `owner.json` is believed only where this account wrote it and the
process that it names began when it says.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from schemas.language import ExplainedError, Text
from schemas.private_files import FILE_MODE, OTHERS, secure, use_private_umask
from schemas.text import quoted

LOCK_FILE: Final = "owner.lock"
"""Never deleted: whoever deletes a lock file lets two processes lock two files of the same name."""
GUARD_FILE: Final = "owner.guard"
"""Held while a lock file that others could open is replaced. It was private from its beginning."""
OWNER_FILE: Final = "owner.json"
OWNER_FILE_BYTES: Final = 64 * 1024
"""No more of `owner.json` is read: a command line and a URL have a few hundred bytes."""

LOOK_S: Final = 0.1
"""How long a taker tries at the least. Looking whether a lock is held means to take it for some microseconds;
a taker that meets a looker must not call it an owner."""
RETRY_S: Final = 0.01
"""Pause between two tries: short beside anything a person waits for, and next to no work."""
WRITE_S: Final = 1.0
"""How long a reader waits for a new owner to have written its file: it does so right after locking."""


class AlreadyOwned(Exception):
    """Another process owns the directory. `said` names it and tells what to do."""

    def __init__(self, directory: Path, owner: OwnerInfo) -> None:
        self.owner = owner
        command = quoted(owner.command)
        who_id, who_en = (f"{word} {owner.pid} ({command})" for word in ("proses", "process"))
        if not owner.pid:
            who_id = who_en = command
        where_id = f" Sementara itu hasilnya dapat dibaca di {owner.url}." if owner.url else ""
        where_en = f" Its results can be read at {owner.url} meanwhile." if owner.url else ""
        self.said = Text(
            id=f"{directory} sedang dipakai {who_id} sejak {owner.since}.{where_id} "
            "Tunggu sampai selesai, atau hentikan, lalu ulangi perintah yang sama.",
            en=f"{directory} is in use by {who_en} since {owner.since}.{where_en} "
            "Wait until it has finished, or stop it, and run the same command again.",
        )
        super().__init__(self.said.en)


class DirectoryUnusable(ExplainedError):
    """The directory cannot be locked or written. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class OwnerInfo:
    """Who owns a directory: process id (0: not known), command, since when (ISO 8601 with zone), URL, and
    when the process began (clock ticks since the machine started; None: not known here)."""

    pid: int
    command: str
    since: str
    url: str | None = None
    began: int | None = None


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
        part.unlink(missing_ok=True)  # of a killed process with this id
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
    DirectoryUnusable when the directory is missing or cannot be written, NotOurs when it is another
    account's.
    """
    use_private_umask()
    try:
        secure(directory)
        lock = _take(directory, max(wait, LOOK_S))
    except OSError as error:
        raise _unusable(directory, error) from error
    try:
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        pid = os.getpid()
        owner = Owner(directory, lock, OwnerInfo(pid, command, since, began=_began(pid)))
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
    while (private := _is_held(directory)) is not None:
        info = _read(directory)
        if info is not None and _is_alive(info):
            return info
        if time.monotonic() > deadline:
            if not private:  # anybody could hold that lock, and nobody of this account says to
                return None
            # Locked for certain, but the file is missing or tells of somebody who is dead.
            return OwnerInfo(0, "a process that has not said who it is", _since_lock(directory))
        time.sleep(RETRY_S)
    return None


def _take(directory: Path, wait: float) -> int:
    """The lock's file, locked. Raises AlreadyOwned and OSError."""
    deadline = time.monotonic() + wait
    while True:
        lock = _open_lock(directory)
        if lock is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(directory / LOCK_FILE, lock):
                    return lock
            except BlockingIOError:
                pass
            os.close(lock)
        if lock is None or time.monotonic() > deadline:
            owner = find_owner(directory)
            if owner is not None and time.monotonic() > deadline:
                raise AlreadyOwned(directory, owner)
            if lock is None and owner is None:
                _replace_lock(directory)
        time.sleep(RETRY_S)


def _open_lock(directory: Path) -> int | None:
    """The lock's file, made if it is not there; None for one that others could have locked."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        lock = os.open(directory / LOCK_FILE, flags, FILE_MODE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a symbolic link, a socket
            return None
        raise
    if _is_private(os.fstat(lock)):
        return lock
    os.close(lock)
    return None


def _is_private(about: os.stat_result) -> bool:
    """Whether no other account can have opened that file."""
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & OTHERS


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _replace_lock(directory: Path) -> None:
    """Put a new lock file in the place of one that others could have locked: they lose it, we can't.

    Only such a file is replaced, one process at a time, and nobody takes one: two processes never hold two.
    """
    guard = os.open(directory / GUARD_FILE, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if _is_private((directory / LOCK_FILE).lstat()):
                return  # another process was faster
        part = directory / f"{LOCK_FILE}.{os.getpid()}"
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
        part.replace(directory / LOCK_FILE)
    finally:
        os.close(guard)


def _is_held(directory: Path) -> bool | None:
    """Whether the lock is held by this account for certain (True) or by whomever (False); None: by nobody."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        looking = os.open(directory / LOCK_FILE, flags)
    except OSError:
        return None
    try:
        # Shared, so that two lookers do not take each other for an owner.
        fcntl.flock(looking, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _is_private(os.fstat(looking))
    finally:
        os.close(looking)
    return None


def _read(directory: Path) -> OwnerInfo | None:
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(directory / OWNER_FILE, flags), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
                return None  # anybody can write down that he is the owner
            held = json.loads(file.read(OWNER_FILE_BYTES))
        url, began = held["url"], held.get("began")
        return OwnerInfo(
            int(held["pid"]),
            str(held["command"]),
            str(held["since"]),
            None if url is None else str(url),
            None if began is None else int(began),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_alive(owner: OwnerInfo) -> bool:
    if owner.pid <= 0:  # a group of processes, for `kill`
        return False
    try:
        os.kill(owner.pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it lives, as another user: no owner of a directory of ours
        return False
    # A number is given to another process when its own has ended; the time of its beginning is not.
    return owner.began is None or _began(owner.pid) in (owner.began, None)


def _began(pid: int) -> int | None:
    """When a process began, in clock ticks since the machine started; None where that is not told."""
    try:
        told = Path(f"/proc/{pid}/stat").read_bytes()
        # The second field, the program's name, may hold anything, but only it has a parenthesis.
        return int(told[told.rindex(b")") + 1 :].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _since_lock(directory: Path) -> str:
    try:
        changed = (directory / LOCK_FILE).stat().st_mtime
    except OSError:
        return "an unknown time"
    return datetime.fromtimestamp(changed).astimezone().isoformat(timespec="seconds")


def _unusable(directory: Path, error: OSError) -> DirectoryUnusable:
    if isinstance(error, FileNotFoundError):
        return DirectoryUnusable(
            id=f"Tidak ada direktori {directory}. Buat dengan `rekap init`, atau sebutkan yang lain.",
            en=f"There is no directory {directory}. Make it with `rekap init`, or name another.",
        )
    return DirectoryUnusable(
        id=f"{directory} tidak dapat ditulis: {error.strerror}. Beri pengguna ini hak menulis, kosongkan "
        "ruang di "
        "disknya, atau sebutkan direktori lain.",
        en=f"{directory} cannot be written: {error.strerror}. Make it writable for this user, make room on "
        "its "
        "disk, or name another directory.",
    )
