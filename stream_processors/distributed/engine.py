"""Everything that one worker owns: partitions of the events, and of totals to be added up.

It has two gears with the same steps (see owners). Behind, it reads its partitions of the log in bulk,
through a pool of processes, up to the log's end; live, it is handed entries as they arrive. In both, an entry
is taken in only where the state stands: what comes again is skipped, what is missing is read from the log.

Used by one thread at a time. It knows nothing of consumer groups: who says what is owned is the worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Final

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog, Record
from event_log.kafka.topics import COUNT_EVENTS, DISTRICT_TALLIES, PROVINCE_TALLIES, Topic
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import Level, Registry
from schemas.tally_messages import decode_tally
from sinks.rows import Rows
from stream_processors.assess import Assessor
from stream_processors.distributed.count_hop import CountHop
from stream_processors.distributed.outlet import KafkaOutlet
from stream_processors.distributed.owners import CountOwner, SumOwner
from stream_processors.distributed.ranges import entries_of, ranges, read_range
from stream_processors.distributed.sent import last_sent
from stream_processors.distributed.sum_hop import SumHop
from stream_processors.partition.assessing import Workers

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
    ) -> None:
        self._election = election
        self._registry = registry
        self._ballots = ballots
        self._assessor = assessor
        self._connection = connection
        self._workers = workers
        self._outlet = outlet
        self._rows = Rows(election.id, registry, ballots)
        self._log = KafkaLog(connection, COUNT_EVENTS)
        self._counts: dict[int, CountOwner] = {}
        self._sums: dict[tuple[Level, int], SumOwner] = {}

    def own(self, owned: Owned, should_stop: Callable[[], bool]) -> dict[tuple[str, int], int]:
        """Own these partitions and no others, with state up to the log's end and all totals announced; by
        topic and partition where it stands.

        What was owned before is kept and brought up to date. Raises Reassigned once `should_stop` says so
        (what was read until then is kept), and LogUnavailable.
        """
        events, sums = owned
        self._counts = {partition: owner for partition, owner in self._counts.items() if partition in events}
        for partition in events:
            sent = last_sent(self._connection, partition)
            if partition not in self._counts:
                hop = CountHop(partition, self._election.id, self._registry, self._ballots)
                self._counts[partition] = CountOwner(hop, self._rows, self._ballots, self._outlet, sent)
            owner = self._counts[partition]
            owner.sent = max(owner.sent, sent)
        while True:
            spans = self._spans()
            self._read(spans, should_stop)
            if all(end - start <= NEARLY_THERE for start, end in spans.values()):
                break
        self._sums = {}
        stands: dict[tuple[str, int], int] = {}
        for level, partitions in sums.items():
            for partition in sorted(partitions):
                adding, position = self._sum_owner(level, partition, should_stop)
                self._sums[level, partition] = adding
                stands[SUMMED[level].name, partition] = position
        self.announce()
        self._outlet.flush()
        return stands | {(COUNT_EVENTS.name, partition): at for partition, at in self.positions().items()}

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
                self._read({partition: (owner.hop.position, run[0].position)}, lambda: False)
            owner.take(entries_of(self._assessor, partition, run))

    def take_tallies(self, level: Level, partition: int, raws: Iterable[bytes]) -> None:
        """Values that are to be added up at `level`, as `take_events`."""
        owner = self._sums.get((level, partition))
        if owner is not None:
            for raw in raws:
                owner.take(decode_tally(raw))

    def emit(self) -> None:
        """Send the totals that changed. Raises LogUnavailable."""
        for owner in self._owners():
            owner.emit()

    def announce(self) -> None:
        """Send all totals. Raises LogUnavailable."""
        for owner in self._owners():
            owner.announce()

    def close(self) -> None:
        """Let go of the brokers."""
        self._log.close()

    def _owners(self) -> Iterator[CountOwner | SumOwner]:
        yield from self._counts.values()
        yield from self._sums.values()

    def _spans(self) -> dict[int, tuple[int, int]]:
        """By owned partition of the events from where to where the log is ahead."""
        ends = self._log.ends()
        return {partition: (position, ends[partition]) for partition, position in self.positions().items()}

    def _read(self, spans: dict[int, tuple[int, int]], should_stop: Callable[[], bool]) -> None:
        emitted = time.monotonic()
        for partition, entries in self._workers.map(read_range, ranges(self._connection, spans)):
            if should_stop():
                raise Reassigned
            if entries is not None:
                self._counts[partition].take(entries)
            if time.monotonic() - emitted > EMIT_S:
                self.emit()
                emitted = time.monotonic()

    def _sum_owner(
        self, level: Level, partition: int, should_stop: Callable[[], bool]
    ) -> tuple[SumOwner, int]:
        """An owner whose state is all that its partition holds, and up to where: one value of each child, and
        what compaction has left of older ones."""
        owner = SumOwner(SumHop(level, self._election.id, self._registry), self._outlet)
        with closing(KafkaLog(self._connection, SUMMED[level])) as log:
            end = log.ends()[partition]
            for records in log.read(partition, log.begins()[partition], end):
                if should_stop():
                    raise Reassigned
                for record in records:
                    owner.take(decode_tally(record.raw))
        return owner, end


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
