"""From the topics into ClickHouse, at least once and idempotent: every row is there once, whatever fails.

A batch goes through these steps, in this order:
  1. consume messages of the group            nothing changes
  2. decode them into rows, in their order    nothing changes
  3. insert the rows of all tables            ClickHouse, not valid yet
  4. insert the positions they complete       ClickHouse    <- the commit point: the rows count as delivered
  5. commit the group's offsets               Kafka: only where to resume
After a crash before 5 the same messages are redelivered; their rows change nothing, because the tables' keys
hold their identity. Offsets are committed at the end of a worker's batch, never inside it, so that the
position in ClickHouse and the next message are contiguous. 3 and 4 are retried until they succeed; meanwhile
one more batch is filled, then consuming is paused (backpressure), and the process stays in its group.

A message that can't be (damaged, of another version or election, beyond the log's end) is set aside: it is
counted and logged with its place, and the sink goes on. If it was one of ours, its rows are missing, and the
position waits for them; totals are re-published within ten minutes.

It promises no order between partitions: for some moments a total may be newer than the rows that it counts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Final

from clickhouse.client import SinkUnavailable
from event_log.kafka.group import ConsumerGroup, GroupRecord
from event_log.kafka.topics import COUNT_ROWS, NATION_TALLIES, PROVINCE_TALLIES, Topic
from monitoring import metrics
from monitoring.health import Health
from monitoring.logs import fields
from monitoring.set_aside import SetAside
from schemas.plausible import LogEnds
from schemas.tables import NO_POSITION
from sinks.delivery.batch_builder import BatchBuilder, Undeliverable
from sinks.delivery.gaps import Gaps
from sinks.delivery.insert_batch import InsertBatch
from sinks.delivery.insert_thread import InsertThread
from sinks.delivery.lag import LagMonitor
from sinks.delivery.tally_rows import TallyRows
from sinks.writer import Writer

TOPICS: Final[tuple[Topic, ...]] = (COUNT_ROWS, PROVINCE_TALLIES, NATION_TALLIES)
"""What a sink consumes: totals up to the district are published as rows."""

BATCHING_DELAY_S: Final = 0.2
"""Least time from the start of one insert to the start of the next: on the busiest evening a form can be seen
within a second of its arrival, and on a quiet one nothing waits."""

LATE_S: Final = 3.0
"""A form older than this may wait for the longer batching delay of a backlog."""

BACKLOG_BATCHING_DELAY_S: Final = 2.0
"""The batching delay of a backlog. Each insert makes parts that ClickHouse merges, and merges again: with
small batches of a backlog it did little else."""

POLL_S: Final = 0.05
"""Timeout of a poll, and so how late a finished insert or the end of the process is noticed."""

POLL_MESSAGES: Final = 50
"""Most messages of one poll; each may hold 2 MB of rows."""

BEYOND: Final = "position of partition {partition}"
"""The part of Health that is in trouble when the projections have a position beyond the log's end."""

SHUTDOWN_TIMEOUT_S: Final = 15.0
"""How long the shutdown waits for the insert that is running. What it does not wait for is redelivered."""

logger = logging.getLogger("rekap.sink")


