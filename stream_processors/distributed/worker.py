"""The worker: an engine whose partitions a consumer group hands out, and whose live entries Faust brings.

Faust says which partitions are this worker's and brings their entries; what they mean is the engine's affair,
and so are their positions. No offsets are committed: Faust would have to keep account of all that it brought.
While the engine reads the log itself, at the start and whenever more has come than can be taken in as it
comes, Faust fetches nothing of it and what it still brings is let go; then it goes on from where the log was
read to.

The engine runs on one thread of its own, so that heartbeats go on while it works. Whatever fails in it ends
the process: its successor, here or elsewhere, folds the same state from the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from faust.types import TP

from event_log.kafka.connection import Connection
from event_log.kafka.log import Record
from event_log.kafka.topics import COUNT_EVENTS, WORKER_GROUP
from monitoring.health import Health
from monitoring.logs import fields
from monitoring.metrics import LAG, POSITION
from schemas.regions import Level
from stream_processors.distributed.engine import SUMMED, Engine, Owned, Reassigned
from stream_processors.distributed.faust_settings import App, app_settings
from stream_processors.distributed.faust_transport import Transport

FLUSH_S: Final = 0.15
"""From one flush of events to the next, if it does not take longer. Most of what one costs at the busiest
hour does not depend on how much it takes in. Totals cost little, and go on to the next hop as they come."""

BREATH_S: Final = 0.01
"""Between two flushes at the least, in which more can arrive."""

WAITING_MOST: Final = 4_000
"""Entries that may wait for the engine before the agents wait too; what one fetch brought is not parted."""

BEHIND: Final = 10_000
"""Entries that are too many to wait for as they come: what the bulk gear takes in about a second."""

ANNOUNCE_S: Final = 600.0
"""How often all totals are announced again, though nothing was lost as far as anybody knows: far more often
than a compacted topic forgets the older of two values (see event_log.kafka.topics)."""

SAVE_S: Final = 120.0
"""How often snapshots are kept, where a directory for them was named: what was not saved is folded again, at
tens of thousands of events a second."""

OBSERVE_S: Final = 1.0
"""How often positions and lag are told: more often than anybody asks."""

RECOVERY: Final = "recovery"

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(slots=True)
class _Waiting:
    """What has arrived and is not in the engine yet."""

    events: dict[int, list[Record]] = field(default_factory=dict)
    tallies: dict[tuple[Level, int], list[bytes]] = field(default_factory=dict)
    count: int = 0

    def totals(self) -> _Waiting:
        """What there is of totals, which is not here any more."""
        totals = _Waiting(tallies=self.tallies, count=sum(map(len, self.tallies.values())))
        self.tallies, self.count = {}, self.count - totals.count
        return totals

    def forget_events(self) -> None:
        """They are read elsewhere."""
        self.count -= sum(map(len, self.events.values()))
        self.events.clear()


def _step(reading: Iterator[None]) -> bool:
    """Go on with it; whether it has ended."""
    try:
        next(reading)
    except (StopIteration, Reassigned):
        return True
    return False


class Worker:
    """Runs an engine in a Faust app; one in a process."""

    def __init__(
        self, engine: Engine, connection: Connection, health: Health, fatal: Callable[[Exception], None]
    ) -> None:
        """`fatal` is told of what can't be got over, and ends the process."""
        self.app = App(connection.group(WORKER_GROUP), **app_settings(connection))
        self.app.transport = Transport(self.app.conf.broker_consumer, self.app)
        self._engine = engine
        self._health = health
        health.trouble(RECOVERY, "No partitions have been assigned yet.")
        self._fatal = fatal
        self._thread = ThreadPoolExecutor(1, "engine")
        self._waiting = _Waiting()
        self._totals_came = asyncio.Event()
        self._assignment = 0  # the number of the last one: what is done for an older one is given up
        self._is_open = False  # for what Faust brings; the engine has caught up with the log
        self._topic_of = {connection.topic(topic): topic.name for topic in (COUNT_EVENTS, *SUMMED.values())}
        self._name_of = {name: topic for topic, name in self._topic_of.items()}
        self._events = frozenset({self._name_of[COUNT_EVENTS.name]})
        self._agent(COUNT_EVENTS.name, self._events_arrived)
        for level, topic in SUMMED.items():
            self._agent(topic.name, partial(self._tallies_arrived, level))
        self.app.on_partitions_revoked.connect(self._on_revoked)
        self.app.on_rebalance_complete.connect(self._on_assigned)
        self.app.task(self._flush_for_ever)
        self.app.task(self._sum_for_ever)

    def close(self) -> None:
        """Give up what the engine is at, when the app has ended; nothing works on it afterwards."""
        self._assignment += 1
        self._thread.shutdown()

    def _agent(self, topic: str, arrived: Callable[[int, Sequence[Any]], None]) -> None:
        """Make the agent that takes what comes on a topic."""
        channel = self.app.topic(
            self._name_of[topic],
            key_type=bytes,
            value_type=bytes,  # of each record: a message holds several (see faust_transport)
            key_serializer="raw",
            value_serializer="raw",
            acks=False,
        )

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                while self._waiting.count >= WAITING_MOST:
                    await asyncio.sleep(FLUSH_S / 5)
                if event.message.topic not in self.app.transport.held:
                    arrived(event.message.partition, event.message.value)

        self.app.agent(channel, name=topic)(agent)

    def _events_arrived(self, partition: int, records: Sequence[Any]) -> None:
        # A record without a value is an empty one: it can't be left out, and is rejected as such.
        self._waiting.events.setdefault(partition, []).extend(
            Record(one.offset, one.timestamp * 1_000, one.key, one.value or b"", ()) for one in records
        )
        self._waiting.count += len(records)

    def _tallies_arrived(self, level: Level, partition: int, records: Sequence[Any]) -> None:
        self._waiting.tallies.setdefault((level, partition), []).extend(one.value for one in records)
        self._waiting.count += len(records)
        self._totals_came.set()

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        self._close_gate()

    async def _on_assigned(self, *_: Any, **__: Any) -> None:
        self._close_gate()
        self.app.add_future(self._recover(self._assignment))

    def _close_gate(self) -> None:
        self._assignment += 1
        self._is_open = False
        self._waiting = _Waiting()
        self.app.transport.held = frozenset(self._topic_of)
        self._health.trouble(RECOVERY, "Partitions were assigned anew; the log is being read.")

    async def _recover(self, assignment: int) -> None:
        """Let the engine own what is assigned, then let Faust go on from where the engine stands."""
        outdated = self._outdates(assignment)
        owned = self._assigned()
        stands = await self._in_engine(partial(self._own, owned, outdated))
        if stands is not None and await self._go_on(stands, outdated):
            self._is_open = True
            self._health.well(RECOVERY)

    async def _catch_up(self) -> None:
        """Read the log in bulk, sums as they come, and let Faust go on from there; unless there is another
        assignment meanwhile."""
        outdated, began = self._outdates(self._assignment), time.monotonic()
        self.app.transport.held = self._events
        self._waiting.forget_events()
        reading = self._engine.read_on(outdated)
        while not outdated() and not await self._in_engine(partial(_step, reading)):
            self._health.beat()
            await self._flush()
            if not outdated():
                self._observe()
        stands = {(COUNT_EVENTS.name, at): position for at, position in self._engine.positions().items()}
        if await self._go_on(stands, outdated):
            seconds = round(time.monotonic() - began, 2)
            logger.info("Caught up with a backlog.", extra=fields(seconds=seconds))

    def _outdates(self, assignment: int) -> Callable[[], bool]:
        """Tells whether there has been another assignment since that one."""
        return lambda: assignment != self._assignment

    async def _go_on(self, stands: Mapping[tuple[str, int], int], outdated: Callable[[], bool]) -> bool:
        """Let Faust bring what comes from there on, by topic and partition; not when that is outdated."""
        for (topic, partition), position in stands.items():
            if outdated():
                return False
            await self.app.consumer.seek(TP(self._name_of[topic], partition), position)
        if outdated():
            return False
        self.app.transport.held = frozenset()
        return True

    def _own(self, owned: Owned, outdated: Callable[[], bool]) -> dict[tuple[str, int], int] | None:
        try:
            return self._engine.own(owned, outdated)
        except Reassigned:
            return None

    def _assigned(self) -> Owned:
        by_topic: dict[str, set[int]] = {name: set() for name in self._name_of}
        for one in self.app.consumer.assignment():
            if one.topic in self._topic_of:
                by_topic[self._topic_of[one.topic]].add(one.partition)
        sums = {level: frozenset(by_topic[topic.name]) for level, topic in SUMMED.items()}
        return frozenset(by_topic[COUNT_EVENTS.name]), sums

    async def _flush_for_ever(self) -> None:
        began = announced = saved = observed = time.monotonic()
        while True:
            await asyncio.sleep(max(began + FLUSH_S - time.monotonic(), BREATH_S))
            began = time.monotonic()
            self._health.beat()
            if not self._is_open:
                continue
            await self._flush()
            if self._is_open and self._behind() > BEHIND:
                await self._catch_up()
            if time.monotonic() - announced > ANNOUNCE_S:
                await self._in_engine(self._engine.announce)
                announced = time.monotonic()
            if time.monotonic() - saved > SAVE_S:
                await self._in_engine(self._engine.save)
                saved = time.monotonic()
            # Only while the engine and the consumer own the same: an assignment may have come in between.
            if self._is_open and time.monotonic() - observed > OBSERVE_S:
                self._observe()
                observed = time.monotonic()

    async def _sum_for_ever(self) -> None:
        """Give the engine totals as they come: they have hops to go yet, and each would wait for a flush."""
        while True:
            await self._totals_came.wait()
            self._totals_came.clear()
            if self._is_open and self._waiting.tallies:
                await self._in_engine(partial(self._add_up, self._waiting.totals()))
            await asyncio.sleep(BREATH_S)

    async def _flush(self) -> None:
        """Give the engine what waits, or let it send what it could not send before."""
        if self._waiting.count:
            waiting, self._waiting = self._waiting, _Waiting()
            await self._in_engine(partial(self._take, waiting))
        elif self._engine.owes:
            await self._in_engine(self._engine.emit)

    def _behind(self) -> int:
        """How many entries the log has that were not taken in, as far as Faust has heard of them."""
        return sum(self._lag().values())

    def _lag(self) -> dict[int, int]:
        """By partition of the events how far behind the log is what was taken in."""
        highwater, topic = self.app.consumer.highwater, self._name_of[COUNT_EVENTS.name]
        return {
            partition: max(0, (highwater(TP(topic, partition)) or position) - position)
            for partition, position in self._engine.positions().items()
        }

    def _observe(self) -> None:
        """Tell the metrics how far behind the log is what was taken in."""
        POSITION.clear()
        LAG.clear()
        for partition, position in self._engine.positions().items():
            POSITION.labels(partition).set(position - 1)
        for partition, behind in self._lag().items():
            LAG.labels(COUNT_EVENTS.name, partition).set(behind)

    def _take(self, waiting: _Waiting) -> None:
        for partition, records in waiting.events.items():
            self._engine.take_events(partition, records)
        self._take_tallies(waiting)
        self._engine.emit()

    def _add_up(self, waiting: _Waiting) -> None:
        self._take_tallies(waiting)
        self._engine.emit_sums()

    def _take_tallies(self, waiting: _Waiting) -> None:
        for (level, partition), raws in waiting.tallies.items():
            self._engine.take_tallies(level, partition, raws)

    async def _in_engine(self, work: Callable[[], Result]) -> Result | None:
        """What `work` gives, on the engine's thread; whatever it raises is the end."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except Exception as error:
            self._fatal(error)
            return None
