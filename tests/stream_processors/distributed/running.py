"""An engine on a real broker for the tiny election, and what it published.

The test makes the assignment, as a consumer group would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog, KafkaRecord
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, NATION_TALLIES, Topic
from monitoring.metrics import REGISTRY
from producers.publisher import Publisher
from schemas.regions import Level
from schemas.tally_messages import decode_tally
from sinks.row_messages import decode, goes_on_from
from stream_processors.assess import Assessor
from stream_processors.distributed.engine import Assignment, Engine
from stream_processors.distributed.publisher import KafkaPublisher
from stream_processors.distributed.snapshots import Snapshots
from stream_processors.partition.assessing import Workers
from tests.worlds import PPWP, all_stations, pairs, submitted, world

PARTITIONS: Final = 2
WORLD: Final = world()
ALL: Final[Assignment] = (
    frozenset(range(PARTITIONS)),
    {Level.PROVINCE: frozenset({0}), Level.NATION: frozenset({0})},
)
"""All partitions."""

OF: Final = "tiny"
"""The name of the election and register in snapshots."""


def opened(connection: Connection) -> Connection:
    """The connection, with topics."""
    few = {COUNT_EVENTS.name: PARTITIONS, "district-tallies": 1, "province-tallies": 1}
    create(connection, partitions=few, replication=1)
    return connection


def counts(number: int, first: int = 0) -> list[bytes]:
    """Counts of different stations, from a number on."""
    return [submitted(station, pairs(5, 6, 7)) for station in all_stations()[first : first + number]]


def send(connection: Connection, raws: Sequence[bytes]) -> None:
    """Into the log."""
    with Publisher(connection, WORLD.registry) as publisher:
        for raw in raws:
            publisher.publish(raw)


@contextmanager
def running(
    connection: Connection, snapshots: Path | None = None, *, of: str = OF, republish: bool = False
) -> Iterator[Engine]:
    """An engine without an assignment."""
    placement = partial(partition_of, partitions=PARTITIONS)
    assessor = Assessor(WORLD.election, WORLD.registry, WORLD.ballots, placement)
    with Workers(assessor, 0) as workers, closing(KafkaPublisher(connection)) as publisher:
        engine = Engine(
            WORLD.election,
            WORLD.registry,
            WORLD.ballots,
            assessor,
            connection,
            workers,
            publisher,
            None if snapshots is None else Snapshots(snapshots, of),
            republish,
        )
        yield engine
        engine.close()


def never() -> bool:
    """Catch-up is not stopped."""
    return False


def records(connection: Connection, topic: Topic, partition: int) -> list[KafkaRecord]:
    """All records of a topic's partition."""
    with KafkaLog(connection, topic) as log:
        return list(chain.from_iterable(log.read(partition, log.begins()[partition])))


def row_positions(connection: Connection, partition: int) -> list[int]:
    """The positions of the published rows of `event`, in the order of their publishing."""
    messages = (decode(one.headers, one.raw) for one in records(connection, COUNT_ROWS, partition))
    tables = chain.from_iterable(messages)
    return [at for name, rows in tables if name == "event" for at in rows["position"].to_pylist()]


def published_positions(connection: Connection, partition: int) -> list[tuple[int | None, int]]:
    """The published positions, each with the position that its rows follow: (after, position)."""
    found = []
    for one in records(connection, COUNT_ROWS, partition):
        for name, rows in decode(one.headers, one.raw):
            if name != "sink_position":
                continue
            found.append((goes_on_from(one.headers), rows["position"][0].as_py()))
    return found


def nation_versions(connection: Connection, contest: str = PPWP) -> list[int]:
    """The versions of the nation's published totals, in order."""
    messages = (decode_tally(one.raw) for one in records(connection, NATION_TALLIES, 0))
    return [message.version for message in messages if message.contest == contest]


def entries_caught_up() -> float:
    """How many entries all engines of this process have read in catch-up mode."""
    return REGISTRY.get_sample_value("rekap_events_folded_total", {"mode": "catch_up"}) or 0.0
