"""The file that holds a log's private key: one line, for one account alone, never replaced."""

from __future__ import annotations

import os
from pathlib import Path

from schemas.input_files import open_input
from schemas.private_files import FILE_MODE
from schemas.text import quoted
from transparency.errors import Malformed
from transparency.keys import MAX_NAME, NoteSigner
from transparency.notary.refusals import Refused

MAX_BYTES = 2 * MAX_NAME * 4
"""Of the file: a name and 80 characters."""


class KeyUnusable(Refused):
    """There is no key that can be used; the text says why."""


def load_key(path: Path) -> NoteSigner:
    """The key in the file. Raises FileNotFoundError, OSError and KeyUnusable."""
    with open_input(path, MAX_BYTES) as file:
        raw = file.read()
    try:
        return NoteSigner.parse(raw.decode("utf-8").strip())
    except (UnicodeDecodeError, Malformed) as error:
        raise KeyUnusable(
            id=f"{path}: {quoted(error)}. Pulihkan berkas kunci log ini dari cadangannya.",
            en=f"{path}: {quoted(error)}. Restore this file, the key of the log, from a copy.",
        ) from None


def make_key(path: Path, origin: str) -> NoteSigner:
    """A new key for the log `origin`, on the disk when this returns. Raises FileExistsError, OSError, and
    Malformed where no key can have that name."""
    signer = NoteSigner.generate(origin)
    # Another name first: a crash leaves no half of a key, which nobody could tell from one that was damaged.
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{signer.encode()}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    finally:
        part.unlink()
    _sync_directory(path.parent)
    return signer


def _sync_directory(path: Path) -> None:
    """Bring the names in a directory onto the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
