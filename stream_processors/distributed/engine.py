"""Everything that one worker owns: partitions of the events, and of totals to be added up.

It has two gears with the same steps (see owners). Behind, it reads its partitions of the log in bulk,
through a pool of processes, up to the log's end; live, it is handed entries as they arrive. In both, an entry
is taken in only where the state stands: what comes again is skipped, what is missing is read from the log.

Used by one thread at a time. It knows nothing of consumer groups: who says what is owned is the worker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog, Record
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, Topic
from event_log.leaf import leaf_hash
from monitoring.logs import fields
from monitoring.metrics import RECOVERY_SECONDS
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import Level, Registry
from schemas.tally_messages import decode_tally
from sinks.rows import Rows
from stream_processors.assess import Assessor
from stream_processors.distributed.count_hop import CountHop
from stream_processors.distributed.observed import BULK, LIVE, folded, merged
from stream_processors.distributed.outlet import KafkaOutlet
from stream_processors.distributed.owners import CountOwner, SumOwner
from stream_processors.distributed.ranges import entries_of, let_go, ranges, reach, read_to_fold
from stream_processors.distributed.sent import NOTHING, last_sent
from stream_processors.distributed.snapshots import Snapshots
from stream_processors.distributed.sum_hop import SumHop
from stream_processors.partition.assessing import Workers
from stream_processors.rollup import Merge

logger = logging.getLogger(__name__)

NEARLY_THERE: Final = 2_000
"""Entries that may be missing when the bulk gear ends: they arrive live while it is being left."""

EMIT_S: Final = 1.0
"""How often totals go out while a backlog is read: often enough to watch it shrink."""

SUMMED: Final[dict[Level, Topic]] = {Level.PROVINCE: DISTRICT_TALLIES, Level.NATION: PROVINCE_TALLIES}
"""For each level that is a sum of messages, where they come from."""

Owned = tuple[frozenset[int], dict[Level, frozenset[int]]]
"""Partitions of the events, and of the topics of SUMMED."""


class Reassigned(Exception):
    """Recovery was given up because other partitions are to be owned now."""


class Engine:
    """The owners of one worker's partitions."""

    def __init__(
        self,
        election: Election,
        registry: Registry,
        ballots: Ballots,
        assessor: Assessor,
        connection: Connection,
        workers: Workers,
        outlet: KafkaOutlet,
        snapshots: Snapshots | None = None,
        republish: bool = False,
    ) -> None:
        """With `republish` the rows of partitions that come to be owned are sent from the beginning, whatever
        was sent before."""
        self._election = election
        self._registry = registry
        self._ballots = ballots
        self._assessor = assessor
        self._connection = connection
        self._workers = workers
        self._outlet = outlet
        self._snapshots = snapshots
        self._republish = republish
        self._rows = Rows(election.id, registry, ballots)
        # Readers are opened here, and not when each is needed: an open one answers 0.1 s sooner.
        self._log = KafkaLog(connection, COUNT_EVENTS)
        self._rows_log = KafkaLog(connection, COUNT_ROWS)
        self._tally_logs = {level: KafkaLog(connection, topic) for level, topic in SUMMED.items()}
        for _ in workers.map(reach, [connection] * workers.count):
            pass
        self._counts: dict[int, CountOwner] = {}
        self._sums: dict[tuple[Level, int], SumOwner] = {}
        self._entries_read = 0

    def own(self, owned: Owned, should_stop: Callable[[], bool]) -> dict[tuple[str, int], int]:
        """Own these partitions and no others, with state up to the log's end and all totals announced; by
        topic and partition where it stands.

        What was owned before is kept and brought up to date. Raises Reassigned once `should_stop` says so
        (what was read until then is kept), and LogUnavailable.
        """
        events, sums = owned
        self._counts = {partition: owner for partition, owner in self._counts.items() if partition in events}
        began = time.monotonic()
        for partition, sent in last_sent(self._rows_log, sorted(events)).items():
            if partition in self._counts:
                self._counts[partition].learn(sent)
            else:
                self._counts[partition] = self._count_owner(partition, sent)
        for _ in self.read_on(should_stop):
            self.emit()
        _announce(self._counts.values())
        self._sums = {}
        stands: dict[tuple[str, int], int] = {}
        for level, topic in SUMMED.items():  # from below: what was announced there is added up here at once
            self._outlet.flush()
            begins, ends = self._tally_logs[level].begins(), self._tally_logs[level].ends()
            for partition in sorted(sums[level]):
                span = begins[partition], ends[partition]
                owner = self._sums[level, partition] = self._sum_owner(level, partition, span, should_stop)
                owner.announce()
                stands[topic.name, partition] = ends[partition]
        self._settle()
        seconds = time.monotonic() - began
        RECOVERY_SECONDS.observe(seconds)
        logger.info(
            "Caught up with the log.",
            extra=fields(seconds=round(seconds, 2), partitions=sorted(events), entries=self._entries_read),
        )
        return stands | {(COUNT_EVENTS.name, partition): at for partition, at in self.positions().items()}

    def read_on(self, should_stop: Callable[[], bool]) -> Iterator[None]:
        """Take in what the log has, in bulk, until it is nearly all; after every EMIT_S of that the caller
        may do something else. Raises as `own`."""
        while True:
            spans = self._spans()
            yield from self._read(spans, should_stop)
            if all(end - start <= NEARLY_THERE for start, end in spans.values()):
                break

    def positions(self) -> dict[int, int]:
        """By owned partition of the events the position of the entry that comes next."""
        return {partition: owner.hop.position for partition, owner in self._counts.items()}

    def take_events(self, partition: int, records: Sequence[Record]) -> None:
        """Entries of a partition as they arrived, in order; of one that is not owned (any more), nothing
        happens. Raises LogUnavailable."""
        owner = self._counts.get(partition)
        if owner is None:
            return
        for run in _runs(records, owner.hop.position):
            if run[0].position > owner.hop.position:
                missing = {partition: (owner.hop.position, run[0].position)}
                for _ in self._read(missing, lambda: False):
                    self.emit()
            folded(owner.take(entries_of(self._assessor, partition, run)), LIVE)

    def take_tallies(self, level: Level, partition: int, raws: Iterable[bytes]) -> None:
        """Values that are to be added up at `level`, as `take_events`."""
        owner = self._sums.get((level, partition))
        if owner is not None:
            for raw in raws:
                self._merge(owner, raw)

    def emit(self) -> None:
        """Send the totals that changed, and how far rows have arrived. Raises LogUnavailable."""
        for owner in self._owners():
            owner.emit()

    def emit_sums(self) -> None:
        """`emit` of what was added up alone: what was counted goes out with its events. Raises
        LogUnavailable."""
        for owner in self._sums.values():
            owner.emit()

    @property
    def owes(self) -> bool:
        """Whether there is something that could not be sent yet: `emit` again in a while."""
        return any(owner.owes for owner in self._counts.values())

    def announce(self) -> None:
        """Send all totals. Raises LogUnavailable."""
        _announce(self._owners())

    def save(self) -> None:
        """Keep snapshots of what is owned, where a directory for them was named."""
        for owner in self._counts.values():
            if self._snapshots is not None and owner.hop.position:
                self._snapshots.save(owner.hop)

    def close(self) -> None:
        """Send what is under way and let go of the brokers. Raises LogUnavailable."""
        self._settle()
        self._outlet.close()
        for log in (self._log, self._rows_log, *self._tally_logs.values()):
            log.close()
        let_go()

    def _settle(self) -> None:
        """Send what waits for something else to arrive."""
        self._outlet.flush()
        self.emit()
        self._outlet.flush()

    def _sent(self) -> dict[int, int]:
        """By owned partition of the events up to which position rows have gone out."""
        return {partition: owner.sent for partition, owner in self._counts.items()}

    def _owners(self) -> Iterator[CountOwner | SumOwner]:
        yield from self._counts.values()
        yield from self._sums.values()

    def _spans(self) -> dict[int, tuple[int, int]]:
        """By owned partition of the events from where to where the log is ahead."""
        ends = self._log.ends()
        return {partition: (position, ends[partition]) for partition, position in self.positions().items()}

    def _read(self, spans: dict[int, tuple[int, int]], should_stop: Callable[[], bool]) -> Iterator[None]:
        began = time.monotonic()
        for partition, entries in self._workers.map(
            read_to_fold, ranges(self._connection, spans, self._sent())
        ):
            if should_stop():
                raise Reassigned
            if entries is not None:
                folded(self._counts[partition].take(entries), BULK)
                self._entries_read += len(entries)
            if time.monotonic() - began > EMIT_S:
                yield
                began = time.monotonic()

    def _sum_owner(
        self, level: Level, partition: int, span: tuple[int, int], should_stop: Callable[[], bool]
    ) -> SumOwner:
        """An owner whose state is all that its partition holds from the one position up to the other: one
        value of each child, and what compaction has left of older ones."""
        owner = SumOwner(SumHop(level, self._election.id, self._registry), self._outlet)
        for records in self._tally_logs[level].read(partition, *span):
            if should_stop():
                raise Reassigned
            for record in records:
                self._merge(owner, record.raw)
        return owner

    def _merge(self, owner: SumOwner, raw: bytes) -> None:
        value = decode_tally(raw)
        what = owner.take(value)
        merged(value.level, what)
        if what is Merge.CONFLICT:
            logger.error(
                "Two values of one version differ: two workers read different logs. The first is kept.",
                extra=fields(unit=value.unit, contest=value.contest, version=value.version),
            )

    def _count_owner(self, partition: int, sent: int) -> CountOwner:
        """An owner that stands at the partition's snapshot, or at its beginning."""
        hop = self._fresh(partition)
        if self._republish:
            sent = NOTHING  # and no snapshot: rows are made while the log is folded
        elif self._snapshots is not None and not (
            # Rows between what was sent and a snapshot could not be made from it.
            self._snapshots.restore(hop) and hop.position - 1 <= sent and self._is_of_this_log(hop)
        ):
            hop = self._fresh(partition)
        return CountOwner(hop, self._rows, self._ballots, self._outlet, sent)

    def _fresh(self, partition: int) -> CountHop:
        return CountHop(partition, self._election.id, self._registry, self._ballots)

    def _is_of_this_log(self, hop: CountHop) -> bool:
        """Whether the last entry that the state holds is the one that stands there in the log."""
        last = hop.position - 1
        if last >= self._log.ends()[hop.partition]:
            return False
        found = [record for some in self._log.read(hop.partition, last, hop.position) for record in some]
        return [leaf_hash(record.raw) for record in found] == [hop.leaf]


def _announce(owners: Iterable[CountOwner | SumOwner]) -> None:
    for owner in owners:
        owner.announce()


def _runs(records: Sequence[Record], position: int) -> Iterator[list[Record]]:
    """The entries from `position` on, in runs without gaps between them."""
    run: list[Record] = []
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
