"""Entries straight from a log as the rows that `rekap log` writes: the same as those of the mirror.

What became of an entry is not in the log: it is decided by whoever counts. Where the mirror is at hand it
tells; an entry that has not reached it, or that nobody has looked up, has no outcome yet (None).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from queries.events import Fate, displayed, fates, find_event
from rekap.output.json_rows import Row
from rekap.reading import open_kafka_log, reader
from rekap.session import Session
from schemas.decode import decode
from schemas.language import Said
from schemas.place_in_bytes import place_in
from schemas.rejections import Rejected

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from event_log.kafka.connection import Connection
    from event_log.kafka.log import KafkaLog

AT_ONCE: Final = 1_000
"""Entries whose outcomes are looked up together: less than a megabyte of events."""

NO_PARTITION: Final = Said(
    id="log itu punya {count} partisi, dari 0 sampai {last}",
    en="that log has {count} partitions, from 0 to {last}",
)
RawEntry = tuple[int, int, bytes]
"""Position, when it was recorded (microseconds since 1970, UTC), and the bytes of an entry."""


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
            places = [(one.position, one.recorded_at, one.raw) for one in records if one.position >= start]
            if partition in self._chosen and places:
                yield self._rows(partition, places)

    def _entries(self, partition: int, start: int, end: int, most: int | None) -> Iterator[RawEntry]:
        """At most so many entries. No more is fetched than that, as far as positions are without gaps."""
        while start < end and most != 0:
            stop = end if most is None else min(end, start + most)
            for one in self._log.entries(partition, start, stop):
                yield one.position, one.recorded_at, one.raw
                most = None if most is None else most - 1
            start = stop

    def _rows(self, partition: int, places: Sequence[RawEntry]) -> list[Row]:
        known: dict[int, Fate] = {}
        if self._client is not None and places:
            first, last = places[0][0], places[-1][0]
            known = fates(self._client, self._election, partition, first, last + 1)
        return [row_of(partition, *place, known.get(place[0])) for place in places]


@contextmanager
def kafka_entries(
    session: Session, connection: Connection, clickhouse: str | None, partition: int | None
) -> Iterator[KafkaEntries]:
    """Those of the log on Kafka, with their fates if `clickhouse` is named. Raises LogUnavailable,
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


def row_of(partition: int, position: int, recorded_at: int, raw: bytes, fate: Fate | None) -> Row:
    """An entry as a row: see queries.events.events."""
    event, in_hex = displayed(raw)
    outcome, reason, version = (None, None, None) if fate is None else fate
    return {
        "partition": partition,
        "position": position,
        "recorded_at": datetime.fromtimestamp(recorded_at / 1_000_000, UTC),
        **_said(raw),
        "outcome": outcome,
        "reason": reason,
        "version": version,
        "event": event,
        "bytes": in_hex,
    }


def _said(raw: bytes) -> dict[str, Any]:
    """What the bytes say of themselves; where they are no event, as far as they tell."""
    try:
        decoded = decode(raw)
    except Rejected:
        return {"event_id": "", **place_in(raw)._asdict(), "occurred_at": None}
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
