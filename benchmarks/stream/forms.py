"""The forms of a mix as events, and what they must add up to: the real ones of 2019, or five contests.

Forms are taken evenly from the whole and shuffled with a fixed seed: on a night they come from everywhere at
once, and a system that is lucky with one province's order proves nothing. The file of 2019 is not ours to
give away: it is read from the folder that REKAP_REAL_DATA names.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

import orjson

from benchmarks.mix import Mix, NationalNight, Sample
from producers.importers import open_source
from schemas.ballots import Ballots
from schemas.elections import Election, load_election
from schemas.placement import key_of_region
from schemas.regions import UNKNOWN, Registry
from schemas.registry_files import read_registry
from schemas.sources import Message
from schemas.tallies import FIXED_CELLS, Tally
from stream_processors.assess import AssessedCount, Assessor
from stream_processors.fold import ASSESSED_TOGETHER
from stream_processors.in_force import in_force_of

SEED: Final = 2019
CONTEST: Final = "PPWP"
NATION: Final = "0"
"""Its code in the register of 2019."""

Event = tuple[bytes, bytes]
"""Key (the district's code) and value of one message."""


class Stock(Protocol):
    """Forms to take some of."""

    def take(self, count: int) -> Forms:
        """`count` of them, from everywhere. Raises ValueError when there are not that many."""
        ...

    def parents(self) -> dict[str, str]:
        """The region above each region, for who knows no register."""
        ...


def load(mix: Mix, folder: Path | None, provinces: str) -> Stock:
    """The forms of a mix; `folder` is that of real results, `provinces` those of the national mix."""
    if mix is Mix.NATIONAL:
        return Simulated(NationalNight.load(provinces))
    if folder is None:
        raise ValueError("The presidential forms are read from the folder of real results; name it.")
    return Real.load(folder)


@dataclass(frozen=True, slots=True)
class Real:
    """All forms of 2019, encoded, with the election and the register that they belong to."""

    election: Election
    registry: Registry
    raws: list[bytes]

    @classmethod
    def load(cls, folder: Path) -> Real:
        """From the folder of real results: 12 s of processor time and 0.8 GB of memory."""
        data = folder / "pilpres2019"
        election = load_election("pilpres2019")
        registry = read_registry(election, data / "regions.csv", data / "tps.parquet")
        source = open_source([data / "tps.parquet"], election)
        records = (record for chunk in source.chunks(lambda *_: {}) for record in chunk.records())
        return cls(election, registry, [one.raw for one in records if isinstance(one, Message)])

    def take(self, count: int) -> Forms:
        """See Stock."""
        if not 0 < count <= len(self.raws):
            raise ValueError(f"There are {len(self.raws)} forms, not {count}: ask for fewer.")
        places = [place * len(self.raws) // count for place in range(count)]
        random.Random(SEED).shuffle(places)
        return Forms(Mix.PRESIDENTIAL, self.election, self.registry, [self.raws[place] for place in places])

    def parents(self) -> dict[str, str]:
        """See Stock."""
        return _parents(self.registry)


@dataclass(frozen=True, slots=True)
class Simulated:
    """The forms of a simulated night of five contests."""

    of: NationalNight

    def take(self, count: int) -> Forms:
        """See Stock."""
        records = (record for chunk in Sample(self.of, count).chunks() for record in chunk.records())
        raws = [one.raw for one in records if isinstance(one, Message)]
        random.Random(SEED).shuffle(raws)
        return Forms(Mix.NATIONAL, self.of.election, self.of.registry, raws)

    def parents(self) -> dict[str, str]:
        """See Stock."""
        return _parents(self.of.registry)


def _parents(registry: Registry) -> dict[str, str]:
    ids, parents = registry.ids, registry.parent.tolist()
    return {region: ids[parent] for region, parent in zip(ids, parents, strict=True) if parent != UNKNOWN}


@dataclass
class Forms:
    """The forms of one race, in the order in which they are sent."""

    mix: Mix
    election: Election
    registry: Registry
    raws: list[bytes]

    @cached_property
    def events(self) -> list[Event]:
        """Each with its key: the district of its station, as everywhere in rekap."""
        stations = self.registry.stations_of([orjson.loads(raw)["station"] for raw in self.raws])
        keys: dict[int, bytes] = {}
        events = []
        for station, raw in zip(stations, self.raws, strict=True):
            if station is None:
                raise ValueError(f"The register does not know the station of {raw!r}.")
            if station.village not in keys:
                keys[station.village] = key_of_region(self.registry, station.village)
            events.append((keys[station.village], raw))
        return events

    @cached_property
    def totals(self) -> dict[str, Total]:
        """What they add up to by the specification, each being a station's first and only one: the nation's
        total of each contest. The fold would make those of all regions too, which takes 8 GB for five
        contests."""
        ballots = Ballots(self.election, self.registry)
        assessor = Assessor(self.election, self.registry, ballots)
        found: dict[str, Total] = {}
        for first in range(0, len(self.raws), ASSESSED_TOGETHER):
            for one in assessor.assess(self.raws[first : first + ASSESSED_TOGETHER]):
                if not isinstance(one, AssessedCount):
                    raise ValueError(f"No count that is accepted: {one}")
                station = in_force_of(one, version=1)
                total = found.setdefault(ballots.contests[one.contest], Total())
                total.add(station.tally("", "", ""))
        return found

    @cached_property
    def nation(self) -> list[int]:
        """The presidential contest's as contenders write it: forms, votes of both pairs, valid, invalid,
        voters."""
        total = self.totals[CONTEST]
        figures = (total.valid, total.invalid, total.voters)
        return [total.forms, *(total.votes[pair] for pair in ("1", "2")), *figures]


@dataclass
class Total:
    """The nation's total of a contest; `votes` has the options that somebody voted for."""

    forms: int = 0
    votes: Counter[str] = field(default_factory=Counter)
    valid: int = 0
    invalid: int = 0
    voters: int = 0

    def add(self, station: Tally) -> None:
        """One form more."""
        cells = dict(zip(FIXED_CELLS, station.fixed, strict=True))
        self.forms += station.version
        self.votes.update({key: votes for key, votes in station.votes.items() if votes})
        self.valid += cells["valid"]
        self.invalid += cells["invalid"]
        self.voters += cells["voters"]
