"""Which data directory this is: a copy beside its original is told from it, and not taken for it.

A directory remembers an id, its own inode and that of the file that says so. Renaming keeps both inodes; a
copy, a restored backup and a move to another disk have others. Copies below the file system (a snapshot of a
disk, a cloned machine) have the same ones and are not told apart.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from schemas.input_files import InputRefused, open_input
from schemas.language import Text
from schemas.private_files import FILE_MODE

IDENTITY_FILE: Final = "identity.json"
MAX_BYTES: Final = 4096
"""It has some 100."""


class DirectoryCopied(Exception):
    """The directory is a copy, and must not be filled as if it were the original. `said` says what to do."""

    def __init__(self, path: Path) -> None:
        self.said = copied(path)
        super().__init__(self.said.en)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a directory says of itself: its id (32 hex digits), and the inodes of it and of the file."""

    id: str
    directory: int
    file: int


def copied(path: Path) -> Text:
    """The sentence about a directory that is a copy."""
    return Text(
        id=f"{path} adalah salinan (atau cadangan yang dikembalikan): isinya tidak akan sama lagi dengan "
        "aslinya begitu salah satunya diisi. Pakai aslinya; atau jadikan salinan ini direktori tersendiri: "
        f"rekap --data {path} adopt",
        en=f"{path} is a copy (or a restored backup): as soon as either is filled it holds something else "
        "than the original. Use the original; or make this copy a directory of its own: "
        f"rekap --data {path} adopt",
    )


def is_copy(path: Path) -> bool:
    """Whether the directory at `path` remembers to be another one. Raises OSError."""
    try:
        with open_input(path / IDENTITY_FILE, MAX_BYTES) as file:
            held = _parsed(file.read())
            inode = os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
    except InputRefused:
        return True
    return held is None or (held.directory, held.file) != (path.stat().st_ino, inode)


def require_original(path: Path) -> str:
    """The id of the directory at `path`, which this process owns; made where it has none yet.

    Raises DirectoryCopied when it is a copy or does not know what it is, and OSError.
    """
    if is_copy(path):
        raise DirectoryCopied(path)
    try:
        held = _parsed((path / IDENTITY_FILE).read_bytes())
    except FileNotFoundError:
        return adopt(path)
    if held is None:
        raise DirectoryCopied(path)
    return held.id


def adopt(path: Path) -> str:
    """Make the directory at `path`, which this process owns, one of its own: its new id. Raises OSError."""
    part = path / f"{IDENTITY_FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb"
    ) as file:
        new = Identity(uuid4().hex, path.stat().st_ino, os.fstat(file.fileno()).st_ino)
        file.write(json.dumps({"id": new.id, "directory": new.directory, "file": new.file}).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path / IDENTITY_FILE)
    return new.id


def _parsed(raw: bytes) -> Identity | None:
    try:
        held = json.loads(raw)
        return Identity(str(held["id"]), int(held["directory"]), int(held["file"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
