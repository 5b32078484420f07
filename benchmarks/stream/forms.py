"""The real forms of 2019 as events, and what they must add up to.

Forms are taken evenly from the whole file and shuffled with a fixed seed: on a night they come from
everywhere at once, and a system that is lucky with one province's order proves nothing. The file is not
ours to give away: it is read from the folder that REKAP_REAL_DATA names.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import orjson

from producers.importers import open_source
from schemas.elections import Election, load_election
from schemas.placement import key_of_region
from schemas.regions import UNKNOWN, Registry
from schemas.registry_files import read_registry
from schemas.sources import Message
from stream_processors.fold import fold

SEED: Final = 2019
CONTEST: Final = "PPWP"
NATION: Final = "0"
"""Its code in the register of 2019."""

Event = tuple[bytes, bytes]
"""Key (the district's code) and value of one message."""


@dataclass(slots=True)
class Stock:
    """All forms of 2019, encoded, with the election and the register that they belong to."""

    election: Election
    registry: Registry
    raws: list[bytes]

    @classmethod
    def load(cls, folder: Path) -> Stock:
        """From the folder of real results: 12 s of processor time and 0.8 GB of memory."""
        data = folder / "pilpres2019"
        election = load_election("pilpres2019")
        registry = read_registry(election, data / "regions.csv", data / "tps.parquet")
        source = open_source([data / "tps.parquet"], election)
        records = (record for chunk in source.chunks(lambda *_: {}) for record in chunk.records())
        return cls(election, registry, [one.raw for one in records if isinstance(one, Message)])

    def take(self, count: int) -> Forms:
        """`count` of them, from everywhere. Raises ValueError when there are not that many."""
        if not 0 < count <= len(self.raws):
            raise ValueError(f"There are {len(self.raws)} forms, not {count}: ask for fewer.")
        places = [place * len(self.raws) // count for place in range(count)]
        random.Random(SEED).shuffle(places)
        return Forms(self.election, self.registry, [self.raws[place] for place in places])

    def parents(self) -> dict[str, str]:
        """The region above each region, for who knows no register."""
        ids, parents = self.registry.ids, self.registry.parent.tolist()
        return {region: ids[parent] for region, parent in zip(ids, parents, strict=True) if parent != UNKNOWN}


@dataclass
class Forms:
    """The forms of one race, in the order in which they are sent."""

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
                raise ValueError(f"The register of 2019 does not know the station of {raw!r}.")
            if station.village not in keys:
                keys[station.village] = key_of_region(self.registry, station.village)
            events.append((keys[station.village], raw))
        return events

    @cached_property
    def nation(self) -> list[int]:
        """What they add up to by the specification: forms, votes of both pairs, valid, invalid, voters."""
        tally = fold(self.raws, self.election, self.registry).regions[CONTEST, NATION]
        cells = tally.cells()
        return [
            tally.version,
            tally.votes["1"],
            tally.votes["2"],
            cells["valid"],
            cells["invalid"],
            cells["voters"],
        ]
