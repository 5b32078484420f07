"""A group on a real broker: who reads what, where it goes on, and what is redelivered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka import KafkaProducer

from event_log.errors import LogUnavailable
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import require
from event_log.kafka.group import ConsumerGroup, GroupRecord, TopicPartition
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, NATION_TALLIES, SINK_GROUP, Topic
from tests.event_log.kafka.conftest import Secured
from tests.waiting import wait_until
from tests.worlds import world

TOPICS = (COUNT_ROWS, NATION_TALLIES)
SESSION_MS = 2_000
FIRST, SECOND = TopicPartition(COUNT_ROWS, 0), TopicPartition(COUNT_ROWS, 1)
NATION = TopicPartition(NATION_TALLIES, 0)


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """A connection with topics, two partitions of rows."""
    create(connection, partitions={"count-events": 2}, replication=1)
    return connection


@pytest.fixture
def producer(topics: Connection) -> Iterator[KafkaProducer]:
    """Writes to them."""
    with closing(KafkaProducer(**topics.client_settings())) as one:
        yield one


def send(producer: KafkaProducer, topics: Connection, source: TopicPartition, *values: bytes) -> None:
    """Messages that are there when this returns."""
    for value in values:
        name = topics.topic(source.topic)
        producer.send(name, value, b"key", [("h", b"1")], source.partition).get(timeout=30)


def member(topics: Connection) -> ConsumerGroup:
    """One more process in the group of these tests."""
    return ConsumerGroup(topics, "readers", TOPICS, session_ms=SESSION_MS)


def polled(group: ConsumerGroup, count: int) -> list[GroupRecord]:
    """So many records, waited for."""
    found: list[GroupRecord] = []

    def enough() -> bool:
        found.extend(group.poll(0.1, count - len(found)).records)
        return len(found) == count

    wait_until(enough)
    return found


def test_it_begins_with_the_oldest_record_of_every_partition(
    topics: Connection, producer: KafkaProducer
) -> None:
    send(producer, topics, FIRST, b"a", b"b")
    send(producer, topics, NATION, b"n")
    with closing(member(topics)) as group:
        found = polled(group, 3)
        assert group.assigned() == [FIRST, SECOND, NATION]
    assert sorted(found, key=str) == sorted(
        [
            GroupRecord(FIRST, 0, b"a", [("h", b"1")]),
            GroupRecord(FIRST, 1, b"b", [("h", b"1")]),
            GroupRecord(NATION, 0, b"n", [("h", b"1")]),
        ],
        key=str,
    )


def test_what_was_committed_is_behind_it_and_what_was_not_is_redelivered(
    topics: Connection, producer: KafkaProducer
) -> None:
    send(producer, topics, FIRST, b"a", b"b", b"c")
    with closing(member(topics)) as group:
        polled(group, 3)
        assert group.commit({FIRST: 1})
    with closing(member(topics)) as group:
        assert [one.offset for one in polled(group, 2)] == [1, 2]


def test_a_commit_may_go_back(topics: Connection, producer: KafkaProducer) -> None:
    send(producer, topics, FIRST, b"a", b"b")
    with closing(member(topics)) as group:
        polled(group, 2)
        assert group.commit({FIRST: 2})
        assert group.commit({FIRST: 0})
    with closing(member(topics)) as group:
        assert [one.offset for one in polled(group, 2)] == [0, 1]


def test_partitions_that_are_not_assigned_are_left_out_of_a_commit(topics: Connection) -> None:
    with closing(member(topics)) as group:
        wait_until(lambda: group.poll(0.1, 1) is not None and bool(group.assigned()))
        assert group.commit({TopicPartition(COUNT_EVENTS, 0): 5})
        assert group.position(TopicPartition(COUNT_EVENTS, 0)) is None


def test_while_it_is_paused_nothing_comes_and_nothing_is_lost(
    topics: Connection, producer: KafkaProducer
) -> None:
    with closing(member(topics)) as group:
        wait_until(lambda: group.poll(0.1, 1) is not None and bool(group.assigned()))
        group.pause()
        send(producer, topics, FIRST, b"a", b"b")
        for _ in range(5):
            assert group.poll(0.1, 10).records == []
        group.resume()
        assert [one.raw for one in polled(group, 2)] == [b"a", b"b"]


def test_a_pause_outlasts_a_rebalance(topics: Connection, producer: KafkaProducer) -> None:
    with closing(member(topics)) as group:
        wait_until(lambda: group.poll(0.1, 1) is not None and bool(group.assigned()))
        group.pause()
        with closing(member(topics)) as other:
            wait_until(lambda: all(one.poll(0.1, 1) for one in (group, other)) and bool(other.assigned()))
        wait_until(lambda: group.poll(0.1, 1) is not None and len(group.assigned()) == 3)
        send(producer, topics, FIRST, b"a")
        for _ in range(5):
            assert group.poll(0.1, 10).records == []
        group.resume()
        assert [one.raw for one in polled(group, 1)] == [b"a"]


def test_seeking_to_the_beginning_gives_a_partition_again_from_its_oldest_record(
    topics: Connection, producer: KafkaProducer
) -> None:
    send(producer, topics, FIRST, b"a", b"b")
    send(producer, topics, SECOND, b"x")
    with closing(member(topics)) as group:
        polled(group, 3)
        group.seek_to_beginning([FIRST, TopicPartition(COUNT_EVENTS, 0)])
        assert [(one.source, one.offset) for one in polled(group, 2)] == [(FIRST, 0), (FIRST, 1)]
        assert group.position(FIRST) == 2
        assert group.ends() == {FIRST: 2, SECOND: 1, NATION: 0}


def test_a_new_member_is_told_of_and_partitions_have_one_reader_each(
    topics: Connection, producer: KafkaProducer
) -> None:
    with closing(member(topics)) as one, closing(member(topics)) as other:
        wait_until(lambda: one.poll(0.1, 1).rebalanced and bool(one.assigned()))
        before, rebalances = one.generation, []

        def both() -> bool:
            rebalances.append(one.poll(0.1, 1).rebalanced)
            other.poll(0.1, 1)
            return bool(one.assigned()) and bool(other.assigned())

        wait_until(both)
        assert any(rebalances)
        assert one.generation != before
        assert sorted([*one.assigned(), *other.assigned()], key=str) == sorted(
            [FIRST, SECOND, NATION], key=str
        )
        send(producer, topics, FIRST, b"a")
        send(producer, topics, SECOND, b"b")
        found: list[GroupRecord] = []

        def both_came() -> bool:
            found.extend([*one.poll(0.1, 9).records, *other.poll(0.1, 9).records])
            return len(found) == 2

        wait_until(both_came)
        assert {record.raw for record in found} == {b"a", b"b"}


def test_a_topic_that_is_not_there_is_named_with_what_to_do(connection: Connection) -> None:
    with pytest.raises(LogUnavailable, match=r"no such topic \(test-.*count-rows.*topics create"):
        member(connection)


@pytest.mark.parametrize("topic", [COUNT_ROWS, NATION_TALLIES], ids=lambda topic: topic.name)
def test_a_sink_s_user_is_in_its_group_and_sees_what_it_compares(secured: Secured, topic: Topic) -> None:
    connection = secured.as_user("sink")
    with closing(ConsumerGroup(connection, f"{SINK_GROUP}-0123456789ab", [topic])) as group:
        wait_until(lambda: group.poll(0.1, 1) is not None and bool(group.assigned()))
        assert group.commit({TopicPartition(topic, 0): 0})
        assert group.ends() is not None
    with pytest.raises(LogUnavailable, match=r"have not been opened|were opened for"):
        require(connection, world().election, world().registry)  # it could look


def test_who_may_not_be_in_the_group_is_told_so(secured: Secured) -> None:
    connection = secured.as_user("auditor")
    with closing(ConsumerGroup(connection, f"{SINK_GROUP}-0123456789ab", [COUNT_ROWS])) as group:

        def is_in() -> bool:
            group.poll(0.1, 1)
            return bool(group.assigned())

        with pytest.raises(LogUnavailable, match="does not let the user auditor do this"):
            wait_until(is_in)
