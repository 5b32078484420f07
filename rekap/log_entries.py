"""Entries straight from a log as the rows that `rekap log` writes: the same as those of the mirror.

The outcome of an entry is not in the log: it is decided by whoever counts. Where the mirror is at hand it has
the outcomes; an entry that has not reached it, or that was not looked up, has no outcome yet (None).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from queries.events import EntryOutcome, displayed, entry_outcomes, find_event
from rekap.output.json_rows import Row
from rekap.reading import open_kafka_log, reader
from rekap.session import Session
from schemas.decode import decode
from schemas.language import Text
from schemas.partial_event import partial_event
from schemas.rejections import Rejected

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from event_log.kafka.connection import Connection
    from event_log.kafka.log import KafkaLog
    from event_log.reading import LogEntry

AT_ONCE: Final = 1_000
"""Entries whose outcomes are looked up together: less than a megabyte of events."""

NO_PARTITION: Final = Text(
    id="log itu punya {count} partisi, dari 0 sampai {last}",
    en="that log has {count} partitions, from 0 to {last}",
)


class KafkaEntries:
    """The entries of the log on Kafka, of one partition or of all. `client` is on the projections, if they
    are to tell what became of them."""

    def __init__(self, log: KafkaLog, client: Client | None, election: str, partition: int | None) -> None:
        self._log = log
        self._client = client
        self._election = election
        self._chosen = range(log.partitions) if partition is None else range(partition, partition + 1)
        self.several = log.partitions > 1

    def rows(self, start: int, limit: int | None) -> Iterator[Row]:
        """At most `limit` entries from position `start` of each partition on, partition by partition."""
        ends, left = self._log.ends(), limit
        for partition in self._chosen:
            entries = self._entries(partition, start, ends[partition], left)
            while some := list(islice(entries, AT_ONCE)):
                yield from self._rows(partition, some)
                left = None if left is None else left - len(some)

    def event(self, event_id: str) -> list[Row]:
        """The entries of an event, by its id or how that begins. They are found through the projections."""
        assert self._client is not None
        return [
            row
            for found in find_event(self._client, self._election, event_id)
            if found["partition"] in self._chosen
            for row in self._rows(
                found["partition"],
                list(self._entries(found["partition"], found["position"], found["position"] + 1, None)),
            )
        ]

    def follow(self, start: int) -> Iterator[list[Row]]:
        """Entries from position `start` of each partition on as they come, for ever."""
        ends = self._log.ends()
        # A position that is not there yet can't be gone to.
        starts = [min(start, end) if partition in self._chosen else end for partition, end in enumerate(ends)]
        for partition, records in self._log.tail(starts):
            entries = [one.entry for one in records if one.position >= start]
            if partition in self._chosen and entries:
                yield self._rows(partition, entries)

    def _entries(self, partition: int, start: int, end: int, most: int | None) -> Iterator[LogEntry]:
        """At most so many entries. No more is fetched than that, as far as positions are without gaps."""
        while start < end and most != 0:
            stop = end if most is None else min(end, start + most)
            for entry in self._log.entries(partition, start, stop):
                yield entry
                most = None if most is None else most - 1
            start = stop

    def _rows(self, partition: int, entries: Sequence[LogEntry]) -> list[Row]:
        known: dict[int, EntryOutcome] = {}
        if self._client is not None and entries:
            first, last = entries[0].position, entries[-1].position
            known = entry_outcomes(self._client, self._election, partition, first, last + 1)
        return [row_of(partition, entry, known.get(entry.position)) for entry in entries]


@contextmanager
def kafka_entries(
    session: Session, connection: Connection, clickhouse: str | None, partition: int | None
) -> Iterator[KafkaEntries]:
    """Those of the log on Kafka, with their outcomes if `clickhouse` is named. Raises LogUnavailable,
    BadParameter when there is no such partition, and what `reader` raises."""
    with ExitStack() as stack:
        log = stack.enter_context(open_kafka_log(session, connection))
        if partition is not None and partition >= log.partitions:
            said = session.text(NO_PARTITION).format(count=log.partitions, last=log.partitions - 1)
            raise click.BadParameter(said, param_hint="--partition")
        client = None
        if clickhouse is not None:
            client = stack.enter_context(reader(session, "log", clickhouse))
        yield KafkaEntries(log, client, session.election.id, partition)


def row_of(partition: int, entry: LogEntry, outcome: EntryOutcome | None) -> Row:
    """An entry as a row: see queries.events.events."""
    event, in_hex = displayed(entry.raw)
    return {
        "partition": partition,
        "position": entry.position,
        "recorded_at": entry.recorded,
        **_fields(entry.raw),
        "outcome": None if outcome is None else outcome.outcome,
        "reason": None if outcome is None else outcome.reason,
        "version": None if outcome is None else outcome.version,
        "event": event,
        "bytes": in_hex,
    }


def _fields(raw: bytes) -> dict[str, Any]:
    """The fields of the event that the bytes are; where they are none, those that can be read."""
    try:
        decoded = decode(raw)
    except Rejected:
        return {"event_id": "", **partial_event(raw)._asdict(), "occurred_at": None}
    event = decoded.event
    moment = None
    if event.occurred_at:
        moment = datetime.fromisoformat(event.occurred_at).astimezone(UTC)
        moment = moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)  # as the mirror keeps it
    return {
        "event_id": decoded.event_id,
        "type": event.type,
        "contest": event.contest,
        "unit": event.unit,
        "occurred_at": moment,
    }
