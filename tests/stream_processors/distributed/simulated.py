"""Workers without a broker: topics are lists, and a process can be struck down at any of its steps.

The owners and hops are the real ones, each in a process of its own. What a process sends is on its way for a
while, in order only within a topic's partition. A strike happens while something is sent; the process is gone
with all that it held, and of each partition's messages on their way some first ones arrive. Another process
takes over: it folds what the topics hold, announces, and goes on. A process that lost its partition may go on
for a while as if nothing had happened. Nothing here knows which totals should come out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
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

REBALANCE_RATE: Final = 0.05
"""For each step of a process: some four in a run."""


class Struck(Exception):
    """The process is gone in the middle of what it did."""


@dataclass(slots=True)
class Topics:
    """What the broker holds: events and totals as they are on their topics, rows by table, how far rows were
    sent by partition (-1: nothing), rejected entries as (partition, position)."""

    events: list[list[Entries]]
    tallies: dict[Level, list[bytes]] = field(default_factory=lambda: {level: [] for level in Level})
    rows: dict[str, list[pa.Table]] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)
    rejected: list[tuple[int, int]] = field(default_factory=list)


class Outlet:
    """What one process sends: on its way into the topics until chance lets it arrive, or strikes (with
    `rate` at each message)."""

    def __init__(self, topics: Topics, chance: Random, rate: float, *, waits: bool = True) -> None:
        """Without `waits` everything is said to have arrived at once."""
        self.topics = topics
        self.rate = rate
        self.handed_over = 0
        self._chance = chance
        self._waits = waits
        self._ways: dict[tuple[str, int], deque[tuple[int, Callable[[], object]]]] = {}

    def has_sent(self, count: int) -> bool:
        return not self._waits or all(number >= count for way in self._ways.values() for number, _ in way)

    def rows(
        self,
        partition: int,
        tables: Mapping[str, pa.Table],
        after: int | None = None,
        *,
        more: bool = False,
    ) -> None:
        assert not more  # nothing is read in ranges here
        if after is not None:
            assert after < tables["sink_position"].column("position")[0].as_py()
        # What belongs to a position is one message; without one each table could be one of its own.
        parts = [tables] if after is not None else [{name: table} for name, table in tables.items()]
        for part in parts:
            self._send(("rows", partition), partial(self._keep, part))

    def rejected(self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection) -> None:
        assert raw
        assert key
        assert why.said.en
        self._send(("rejected", partition), lambda: self.topics.rejected.append((partition, position)))

    def tally(self, message: TallyMessage) -> None:
        self._send((message.level, 0), lambda: self.topics.tallies[message.level].append(message.encode()))

    def carry(self) -> bool:
        """Let some of what is on its way arrive; whether there was anything."""
        some = any(self._ways.values())
        self._arrive()
        return some

    def lose(self) -> None:
        """Of each partition's messages on their way some first ones arrive, the others never."""
        self._arrive()
        self._ways.clear()

    def _arrive(self) -> None:
        for way in self._ways.values():
            for _ in range(self._chance.randint(0, len(way))):
                way.popleft()[1]()

    def _keep(self, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            self.topics.rows.setdefault(name, []).append(table)
            if name == "sink_position":
                partition = table.column("partition")[0].as_py()
                self.topics.sent[partition] = table.column("position")[0].as_py()

    def _send(self, way: tuple[str, int], effect: Callable[[], object]) -> None:
        self._ways.setdefault(way, deque()).append((self.handed_over, effect))
        self.handed_over += 1
        if self._chance.random() < self.rate:
            self.lose()
            raise Struck


@dataclass(frozen=True, slots=True)
class Habits:
    """What could be left out: announcing after a start, sending a sum again when a value comes again, waiting
    until everything before a position has arrived."""

    announces: bool = True
    sends_again: bool = True
    waits: bool = True


class CountProcess:
    """Owns a partition of the events from its start to its end."""

    def __init__(self, world: World, rows: Rows, outlet: Outlet, habits: Habits, partition: int) -> None:
        topics = outlet.topics
        hop = CountHop(partition, world.election.id, world.registry, world.ballots)
        sent = topics.sent.get(partition, -1)
        self.outlet = outlet
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
        """One batch of events; whether there was any, or anything on its way."""
        moved = self.outlet.carry()
        if self._next < len(self._events):
            self._owner.take(self._events[self._next])
            self._next += 1
            moved = True
        self._owner.emit()
        return moved or self._owner.owes


class SumProcess:
    """Owns the totals of a level from its start to its end."""

    def __init__(self, world: World, outlet: Outlet, habits: Habits, level: Level) -> None:
        self.outlet = outlet
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
        """One value; whether there was any, or anything on its way."""
        moved = self.outlet.carry()
        if self._next == len(self._values):
            return moved
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
        self._rate = rate
        self._places: list[int | Level] = [*range(len(events)), Level.PROVINCE, Level.NATION]
        self._processes = {place: self._start(place) for place in self._places}
        self._zombies: list[CountProcess | SumProcess] = []

    def run(self) -> None:
        """Go on in any order until nothing is left to do. Strikes come until all events were taken in."""
        while any(self._moved(place) for place in self._shuffled()):
            pass
        self._rate = 0.0
        for process in self._processes.values():
            process.outlet.rate = 0.0
        self._zombies.clear()
        while any(self._moved(place) for place in self._shuffled()):
            pass

    def _shuffled(self) -> list[int | Level]:
        places = list(self._places)
        self._chance.shuffle(places)
        return places

    def _moved(self, place: int | Level) -> bool:
        if self._rate and self._chance.random() < REBALANCE_RATE:  # the old owner does not know yet
            self._zombies.append(self._processes[place])
            self._processes[place] = self._start(place)
        for zombie in list(self._zombies):
            try:
                zombie.step()
            except Struck:
                self._zombies.remove(zombie)
            if self._chance.random() < 0.5 and zombie in self._zombies:
                zombie.outlet.lose()
                self._zombies.remove(zombie)
        try:
            return self._processes[place].step()
        except Struck:
            self.strikes += 1
            self._processes[place] = self._start(place)
            return True

    def _start(self, place: int | Level) -> CountProcess | SumProcess:
        while True:
            outlet = Outlet(self.topics, self._chance, self._rate, waits=self._habits.waits)
            try:
                if isinstance(place, Level):
                    return SumProcess(self._world, outlet, self._habits, place)
                return CountProcess(self._world, self._rows, outlet, self._habits, place)
            except Struck:
                self.strikes += 1
