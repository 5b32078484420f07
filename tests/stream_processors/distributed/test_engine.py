"""An engine applies each entry at the position of its state, whatever it is given and wherever it starts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from kafka import KafkaAdminClient, TopicPartition

from event_log.kafka.connection import Connection
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES
from schemas.regions import Level
from stream_processors.distributed import ranges
from stream_processors.distributed.engine import Reassigned
from tests.stream_processors.distributed.running import (
    ALL,
    PARTITIONS,
    counts,
    entries_caught_up,
    nation_versions,
    never,
    opened,
    published_positions,
    records,
    row_positions,
    running,
    send,
)
from tests.waiting import wait_until

TIMEOUT_S: Final = 30.0
"""How long a test waits for a published message."""


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """This test's own topics."""
    return opened(connection)


def ends(topics: Connection) -> dict[int, int]:
    """Where the log ends."""
    return {partition: len(records(topics, COUNT_EVENTS, partition)) for partition in range(PARTITIONS)}


def arrive(topics: Connection) -> None:
    """Append entries to both partitions, some of them twice."""
    send(topics, [*counts(30), *counts(5), b"no event"])
    assert min(ends(topics).values()) > 5


def assert_published_once(topics: Connection) -> None:
    """Every entry's rows were published once, and their position too."""
    for partition, end in ends(topics).items():
        assert row_positions(topics, partition) == list(range(end))
        assert published_positions(topics, partition)[-1][1] == end - 1


def test_entries_in_the_log_are_read_in_catch_up_mode(topics: Connection) -> None:
    arrive(topics)
    before = entries_caught_up()
    with running(topics) as engine:
        offsets = engine.assign(ALL, never)
        assert engine.positions() == ends(topics)
    assert entries_caught_up() - before == sum(ends(topics).values())
    assert {(COUNT_EVENTS.name, partition): end for partition, end in ends(topics).items()}.items() <= (
        offsets.items()
    )
    assert_published_once(topics)
    assert nation_versions(topics) == [30]  # without waiting for the districts' totals to be streamed


def test_sums_are_published_at_once_and_districts_with_their_events(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.assign(ALL, never)
        parts = records(topics, DISTRICT_TALLIES, 0)
        sums = len(records(topics, PROVINCE_TALLIES, 0))
        send(topics, counts(12, first=30))
        for partition in range(PARTITIONS):
            engine.process_events(partition, records(topics, COUNT_EVENTS, partition))
        engine.process_tallies(Level.PROVINCE, 0, parts)  # redelivered: a publish may have been lost
        engine.publish_changed_sums()
        wait_until(lambda: len(records(topics, PROVINCE_TALLIES, 0)) > sums)
        assert len(records(topics, DISTRICT_TALLIES, 0)) == len(parts)
    assert len(records(topics, DISTRICT_TALLIES, 0)) > len(parts)


def test_a_closed_engine_leaves_no_reader_open(topics: Connection) -> None:
    with running(topics) as engine:
        engine.assign(ALL, never)
        reader = ranges.reader(topics)
    assert ranges.reader(topics) is not reader
    ranges.close_reader()


def test_redelivered_entries_are_skipped(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.assign(ALL, never)
        send(topics, counts(12, first=30))
        for partition in range(PARTITIONS):
            for _ in range(2):
                engine.process_events(partition, records(topics, COUNT_EVENTS, partition))
        engine.publish_changes()
        assert engine.positions() == ends(topics)
    assert_published_once(topics)


def test_missing_entries_are_read_from_the_log(topics: Connection) -> None:
    with running(topics) as engine:
        engine.assign(ALL, never)
        arrive(topics)
        for partition in range(PARTITIONS):
            came = records(topics, COUNT_EVENTS, partition)
            engine.process_events(partition, [came[1], came[2], came[5]])
        engine.publish_changes()
        assert engine.positions() == dict.fromkeys(range(PARTITIONS), 6)
        for partition in range(PARTITIONS):
            engine.process_events(partition, records(topics, COUNT_EVENTS, partition)[-1:])
        assert engine.positions() == ends(topics)
    assert_published_once(topics)


def test_entries_of_unassigned_partitions_are_ignored(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.assign((frozenset({1}), {Level.PROVINCE: frozenset(), Level.NATION: frozenset()}), never)
        engine.process_events(0, records(topics, COUNT_EVENTS, 0))
        engine.process_tallies(Level.PROVINCE, 0, records(topics, DISTRICT_TALLIES, 0))
        assert engine.positions() == {1: ends(topics)[1]}
    assert row_positions(topics, 0) == []
    assert row_positions(topics, 1) == list(range(ends(topics)[1]))


def test_rows_of_a_predecessor_are_not_published_again_and_its_totals_are_re_published(
    topics: Connection,
) -> None:
    arrive(topics)
    for _ in range(2):
        with running(topics) as engine:
            engine.assign(ALL, never)
    assert_published_once(topics)
    republished = [one.key for one in records(topics, DISTRICT_TALLIES, 0)]
    assert len(republished) >= 2 * len(set(republished)) > 0
    assert nation_versions(topics) == [30, 30]


def test_republish_publishes_all_rows_again(topics: Connection, tmp_path: Path) -> None:
    arrive(topics)
    with running(topics, tmp_path) as engine:
        engine.assign(ALL, never)
        engine.save_snapshots()
    with running(topics, tmp_path, republish=True) as engine:  # the snapshot has no rows
        engine.assign(ALL, never)
    for partition, end in ends(topics).items():
        assert row_positions(topics, partition) == [*range(end), *range(end)]
        assert published_positions(topics, partition)[-1] == (-1, end - 1)


def test_rows_removed_from_their_topic_are_published_again(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.assign(ALL, never)
    remove(topics, COUNT_ROWS.name, {0: -1, 1: -1})
    with running(topics) as engine:
        engine.assign(ALL, never)
    assert_published_once(topics)


def remove(topics: Connection, topic: str, before: dict[int, int]) -> None:
    """Remove the records before these offsets (-1: all), as retention does."""
    admin = KafkaAdminClient(**topics.client_settings())
    name = f"{topics.prefix}{topic}"
    admin.delete_records({TopicPartition(name, partition): offset for partition, offset in before.items()})
    admin.close()


def test_catch_up_stops_at_another_rebalance(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        with pytest.raises(Reassigned):
            engine.assign(ALL, lambda: True)
        engine.assign(ALL, never)
        assert engine.positions() == ends(topics)
    assert_published_once(topics)
