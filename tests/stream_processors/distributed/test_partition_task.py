"""A position is published with its rows only where nothing before it can be lost; otherwise after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from event_log.kafka.log import KafkaRecord
from event_log.kafka.partitioner import partition_of
from schemas.rejections import Rejection
from schemas.tally_messages import TallyMessage
from sinks.row_messages import LARGEST
from sinks.rows import Rows
from stream_processors.assess import Assessor
from stream_processors.distributed.count_stage import AssessedEntries, CountStage
from stream_processors.distributed.partition_task import CountTask
from stream_processors.distributed.ranges import entries_of
from tests.worlds import all_stations, pairs, submitted, world

WORLD = world()
ASSESSOR = Assessor(WORLD.election, WORLD.registry, WORLD.ballots, lambda key: partition_of(key, 1))
COUNTS = [submitted(station, pairs(1, 2, 3)) for station in all_stations() if station.startswith("1101")]
UNPUBLISHED = -1


class PublisherInMemory:
    """Records what it publishes; `acknowledged` is the number of acknowledged messages."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.acknowledged = 0

    @property
    def submitted(self) -> int:
        return len(self.published)

    def has_acknowledged(self, count: int) -> bool:
        return self.acknowledged >= count

    def publish_rows(
        self,
        partition: int,
        tables: Mapping[str, pa.Table],
        after: int | None = None,
        *,
        more: bool = False,
    ) -> None:
        assert partition == 0
        assert (after is not None) == ("sink_position" in tables)
        held = [f"event {table['position'].to_pylist()}" for name, table in tables.items() if name == "event"]
        if after is not None:
            follows = ", more follows" if more else ""
            held.append(f"position {after} to {tables['sink_position']['position'][0].as_py()}{follows}")
        self.published.append(", ".join(held))

    def publish_rejected(
        self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection
    ) -> None:
        assert (partition, key) == (0, b"1101")
        assert raw
        assert why.said.en
        self.published.append(f"rejected {position}")

    def publish_tally(self, message: TallyMessage) -> None:
        pass


def count_task(publisher: PublisherInMemory) -> CountTask:
    """The task of a partition without published rows."""
    stage = CountStage(0, WORLD.election, WORLD.registry, WORLD.ballots)
    rows = Rows(WORLD.election.id, WORLD.registry, WORLD.ballots)
    return CountTask(stage, rows, WORLD.ballots, publisher, UNPUBLISHED)


def entries(start: int, *raws: bytes) -> AssessedEntries:
    """These messages as entries of the partition from position `start` on."""
    records = [KafkaRecord(at, at + 1_000, b"1101", raw, ()) for at, raw in enumerate(raws, start)]
    return entries_of(ASSESSOR, 0, records)


def test_rows_and_their_position_are_one_message_once_all_before_is_acknowledged() -> None:
    publisher = PublisherInMemory()
    task = count_task(publisher)
    task.process(entries(0, COUNTS[0]))
    publisher.acknowledged = 1
    task.process(entries(1, COUNTS[1]))
    assert publisher.published == ["event [0], position -1 to 0", "event [1], position 0 to 1"]
    assert task.published == 1


def test_while_rows_are_in_flight_the_next_ones_are_published_without_a_position_which_follows() -> None:
    publisher = PublisherInMemory()
    task = count_task(publisher)
    for start in range(3):
        task.process(entries(start, COUNTS[start]))
    assert publisher.published == ["event [0], position -1 to 0", "event [1]", "event [2]"]
    task.publish_changes()
    assert len(publisher.published) == 3
    assert task.has_pending_position
    publisher.acknowledged = 2
    task.publish_changes()
    assert publisher.published[3:] == ["position 0 to 1"]
    publisher.acknowledged = 4
    task.publish_changes()
    assert publisher.published[4:] == ["position 1 to 2"]
    assert not task.has_pending_position


def test_a_position_says_whether_more_of_a_backlog_follows_whenever_it_is_published() -> None:
    publisher = PublisherInMemory()
    task = count_task(publisher)
    for start in range(3):
        task.process(replace(entries(start, COUNTS[start]), more=start < 2))
    assert publisher.published == ["event [0], position -1 to 0, more follows", "event [1]", "event [2]"]
    publisher.acknowledged = 2
    task.publish_changes()
    assert publisher.published[3:] == ["position 0 to 1, more follows"]
    publisher.acknowledged = 4
    task.publish_changes()
    assert publisher.published[4:] == ["position 1 to 2"]


def test_rejected_entries_are_acknowledged_before_their_position_is_published() -> None:
    publisher = PublisherInMemory()
    task = count_task(publisher)
    task.process(entries(0, COUNTS[0], b"{"))
    assert publisher.published == ["rejected 1", "event [0, 1]"]
    publisher.acknowledged = 1
    task.publish_changes()
    assert len(publisher.published) == 2
    publisher.acknowledged = 2
    task.publish_changes()
    assert publisher.published[2:] == ["position -1 to 1"]


def test_rows_of_several_messages_are_acknowledged_before_their_position_is_published() -> None:
    publisher = PublisherInMemory()
    task = count_task(publisher)
    repeated = LARGEST // len(COUNTS[0])  # each has a row with all its bytes
    task.process(entries(0, *([COUNTS[0]] * repeated)))
    assert publisher.published == [f"event {list(range(repeated))}"]
    assert task.has_pending_position
