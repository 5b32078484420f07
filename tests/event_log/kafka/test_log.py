"""Reading a topic: exactly what was asked for, whatever the brokers do meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, islice

import aiokafka.errors
import kafka.errors
import pytest
from aiokafka import AIOKafkaConsumer
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from devtools.brokers import Broker
from event_log.errors import LogUnavailable
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.consumer import Consumer
from event_log.kafka.log import KafkaLog, KafkaRecord
from event_log.kafka.topics import COUNT_EVENTS, NATION_TALLIES
from tests.waiting import wait_until

PARTITIONS = 3


def fill(connection: Connection, values: Sequence[bytes], partition: int, **settings: object) -> list[int]:
    """Append these values with a key and a header; their positions."""
    topic = connection.topic(COUNT_EVENTS)
    with closing(KafkaProducer(**connection.client_settings(), acks="all", **settings)) as producer:
        sent = [producer.send(topic, value, b"key", [("why", b"test")], partition) for value in values]
        return [one.get(30).offset for one in sent]


def read(log: KafkaLog, partition: int, start: int, end: int | None = None) -> list[KafkaRecord]:
    return list(chain.from_iterable(log.read(partition, start, end)))


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """The shared broker, with this test's own topics."""
    create(connection, partitions={COUNT_EVENTS.name: PARTITIONS})
    return connection


@pytest.fixture
def log(topics: Connection) -> Iterator[KafkaLog]:
    with KafkaLog(topics, COUNT_EVENTS) as log:
        yield log


def test_an_entry_is_read_as_it_was_written_with_the_time_at_which_the_log_took_it_in(
    topics: Connection, log: KafkaLog
) -> None:
    before = time.time_ns() // 1_000_000 * 1_000
    fill(topics, [b"one", b""], partition=1)
    first, second = read(log, 1, 0)
    assert (first.position, first.key, first.raw) == (0, b"key", b"one")
    assert (second.position, second.raw) == (1, b"")
    assert list(first.headers) == [("why", b"test")]
    assert before <= first.recorded_at <= second.recorded_at <= time.time_ns() // 1_000


def test_exactly_the_range_that_was_asked_for_is_read(topics: Connection, log: KafkaLog) -> None:
    # Small batches: ranges then begin and end within batches and between them.
    fill(topics, [b"%03d" % number for number in range(200)], partition=0, batch_size=400)
    fill(topics, [b"other"], partition=2)
    for start, end in ((0, 200), (0, 1), (7, 8), (13, 187), (199, 200), (50, 50), (60, 40)):
        found = read(log, 0, start, end)
        assert [one.position for one in found] == list(range(start, end)), (start, end)
        assert [one.raw for one in found] == [b"%03d" % number for number in range(start, end)]
    assert [one.raw for one in read(log, 2, 0)] == [b"other"]


def test_a_partition_without_entries_ends_at_once(log: KafkaLog) -> None:
    assert log.partitions == PARTITIONS
    assert (log.begins(), log.ends()) == ([0, 0, 0], [0, 0, 0])
    assert read(log, 1, 0) == []


def test_the_end_is_that_of_the_first_step(topics: Connection, log: KafkaLog) -> None:
    fill(topics, [b"%d" % number for number in range(5)], partition=0)
    blocks = log.read(0, 0)
    found = next(blocks)
    fill(topics, [b"later"], partition=0)
    found += chain.from_iterable(blocks)
    assert [one.raw for one in found] == [b"0", b"1", b"2", b"3", b"4"]
    assert log.ends() == [6, 0, 0]
    assert len(read(log, 0, 0, 1_000)) == 6


def test_reads_may_take_turns(topics: Connection, log: KafkaLog) -> None:
    for partition in range(2):
        fill(topics, [b"%d-%d" % (partition, number) for number in range(50)], partition)
    reads = [log.read(partition, 0) for partition in range(2)]
    turns = [[next(reads[0]), next(reads[1])], [next(log.read(0, 40))]]
    assert [one.raw for one in turns[1][0]] == [b"0-%d" % number for number in range(40, 50)]
    for partition, rest in enumerate(reads):
        found = [*turns[0][partition], *chain.from_iterable(rest)]
        assert [one.raw for one in found] == [b"%d-%d" % (partition, number) for number in range(50)]


