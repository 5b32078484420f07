"""The partitions of one worker: tasks that fold count-events, and stages that add totals up.

It has two modes with the same steps (see partition_task). In catch-up mode it reads its partitions of the log
itself, through a pool of processes, up to the log's end; in streaming mode it is given entries as they
arrive. In both, an entry is applied only at the position of its stage: redelivered entries are skipped, and
missing ones are read from the log.

For one thread at a time. It knows nothing of consumer groups: the worker passes it the assignment.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog, KafkaRecord
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, Topic
from event_log.leaf import leaf_hash
from monitoring.logs import fields
from monitoring.metrics import RECOVERY_SECONDS
from monitoring.set_aside import SetAside
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.plausible import LogEnds, TotalsCheck
from schemas.regions import Level, Registry
from schemas.tables import NO_POSITION
from schemas.tally_messages import TallyMalformed, decode_tally
from sinks.row_places import RowPlaces
from sinks.rows import Rows
from stream_processors.assess import Assessor
from stream_processors.distributed.clocks import Clocks
from stream_processors.distributed.conflicts import Conflict
from stream_processors.distributed.count_stage import CountStage
from stream_processors.distributed.counters import CATCH_UP, STREAMING, count_folded, count_merged
from stream_processors.distributed.partition_task import CountTask, publish_tallies
from stream_processors.distributed.published import last_published
from stream_processors.distributed.publisher import KafkaPublisher
from stream_processors.distributed.ranges import (
    close_reader,
    entries_of,
    open_reader,
    ranges,
    read_to_fold,
)
from stream_processors.distributed.snapshots import Snapshots
from stream_processors.distributed.sum_stage import SumStage
from stream_processors.partition.assessing import Workers
from stream_processors.partition.changes import Changes
from stream_processors.rollup import Merge

logger = logging.getLogger(__name__)

CAUGHT_UP_ENTRIES: Final = 2_000
"""Lag of a partition, in entries, at which catch-up mode ends: the rest is streamed."""

PUBLISH_S: Final = 1.0
"""How often changed totals are published in catch-up mode: often enough to watch a backlog shrink."""

SUMMED: Final[dict[Level, Topic]] = {Level.PROVINCE: DISTRICT_TALLIES, Level.NATION: PROVINCE_TALLIES}
"""For each level that adds totals up, the topic that they are consumed from."""

Assignment = tuple[frozenset[int], dict[Level, frozenset[int]]]
"""Assigned partitions of count-events, and of the topics of SUMMED."""


class Reassigned(Exception):
    """Catch-up was stopped because of another rebalance."""


class Engine:
    """The tasks and stages of one worker's partitions."""

    def __init__(
        self,
        election: Election,
        registry: Registry,
        ballots: Ballots,
        assessor: Assessor,
        connection: Connection,
        workers: Workers,
        publisher: KafkaPublisher,
        snapshots: Snapshots | None = None,
        republish: bool = False,
    ) -> None:
        """With `republish` the rows of newly assigned partitions are published from the beginning of the log,
        whatever was published before."""
        self._election = election
        self._registry = registry
        self._ballots = ballots
        self._assessor = assessor
        self._connection = connection
        self._workers = workers
        self._publisher = publisher
        self._snapshots = snapshots
        self._republish = republish
        self._rows = Rows(election.id, registry, ballots)
        # Readers are opened here, and not when each is needed: an open one answers 0.1 s sooner.
        self._log = KafkaLog(connection, COUNT_EVENTS)
        self._rows_log = KafkaLog(connection, COUNT_ROWS)
        self._tally_logs = {level: KafkaLog(connection, topic) for level, topic in SUMMED.items()}
        for _ in workers.map(open_reader, [connection] * workers.count):
            pass
        self._tasks: dict[int, CountTask] = {}
        self._sums: dict[tuple[Level, int], SumStage] = {}
        self._entries_read = 0
        self._ends_log = KafkaLog(connection, COUNT_EVENTS)  # never behind a pending fetch
        self._ends = LogEnds(self._ends_log.ends)
        self._totals_check = TotalsCheck(election, registry, ballots, self._ends)
        self._row_places = RowPlaces(election.id, self._ends)
        self._set_aside = SetAside()
        self.should_republish = False
        """Whether totals were set aside or contradict each other, and `republish_totals` was not called
        since."""
        self.last_conflict: Conflict | None = None
        self.clocks = Clocks()

    def assign(self, assignment: Assignment, should_stop: Callable[[], bool]) -> dict[tuple[str, int], int]:
        """Take over these partitions and no others: catch up with the log's end and re-publish all totals.
        The offset to consume from, by topic and partition.

        Partitions assigned before keep their state and catch up. Raises Reassigned once `should_stop` returns
        True (what was read until then is kept), and LogUnavailable.
        """
        events, sums = assignment
        self._tasks = {partition: task for partition, task in self._tasks.items() if partition in events}
        began = time.monotonic()
        for partition, published in last_published(
            self._rows_log, sorted(events), self._row_places, self._set_aside
        ).items():
            if partition in self._tasks:
                self._tasks[partition].set_published(published)
            else:
                self._tasks[partition] = self._count_task(partition, published)
        for _ in self.catch_up(should_stop):
            self.publish_changes()
        for task in self._tasks.values():
            task.republish_totals()
        self._sums = {}
        offsets: dict[tuple[str, int], int] = {}
        for level, topic in SUMMED.items():  # bottom up: a level reads what was re-published below it
            self._publisher.flush()
            begins, ends = self._tally_logs[level].begins(), self._tally_logs[level].ends()
            for partition in sorted(sums[level]):
                span = begins[partition], ends[partition]
                stage = self._sums[level, partition] = self._sum_stage(level, partition, span, should_stop)
                publish_tallies(self._publisher, stage.all_tallies())
                offsets[topic.name, partition] = ends[partition]
        self._flush()
        seconds = time.monotonic() - began
        RECOVERY_SECONDS.observe(seconds)
        logger.info(
            "Caught up with the log.",
            extra=fields(seconds=round(seconds, 2), partitions=sorted(events), entries=self._entries_read),
        )
        return offsets | {(COUNT_EVENTS.name, partition): at for partition, at in self.positions().items()}

    def catch_up(self, should_stop: Callable[[], bool]) -> Iterator[None]:
        """Apply the log's entries in catch-up mode until the lag is small; yields every PUBLISH_S, so that
        the caller can publish. Raises as `assign`."""
        while True:
            spans = self._unread_spans()
            yield from self._read(spans, should_stop)
            if all(end - start <= CAUGHT_UP_ENTRIES for start, end in spans.values()):
                break

    def positions(self) -> dict[int, int]:
        """By assigned partition of count-events the position of the next entry to apply. For any thread."""
        return {partition: task.stage.position for partition, task in tuple(self._tasks.items())}

    def process_events(self, partition: int, records: Sequence[KafkaRecord]) -> None:
        """Process entries of a partition in streaming mode, in order; those of a partition that is not
        assigned (any more) are ignored. Raises LogUnavailable."""
        task = self._tasks.get(partition)
        if task is None:
            return
        for run in _contiguous_runs(records, task.stage.position):
            if run[0].position > task.stage.position:
                missing = {partition: (task.stage.position, run[0].position)}
                for _ in self._read(missing, lambda: False):
                    self.publish_changes()
            self._count(task.process(entries_of(self._assessor, partition, run)), STREAMING)

    def process_tallies(self, level: Level, partition: int, records: Iterable[KafkaRecord]) -> None:
        """Process totals that are added up at `level`, as `process_events`."""
        stage = self._sums.get((level, partition))
        if stage is not None:
            for record in records:
                self._merge(stage, partition, record)

    def publish_changes(self) -> None:
        """Publish the totals that changed, and the positions of acknowledged rows. Raises LogUnavailable."""
        for task in self._tasks.values():
            task.publish_changes()
        self.publish_changed_sums()

    def publish_changed_sums(self) -> None:
        """Publish the changed totals of SUMMED alone; the districts' wait for `publish_changes`. Raises
        LogUnavailable."""
        for stage in self._sums.values():
            publish_tallies(self._publisher, stage.changed_tallies())

    @property
    def has_pending_positions(self) -> bool:
        """Whether a position waits for acknowledgements: call `publish_changes` again later."""
        return any(task.has_pending_position for task in self._tasks.values())

    def republish_totals(self) -> None:
        """Publish all totals. Raises LogUnavailable."""
        self.should_republish = False
        for task in self._tasks.values():
            task.republish_totals()
        for stage in self._sums.values():
            publish_tallies(self._publisher, stage.all_tallies())

    def save_snapshots(self) -> None:
        """Save a snapshot of each assigned partition, where a directory for them is configured."""
        for task in self._tasks.values():
            if self._snapshots is not None and task.stage.position:
                self._snapshots.save(task.stage)

    def close(self) -> None:
        """Publish what is pending and close the connections. Raises LogUnavailable."""
        self._flush()
        self._publisher.close()
        for log in (self._log, self._ends_log, self._rows_log, *self._tally_logs.values()):
            log.close()
        close_reader()

    def _flush(self) -> None:
        """Publish what waits for acknowledgements, and wait until all of it is acknowledged."""
        self._publisher.flush()
        self.publish_changes()
        self._publisher.flush()

    def _count(self, changes: Changes, mode: str) -> None:
        count_folded(changes, mode)
        self.clocks.note(changes.partition, changes.recorded_at, time.monotonic())

    def _published(self) -> dict[int, int]:
        """By assigned partition of count-events the position up to which rows were published."""
        return {partition: task.published for partition, task in self._tasks.items()}

    def _unread_spans(self) -> dict[int, tuple[int, int]]:
        """By assigned partition of count-events the span (position, end) of the log that is not applied
        yet."""
        ends = self._log.ends()
        return {partition: (position, ends[partition]) for partition, position in self.positions().items()}

    def _read(self, spans: dict[int, tuple[int, int]], should_stop: Callable[[], bool]) -> Iterator[None]:
        began = time.monotonic()
        for partition, entries in self._workers.map(
            read_to_fold, ranges(self._connection, spans, self._published())
        ):
            if should_stop():
                raise Reassigned
            if entries is not None:
                self._count(self._tasks[partition].process(entries), CATCH_UP)
                self._entries_read += len(entries)
            if time.monotonic() - began > PUBLISH_S:
                yield
                began = time.monotonic()

    def _sum_stage(
        self, level: Level, partition: int, span: tuple[int, int], should_stop: Callable[[], bool]
    ) -> SumStage:
        """A stage that has applied all totals of its partition in the span of offsets: the newest of each
        child, and what compaction has left of older ones."""
        stage = SumStage(level, self._election.id, self._registry)
        for records in self._tally_logs[level].read(partition, *span):
            if should_stop():
                raise Reassigned
            for record in records:
                self._merge(stage, partition, record)
        return stage

    def _merge(self, stage: SumStage, partition: int, record: KafkaRecord) -> None:
        """Add these totals up. What can't be is passed over: its sender's totals are re-published."""
        topic = SUMMED[stage.level].name
        try:
            value = decode_tally(record.raw)
            self._totals_check.check(value)
            what = stage.apply(value)
        except TallyMalformed as error:
            self._set_aside.tell(topic, partition, record.position, str(error))
            self.should_republish = True
            return
        count_merged(value.level, what)
        if what is Merge.CONFLICT:
            self.should_republish = True
            self.last_conflict = Conflict(time.monotonic(), value.unit, value.contest, value.version)
            logger.error(
                "Two totals of a region contradict each other: workers read different logs, or something "
                "else writes to the topic. Those that include more of the log are kept.",
                extra=fields(
                    topic=topic,
                    partition=partition,
                    offset=record.position,
                    unit=value.unit,
                    contest=value.contest,
                    version=value.version,
                ),
            )

    def _count_task(self, partition: int, published: int) -> CountTask:
        """A task at the position of the partition's snapshot, or at its beginning."""
        stage = self._fresh_stage(partition)
        if self._republish:
            published = NO_POSITION  # and no snapshot: rows are made while the log is folded
        elif self._snapshots is not None and not (
            # Rows between the published position and that of the snapshot could not be made from it.
            self._snapshots.restore(stage) and stage.position - 1 <= published and self._is_of_this_log(stage)
        ):
            stage = self._fresh_stage(partition)
        return CountTask(stage, self._rows, self._ballots, self._publisher, published)

    def _fresh_stage(self, partition: int) -> CountStage:
        return CountStage(partition, self._election, self._registry, self._ballots)

    def _is_of_this_log(self, stage: CountStage) -> bool:
        """Whether the last entry that the state holds is the one at its position in the log."""
        last = stage.position - 1
        if last >= self._log.ends()[stage.partition]:
            return False
        found = [record for some in self._log.read(stage.partition, last, stage.position) for record in some]
        return [leaf_hash(record.raw) for record in found] == [stage.leaf]


def _contiguous_runs(records: Sequence[KafkaRecord], position: int) -> Iterator[list[KafkaRecord]]:
    """The entries from `position` on, in runs without gaps between them."""
    run: list[KafkaRecord] = []
    for record in records:
        if record.position < position:
            continue
        if run and record.position != run[-1].position + 1:
            yield run
            run = []
        run.append(record)
        position = record.position + 1
    if run:
        yield run
