"""Whether a backlog is consumed: its end is noticed after a rebalance too."""

from __future__ import annotations

import pyarrow as pa
import pytest

from event_log.kafka.group import GroupRecord, TopicPartition
from event_log.kafka.topics import COUNT_ROWS
from sinks.delivery.batch_builder import BatchBuilder, Undeliverable
from sinks.delivery.tally_rows import TallyRows
from sinks.row_messages import encode
from tests.sinks.delivery.support import ENDS, ROWS, WORLD, flush


def add(builder: BatchBuilder, partition: int, first: int, *, more: bool) -> None:
    """One event's rows and position."""
    for number, (headers, value) in enumerate(encode(flush(partition, first, 1), first - 1, more=more)):
        source = TopicPartition(COUNT_ROWS, partition)
        assert builder.add(GroupRecord(source, first + number, value, headers), 0.0) is None


def test_a_backlog_lasts_until_no_partition_says_that_more_follows() -> None:
    builder = BatchBuilder(TallyRows(WORLD.election, WORLD.registry, WORLD.ballots, ROWS, ENDS), ENDS)
    assert not builder.more_follows
    add(builder, 0, 0, more=True)
    add(builder, 1, 0, more=True)
    add(builder, 0, 1, more=False)
    assert builder.more_follows
    builder.take_batch()
    assert builder.more_follows
    add(builder, 1, 1, more=False)
    assert not builder.more_follows


def test_after_a_rebalance_a_backlog_of_lost_partitions_is_forgotten() -> None:
    builder = BatchBuilder(TallyRows(WORLD.election, WORLD.registry, WORLD.ballots, ROWS, ENDS), ENDS)
    add(builder, 0, 0, more=True)
    builder.set_positions({0: 0, 1: 5})
    assert not builder.more_follows


@pytest.mark.parametrize("table", sorted(flush(0, 0, 1)))
def test_text_that_is_no_utf8_is_undeliverable_or_inserted_as_it_is(table: str) -> None:
    """A checksum is no proof of who wrote: the reader goes on, whatever column holds such bytes."""
    rows = flush(0, 0, 1)
    for number, field in enumerate(rows[table].schema):
        if field.type != pa.string():
            continue
        broken = pa.array([b"\x80\x9f"] * rows[table].num_rows).view(pa.string())
        changed = {**rows, table: rows[table].set_column(number, field, broken)}
        builder = BatchBuilder(TallyRows(WORLD.election, WORLD.registry, WORLD.ballots, ROWS, ENDS), ENDS)
        source = TopicPartition(COUNT_ROWS, 0)
        try:
            for offset, (headers, value) in enumerate(encode(changed, -1)):
                builder.add(GroupRecord(source, offset, value, headers), 0.0)
        except Undeliverable:
            continue
        assert field.name != "election", "rows of another election were taken"
