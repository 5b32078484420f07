"""Workers without a broker: topics are lists, and a process can be struck down at any of its steps.

The owners and hops are the real ones, each in a process of its own. A strike happens while something is sent,
before or after the topic has it; the process is gone with all that it held, and another one takes over: it
folds what the topics hold, announces, and goes on. A process that lost its partition may go on for a while as
if nothing had happened. Nothing here knows which totals should come out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

import pyarrow as pa

from schemas.regions import Level
from schemas.rejections import Rejection
from schemas.tally_messages import TallyMessage, decode_tally
from sinks.rows import Rows
from stream_processors.distributed.count_hop import CountHop, Entries
from stream_processors.distributed.owners import CountOwner, SumOwner
from stream_processors.distributed.sum_hop import SumHop
from stream_processors.rollup import Merge
from tests.worlds import World

BELOW: Final = {Level.PROVINCE: Level.DISTRICT, Level.NATION: Level.PROVINCE}
"""Which values are added up at a level."""


class Struck(Exception):
    """The process is gone in the middle of what it did."""


@dataclass(slots=True)
class Topics:
    """What the broker holds: events and totals as they are on their topics, rows by table, how far rows were
    sent by partition (-1: nothing), parked entries as (partition, position)."""

    events: list[list[Entries]]
    tallies: dict[Level, list[bytes]] = field(default_factory=lambda: {level: [] for level in Level})
    rows: dict[str, list[pa.Table]] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)
    parked: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Outlet:
    """Sends into the topics, until chance strikes (with `rate` at each message)."""

    topics: Topics
    chance: Random
    rate: float

    def rows(self, partition: int, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            self._send(lambda name=name, table=table: self._keep(partition, name, table))

    def parked(self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection) -> None:
        assert raw
        assert key
        assert why.said.en
        self._send(lambda: self.topics.parked.append((partition, position)))

    def tally(self, message: TallyMessage) -> None:
        self._send(lambda: self.topics.tallies[message.level].append(message.encode()))

    def _keep(self, partition: int, name: str, table: pa.Table) -> None:
        self.topics.rows.setdefault(name, []).append(table)
        if name == "sink_position":
            self.topics.sent[partition] = table.column("position")[0].as_py()

    def _send(self, effect: Callable[[], object]) -> None:
        if self.chance.random() >= self.rate:
            effect()
            return
        if self.chance.random() < 0.5:
            effect()  # the topic has it, and nobody is left to know
        raise Struck


@dataclass(frozen=True, slots=True)
class Habits:
    """What could be left out: announcing after a start, sending a sum again when a value comes again."""

    announces: bool = True
    sends_again: bool = True


class CountProcess:
    """Owns a partition of the events from its start to its end."""

    def __init__(self, world: World, rows: Rows, outlet: Outlet, habits: Habits, partition: int) -> None:
        topics = outlet.topics
        hop = CountHop(partition, world.election.id, world.registry, world.ballots)
        sent = topics.sent.get(partition, -1)
        self._events = topics.events[partition]
        self._owner = CountOwner(hop, rows, world.ballots, outlet, sent)
        self._next = 0
        while self._next < len(self._events) and self._events[self._next].positions[-1] <= sent:
            self._owner.take(self._events[self._next])
            self._next += 1
        if habits.announces:
            self._owner.announce()
        hop.changed()  # without announcing, what a predecessor may have sent is taken as sent

    def step(self) -> bool:
        """One batch of events; whether there was any."""
        if self._next == len(self._events):
            return False
        self._owner.take(self._events[self._next])
        self._next += 1
        self._owner.emit()
        return True


class SumProcess:
    """Owns the totals of a level from its start to its end."""

    def __init__(self, world: World, outlet: Outlet, habits: Habits, level: Level) -> None:
        self._owner = SumOwner(SumHop(level, world.election.id, world.registry), outlet)
        self._values = outlet.topics.tallies[BELOW[level]]
        self._habits = habits
        self._next = 0
        while self._next < len(self._values):
            self._owner.take(decode_tally(self._values[self._next]))
            self._next += 1
        if habits.announces:
            self._owner.announce()
        self._owner.hop.changed()

    def step(self) -> bool:
        """One value; whether there was any."""
        if self._next == len(self._values):
            return False
        what = self._owner.take(decode_tally(self._values[self._next]))
        self._next += 1
        if what is Merge.REPEATED and not self._habits.sends_again:
            self._owner.hop.changed()
        self._owner.emit()
        return True


class Cluster:
    """The processes of a count: one a partition of the events, and one a level above the district."""

    def __init__(
        self,
        world: World,
        events: list[list[Entries]],
        chance: Random,
        rate: float,
        habits: Habits,
    ) -> None:
        self.topics = Topics(events)
        self.strikes = 0
        self._world = world
        self._rows = Rows(world.election.id, world.registry, world.ballots)
        self._chance = chance
        self._habits = habits
        self._outlet = Outlet(self.topics, chance, rate)
        self._places: list[int | Level] = [*range(len(events)), Level.PROVINCE, Level.NATION]
        self._processes = {place: self._start(place) for place in self._places}
        self._zombies: list[CountProcess | SumProcess] = []

    def run(self) -> None:
        """Go on in any order until nothing is left to do. Strikes come until all events were taken in."""
        while any(self._moved(place) for place in self._shuffled()):
            pass
        self._outlet.rate = 0.0
        while any(self._moved(place) for place in self._shuffled()):
            pass

    def _shuffled(self) -> list[int | Level]:
        places = list(self._places)
        self._chance.shuffle(places)
        return places

    def _moved(self, place: int | Level) -> bool:
        if self._outlet.rate and self._chance.random() < 0.1:  # a rebalance: the old owner does not know yet
            self._zombies.append(self._processes[place])
            self._processes[place] = self._start(place)
        for zombie in list(self._zombies):
            try:
                zombie.step()
            except Struck:
                self._zombies.remove(zombie)
            if self._chance.random() < 0.5 and zombie in self._zombies:
                self._zombies.remove(zombie)
        try:
            return self._processes[place].step()
        except Struck:
            self.strikes += 1
            self._processes[place] = self._start(place)
            return True

    def _start(self, place: int | Level) -> CountProcess | SumProcess:
        while True:
            try:
                if isinstance(place, Level):
                    return SumProcess(self._world, self._outlet, self._habits, place)
                return CountProcess(self._world, self._rows, self._outlet, self._habits, place)
            except Struck:
                self.strikes += 1
