"""What every log promises its readers, held by the log on one machine and by the one on Kafka alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kafka import KafkaProducer

from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_EVENTS
from event_log.leaf import leaf_hash
from event_log.reading import LogEntry, ReadableLog
from event_log.sqlite import SqliteLog
from tests.event_log.support import append

KEY = b"1101"
Log = tuple[ReadableLog, Callable[[Sequence[bytes]], None], int]
"""A log, how entries get into it, and the partition on which they stand then."""


@pytest.fixture(params=["sqlite", "kafka"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    if request.param == "sqlite":
        with closing(SqliteLog.open(tmp_path / "log.sqlite")) as sqlite:
            yield sqlite, lambda bodies: (append(sqlite, *bodies), None)[1], 0
        return
    connection: Connection = request.getfixturevalue("connection")
    create(connection, partitions={COUNT_EVENTS.name: 3})

    def send(bodies: Sequence[bytes]) -> None:
        with closing(KafkaProducer(**connection.client_settings(), acks="all")) as producer:
            sent = [producer.send(connection.topic(COUNT_EVENTS), body, KEY) for body in bodies]
            assert {one.get(30).partition for one in sent} == {partition_of(KEY, 3)}

    with KafkaLog(connection, COUNT_EVENTS) as kafka:
        yield kafka, send, partition_of(KEY, 3)


def test_an_empty_log_has_partitions_that_end_at_0(log: Log) -> None:
    readable, _, partition = log
    assert readable.ends() == [0] * readable.partitions
    assert list(readable.entries(partition)) == []


def test_entries_have_their_place_time_and_leaf(log: Log) -> None:
    readable, put, partition = log
    before = time.time_ns() // 1_000_000 * 1_000
    put([b"one", b"", b"\xff"])
    first, second, third = readable.entries(partition)
    assert [one.position for one in (first, second, third)] == [0, 1, 2]
    assert [one.raw for one in (first, second, third)] == [b"one", b"", b"\xff"]
    assert [one.leaf for one in (first, second, third)] == [
        leaf_hash(b"one"),
        leaf_hash(b""),
        leaf_hash(b"\xff"),
    ]
    assert before <= first.recorded_at <= third.recorded_at <= time.time_ns() // 1_000
    assert sum(readable.ends()) == readable.ends()[partition] == 3


def test_exactly_what_was_asked_for_is_given(log: Log) -> None:
    readable, put, partition = log
    put([b"%d" % number for number in range(7)])

    def positions(*asked: int | None) -> list[int]:
        return [one.position for one in readable.entries(partition, *asked)]  # type: ignore[arg-type]

    assert positions(2) == [2, 3, 4, 5, 6]
    assert positions(2, 4) == [2, 3]
    assert positions(5, 99) == [5, 6]
    assert positions(3, 3) == positions(5, 2) == positions(7) == []


def test_a_key_belongs_where_its_entries_stand_or_says_nothing(log: Log) -> None:
    readable, put, partition = log
    put([b"one"])
    (entry,) = readable.entries(partition)
    if readable.partition_of is None:
        assert entry.key is None
    else:
        assert (entry.key, readable.partition_of(KEY)) == (KEY, partition)


def test_a_log_on_one_machine_has_one_partition(tmp_path: Path) -> None:
    with closing(SqliteLog.open(tmp_path / "log.sqlite")) as log:
        assert log.partitions == 1
        with pytest.raises(IndexError, match="no partition 1"):
            next(log.entries(1))


def test_a_time_is_told_in_utc() -> None:
    entry = LogEntry(0, 1_707_890_400_000_001, None, b"", b"")
    assert entry.recorded == datetime(2024, 2, 14, 6, 0, 0, 1, tzinfo=UTC)