@pytest.mark.parametrize("committed", [True, False])
def test_positions_that_hold_nothing_neither_stop_a_read_nor_hold_it_up(
    topics: Connection, log: KafkaLog, committed: bool
) -> None:
    """Kafka's own marks take positions: here those of transactions, in the middle and as the very last."""
    settings = topics.client_settings()
    topic = topics.topic(COUNT_EVENTS)
    with closing(KafkaProducer(**settings, transactional_id=f"{topics.prefix}one")) as producer:
        producer.init_transactions()
        for number in range(3):
            producer.begin_transaction()
            producer.send(topic, b"%d" % number, partition=0)
            producer.flush()
            producer.commit_transaction() if committed else producer.abort_transaction()
    # The broker writes the mark of the last transaction after it has answered.
    wait_until(lambda: log.ends() == [6, 0, 0])
    assert [one.position for one in read(log, 0, 0)] == [0, 2, 4]
    assert read(log, 0, 5) == []
    assert read(log, 0, 3, 4) == []


def test_a_read_from_before_what_is_kept_is_refused_and_says_where_the_rest_begins(
    topics: Connection, log: KafkaLog
) -> None:
    fill(topics, [b"%d" % number for number in range(10)], partition=0)
    partition = TopicPartition(topics.topic(COUNT_EVENTS), 0)
    with closing(KafkaAdminClient(**topics.client_settings())) as admin:
        admin.delete_records({partition: 4})
    assert log.begins() == [4, 0, 0]
    with pytest.raises(LogUnavailable, match="begins at position 4 now: the entries from 2 on were removed"):
        read(log, 0, 2)
    assert [one.position for one in read(log, 0, 4)] == [4, 5, 6, 7, 8, 9]


def test_a_log_that_is_shorter_than_what_was_read_of_it_is_refused(topics: Connection, log: KafkaLog) -> None:
    fill(topics, [b"one"], partition=0)
    assert read(log, 0, 1) == []
    with pytest.raises(LogUnavailable, match="shorter than what has been read"):
        read(log, 0, 2)


def test_a_tail_returns_the_entries_and_then_new_ones(topics: Connection, log: KafkaLog) -> None:
    fill(topics, [b"0", b"1", b"2"], partition=0)
    fill(topics, [b"a"], partition=2)
    tail = log.tail([1, 0, 0])
    found = sorted((partition, one.raw) for partition, some in islice(tail, 2) for one in some)
    assert found == [(0, b"1"), (0, b"2"), (2, b"a")]
    fill(topics, [b"new"], partition=1)
    assert [(partition, [one.raw for one in some]) for partition, some in islice(tail, 1)] == [(1, [b"new"])]


@pytest.mark.parametrize("compression", [None, "gzip", "lz4", "snappy", "zstd"])
def test_whatever_a_sender_compresses_with_is_read(
    topics: Connection, log: KafkaLog, compression: str | None
) -> None:
    values = [b"%03d" % number + b"x" * 1_000 for number in range(100)]
    fill(topics, values, partition=0, compression_type=compression, linger_ms=50)
    assert [one.raw for one in read(log, 0, 0)] == values


def test_a_reader_leaves_no_event_loop_to_the_thread_that_opened_it(topics: Connection) -> None:
    """Faust would take it for its own, and neither could run while the other does."""

    def loop_after_reading() -> asyncio.AbstractEventLoop | None:
        with KafkaLog(topics, COUNT_EVENTS) as log:
            read(log, 0, 0)
            try:
                return asyncio.get_event_loop()  # not in the main thread: only if it was given
            except RuntimeError:
                return None

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(loop_after_reading).result() is None


