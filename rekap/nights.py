"""The built-in nation and its night, as the commands use them; a night slowed down to its own time.

Only `simulate`, `init` without a register, and `demo` come here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from producers.simulator.chunks import NightChunk
from producers.simulator.nation import builtin_candidates, builtin_registry
from producers.simulator.night import CHUNK_MESSAGES, Night
from producers.simulator.night_keys import identity_of_night
from producers.simulator.signed_night import SignedNight
from rekap.session import Session
from schemas.elections import Election
from schemas.language import Text
from schemas.regions import Registry
from schemas.sources import Lineage

PREPARING: Final = Text(id="Mengarang malam pemilu ...", en="Inventing the night ...")

TICK_S: Final = 0.2
"""How often messages whose time has come are sent: a person sees the count move, and the log appends some at
once instead of one by one."""


def invented(
    election: Election, provinces: Sequence[str] | None, stations: int | None, *, candidates: bool
) -> tuple[Election, Registry]:
    """`election`, with invented candidates if asked for, and the built-in nation as its register.

    Raises ValueExplained when the election can't be held there, or with the sizes asked for.
    """
    registry = builtin_registry(election, provinces=provinces, stations=stations)
    return (builtin_candidates(election, registry) if candidates else election), registry


def night(session: Session, seed: int, contests: Sequence[str] | None) -> Night:
    """The night of that seed in the session's election and register. Raises ValueExplained when none can
    be."""
    directory = session.directory
    return Night(directory.election, directory.registry, seed, contests=contests)


def signed_night(session: Session, seed: int, contests: Sequence[str] | None) -> SignedNight:
    """As `night`, signed: the keys drawn from the seed become those of the directory, if nothing was sent
    there yet. Raises DirectoryConflict otherwise."""
    session.directory = directory = session.directory.with_identity(identity_of_night(seed))
    return SignedNight(directory.election, directory.registry, seed, contests=contests)


@dataclass(frozen=True, slots=True)
class PacedNight:
    """A night that arrives `speed` times as fast as it would: the first message at once, then by the "
    "clock."""

    night: Night
    speed: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @property
    def size(self) -> int:
        """How many messages arrive."""
        return self.night.size

    def chunks(self, lineage: Lineage | None = None) -> Iterator[NightChunk]:  # noqa: ARG002
        """The messages whose time has come, each time some are; waits in between."""
        arrivals = self.night.arrivals
        first, began = 0, self.clock()
        while first < len(arrivals):
            now = int(arrivals[0]) + (self.clock() - began) * self.speed
            due = int(np.searchsorted(arrivals, now, side="right"))
            if due == first:
                self.sleep(min(TICK_S, (int(arrivals[first]) - now) / self.speed))
                continue
            for start in range(first, due, CHUNK_MESSAGES):
                yield self.night.part(start, min(start + CHUNK_MESSAGES, due))
            first = due
            self.sleep(TICK_S)
