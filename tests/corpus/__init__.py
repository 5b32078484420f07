"""Hostile inputs, the same ones in every run: messages for each topic, requests for the reading interface,
files for import.

They are made from what is right: damaged, cut off, mixed up, or too large; and some are written by hand. None
of them may end a process, change a total or reach a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

SEED: Final = 17
"""Of every choice here."""


def damaged(raw: bytes, count: int, chance: Random) -> Iterator[bytes]:
    """`count` versions of `raw` with one to three bytes changed."""
    for _ in range(count):
        changed = bytearray(raw)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] ^= chance.randint(1, 255)
        yield bytes(changed)


def cut_off(raw: bytes, count: int, chance: Random) -> Iterator[bytes]:
    """`count` beginnings of `raw`, each shorter than it."""
    for _ in range(count):
        yield raw[: chance.randrange(len(raw))]
