"""The log as the projections mirror it: entries with their outcome, read once or followed as they arrive
there.

Whoever follows owns the directory only for the moments in which it reads: nobody is kept from counting.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from clickhouse.ownership import find_owner
from queries.cells import sink_positions
from queries.events import events, find_event
from rekap.output.json_rows import Row
from rekap.reading import log_end, reader
from rekap.session import Session

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

AT_ONCE: Final = 1_000
"""Entries that a follower reads of a partition at once."""

POLL_S: Final = 1.0
"""A person follows; once a second is often enough, and leaves the counting process its time."""


class MirrorEntries:
    """The entries that have arrived in the projections behind `client`, of one partition or of all."""

    def __init__(self, client: Client, election: str, partition: int | None) -> None:
        self._client = client
        self._election = election
        self._partition = partition

    @property
    def several(self) -> bool:
        """Whether the log has more than one partition, as far as is known here."""
        return any(sink_positions(self._client, self._election))

    def rows(self, start: int, limit: int | None) -> Iterator[Row]:
        """At most `limit` entries from position `start` of each partition on, partition by partition."""
        return events(self._client, self._election, start, limit, partition=self._partition)

    def event(self, event_id: str) -> list[Row]:
        """The entries of an event, by its id or how that begins."""
        found = find_event(self._client, self._election, event_id)
        return [row for row in found if self._partition in (None, row["partition"])]


@contextmanager
def mirror_entries(
    session: Session, clickhouse: str | None, partition: int | None
) -> Iterator[MirrorEntries]:
    """Those in the projections. Raises what `reader` raises."""
    with reader(session, "log", clickhouse) as client:
        yield MirrorEntries(client, session.election.id, partition)


class Follower:
    """Where somebody who follows stands in each partition: at `start` at first."""

    def __init__(self, election: str, partition: int | None, start: int) -> None:
        self._election = election
        self._partition = partition
        self._start = start
        self._next: dict[int, int] = {}

    def next(self, partition: int = 0) -> int:
        """The next position to read."""
        return self._next.get(partition, self._start)

    def take(self, client: Client) -> list[Row]:
        """What has arrived since, AT_ONCE of a partition at the most; [] when there is nothing more."""
        taken: list[Row] = []
        for partition, last in sink_positions(client, self._election).items():
            start = self.next(partition)
            if self._partition in (None, partition) and last >= start:
                rows = list(events(client, self._election, start, AT_ONCE, partition=partition, end=last + 1))
                self._next[partition] = rows[-1]["position"] + 1 if rows else last + 1
                taken += rows
        return taken


def follow(
    session: Session, clickhouse: str | None, partition: int | None, start: int
) -> Iterator[list[Row]]:
    """Entries from position `start` of each partition on as they arrive, for ever."""
    follower = Follower(session.election.id, partition, start)
    if clickhouse is not None:
        with reader(session, "log", clickhouse) as client:
            while True:
                if rows := follower.take(client):
                    yield rows
                else:
                    time.sleep(POLL_S)
    begun = False
    while True:
        taken: list[Row] = []
        if not begun or _may_have_more(session, follower):
            with reader(session, "log") as client:
                taken = follower.take(client)
            begun = True
        if taken:
            yield taken
        else:
            time.sleep(POLL_S)


def _may_have_more(session: Session, follower: Follower) -> bool:
    """Whether it is worth reading the directory's projections again."""
    if session.directory.log_path.is_file():
        return log_end(session) > follower.next()
    return find_owner(session.path) is not None  # filled from elsewhere, and by nobody while nobody owns it
