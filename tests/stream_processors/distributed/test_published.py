"""The published position is the last one in the topic count-rows, and NO_POSITION where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_ROWS
from monitoring.metrics import REGISTRY
from monitoring.set_aside import SetAside
from schemas.plausible import LogEnds
from schemas.tables import NO_POSITION
from sinks.row_places import RowPlaces
from sinks.rows import Rows
from stream_processors.distributed import published
from stream_processors.distributed.publisher import KafkaPublisher
from tests.stream_processors.distributed.running import PARTITIONS, WORLD, opened
from tests.stream_processors.distributed.test_engine import remove

ROWS = Rows(WORLD.election.id, WORLD.registry, WORLD.ballots)

LOG_END = 1_000
"""Where each partition of count-events ends."""


def set_aside() -> float:
    """How many messages with rows this process has set aside."""
    return REGISTRY.get_sample_value("rekap_messages_set_aside_total", {"topic": COUNT_ROWS.name}) or 0


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """This test's own topics."""
    return opened(connection)


@pytest.fixture
def publisher(topics: Connection) -> Iterator[KafkaPublisher]:
    """The publisher of a worker."""
    with closing(KafkaPublisher(topics)) as one:
        yield one


def last_published(topics: Connection, partitions: Iterable[int]) -> dict[int, int]:
    """The published positions in the topic."""
    with KafkaLog(topics, COUNT_ROWS) as log:
        places = RowPlaces(WORLD.election.id, LogEnds(lambda: [LOG_END] * PARTITIONS))
        return published.last_published(log, partitions, places, SetAside())


def publish_position(
    publisher: KafkaPublisher, partition: int, position: int, after: int = NO_POSITION
) -> None:
    """Publish that rows up to a position were published."""
    publisher.publish_rows(partition, {"sink_position": ROWS.position(partition, position, 1_000)}, after)
    publisher.flush()


def publish_rows_only(publisher: KafkaPublisher, partition: int, messages: int) -> None:
    """Publish rows without a position."""
    for _ in range(messages):
        publisher.publish_rows(partition, {"region": ROWS.regions()})
    publisher.flush()


def test_without_a_position_nothing_is_published(topics: Connection, publisher: KafkaPublisher) -> None:
    assert last_published(topics, [0]) == {0: NO_POSITION}
    publish_rows_only(publisher, 0, 1)
    assert last_published(topics, [0]) == {0: NO_POSITION}


def test_it_is_the_last_position_of_that_partition(topics: Connection, publisher: KafkaPublisher) -> None:
    publish_position(publisher, 0, 4)
    publish_position(publisher, 1, 7)
    publish_position(publisher, 0, 9, after=4)
    publish_rows_only(publisher, 0, 3)
    assert list(last_published(topics, range(PARTITIONS)).values()) == [9, 7]


def test_a_late_position_of_an_old_owner_is_used(topics: Connection, publisher: KafkaPublisher) -> None:
    """Rows after it are published once more, and change nothing."""
    publish_position(publisher, 0, 9)
    publish_position(publisher, 0, 4)
    assert last_published(topics, [0]) == {0: 4}


@pytest.mark.parametrize("messages", [published.LOOK_BACK - 1, published.LOOK_BACK, 3 * published.LOOK_BACK])
def test_it_is_found_however_many_messages_follow(
    topics: Connection, publisher: KafkaPublisher, messages: int
) -> None:
    publish_position(publisher, 0, 4)
    publish_position(publisher, 0, 9, after=4)
    publish_rows_only(publisher, 0, messages)
    assert last_published(topics, [0]) == {0: 9}


def test_after_retention_removed_all_records_nothing_is_published(
    topics: Connection, publisher: KafkaPublisher
) -> None:
    publish_position(publisher, 0, 4)
    publish_position(publisher, 1, 7)
    remove(topics, COUNT_ROWS.name, {0: -1})
    assert list(last_published(topics, range(PARTITIONS)).values()) == [NO_POSITION, 7]


def test_a_position_that_can_not_be_is_set_aside_and_the_one_before_it_is_found(
    topics: Connection, publisher: KafkaPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_position(publisher, 0, 4)
    publisher.flush()
    monkeypatch.setattr("sinks.row_messages.FORMAT", 99)
    publish_position(publisher, 0, 6)
    monkeypatch.undo()
    publish_position(publisher, 0, LOG_END)
    publish_position(publisher, 0, 2**63)
    others = Rows("another", WORLD.registry, WORLD.ballots)
    for rows in (ROWS.position(1, 8, 1_000), others.position(0, 8, 1_000), ROWS.position(0, 8, 1_000)[:0]):
        publisher.publish_rows(0, {"sink_position": rows}, 4)
    publisher.flush()
    before = set_aside()
    assert last_published(topics, [0]) == {0: 4}
    assert set_aside() == before + 5  # without a row there is no message