def test_a_reader_may_be_used_by_one_thread_after_another(topics: Connection, log: KafkaLog) -> None:
    fill(topics, [b"one", b"two"], partition=0)
    assert [one.raw for one in read(log, 0, 0)] == [b"one", b"two"]
    with ThreadPoolExecutor(1) as pool:
        assert [one.raw for one in pool.submit(read, log, 0, 1).result()] == [b"two"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (aiokafka.errors.TopicAuthorizationFailedError("t"), kafka.errors.TopicAuthorizationFailedError),
        (aiokafka.errors.KafkaTimeoutError("t"), kafka.errors.KafkaTimeoutError),
        (aiokafka.errors.SaslAuthenticationFailed("t"), kafka.errors.SaslAuthenticationFailedError),
        (aiokafka.errors.KafkaUnavailableError("t"), kafka.errors.KafkaError),  # there only
    ],
)
def test_an_error_is_said_as_the_other_library_says_it(
    log: KafkaLog, monkeypatch: pytest.MonkeyPatch, theirs: Exception, ours: type[Exception]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise theirs

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", fail)
    with closing(Consumer(log.connection, log.connection.topic(COUNT_EVENTS))) as consumer:
        with pytest.raises(ours) as raised:
            consumer.poll(10, 10, {0: 0})
        assert type(raised.value) is ours


def test_a_topic_that_is_not_there_is_named_with_what_to_do(connection: Connection) -> None:
    with pytest.raises(LogUnavailable, match=rf"{connection.prefix}nation-tallies.*topics create --broker"):
        KafkaLog(connection, NATION_TALLIES)


@pytest.mark.usefixtures("startable")
def test_a_broker_that_is_killed_while_it_is_read_is_waited_for_and_nothing_is_lost_or_read_twice() -> None:
    with Broker.start() as broker:
        connection = Connection.of(broker.bootstrap)
        create(connection, partitions={COUNT_EVENTS.name: 1})
        # Some 40 MB, so that most of it can't be fetched yet when the broker dies.
        values = [b"%06d" % number + b"x" * 2_000 for number in range(20_000)]
        fill(connection, values, partition=0, batch_size=100_000, linger_ms=50)
        with KafkaLog(connection, COUNT_EVENTS) as log:
            blocks = log.read(0, 0)
            found = next(blocks)
            broker.kill()
            assert len(found) < len(values) // 2
            broker.restart()
            found += chain.from_iterable(blocks)
        assert [one.position for one in found] == list(range(len(values)))
        assert [one.raw for one in found] == values


@pytest.mark.usefixtures("startable")
def test_a_reader_that_was_idle_for_so_long_that_the_broker_hung_up_reads_on() -> None:
    with Broker.start(properties={"connections.max.idle.ms": "1000"}) as broker:
        connection = Connection.of(broker.bootstrap)
        create(connection, partitions={COUNT_EVENTS.name: 1})
        fill(connection, [b"one", b"two"], partition=0)
        with KafkaLog(connection, COUNT_EVENTS) as log:
            assert [one.raw for one in read(log, 0, 0, 1)] == [b"one"]
            time.sleep(3)
            assert log.ends() == [2]
            time.sleep(3)
            assert [one.raw for one in read(log, 0, 1)] == [b"two"]


@pytest.mark.usefixtures("startable")
def test_a_broker_that_stays_away_ends_a_read_with_advice() -> None:
    with Broker.start() as broker:
        connection = Connection.of(broker.bootstrap)
        create(connection, partitions={COUNT_EVENTS.name: 1})
        fill(connection, [b"%06d" % number + b"x" * 2_000 for number in range(20_000)], partition=0)
        with KafkaLog(connection, COUNT_EVENTS, timeout_s=2) as log:
            blocks = log.read(0, 0)
            next(blocks)
            broker.kill()
            with pytest.raises(LogUnavailable, match=r"can't be reached.*run the same command again"):
                list(blocks)
            with pytest.raises(LogUnavailable, match="can't be reached"):
                log.ends()
