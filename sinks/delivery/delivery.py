"""From the topics into ClickHouse: every message's rows are there once, whatever fails on the way.

A batch goes through these steps, in this order:
  1. take messages of the group               nothing changes
  2. make rows of them, as they came          nothing changes
  3. insert the rows of all tables            ClickHouse, not claimed yet
  4. insert the positions they complete       ClickHouse    <- from here on they count as arrived
  5. commit the group's offsets               Kafka: a hint where to go on
A crash before 5 means that the same messages come again; their rows change nothing, because identity is in
the tables' keys. Offsets move to the end of what a worker published together, never into it, so that the
position in ClickHouse and the next message fit. 3 and 4 are tried until they succeed; meanwhile one more
batch is filled, then nothing is taken, and the process stays in its group.

It promises no order between partitions: for some moments a total may be newer than what it is made of.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Final

from clickhouse.client import SinkUnavailable
from event_log.kafka.group import Group, GroupRecord
from event_log.kafka.topics import COUNT_ROWS, NATION_TALLIES, PROVINCE_TALLIES, Topic
from monitoring import metrics
from monitoring.health import Health
from monitoring.logs import fields
from sinks.delivery.batch import Batch
from sinks.delivery.courier import Courier
from sinks.delivery.gaps import Gaps
from sinks.delivery.lag import Lag
from sinks.delivery.taking import Taking
from sinks.delivery.totals import Totals
from sinks.writer import Writer

TOPICS: Final[tuple[Topic, ...]] = (COUNT_ROWS, PROVINCE_TALLIES, NATION_TALLIES)
"""What a sink reads: totals up to the district come as rows."""

LINGER_S: Final = 0.2
"""From the beginning of one insert to that of the next at least: of what comes meanwhile a form can be seen
within a second of its arrival on the busiest evening, and on a quiet one nothing waits."""

LATE_S: Final = 3.0
"""From this age on it makes no difference to a form whether it is seen a little later."""

LATE_LINGER_S: Final = 2.0
"""How long a message of a backlog waits for company at the longest. Each insert makes parts that ClickHouse
merges, and merges again: of a backlog in small batches it did little else."""

POLL_S: Final = 0.05
"""How long a poll waits, and so how late it is noticed that a batch is in or that the process is to end."""

POLL_MESSAGES: Final = 50
"""Messages taken at once; each may hold 2 MB of rows."""

STOP_S: Final = 15.0
"""How long the end waits for the batch under way. What it does not wait for comes again."""

logger = logging.getLogger("rekap.sink")


class Delivery:
    """One process's delivery. `run` it once."""

    def __init__(self, group: Group, writer: Writer, totals: Totals, health: Health) -> None:
        """`group` reads TOPICS."""
        self._group = group
        self._writer = writer
        self._totals = totals
        self._health = health
        self._courier = Courier(health)
        self._taking = Taking(totals)
        self._gaps = Gaps(health)
        self._lag = Lag(group, health)
        self._waiting: deque[GroupRecord] = deque()
        self._under_way: Batch | None = None
        self._sent_at = -LINGER_S  # when it was sent, or the last one before
        # After each division of the group nothing is taken before the projections have said how far they are.
        self._asked = False
        self._known = False
        self._told: dict[int, int] = {}

    def run(self, stop: threading.Event) -> None:
        """Deliver until `stop` is set, and then until the batch under way is in. Raises LogUnavailable for
        what does not go away by itself, and Undeliverable."""
        try:
            while not stop.is_set():
                self._go_round()
        finally:
            self._courier.give_up()
        try:
            if self._courier.wait(STOP_S):
                self._finish()
        except SinkUnavailable as error:
            logger.warning("Ended before the last batch was in; it comes again: %s", error)

    def _go_round(self) -> None:
        self._health.beat()
        if self._known and not self._taking.batch.full:
            self._group.resume()
        else:
            self._group.pause()
        polled = self._group.poll(POLL_S, POLL_MESSAGES)
        if polled.changed:
            self._divided()
        self._waiting.extend(polled.records)
        if self._courier.back:
            self._finish()
            self._begin()
        while self._known and self._waiting and not self._taking.batch.full:
            self._take(self._waiting.popleft())
        self._lag.look(time.monotonic())

    def _divided(self) -> None:
        """Some partitions may have been elsewhere, and are further on."""
        self._asked = self._known = False
        if places := [f"{place.topic.name}/{place.partition}" for place in self._group.assigned()]:
            logger.info("The group was divided anew", extra=fields(partitions=places))

    def _take(self, record: GroupRecord) -> None:
        """Steps 1 and 2 for one message."""
        gap = self._taking.take(record, time.monotonic())
        if gap is not None and self._gaps.found(gap):
            self._waiting = deque(one for one in self._waiting if one.place != record.place)
            totals = [place for place in self._group.assigned() if place.topic is not COUNT_ROWS]
            self._group.rewind([record.place, *totals])
        elif gap is not None:
            self._taking.batch.offsets[record.place] = record.offset + 1  # nothing is there to go back to

    def _begin(self) -> None:
        """Send the courier with what there is to do, if there is anything."""
        batch = self._taking.batch
        if not self._asked:
            self._asked = True
            self._courier.send(self._ask)
        elif not batch.empty and is_due(batch, self._sent_at, self._taking.more_follows):
            self._sent_at = time.monotonic()
            self._under_way = sent = self._taking.handed_over()
            self._courier.send(lambda: self._insert(sent))

    def _ask(self) -> None:
        """On the courier's thread."""
        self._told = self._writer.positions()

    def _insert(self, batch: Batch) -> None:
        """Steps 3 and 4, on the courier's thread."""
        began = time.monotonic()
        tables = batch.together(self._totals)
        self._writer.insert(tables)
        self._writer.move_all(batch.positions)
        metrics.INSERT_SECONDS.observe(time.monotonic() - began)
        metrics.BATCH_ROWS.observe(batch.rows)
        for name, rows in tables.items():
            metrics.ROWS_INSERTED.labels(name).inc(rows.num_rows)
        for partition, (position, recorded_at) in batch.positions.items():
            metrics.POSITION.labels(str(partition)).set(position)
            metrics.DELIVERY_SECONDS.observe(max(time.time() - recorded_at / 1_000_000, 0.0))

    def _finish(self) -> None:
        """Step 5, and what else follows when the courier is back."""
        batch, self._under_way = self._under_way, None
        if batch is not None:
            self._group.commit(batch.offsets)
            self._lag.inserted(batch.taken)
            for partition, (position, _) in batch.positions.items():
                self._gaps.moved(partition, position)
        elif self._asked and not self._known:
            self._taking.know(self._told)
            self._known = True


def is_due(batch: Batch, sent_at: float, more_follows: bool) -> bool:
    """Whether it has waited long enough for company, the batch before having been sent at `sent_at` (on the
    clock of `batch.began`); `more_follows` while a backlog is read."""
    now = time.monotonic()
    is_late = time.time() - batch.newest / 1_000_000 > LATE_S
    if is_late and more_follows:
        return batch.full or now - batch.began >= LATE_LINGER_S
    return batch.full or now - sent_at >= LINGER_S
