"""The events of each station and region in the log on Kafka, for importers to compare their records with.

The log is read at the first call, up to its end then, with the rules of the workers: an event is accepted
here if and only if a worker accepts it. Rejected counts that fit the election are given too, each once. What
was read is cached in a file, so that the next import reads only newer entries. A file that does not fit the
log is emptied.

In an election with keys the whole log is read each time: who may submit follows from all of it, and is in no
file.

Entries appended after the first call are not seen here; the workers decide about them anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

from event_log.accepted import AcceptedEvents, AcceptedRow, Effect, ReadPosition
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from event_log.leaf import leaf_hash
from schemas.decode import decode
from schemas.events import NotCounted
from schemas.rejections import Reason, Rejection
from stream_processors.assess import AssessedControl, Assessor
from stream_processors.authority import Authority
from stream_processors.distributed.ranges import Range, ranges, read_range
from stream_processors.partition.assessing import Workers
from stream_processors.partition.message_rows import CONTROL, REASON, REJECTED, STATEFUL
from stream_processors.signatures import Claim
from stream_processors.station import NOTHING_YET, Accepted, Decision, Lineage, Proposal, Repeated

ONLY_RECORDED: Final = frozenset(Reason(why.value) for why in NotCounted)
"""Reasons of events that an importer sent only to be recorded."""


class LogCount(NamedTuple):
    """A count or recapitulation; `region` is the index of its unit's. A reason for a recapitulation's
    differences is only asked about for the number that its signer used."""

    contest: str
    unit: str
    id: bytes
    proposal: Proposal | None
    raw: bytes
    region: int = -1
    claim: Claim | None = None
    is_reason: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    """The counts and recapitulations in a range of the log that fit the election, with their bytes, the
    control events between them, and the end of the range. Those that are only to be recorded propose
    nothing."""

    partition: int
    size: int
    counts: list[LogCount | AssessedControl]
    read_to: ReadPosition | None  # None: the range holds no entry


def read_proposals(assessor: Assessor, span: Range) -> Proposed:
    """The proposals in a range of the log. Raises LogUnavailable."""
    partition, entries = read_range(assessor, span)
    if entries is None:
        return Proposed(partition, 0, [], None)
    batch = entries.batch
    contests = assessor.contests
    counts: list[LogCount | AssessedControl] = []
    for place, kind in enumerate(batch.kinds):
        event, unit, raw = batch.ids[place], batch.units[place], batch.raws[place]
        if kind in STATEFUL:
            proposal = Proposal(event, unit, batch.supersedes[place], batch.annuls[place])
            region, claim = batch.regions[place], batch.claims[place]
            contest = contests[batch.contests[place]]
            counts.append(LogCount(contest, unit, event, proposal, raw, region, claim, kind == REASON))
        elif kind == CONTROL:
            counts.append(batch.controls[place])
        elif kind == REJECTED and batch.rejections[place].reason in ONLY_RECORDED:
            recorded = decode(raw).event
            counts.append(LogCount(recorded.contest, recorded.unit, event, None, raw))
    read_to = ReadPosition(span.end, entries.positions[-1], entries.leaf)
    return Proposed(partition, len(entries), counts, read_to)


class LogLineage:
    """The events of stations, as a schemas.sources.Lineage; `on_progress` is called with (entries read,
    entries to read)."""

    def __init__(
        self,
        connection: Connection,
        accepted: AcceptedEvents,
        workers: Workers,
        authority: Callable[[], Authority],
        on_progress: Callable[[int, int], None],
    ) -> None:
        """`authority` makes that of a partition, at the log's beginning."""
        self._connection = connection
        self._accepted = accepted
        self._workers = workers
        self._authority = authority
        self._on_progress = on_progress
        self._current = False

    def __call__(self, contest: str, stations: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
        """For each of these stations that has any, the bytes of its events, oldest first. Raises
        LogUnavailable."""
        if not self._current:
            self._catch_up()
            self._current = True
        return self._accepted.bodies(contest, stations)

    def _catch_up(self) -> None:
        with KafkaLog(self._connection, COUNT_EVENTS) as log:
            ends = log.ends()
            authorities = [self._authority() for _ in ends]
            has_keys = any(authority.has_keys for authority in authorities)
            if has_keys or not _fits(log, ends, self._accepted.read_positions()):
                self._accepted.clear()
        starts = {partition: one.next for partition, one in self._accepted.read_positions().items()}
        spans = {partition: (starts.get(partition, 0), end) for partition, end in enumerate(ends)}
        done, total = 0, sum(end - start for start, end in spans.values())
        all_published = dict(enumerate(ends))  # rows are not needed
        for proposed in self._workers.map(read_proposals, ranges(self._connection, spans, all_published)):
            if proposed.read_to is not None:
                rows = self._decide(proposed.counts, authorities[proposed.partition])
                self._accepted.add(rows, {proposed.partition: proposed.read_to})
            done += proposed.size
            self._on_progress(done, total)

    def _decide(
        self, counts: Sequence[LogCount | AssessedControl], authority: Authority
    ) -> list[AcceptedRow]:
        """The rows of those that are accepted after the ones before, and of those that are rejected and were
        not rejected before."""
        units: dict[str, set[str]] = {}
        for one in counts:
            if isinstance(one, LogCount) and not one.is_reason:
                units.setdefault(one.contest, set()).add(one.unit)
        held = {
            (contest, unit): list(effects)
            for contest, some in units.items()
            for unit, effects in self._accepted.effects(contest, some).items()
        }
        rows = []
        for one in counts:
            if isinstance(one, AssessedControl):
                authority.control(one.raw, one.event, one.id)
                continue
            contest, unit, event, proposal, raw, region, claim, is_reason = one
            if is_reason:
                assert proposal is not None
                authority.decide(claim, region, NOTHING_YET, proposal)
                continue
            before = held.setdefault((contest, unit), [])
            effect = Effect.REJECTED
            if proposal is not None:
                decision, _ = authority.decide(claim, region, _lineage(before), proposal)
                if isinstance(decision, Repeated) or _is_of_keys(decision):
                    continue
                if isinstance(decision, Accepted):
                    effect = Effect.ANNULS if proposal.annuls else Effect.COUNTS
            if (event, effect) in before:
                continue
            before.append((event, effect))
            rows.append(AcceptedRow(contest, unit, len(before), event, int(effect), raw))
        return rows


def _is_of_keys(decision: Decision) -> bool:
    """Whether its sender may not send it: then it says nothing of the unit."""
    return isinstance(decision, Rejection) and decision.reason not in (
        Reason.ALREADY_COUNTED,
        Reason.SUPERSEDED_MISMATCH,
    )


def _lineage(effects: Sequence[tuple[bytes, int]]) -> Lineage:
    """The lineage that the accepted ones of these events make."""
    accepted = [(event, effect) for event, effect in effects if effect != Effect.REJECTED]
    if not accepted:
        return NOTHING_YET
    last, effect = accepted[-1]
    return Lineage(tuple(event for event, _ in accepted), None if effect == Effect.ANNULS else last)


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
