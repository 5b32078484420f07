"""The published directory of a log: static files that any web server can serve, each there as a whole or not.

They are for everybody, so they are readable by all, whatever the umask. Tiles never change; the checkpoint is
replaced.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from transparency.tile_builder import Resource

CHECKPOINT: Final = "checkpoint"
VKEY: Final = "log.vkey"
SYNCED_AT_ONCE: Final = 16
"""Files brought onto the disk side by side: 1,600 took 8 s one after another and 0.3 s so, since a file
system commits together what waits together."""
PUBLIC_FILE: Final = 0o644
PUBLIC_DIRECTORY: Final = 0o755


class LogFiles:
    """The directory of one log. Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unsynced: set[Path] = set()
        self._superseded: list[Path] = []
        self._superseded_before: list[Path] = []

    def read(self, name: str) -> bytes:
        """What is at a path below the directory. Raises FileNotFoundError."""
        return (self.path / name).read_bytes()

    def checkpoint(self) -> bytes | None:
        """The published checkpoint; None: there is none yet."""
        try:
            return self.read(CHECKPOINT)
        except FileNotFoundError:
            return None

    def put(self, resource: Resource) -> bool:
        """Have a tile there, durable after `flush`; whether it was there with other bytes, which are
        replaced: they are not what the log gives."""
        path = self.path / resource.tile.path
        try:
            there = path.read_bytes()
        except FileNotFoundError:
            there = None
        if there != resource.content:
            self._write(path, resource.content)
            self._unsynced |= {path, path.parent}
        partial = path.with_name(f"{path.name}.p")
        if resource.tile == resource.tile.full and partial.is_dir():
            self._superseded.append(partial)
        return there not in (None, resource.content)

    def flush(self) -> None:
        """Bring what was put onto the disk."""
        if self._unsynced:
            with ThreadPoolExecutor(min(SYNCED_AT_ONCE, len(self._unsynced))) as pool:
                list(pool.map(_sync, sorted(self._unsynced)))
        self._unsynced.clear()

    def publish(self, checkpoint: bytes) -> None:
        """Replace the checkpoint, durable when this returns. `flush` comes before.

        Partial tiles whose full ones are there are removed with the checkpoint after next: readers of the one
        before still ask for them.
        """
        self._replace(CHECKPOINT, checkpoint)
        for partial in self._superseded_before:
            shutil.rmtree(partial, ignore_errors=True)
        self._superseded_before, self._superseded = self._superseded, []

    def publish_key(self, vkey: str) -> None:
        """Put the log's public key beside the checkpoint, if it is not there."""
        content = f"{vkey}\n".encode()
        with contextlib.suppress(FileNotFoundError):
            if self.read(VKEY) == content:
                return
        self._replace(VKEY, content)

    def _replace(self, name: str, content: bytes) -> None:
        self._write(self.path / name, content, durable=True)
        _sync(self.path)

    def _write(self, path: Path, content: bytes, *, durable: bool = False) -> None:
        self._make(path.parent)
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), PUBLIC_FILE)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)

    def _make(self, directory: Path) -> None:
        if directory.is_dir():
            return
        if directory != self.path:
            self._make(directory.parent)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(PUBLIC_DIRECTORY)
        self._unsynced.add(directory.parent)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
