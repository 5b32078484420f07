"""The keys of a signed night: each is drawn from the seed and a name, so that any process makes the same one.

They prove nothing about anybody: whoever knows the seed has them all.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Final

from schemas.identity import SUBMITTING, Identity
from schemas.signing import Signer

ROOTS: Final = 3
THRESHOLD: Final = 2
"""Of the roots, those that sign."""
CACHED: Final = 50_000
"""Keys that a process keeps: some 10 MB, those of the stations that it is writing about."""


@lru_cache(CACHED)
def key_of_night(seed: int, name: str) -> Signer:
    """The key of that name on the night of that seed."""
    return Signer(sha256(f"rekap simulated key {seed} {name}".encode()).digest())


def roots_of_night(seed: int) -> tuple[Signer, ...]:
    """The keys of the commission."""
    return tuple(key_of_night(seed, f"root {number}") for number in range(ROOTS))


def identity_of_night(seed: int) -> Identity:
    """What a definition says of the keys of that night: everybody must sign."""
    return Identity(
        roots=tuple(root.key_id for root in roots_of_night(seed)),
        threshold=THRESHOLD,
        signed_roles=SUBMITTING,
    )
