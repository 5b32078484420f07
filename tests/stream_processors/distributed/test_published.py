"""The published position is the last one in the topic count-rows, and NOTHING where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_ROWS
from sinks.row_messages import RowsUndecodable
from sinks.rows import Rows
from stream_processors.distributed import published
from stream_processors.distributed.published import NOTHING
from stream_processors.distributed.publisher import KafkaPublisher
from tests.stream_processors.distributed.running import PARTITIONS, WORLD, opened
from tests.stream_processors.distributed.test_engine import remove

ROWS = Rows(WORLD.election.id, WORLD.registry, WORLD.ballots)


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
        return published.last_published(log, partitions)


def publish_position(publisher: KafkaPublisher, partition: int, position: int, after: int = NOTHING) -> None:
    """Publish that rows up to a position were published."""
    publisher.publish_rows(partition, {"sink_position": ROWS.position(partition, position, 1_000)}, after)
    publisher.flush()


def publish_rows_only(publisher: KafkaPublisher, partition: int, messages: int) -> None:
    """Publish rows without a position."""
    for _ in range(messages):
        publisher.publish_rows(partition, {"region": ROWS.regions()})
    publisher.flush()


def test_without_a_position_nothing_is_published(topics: Connection, publisher: KafkaPublisher) -> None:
    assert last_published(topics, [0]) == {0: NOTHING}
    publish_rows_only(publisher, 0, 1)
    assert last_published(topics, [0]) == {0: NOTHING}


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
    assert list(last_published(topics, range(PARTITIONS)).values()) == [NOTHING, 7]


def test_a_position_of_another_format_is_an_error(
    topics: Connection, publisher: KafkaPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.row_messages.FORMAT", 99)
    publish_position(publisher, 0, 4)
    monkeypatch.undo()
    with pytest.raises(RowsUndecodable, match="rows of format 99"):
        last_published(topics, [0])
