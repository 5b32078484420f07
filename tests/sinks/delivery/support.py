"""What a worker publishes, made by hand; and a sink that runs in a thread of the test.

An event of the flow is a row in `event` and one in `station_history`, so that what is missing or doubled
shows in either; a flow is one partition of the log.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from clickhouse.client import connect
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, open_topics
from event_log.kafka.group import ConsumerGroup
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, NATION_TALLIES, PROVINCE_TALLIES, Topic
from monitoring.health import Health
from schemas.plausible import LogEnds
from schemas.regions import Level
from schemas.tables import SINK_POSITION
from schemas.tally_cells import cell_count
from schemas.tally_messages import TallyMessage
from sinks.delivery.delivery import TOPICS, Delivery
from sinks.delivery.process import group_of
from sinks.delivery.tally_rows import TallyRows
from sinks.row_messages import encode
from sinks.rows import Rows
from sinks.writer import Writer
from tests.worlds import ELECTION_ID, PPWP, world

WORLD: Final = world()
ROWS: Final = Rows(ELECTION_ID, WORLD.registry, WORLD.ballots)
PARTITIONS: Final = 2
LOG_ENTRIES: Final = 3_000
"""More than the rows that any test with a sink process publishes of a partition."""

ENDS: Final = LogEnds(lambda: [1_000_000] * PARTITIONS)
"""A log that is long enough for all that sinks in a thread of the test get."""
AT: Final = 1_707_890_400_000_000
"""When the log took in the event at position 0 (microseconds since 1970, UTC); the others a second apart."""

TIMEOUT_S: Final = 60.0
"""How long a test waits for what must come; it comes within a second or two on an idle machine."""

SESSION_MS: Final = 2_000
"""A member that was killed is noticed this fast; more than a sink of these tests is ever silent."""


def opened(connection: Connection) -> Connection:
    """The connection, with topics for the tiny election, and a log that is long enough for all rows."""
    create(connection, partitions={"count-events": PARTITIONS, PROVINCE_TALLIES.name: 2}, replication=1)
    open_topics(connection, Opened.of(WORLD.election, WORLD.registry, PARTITIONS))
    with closing(KafkaProducer(**connection.client_settings(), acks="all", linger_ms=5)) as producer:
        for number in range(LOG_ENTRIES * PARTITIONS):
            producer.send(connection.topic(COUNT_EVENTS), b"{}", None, [], number % PARTITIONS)
        producer.flush()
    return connection


def flush(partition: int, first: int, count: int) -> dict[str, pa.Table]:
    """All rows of the events from position `first` on, the position last."""
    positions = np.arange(first, first + count)
    times = AT + positions * 1_000_000
    units = [f"{partition}-{position}" for position in positions.tolist()]
    columns = {
        "event_id": pa.array([f"{partition:02x}{position:062x}" for position in positions.tolist()]),
        "type": pa.array(["CountSubmitted"] * count),
        "contest": pa.array([PPWP] * count),
        "unit": pa.array(units),
        "occurred_at": pa.array([None] * count, pa.timestamp("ms", tz="UTC")),
    }
    figures = {name: pa.array([1] * count, pa.uint32()) for name in ("valid", "invalid", "voters")}
    form = {
        "kind": pa.array(["regular"] * count),
        "votes": pa.array([[("1", 1)]] * count, pa.map_(pa.string(), pa.uint32())),
        "registered": pa.array([None] * count, pa.uint32()),
        "rules": pa.array([[]] * count, pa.list_(pa.string())),
        "complete": pa.array([False] * count, pa.bool_()),
        **figures,
    }
    ones = np.ones(count, np.int64)
    last = (ELECTION_ID, partition, first + count - 1, int(times[-1]))
    return {
        "event": ROWS.events(columns, [b"{}"] * count, positions, times, {}, ones, partition),
        "station_history": ROWS.stations(
            columns | form,
            np.full(count, WORLD.registry.index["1101012001"]),
            ["clean"] * count,
            [True] * count,
            ones,
            positions,
            times,
            partition,
        ),
        "sink_position": pa.Table.from_arrays(
            [pa.array([value], kind.type) for value, kind in zip(last, SINK_POSITION, strict=True)],
            schema=SINK_POSITION,
        ),
    }


def total(unit: str, version: int, level: Level = Level.NATION, parent: str = "") -> TallyMessage:
    """A region's totals at that version, of as many forms outside the register, all clean; in which every
    other figure is the version too."""
    statuses = (version, version, 0, 0, 0, version)  # received, clean, flagged, blank, annulled, unlisted
    cells = (version, *statuses, *(version,) * (cell_count(WORLD.ballots.ballots[0]) - 1 - len(statuses)))
    source = {0: version}
    return TallyMessage(ELECTION_ID, PPWP, level, unit, parent, version, {0: cells}, source, AT + version)


class Publisher:
    """Publishes to the topics of a connection; everything is there when a call returns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._producer = KafkaProducer(**connection.client_settings(), acks="all")

    def rows(self, partition: int, first: int, count: int, *, says: bool = True) -> None:
        """`flush`; `says`: with the position that it goes on from."""
        for headers, value in encode(flush(partition, first, count), first - 1 if says else None):
            self.raw(COUNT_ROWS, value, partition, headers)

    def total(self, message: TallyMessage) -> None:
        """Totals of the nation or a province."""
        topic = NATION_TALLIES if message.level is Level.NATION else PROVINCE_TALLIES
        self.raw(topic, message.encode(), key=message.key)

    def raw(
        self,
        topic: Topic,
        value: bytes,
        partition: int = 0,
        headers: Sequence[tuple[str, bytes]] = (),
        key: bytes | None = None,
    ) -> None:
        """Any message."""
        name = self._connection.topic(topic)
        self._producer.send(name, value, key, list(headers), partition).get(timeout=30)

    def close(self) -> None:
        """Close the producer."""
        self._producer.close()


