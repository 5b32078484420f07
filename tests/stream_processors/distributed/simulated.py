"""Workers without a broker: topics are lists, and a process can crash at any of its steps.

The tasks and stages are the real ones, each in a process of its own. Published messages are in flight for a
while, in order only within a topic's partition. A crash happens during a publish; the process is gone with
its memory, and of each partition's messages in flight some first ones are written. Another process takes
over: it folds the topics, re-publishes all totals, and continues. A process that lost its partition in a
rebalance may continue for a while (a zombie). Nothing here knows which totals should come out.
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
from stream_processors.distributed.count_stage import AssessedEntries, CountStage
from stream_processors.distributed.partition_task import CountTask, publish_tallies
from stream_processors.distributed.sum_stage import SumStage
from stream_processors.rollup import Merge
from tests.worlds import World

BELOW: Final = {Level.PROVINCE: Level.DISTRICT, Level.NATION: Level.PROVINCE}
"""Which values are added up at a level."""

REBALANCE_RATE: Final = 0.05
"""For each step of a process: some four in a run."""


class Crashed(Exception):
    """The process crashed in the middle of a step."""


@dataclass(slots=True)
class Topics:
    """What the broker holds: events and totals as they are on their topics, rows by table, the published
    position by partition (-1: none), rejected entries as (partition, position)."""

    events: list[list[AssessedEntries]]
    tallies: dict[Level, list[bytes]] = field(default_factory=lambda: {level: [] for level in Level})
    rows: dict[str, list[pa.Table]] = field(default_factory=dict)
    published: dict[int, int] = field(default_factory=dict)
    rejected: list[tuple[int, int]] = field(default_factory=list)


class PublisherInMemory:
    """The publisher of one process: messages are in flight until chance writes them, or crashes the process
    (with `rate` at each message)."""

    def __init__(self, topics: Topics, chance: Random, rate: float, *, waits: bool = True) -> None:
        """Without `waits` every message counts as acknowledged at once."""
        self.topics = topics
        self.rate = rate
        self.submitted = 0
        self._chance = chance
        self._waits = waits
        self._in_flight: dict[tuple[str, int], deque[tuple[int, Callable[[], object]]]] = {}

    def has_acknowledged(self, count: int) -> bool:
        return not self._waits or all(
            number >= count for way in self._in_flight.values() for number, _ in way
        )

    def publish_rows(
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

    def publish_rejected(
        self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection
    ) -> None:
        assert raw
        assert key
        assert why.said.en
        self._send(("rejected", partition), lambda: self.topics.rejected.append((partition, position)))

    def publish_tally(self, message: TallyMessage) -> None:
        self._send((message.level, 0), lambda: self.topics.tallies[message.level].append(message.encode()))

    def deliver(self) -> bool:
        """Write some of the messages in flight; whether there were any."""
        some = any(self._in_flight.values())
        self._write_some()
        return some

    def lose(self) -> None:
        """Write some first messages of each partition in flight; the others are lost."""
        self._write_some()
        self._in_flight.clear()

    def _write_some(self) -> None:
        for way in self._in_flight.values():
            for _ in range(self._chance.randint(0, len(way))):
                way.popleft()[1]()

    def _keep(self, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            self.topics.rows.setdefault(name, []).append(table)
            if name == "sink_position":
                partition = table.column("partition")[0].as_py()
                self.topics.published[partition] = table.column("position")[0].as_py()

    def _send(self, way: tuple[str, int], effect: Callable[[], object]) -> None:
        self._in_flight.setdefault(way, deque()).append((self.submitted, effect))
        self.submitted += 1
        if self._chance.random() < self.rate:
            self.lose()
            raise Crashed


@dataclass(frozen=True, slots=True)
class Guarantees:
    """What could be left out: re-publishing totals after a start, re-publishing a sum when a value is
    redelivered, waiting for acknowledgements before a position is published."""

    republishes: bool = True
    republishes_repeated: bool = True
    waits: bool = True


class CountProcess:
    """The task of a partition of count-events, from its start to its end."""

    def __init__(
        self, world: World, rows: Rows, publisher: PublisherInMemory, guarantees: Guarantees, partition: int
    ) -> None:
        topics = publisher.topics
        stage = CountStage(partition, world.election, world.registry, world.ballots)
        published = topics.published.get(partition, -1)
        self.publisher = publisher
        self._events = topics.events[partition]
        self._task = CountTask(stage, rows, world.ballots, publisher, published)
        self._next = 0
        while self._next < len(self._events) and self._events[self._next].positions[-1] <= published:
            self._task.process(self._events[self._next])
            self._next += 1
        if guarantees.republishes:
            self._task.republish_totals()
        stage.changed_tallies()  # without re-publishing, they count as published by a predecessor

    def step(self) -> bool:
        """Process one batch of events; whether there was any, or any message in flight."""
        moved = self.publisher.deliver()
        if self._next < len(self._events):
            self._task.process(self._events[self._next])
            self._next += 1
            moved = True
        self._task.publish_changes()
        return moved or self._task.has_pending_position


class SumProcess:
    """The stage of a level, from its start to its end."""

    def __init__(
        self, world: World, publisher: PublisherInMemory, guarantees: Guarantees, level: Level
    ) -> None:
        self.publisher = publisher
        self._stage = SumStage(level, world.election.id, world.registry)
        self._values = publisher.topics.tallies[BELOW[level]]
        self._guarantees = guarantees
        self._next = 0
        while self._next < len(self._values):
            self._stage.apply(decode_tally(self._values[self._next]))
            self._next += 1
        if guarantees.republishes:
            publish_tallies(publisher, self._stage.all_tallies())
        self._stage.changed_tallies()

    def step(self) -> bool:
        """Process one value; whether there was any, or any message in flight."""
        moved = self.publisher.deliver()
        if self._next == len(self._values):
            return moved
        what = self._stage.apply(decode_tally(self._values[self._next]))
        self._next += 1
        if what is Merge.REPEATED and not self._guarantees.republishes_repeated:
            self._stage.changed_tallies()
        publish_tallies(self.publisher, self._stage.changed_tallies())
        return True


class Cluster:
    """The processes of a count: one for each partition of count-events, and one for each level above the
    district."""

    def __init__(
        self,
        world: World,
        events: list[list[AssessedEntries]],
        chance: Random,
        rate: float,
        guarantees: Guarantees,
    ) -> None:
        self.topics = Topics(events)
        self.crashes = 0
        self._world = world
        self._rows = Rows(world.election.id, world.registry, world.ballots)
        self._chance = chance
        self._guarantees = guarantees
        self._rate = rate
        self._places: list[int | Level] = [*range(len(events)), Level.PROVINCE, Level.NATION]
        self._processes = {place: self._start(place) for place in self._places}
        self._zombies: list[CountProcess | SumProcess] = []

    def run(self) -> None:
        """Step in any order until nothing is left to do. Crashes happen until all events were processed."""
        while any(self._moved(place) for place in self._shuffled()):
            pass
        self._rate = 0.0
        for process in self._processes.values():
            process.publisher.rate = 0.0
        self._zombies.clear()
        while any(self._moved(place) for place in self._shuffled()):
            pass

    def _shuffled(self) -> list[int | Level]:
        places = list(self._places)
        self._chance.shuffle(places)
        return places

    def _moved(self, place: int | Level) -> bool:
        if self._rate and self._chance.random() < REBALANCE_RATE:  # the old process does not know yet
            self._zombies.append(self._processes[place])
            self._processes[place] = self._start(place)
        for zombie in list(self._zombies):
            try:
                zombie.step()
            except Crashed:
                self._zombies.remove(zombie)
            if self._chance.random() < 0.5 and zombie in self._zombies:
                zombie.publisher.lose()
                self._zombies.remove(zombie)
        try:
            return self._processes[place].step()
        except Crashed:
            self.crashes += 1
            self._processes[place] = self._start(place)
            return True

    def _start(self, place: int | Level) -> CountProcess | SumProcess:
        while True:
            publisher = PublisherInMemory(self.topics, self._chance, self._rate, waits=self._guarantees.waits)
            try:
                if isinstance(place, Level):
                    return SumProcess(self._world, publisher, self._guarantees, place)
                return CountProcess(self._world, self._rows, publisher, self._guarantees, place)
            except Crashed:
                self.crashes += 1
