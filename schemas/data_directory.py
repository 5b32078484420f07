"""The directory of one election's count: what is in it, and which election and register it is for.

    election.json   the definition with its candidates, as it was when the directory was made
    registry.npz    the register of regions and stations
    log.sqlite      the log, and the state made from it
    clickhouse/     the projections (a chDB directory)
    owner.json      who owns the directory now
    identity.json   which directory it is: a copy of it is told from it

The first two never change: other totals would come out of the same log.
"""

from __future__ import annotations

import contextlib
import os
from functools import cached_property
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pydantic import ValidationError

from schemas.elections import Election
from schemas.identity import Identity
from schemas.input_files import open_input
from schemas.language import ExplainedError, Text
from schemas.private_files import make_directory, trust, use_private_umask
from schemas.regions import Registry
from schemas.text import quoted

ELECTION_FILE: Final = "election.json"
REGISTRY_FILE: Final = "registry.npz"


class DirectoryMissing(ExplainedError):
    """There is no count in that directory; the text says how to make one."""


class DirectoryConflict(ExplainedError):
    """The directory is for another election or register; the text says which."""


class DirectoryUnwritable(ExplainedError):
    """The directory can't be made or written; the text says why."""


class DataDirectory:
    """An existing directory of a count."""

    def __init__(self, path: Path, election: Election) -> None:
        """Use `create` or `open`."""
        self.path = path
        self.election = election

    @classmethod
    def create(cls, path: Path, election: Election, registry: Registry) -> DataDirectory:
        """Make the directory for that election and register; the same ones again change nothing.

        Raises DirectoryConflict when it is for other ones, NotOurs and DirectoryUnwritable.
        """
        try:
            make_directory(path)
            if (path / ELECTION_FILE).exists():
                held = cls.open(path)
                # One from before `reason_roles` stays as it is, or its log would mean something else.
                older = (
                    election if held.election.reason_roles is not None else election.with_reason_roles(None)
                )
                known = held.registry
                # So does one from before lists gave names of stations: its projections have none.
                if not known.takes_station_names:
                    registry = registry.without_station_names()
                if held.election.hash != older.hash or known.hash != registry.hash:
                    raise DirectoryConflict(
                        id=f"{path} adalah penghitungan {quoted(held.election.id)} dengan definisi, calon, "
                        "atau "
                        "daftar wilayah lain. Sebutkan direktori baru: jumlah dari dua daftar tidak boleh "
                        "tercampur.",
                        en=f"{path} is a count of {quoted(held.election.id)} with another definition, "
                        "candidates or register. Name a new directory: totals of two registers must not mix.",
                    )
                return held
            registry.save(path / f"{REGISTRY_FILE}.part")
            (path / f"{REGISTRY_FILE}.part").replace(path / REGISTRY_FILE)
            # The definition is written last: with it the directory is whole, before it there is nothing.
            _write_whole(path / ELECTION_FILE, election.to_json())
        except OSError as error:
            raise DirectoryUnwritable(
                id=f"{error.filename or path} tidak dapat ditulis: {error.strerror}. Sebutkan direktori yang "
                "boleh Anda tulis, atau kosongkan ruang di disknya.",
                en=f"{error.filename or path} can't be written: {error.strerror}. Name a directory that is "
                "yours to write, or make room on its disk.",
            ) from error
        return cls(path, election)

    @classmethod
    def open(cls, path: Path) -> DataDirectory:
        """The count in that directory. Raises DirectoryMissing, and NotOurs when others could change it."""
        use_private_umask()
        try:
            # Before its rights are touched: it may be a person's own folder, named by mistake.
            with contextlib.suppress(PermissionError):
                (path / ELECTION_FILE).lstat()
            trust(path)
            with open_input(path / ELECTION_FILE) as file:
                return cls(path, Election.from_json(file.read()))
        except FileNotFoundError:
            raise DirectoryMissing(
                id=f"Tidak ada penghitungan di {path}. Buat: rekap --data {path} init --election ID",
                en=f"There is no count in {path}. Make one: rekap --data {path} init --election ID",
            ) from None
        except (OSError, ValidationError) as error:
            why = Text(id="isinya rusak", en="it is damaged")
            if isinstance(error, OSError):
                why = Text(quoted(error.strerror), quoted(error.strerror))
            raise DirectoryMissing(
                id=f"{path / ELECTION_FILE} tidak terbaca: {why.id}. Kembalikan dari salinan direktori itu.",
                en=f"{path / ELECTION_FILE} can't be read: {why.en}. Restore it from a copy of the "
                "directory.",
            ) from None

    def with_identity(self, identity: Identity) -> DataDirectory:
        """The same directory with these keys in its definition. Raises DirectoryConflict where anything was
        sent already, or where it has other keys, and OSError."""
        if self.election.identity == identity:
            return self
        if self.election.identity is not None or self.log_path.exists():
            raise DirectoryConflict(
                id=f"{self.path} sudah memakai kunci lain, atau sudah berisi peristiwa. Sebutkan direktori "
                "baru.",
                en=f"{self.path} has other keys, or events already. Name a new directory.",
            )
        election = self.election.with_identity(identity)
        _write_whole(self.path / ELECTION_FILE, election.to_json())
        return DataDirectory(self.path, election)

    @cached_property
    def registry(self) -> Registry:
        """The register. Raises RegistryInvalid when its file is damaged."""
        return Registry.load(self.path / REGISTRY_FILE)

    @property
    def log_path(self) -> Path:
        """The SQLite file of the log."""
        return self.path / "log.sqlite"

    @property
    def clickhouse_url(self) -> str:
        """The projections, as clickhouse.client.connect takes it."""
        return f"chdb://{quote(str((self.path / 'clickhouse').absolute()))}"


def _write_whole(path: Path, content: bytes) -> None:
    """The file has all of `content` or is not there."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
