"""An engine takes in each entry where its state stands, whatever it is handed and whatever it starts from."""

from __future__ import annotations

import time
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
    nation_versions,
    never,
    opened,
    positions_said,
    positions_shown,
    read_in_bulk,
    records,
    running,
    send,
)

PATIENCE_S: Final = 30.0
"""For a message that is on its way."""


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """This test's own topics."""
    return opened(connection)


def ends(topics: Connection) -> dict[int, int]:
    """Where the log ends."""
    return {partition: len(records(topics, COUNT_EVENTS, partition)) for partition in range(PARTITIONS)}


def arrive(topics: Connection) -> None:
    """Entries for both partitions, and some that come again."""
    send(topics, [*counts(30), *counts(5), b"no event"])
    assert min(ends(topics).values()) > 5


def assert_shown_once(topics: Connection) -> None:
    """Every entry's rows have gone out once, and it was said so."""
    for partition, end in ends(topics).items():
        assert positions_shown(topics, partition) == list(range(end))
        assert positions_said(topics, partition)[-1][1] == end - 1


def test_what_is_there_already_is_read_in_bulk(topics: Connection) -> None:
    arrive(topics)
    before = read_in_bulk()
    with running(topics) as engine:
        stands = engine.own(ALL, never)
        assert engine.positions() == ends(topics)
    assert read_in_bulk() - before == sum(ends(topics).values())
    assert {(COUNT_EVENTS.name, partition): end for partition, end in ends(topics).items()}.items() <= (
        stands.items()
    )
    assert_shown_once(topics)
    assert nation_versions(topics) == [30]  # nobody waits for its parts to come back live


def test_sums_go_on_as_they_come_and_what_was_counted_waits_for_its_events(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.own(ALL, never)
        parts = records(topics, DISTRICT_TALLIES, 0)
        sums = len(records(topics, PROVINCE_TALLIES, 0))
        send(topics, counts(12, first=30))
        for partition in range(PARTITIONS):
            engine.take_events(partition, records(topics, COUNT_EVENTS, partition))
        engine.take_tallies(Level.PROVINCE, 0, [one.raw for one in parts])  # once more: it may have been lost
        engine.emit_sums()
        deadline = time.monotonic() + PATIENCE_S
        while len(records(topics, PROVINCE_TALLIES, 0)) == sums:
            assert time.monotonic() < deadline
        assert len(records(topics, DISTRICT_TALLIES, 0)) == len(parts)
    assert len(records(topics, DISTRICT_TALLIES, 0)) > len(parts)


def test_an_engine_that_reads_by_itself_leaves_no_reader_open(topics: Connection) -> None:
    with running(topics) as engine:
        engine.own(ALL, never)
        reader = ranges.reader(topics)
    assert ranges.reader(topics) is not reader
    ranges.let_go()


def test_entries_that_come_again_are_skipped(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.own(ALL, never)
        send(topics, counts(12, first=30))
        for partition in range(PARTITIONS):
            for _ in range(2):
                engine.take_events(partition, records(topics, COUNT_EVENTS, partition))
        engine.emit()
        assert engine.positions() == ends(topics)
    assert_shown_once(topics)


def test_entries_that_are_missing_are_read_from_the_log(topics: Connection) -> None:
    with running(topics) as engine:
        engine.own(ALL, never)
        arrive(topics)
        for partition in range(PARTITIONS):
            came = records(topics, COUNT_EVENTS, partition)
            engine.take_events(partition, [came[1], came[2], came[5]])
        engine.emit()
        assert engine.positions() == dict.fromkeys(range(PARTITIONS), 6)
        for partition in range(PARTITIONS):
            engine.take_events(partition, records(topics, COUNT_EVENTS, partition)[-1:])
        assert engine.positions() == ends(topics)
    assert_shown_once(topics)


def test_what_belongs_to_others_is_left_to_them(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.own((frozenset({1}), {Level.PROVINCE: frozenset(), Level.NATION: frozenset()}), never)
        engine.take_events(0, records(topics, COUNT_EVENTS, 0))
        engine.take_tallies(Level.PROVINCE, 0, [one.raw for one in records(topics, DISTRICT_TALLIES, 0)])
        assert engine.positions() == {1: ends(topics)[1]}
    assert positions_shown(topics, 0) == []
    assert positions_shown(topics, 1) == list(range(ends(topics)[1]))


def test_what_a_predecessor_sent_is_not_sent_again_and_its_totals_are_announced_again(
    topics: Connection,
) -> None:
    arrive(topics)
    for _ in range(2):
        with running(topics) as engine:
            engine.own(ALL, never)
    assert_shown_once(topics)
    announced = [one.key for one in records(topics, DISTRICT_TALLIES, 0)]
    assert len(announced) >= 2 * len(set(announced)) > 0
    assert nation_versions(topics) == [30, 30]


def test_all_rows_go_out_again_when_they_are_wanted_again(topics: Connection, tmp_path: Path) -> None:
    arrive(topics)
    with running(topics, tmp_path) as engine:
        engine.own(ALL, never)
        engine.save()
    with running(topics, tmp_path, republish=True) as engine:  # the snapshot has no rows
        engine.own(ALL, never)
    for partition, end in ends(topics).items():
        assert positions_shown(topics, partition) == [*range(end), *range(end)]
        assert positions_said(topics, partition)[-1] == (-1, end - 1)


def test_rows_that_are_gone_from_their_topic_go_out_again(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        engine.own(ALL, never)
    remove(topics, COUNT_ROWS.name, {0: -1, 1: -1})
    with running(topics) as engine:
        engine.own(ALL, never)
    assert_shown_once(topics)


def remove(topics: Connection, topic: str, before: dict[int, int]) -> None:
    """What stands before these offsets (-1: all of it), as retention does."""
    admin = KafkaAdminClient(**topics.client_settings())
    name = f"{topics.prefix}{topic}"
    admin.delete_records({TopicPartition(name, partition): offset for partition, offset in before.items()})
    admin.close()


def test_recovery_is_given_up_when_others_own_the_partitions_by_now(topics: Connection) -> None:
    arrive(topics)
    with running(topics) as engine:
        with pytest.raises(Reassigned):
            engine.own(ALL, lambda: True)
        engine.own(ALL, never)
        assert engine.positions() == ends(topics)
    assert_shown_once(topics)
