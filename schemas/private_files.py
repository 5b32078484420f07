"""What is written into a data directory is for one account alone: directories 0700, files 0600.

Whatever the umask says: the engine and SQLite make files of their own, so the process gets a private umask
the first time that it touches such a directory, and keeps it. What a person asked to be written elsewhere
gets the rights that the person's own umask gives (`give_users_rights`). Access control lists and mounts that
know no rights are not looked at here.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
from pathlib import Path
from typing import Final

from schemas.language import Text

PRIVATE_UMASK: Final = 0o077
"""Nothing for the group and for others."""
DIRECTORY_MODE: Final = 0o700
FILE_MODE: Final = 0o600
OTHERS: Final = 0o077
"""The rights of everybody but the owner."""
OTHERS_WRITE: Final = 0o022

NAMES: Final = (
    "election.",
    "registry.",
    "identity.",
    "log.sqlite",
    "accepted.sqlite",
    "clickhouse",
    "notary",
)
"""How the names of what a data directory holds begin. Other files in it are a person's own: their rights are
not touched. `clickhouse.ownership` looks at what begins with `owner.` and replaces what it does not trust."""

ROOT: Final = 0

_users_umask: int | None = None


class NotOurs(Exception):
    """A directory or file can't be trusted or kept private. `said` says why, and what to do."""

    def __init__(self, *, id: str, en: str) -> None:
        super().__init__(en)
        self.said = Text(id, en)


def use_private_umask() -> None:
    """From here on this process makes files for its own account alone. Again changes nothing."""
    global _users_umask
    if _users_umask is None:
        _users_umask = os.umask(PRIVATE_UMASK)


def give_users_rights(file: int) -> None:
    """Give an open new file the rights that it would have had under the person's own umask."""
    if _users_umask is not None:
        os.fchmod(file, 0o666 & ~_users_umask)


def make_directory(path: Path) -> None:
    """Make the private directory at `path` with those above it, or take the rights of others from the one
    that is there. Raises NotOurs and OSError."""
    use_private_umask()
    path.mkdir(parents=True, exist_ok=True)
    secure(path)


def secure(path: Path) -> None:
    """Take the rights of others from the directory at `path` and what it holds, before writing to it.

    Raises NotOurs when it, or something in it, belongs to another account, and OSError.
    """
    about = path.stat()
    if not stat.S_ISDIR(about.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    _require_owner(path, about)
    if about.st_mode & stat.S_ISVTX:
        raise NotOurs(
            id=f"{path} dipakai bersama oleh semua akun. Sebutkan direktori milik sendiri di dalamnya, "
            f"misalnya {path / 'count'}.",
            en=f"{path} is shared by all accounts. Name a directory of your own in it, for instance "
            f"{path / 'count'}.",
        )
    wide = about.st_mode & OTHERS
    if wide:
        path.chmod(DIRECTORY_MODE)
    try:
        _secure_entries(path, deep=bool(wide))
    except NotOurs:
        path.chmod(stat.S_IMODE(about.st_mode))  # the next run must look, and refuse, again
        raise


def trust(path: Path) -> None:
    """Hold the directory at `path`, which is only read, against who could have changed what it holds.

    Ours is made private; root's will do when we may read it and nobody else may write to it. Raises
    NotOurs and OSError.
    """
    about = path.stat()
    if about.st_uid == ROOT and os.geteuid() != ROOT:
        if about.st_mode & OTHERS_WRITE or not os.access(path, os.R_OK | os.X_OK, effective_ids=True):
            raise _foreign(path, about.st_uid)
        return
    _require_owner(path, about)
    if about.st_mode & OTHERS:
        try:
            secure(path)
        except OSError as error:
            if error.errno != errno.EROFS:  # through this mount nobody can write
                raise


def account(uid: int) -> str:
    """The name of an account, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _secure_entries(path: Path, *, deep: bool) -> None:
    with os.scandir(path) as entries:
        ours = [entry for entry in entries if entry.name.startswith(NAMES)]
    for entry in ours:
        _secure_entry(Path(entry.path))
        if entry.is_dir() and entry.is_symlink():
            secure(Path(entry.path))  # moved to another disk
        elif deep and entry.is_dir(follow_symlinks=False):
            for folder, folders, files in os.walk(entry.path):
                for name in (*folders, *files):
                    _secure_entry(Path(folder) / name)


def _secure_entry(path: Path) -> None:
    try:
        about = path.lstat()
    except FileNotFoundError:  # a file beside the log, or a part of the engine, that has just been removed
        return
    _require_owner(path, about)
    if about.st_mode & OTHERS and not stat.S_ISLNK(about.st_mode):
        path.chmod(DIRECTORY_MODE if stat.S_ISDIR(about.st_mode) else FILE_MODE)


def _require_owner(path: Path, about: os.stat_result) -> None:
    if about.st_uid != os.geteuid():
        raise _foreign(path, about.st_uid)


def _foreign(path: Path, uid: int) -> NotOurs:
    theirs, ours = account(uid), account(os.geteuid())
    if os.geteuid() == ROOT:
        return NotOurs(
            id=f"{path} milik akun {theirs}, dan perintah ini berjalan sebagai root: yang ditulis root tidak "
            f"dapat dibuka lagi oleh {theirs}. Jalankan sebagai {theirs}: sudo -u {theirs} rekap ..., atau "
            f"jadikan milik root dengan chown -R.",
            en=f"{path} belongs to the account {theirs}, and this command runs as root: what root writes "
            f"{theirs} could not open again. Run it as {theirs}: sudo -u {theirs} rekap ..., or make it "
            f"root's with chown -R.",
        )
    return NotOurs(
        id=f"{path} milik akun {theirs}, bukan {ours}: isinya dapat diubah akun itu. Jalankan sebagai "
        f"{theirs}, jadikan milik {ours} dengan chown -R setelah memeriksanya, atau sebutkan direktori lain.",
        en=f"{path} belongs to the account {theirs}, not to {ours}: that account can change what it holds. "
        f"Run this as {theirs}, make it {ours}'s with chown -R after looking at it, or name another "
        "directory.",
    )
