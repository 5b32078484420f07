"""The worker: an engine in a Faust app, which assigns its partitions and streams their entries.

Faust assigns partitions and delivers their records; the engine keeps the positions. No offsets are committed:
Faust would have to track every record that it delivered. In catch-up mode, after a rebalance and whenever the
lag is too large, the engine reads the log itself: fetching through Faust is paused and late records are
dropped; then the consumer seeks to the engine's position, and the worker goes back to streaming mode.

The engine runs on one thread of its own, so that heartbeats go on while it works. Any failure in it ends the
process: the next owner of its partitions, here or elsewhere, folds the same state from the log.
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
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.log import KafkaRecord, record_of
from event_log.kafka.topics import COUNT_EVENTS, WORKER_GROUP
from monitoring.health import Health
from monitoring.logs import fields
from monitoring.metrics import LAG, POSITION
from schemas.regions import Level
from stream_processors.distributed import conflicts
from stream_processors.distributed.engine import SUMMED, Assignment, Engine, Reassigned
from stream_processors.distributed.faust_settings import App, app_settings
from stream_processors.distributed.faust_transport import Transport

FLUSH_S: Final = 0.15
"""The batching delay of events: from one flush to the next, if it does not take longer. Most of the cost of a
flush at the busiest hour does not depend on its size. Totals cost little, and are published to the next stage
as they arrive."""

MIN_PAUSE_S: Final = 0.01
"""Least pause between two flushes, in which more can arrive."""

MAX_PENDING: Final = 4_000
"""Records pending for the engine from which on the agents wait too (backpressure); the records of one fetch
are not split."""

CATCH_UP_LAG: Final = 10_000
"""The lag, in entries, above which the worker switches to catch-up mode: it reads as many in about a
second."""

REPUBLISH_TOTALS_S: Final = 600.0
"""How often all totals are re-published, although none is known to be lost: far more often than compaction
removes the older of two values (see event_log.kafka.topics)."""

REPUBLISH_SOON_S: Final = 10.0
"""The same after totals were set aside: compaction may take them for the newest of a region. Not more often,
whatever comes."""

SNAPSHOT_S: Final = 120.0
"""How often snapshots are saved, where a directory for them is configured: entries after the snapshot are
folded again, at tens of thousands a second."""

METRICS_S: Final = 1.0
"""How often the metrics of positions and lag are set: more often than they are scraped."""

RECOVERY: Final = "recovery"
"""The part of Health that is in trouble while partitions are not assigned or are being caught up."""

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(slots=True)
class _Pending:
    """Records that arrived and are not in the engine yet."""

    events: dict[int, list[KafkaRecord]] = field(default_factory=dict)
    tallies: dict[tuple[Level, int], list[KafkaRecord]] = field(default_factory=dict)
    count: int = 0

    def take_tallies(self) -> _Pending:
        """The pending totals, removed from here."""
        totals = _Pending(tallies=self.tallies, count=sum(map(len, self.tallies.values())))
        self.tallies, self.count = {}, self.count - totals.count
        return totals

    def drop_events(self) -> None:
        """Drop the pending events: the engine reads them from the log."""
        self.count -= sum(map(len, self.events.values()))
        self.events.clear()


def _step(catch_up: Iterator[None]) -> bool:
    """Advance a catch-up by one step; whether it has ended."""
    try:
        next(catch_up)
    except (StopIteration, Reassigned):
        return True
    return False


class Worker:
    """Runs an engine in a Faust app; one in a process."""

    def __init__(
        self,
        engine: Engine,
        connection: Connection,
        health: Health,
        fatal: Callable[[Exception], None],
        session_s: float,
    ) -> None:
        """`fatal` is called with an error that can't be retried, and ends the process."""
        self.app = App(connection.group(WORKER_GROUP), **app_settings(connection, session_s))
        self.app.transport = self._transport = Transport(self.app.conf.broker_consumer, self.app)
        self._transport.refused = self._refused
        self._engine = engine
        self._connection = connection
        self._health = health
        health.trouble(RECOVERY, "No partitions have been assigned yet.")
        self._fatal = fatal
        self._thread = ThreadPoolExecutor(1, "engine")
        self._pending = _Pending()
        self._has_tallies = asyncio.Event()
        self._generation = 0  # of the assignment: work for an older one is stopped
        self._is_streaming = False  # the engine has caught up with the log
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
        """Stop the engine's work and its thread, after the app has ended."""
        self._generation += 1
        self._thread.shutdown()

    def _agent(self, topic: str, arrived: Callable[[int, Sequence[Any]], None]) -> None:
        """Make the agent that consumes a topic."""
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
                while self._pending.count >= MAX_PENDING:
                    await asyncio.sleep(FLUSH_S / 5)
                if event.message.topic not in self._transport.paused_topics:
                    arrived(event.message.partition, event.message.value)

        self.app.agent(channel, name=topic)(agent)

    def _events_arrived(self, partition: int, records: Sequence[Any]) -> None:
        # A record without a value is an empty entry: it can't be skipped, and is rejected.
        self._pending.events.setdefault(partition, []).extend(record_of(one, COUNT_EVENTS) for one in records)
        self._pending.count += len(records)

    def _tallies_arrived(self, level: Level, partition: int, records: Sequence[Any]) -> None:
        self._pending.tallies.setdefault((level, partition), []).extend(
            record_of(one, SUMMED[level]) for one in records
        )
        self._pending.count += len(records)
        self._has_tallies.set()

    async def _on_revoked(self, *_: Any, **__: Any) -> None:
        self._pause_streaming()

    async def _on_assigned(self, *_: Any, **__: Any) -> None:
        self._pause_streaming()
        self.app.add_future(self._recover(self._generation))

    def _pause_streaming(self) -> None:
        """Pause fetching and drop pending records, until the engine has caught up."""
        self._generation += 1
        self._is_streaming = False
        self._pending = _Pending()
        self._transport.paused_topics = frozenset(self._topic_of)
        self._health.trouble(RECOVERY, "The consumer group rebalanced; catching up with the log.")

    async def _recover(self, generation: int) -> None:
        """After a rebalance: assign the partitions to the engine, then stream from the engine's positions."""
        outdated = self._outdates(generation)
        assignment = self._assigned()
        logger.info("Consumer group rebalanced; catching up", extra=fields(partitions=sorted(assignment[0])))
        offsets = await self._in_engine(partial(self._assign, assignment, outdated))
        if offsets is not None and await self._stream_from(offsets, outdated):
            self._is_streaming = True
            self._health.well(RECOVERY)
            logger.info("Streaming", extra=fields(partitions=sorted(assignment[0])))

    async def _catch_up(self) -> None:
        """Process the log in catch-up mode and totals as they arrive, then stream from there; stops at a
        rebalance."""
        outdated, began = self._outdates(self._generation), time.monotonic()
        logger.info("Lag too large; switching to catch-up mode", extra=fields(lag=sum(self._lag().values())))
        self._transport.paused_topics = self._events
        self._pending.drop_events()
        catch_up = self._engine.catch_up(outdated)
        while not outdated() and not await self._in_engine(partial(_step, catch_up)):
            self._health.beat()
            await self._flush()
            if not outdated():
                self._set_metrics()
        offsets = {(COUNT_EVENTS.name, at): position for at, position in self._engine.positions().items()}
        if await self._stream_from(offsets, outdated):
            seconds = round(time.monotonic() - began, 2)
            logger.info("Caught up with a backlog.", extra=fields(seconds=seconds))

    def _outdates(self, generation: int) -> Callable[[], bool]:
        """A function that returns whether there was a rebalance after that generation."""
        return lambda: generation != self._generation

    async def _stream_from(
        self, offsets: Mapping[tuple[str, int], int], outdated: Callable[[], bool]
    ) -> bool:
        """Seek to these offsets (by topic and partition) and resume fetching; False after another
        rebalance."""
        for (topic, partition), offset in offsets.items():
            if outdated():
                return False
            await self.app.consumer.seek(TP(self._name_of[topic], partition), offset)
        if outdated():
            return False
        self._transport.paused_topics = frozenset()
        return True

    def _assign(
        self, assignment: Assignment, outdated: Callable[[], bool]
    ) -> dict[tuple[str, int], int] | None:
        try:
            return self._engine.assign(assignment, outdated)
        except Reassigned:
            return None

    def _assigned(self) -> Assignment:
        by_topic: dict[str, set[int]] = {name: set() for name in self._name_of}
        for one in self.app.consumer.assignment():
            if one.topic in self._topic_of:
                by_topic[self._topic_of[one.topic]].add(one.partition)
        sums = {level: frozenset(by_topic[topic.name]) for level, topic in SUMMED.items()}
        return frozenset(by_topic[COUNT_EVENTS.name]), sums

    async def _flush_for_ever(self) -> None:
        began = republished = saved = measured = time.monotonic()
        while True:
            await asyncio.sleep(max(began + FLUSH_S - time.monotonic(), MIN_PAUSE_S))
            began = time.monotonic()
            self._health.beat()
            if not self._is_streaming:
                continue
            await self._flush()
            if self._is_streaming and sum(self._lag().values()) > CATCH_UP_LAG:
                await self._catch_up()
            wait_s = REPUBLISH_SOON_S if self._engine.should_republish else REPUBLISH_TOTALS_S
            if time.monotonic() - republished > wait_s:
                await self._in_engine(self._engine.republish_totals)
                republished = time.monotonic()
            if time.monotonic() - saved > SNAPSHOT_S:
                await self._in_engine(self._engine.save_snapshots)
                saved = time.monotonic()
            # Only while engine and consumer have the same assignment: a rebalance may have come in between.
            if self._is_streaming and time.monotonic() - measured > METRICS_S:
                self._set_metrics()
                measured = time.monotonic()

    def _refused(self, error: Exception) -> None:
        """End: the brokers do not let this worker into its group, which does not go away by itself."""
        self._fatal(broker_unavailable(self._connection, error, self.app.conf.id))

    async def _sum_for_ever(self) -> None:
        """Pass totals to the engine as they arrive: more stages follow, and at each they would wait for a
        flush."""
        while True:
            await self._has_tallies.wait()
            self._has_tallies.clear()
            if self._is_streaming and self._pending.tallies:
                await self._in_engine(partial(self._add_up, self._pending.take_tallies()))
            await asyncio.sleep(MIN_PAUSE_S)

    async def _flush(self) -> None:
        """Pass the pending records to the engine, or publish positions whose rows are acknowledged by now."""
        if self._pending.count:
            pending, self._pending = self._pending, _Pending()
            await self._in_engine(partial(self._process, pending))
        elif self._engine.has_pending_positions:
            await self._in_engine(self._engine.publish_changes)

    def _lag(self) -> dict[int, int]:
        """By partition of count-events the entries that are not applied yet, by Faust's high watermarks."""
        highwater, topic = self.app.consumer.highwater, self._name_of[COUNT_EVENTS.name]
        return {
            partition: max(0, (highwater(TP(topic, partition)) or position) - position)
            for partition, position in self._engine.positions().items()
        }

    def _set_metrics(self) -> None:
        """Set the metrics of positions and lag, and tell of conflicts and clocks."""
        conflicts.tell(self._engine.last_conflict, self._health, time.monotonic())
        self._engine.clocks.tell(self._health, time.monotonic())
        POSITION.clear()
        LAG.clear()
        for partition, position in self._engine.positions().items():
            POSITION.labels(partition).set(position - 1)
        for partition, lag in self._lag().items():
            LAG.labels(COUNT_EVENTS.name, partition).set(lag)

    def _process(self, pending: _Pending) -> None:
        for partition, records in pending.events.items():
            self._engine.process_events(partition, records)
        self._process_tallies(pending)
        self._engine.publish_changes()

    def _add_up(self, pending: _Pending) -> None:
        self._process_tallies(pending)
        self._engine.publish_changed_sums()

    def _process_tallies(self, pending: _Pending) -> None:
        for (level, partition), records in pending.tallies.items():
            self._engine.process_tallies(level, partition, records)

    async def _in_engine(self, work: Callable[[], Result]) -> Result | None:
        """Run `work` on the engine's thread; anything that it raises is fatal."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except Exception as error:
            self._fatal(error)
            return None
