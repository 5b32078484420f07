"""How far rows have gone out is what the topic of rows says last, and nothing where it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest

from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_ROWS
from sinks.row_messages import RowsUndecodable
from sinks.rows import Rows
from stream_processors.distributed import sent
from stream_processors.distributed.outlet import KafkaOutlet
from stream_processors.distributed.sent import NOTHING
from tests.stream_processors.distributed.running import PARTITIONS, WORLD, opened
from tests.stream_processors.distributed.test_engine import remove

ROWS = Rows(WORLD.election.id, WORLD.registry, WORLD.ballots)


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """This test's own topics."""
    return opened(connection)


@pytest.fixture
def outlet(topics: Connection) -> Iterator[KafkaOutlet]:
    """What a worker sends with."""
    with closing(KafkaOutlet(topics)) as one:
        yield one


def last_sent(topics: Connection, partitions: Iterable[int]) -> dict[int, int]:
    """What the topic says."""
    with KafkaLog(topics, COUNT_ROWS) as log:
        return sent.last_sent(log, partitions)


def say(outlet: KafkaOutlet, partition: int, position: int, after: int = NOTHING) -> None:
    """That rows up to a position have gone out."""
    outlet.rows(partition, {"sink_position": ROWS.position(partition, position, 1_000)}, after)
    outlet.flush()


def send_rows(outlet: KafkaOutlet, partition: int, messages: int) -> None:
    """Rows of which it was not said how far they go."""
    for _ in range(messages):
        outlet.rows(partition, {"region": ROWS.regions()})
    outlet.flush()


def test_before_anything_was_sent_nothing_was(topics: Connection, outlet: KafkaOutlet) -> None:
    assert last_sent(topics, [0]) == {0: NOTHING}
    send_rows(outlet, 0, 1)
    assert last_sent(topics, [0]) == {0: NOTHING}


def test_it_is_what_was_said_last_of_that_partition(topics: Connection, outlet: KafkaOutlet) -> None:
    say(outlet, 0, 4)
    say(outlet, 1, 7)
    say(outlet, 0, 9, after=4)
    send_rows(outlet, 0, 3)
    assert list(last_sent(topics, range(PARTITIONS)).values()) == [9, 7]


def test_what_an_old_owner_says_late_is_believed(topics: Connection, outlet: KafkaOutlet) -> None:
    """Rows after it go out once more, and change nothing."""
    say(outlet, 0, 9)
    say(outlet, 0, 4)
    assert last_sent(topics, [0]) == {0: 4}


@pytest.mark.parametrize("messages", [sent.LOOK_BACK - 1, sent.LOOK_BACK, 3 * sent.LOOK_BACK])
def test_it_is_found_however_many_messages_came_after(
    topics: Connection, outlet: KafkaOutlet, messages: int
) -> None:
    say(outlet, 0, 4)
    say(outlet, 0, 9, after=4)
    send_rows(outlet, 0, messages)
    assert last_sent(topics, [0]) == {0: 9}


def test_where_all_of_it_was_removed_nothing_was_sent(topics: Connection, outlet: KafkaOutlet) -> None:
    say(outlet, 0, 4)
    say(outlet, 1, 7)
    remove(topics, COUNT_ROWS.name, {0: -1})
    assert list(last_sent(topics, range(PARTITIONS)).values()) == [NOTHING, 7]


def test_what_another_version_said_is_not_guessed_at(
    topics: Connection, outlet: KafkaOutlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sinks.row_messages.FORMAT", 99)
    say(outlet, 0, 4)
    monkeypatch.undo()
    with pytest.raises(RowsUndecodable, match="rows of format 99"):
        last_sent(topics, [0])