class Sink:
    """A sink that runs in a thread, from `start` on. `client` may be one that fails."""

    def __init__(self, connection: Connection, client: Any, *, group: ConsumerGroup | None = None) -> None:
        self.health = Health()
        self.group = group or ConsumerGroup(connection, group_of(client), TOPICS, session_ms=SESSION_MS)
        totals = TallyRows(WORLD.election, WORLD.registry, WORLD.ballots, ROWS, ENDS)
        self.delivery = Delivery(self.group, Writer(client, ELECTION_ID), totals, self.health, ENDS)
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.delivery.run(self._stop)
        except BaseException as error:
            self.failure = error
        finally:
            self.group.close()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it as SIGTERM does. Raises what it failed with."""
        self._stop.set()
        self.join()
        if self.failure is not None:
            raise self.failure

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()


@contextmanager
def running(connection: Connection, url: str) -> Iterator[Sink]:
    """A sink into the database at `url`, and its end."""
    with closing(connect(url)) as client:
        sink = Sink(connection, client)
        sink.start()
        try:
            yield sink
        finally:
            sink.stop()


def positions(client: Client) -> dict[int, int]:
    """How far each partition has come in the projections."""
    return Writer(client, ELECTION_ID).positions()


def reaches(client: Client, ends: Mapping[int, int]) -> bool:
    """Whether these partitions, and no others, have come to these positions."""
    return positions(client) == ends


def assert_arrived(client: Client, ends: Mapping[int, int]) -> None:
    """Every event of each partition before its end is there once, in both tables, and its position last."""
    for table in ("event", "station_history", "station"):
        found = client.query(f"SELECT partition, position FROM {table} FINAL ORDER BY 1, 2").result_rows
        assert found == [
            (partition, position) for partition, end in sorted(ends.items()) for position in range(end)
        ], table
    assert positions(client) == {partition: end - 1 for partition, end in ends.items() if end}
