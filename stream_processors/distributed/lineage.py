"""The accepted events of each station in the log on Kafka, for importers to compare their records with.

The log is read at the first call, up to its end then, with the rules of the workers: an event is accepted
here if and only if a worker accepts it. Accepted events are cached in a file, so that the next import reads
only newer entries. A file that does not fit the log is emptied.

Entries appended after the first call are not seen here; the workers decide about them anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from event_log.accepted import AcceptedEvents, AcceptedRow, ReadPosition
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from event_log.leaf import leaf_hash
from stream_processors.assess import Assessor
from stream_processors.distributed.ranges import Range, ranges, read_range
from stream_processors.partition.assessing import Workers
from stream_processors.partition.batch import COUNT
from stream_processors.station import Accepted, Lineage, Proposal, decide


@dataclass(frozen=True, slots=True)
class Proposed:
    """The counts in a range of the log that fit the election, with their bytes, and the end of the range."""

    partition: int
    size: int
    counts: list[tuple[int, Proposal, bytes]]  # contest index
    read_to: ReadPosition | None  # None: the range holds no entry


def read_proposals(assessor: Assessor, span: Range) -> Proposed:
    """The proposals in a range of the log. Raises LogUnavailable."""
    partition, entries = read_range(assessor, span)
    if entries is None:
        return Proposed(partition, 0, [], None)
    batch = entries.batch
    counts = [
        (contest, Proposal(event, unit, supersedes, annuls), raw)
        for kind, contest, event, unit, supersedes, annuls, raw in zip(
            *(batch.kinds, batch.contests, batch.ids, batch.units),
            *(batch.supersedes, batch.annuls, batch.raws),
            strict=True,
        )
        if kind == COUNT
    ]
    read_to = ReadPosition(span.end, entries.positions[-1], entries.leaf)
    return Proposed(partition, len(entries), counts, read_to)


class LogLineage:
    """The accepted events of stations, as a producers.sources.Lineage. `contests` are the election's, in the
    order of its ballots; `on_progress` is called with (entries read, entries to read)."""

    def __init__(
        self,
        connection: Connection,
        accepted: AcceptedEvents,
        workers: Workers,
        contests: Sequence[str],
        on_progress: Callable[[int, int], None],
    ) -> None:
        self._connection = connection
        self._accepted = accepted
        self._workers = workers
        self._contests = contests
        self._on_progress = on_progress
        self._current = False

    def __call__(self, contest: str, stations: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
        """For each of these stations that has any, the bytes of its accepted events, oldest first. Raises
        LogUnavailable."""
        if not self._current:
            self._catch_up()
            self._current = True
        return self._accepted.bodies(contest, stations)

    def _catch_up(self) -> None:
        with KafkaLog(self._connection, COUNT_EVENTS) as log:
            ends = log.ends()
            if not _fits(log, ends, self._accepted.read_positions()):
                self._accepted.clear()
        starts = {partition: one.next for partition, one in self._accepted.read_positions().items()}
        spans = {partition: (starts.get(partition, 0), end) for partition, end in enumerate(ends)}
        done, total = 0, sum(end - start for start, end in spans.values())
        all_published = dict(enumerate(ends))  # rows are not needed
        for proposed in self._workers.map(read_proposals, ranges(self._connection, spans, all_published)):
            if proposed.read_to is not None:
                rows = self._decide(proposed.counts)
                self._accepted.add(rows, {proposed.partition: proposed.read_to})
            done += proposed.size
            self._on_progress(done, total)

    def _decide(self, counts: Sequence[tuple[int, Proposal, bytes]]) -> list[AcceptedRow]:
        """Which of these are accepted after those that were before."""
        units: dict[int, set[str]] = {}
        for contest, proposal, _ in counts:
            units.setdefault(contest, set()).add(proposal.unit)
        held = {
            (contest, unit): _lineage(versions)
            for contest, some in units.items()
            for unit, versions in self._accepted.versions(self._contests[contest], some).items()
        }
        rows = []
        for contest, proposal, raw in counts:
            decision = decide(held.get((contest, proposal.unit), Lineage()), proposal)
            if isinstance(decision, Accepted):
                lineage = held[contest, proposal.unit] = decision.lineage
                name, annuls = self._contests[contest], int(proposal.annuls)
                rows.append(AcceptedRow(name, proposal.unit, lineage.version, proposal.id, annuls, raw))
        return rows


def _lineage(versions: Sequence[tuple[bytes, int]]) -> Lineage:
    """The lineage that these accepted events (id, annuls) make."""
    last, annuls = versions[-1]
    return Lineage(tuple(event for event, _ in versions), None if annuls else last)


def _fits(log: KafkaLog, ends: Sequence[int], read: Mapping[int, ReadPosition]) -> bool:
    """Whether the entries read before are in this log: the last one of each partition is."""
    begins = log.begins()
    for partition, one in read.items():
        if partition >= log.partitions or one.last < begins[partition] or one.next > ends[partition]:
            return False
        last = list(chain.from_iterable(log.read(partition, one.last, one.last + 1)))
        if [leaf_hash(record.raw) for record in last] != [one.leaf]:
            return False
    return True
