"""Which program this is: its version, and a hash of the code that decides what messages mean.

Two processes that count one log must be the same in both, or the same log gives two results. The version
alone does not tell: a checkout may have been changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from schemas.version import program_version

DECIDING: Final = ("schemas", "stream_processors")
"""The packages that assess, decide and add up; what runs them is in packages within the second."""

RUNNING: Final = ("distributed", "embedded")
"""Packages within DECIDING that only run what the others decide."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that counts: its version, and the hex SHA-256 of the code of its rules."""

    version: str
    rules_hash: str

    def __str__(self) -> str:
        return f"{self.version} (rules {self.rules_hash[:8]})"


@cache
def this_program() -> Program:
    """The program that runs now."""
    found = hashlib.sha256()
    for package in DECIDING:
        _add(found, package, resources.files(package))
    return Program(program_version(), found.hexdigest())


def _add(found: hashlib._Hash, name: str, folder: Traversable) -> None:
    """Add the modules of a folder, by name."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name not in RUNNING:
            _add(found, f"{name}/{entry.name}", entry)
        elif entry.name.endswith(".py"):
            content = entry.read_bytes().replace(b"\r\n", b"\n")
            found.update(f"{name}/{entry.name} {len(content)}\n".encode())
            found.update(content)