class Delivery:
    """The main loop of a sink process. `run` it once."""

    def __init__(
        self,
        group: ConsumerGroup,
        writer: Writer,
        tally_rows: TallyRows,
        health: Health,
        ends: LogEnds,
    ) -> None:
        """`group` consumes TOPICS. `ends`: where the log ends, which nothing that comes can be beyond."""
        self._group = group
        self._writer = writer
        self._tally_rows = tally_rows
        self._health = health
        self._insert_thread = InsertThread(health)
        self._builder = BatchBuilder(tally_rows, ends)
        self._ends = ends
        self._set_aside = SetAside()
        self._gaps = Gaps(health)
        self._lag = LagMonitor(group, health)
        self._polled: deque[GroupRecord] = deque()  # consumed, and not in a batch yet
        self._inserting: InsertBatch | None = None
        self._last_insert_at = -BATCHING_DELAY_S  # when the last insert was started
        # After each rebalance nothing is added to a batch before the positions were read from ClickHouse.
        self._positions_requested = False
        self._positions_loaded = False
        self._positions: dict[int, int] = {}
        self._delivered: dict[int, int] = {}  # by assigned partition; replaced as a whole, never changed

    def positions(self) -> dict[int, int]:
        """By partition of the log that is assigned here the position whose rows are the next to arrive, as
        far as it is known. For any thread."""
        return dict(self._delivered)

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set, and then until the running insert is done. Raises LogUnavailable for
        what does not go away by itself."""
        try:
            while not stop.is_set():
                self._run_once()
        finally:
            self._insert_thread.stop_retrying()
        try:
            if self._insert_thread.wait(SHUTDOWN_TIMEOUT_S):
                self._finish_request()
        except SinkUnavailable as error:
            logger.warning("Stopped before the last batch was inserted; it will be redelivered: %s", error)

    def _run_once(self) -> None:
        self._health.beat()
        if self._positions_loaded and not self._builder.batch.full:
            self._group.resume()
        else:
            self._group.pause()
        polled = self._group.poll(POLL_S, POLL_MESSAGES)
        if polled.rebalanced:
            self._on_rebalance()
        self._polled.extend(polled.records)
        if self._insert_thread.done:
            self._finish_request()
            self._start_request()
        while self._positions_loaded and self._polled and not self._builder.batch.full:
            self._add(self._polled.popleft())
        self._lag.measure(time.monotonic())

    def _on_rebalance(self) -> None:
        """Read the positions again: other sinks may have advanced those of the partitions assigned now."""
        self._positions_requested = self._positions_loaded = False
        self._delivered = {}
        if sources := [f"{source.topic.name}/{source.partition}" for source in self._group.assigned()]:
            logger.info("Consumer group rebalanced", extra=fields(partitions=sources))

    def _add(self, record: GroupRecord) -> None:
        """Steps 1 and 2 for one message."""
        try:
            gap = self._builder.add(record, time.monotonic())
        except Undeliverable as error:
            source = record.source
            self._set_aside.tell(source.topic.name, source.partition, record.offset, str(error))
            return
        if gap is not None and self._gaps.should_reread(gap):
            self._polled = deque(one for one in self._polled if one.source != record.source)
            totals = [source for source in self._group.assigned() if source.topic is not COUNT_ROWS]
            self._group.seek_to_beginning([record.source, *totals])
        elif gap is not None:  # reading the topic again does not fill it
            self._builder.batch.committable[record.source] = record.offset + 1

    def _start_request(self) -> None:
        """Start the next request on the insert thread, if one is due."""
        batch = self._builder.batch
        if not self._positions_requested:
            self._positions_requested = True
            self._insert_thread.submit(self._load_positions)
        elif not batch.empty and is_due(batch, self._last_insert_at, self._builder.more_follows):
            self._last_insert_at = time.monotonic()
            self._inserting = due = self._builder.take_batch()
            self._insert_thread.submit(lambda: self._insert(due))

    def _load_positions(self) -> None:
        """On the insert thread."""
        self._positions = self._writer.positions()

    def _insert(self, batch: InsertBatch) -> None:
        """Steps 3 and 4, on the insert thread."""
        began = time.monotonic()
        tables = batch.tables_to_insert(self._tally_rows)
        self._writer.insert(tables)
        self._writer.move_all(batch.positions)  # the commit point
        metrics.INSERT_SECONDS.observe(time.monotonic() - began)
        metrics.BATCH_ROWS.observe(batch.rows)
        for name, rows in tables.items():
            metrics.ROWS_INSERTED.labels(name).inc(rows.num_rows)
        for partition, (position, recorded_at) in batch.positions.items():
            metrics.POSITION.labels(str(partition)).set(position)
            metrics.DELIVERY_SECONDS.observe(max(time.time() - recorded_at / 1_000_000, 0.0))

    def _finish_request(self) -> None:
        """Step 5 after an insert; after a rebalance, the use of the positions that were read."""
        batch, self._inserting = self._inserting, None
        if batch is not None:
            self._group.commit(batch.committable)
            self._lag.on_insert(batch.consumed)
            for partition, (position, _) in batch.positions.items():
                self._gaps.on_advance(partition, position)
            moved = {partition: position + 1 for partition, (position, _) in batch.positions.items()}
            self._delivered = {**self._delivered, **moved}
        elif self._positions_requested and not self._positions_loaded:
            possible = self._possible(self._positions)
            self._builder.set_positions(possible)
            self._delivered = {
                source.partition: possible.get(source.partition, NO_POSITION) + 1
                for source in self._group.assigned()
                if source.topic is COUNT_ROWS
            }
            self._positions_loaded = True

    def _possible(self, positions: Mapping[int, int]) -> dict[int, int]:
        """The positions of the projections without those that the log does not have. Believed, they would
        keep all rows up to them from being delivered."""
        possible = {}
        for partition, position in positions.items():
            if self._ends.has(partition, position):
                possible[partition] = position
                self._health.well(BEYOND.format(partition=partition))
                continue
            reason = (
                f"The projections say that partition {partition} has arrived up to position {position}; the "
                f"log ends at {self._ends.end(partition)}. Rows are delivered all the same, but readers see "
                "that position. Take its row out of sink_position: docs/operations.md says how."
            )
            logger.error(reason, extra=fields(partition=partition, position=position))
            self._health.trouble(BEYOND.format(partition=partition), reason)
        return possible


def is_due(batch: InsertBatch, last_insert_at: float, more_follows: bool) -> bool:
    """Whether the batching delay of the batch is over, when the last insert was started at `last_insert_at`
    (on the clock of `batch.first_added_at`); `more_follows` while a backlog is consumed."""
    now = time.monotonic()
    is_late = time.time() - batch.newest_recorded_at / 1_000_000 > LATE_S
    if is_late and more_follows:
        return batch.full or now - batch.first_added_at >= BACKLOG_BATCHING_DELAY_S
    return batch.full or now - last_insert_at >= BATCHING_DELAY_S
