"""Ranges cover each partition once and in order, and say which is the last; reading them leaves nothing."""

from __future__ import annotations

import gc
from collections import defaultdict

from aiokafka.consumer.fetcher import PartitionRecords
from hypothesis import given
from hypothesis import strategies as st

from event_log.kafka.connection import Connection
from event_log.kafka.topics import COUNT_EVENTS
from stream_processors.assess import Assessor
from stream_processors.distributed.ranges import (
    COLLECT_EACH,
    RANGE_ENTRIES,
    Range,
    close_reader,
    ranges,
    read_range,
)
from tests.stream_processors.distributed.running import WORLD, counts, opened, send

CONNECTION = Connection.of("localhost:9")
SPANS = st.dictionaries(st.integers(0, 11), st.tuples(st.integers(0, 5), st.integers(0, 5 * RANGE_ENTRIES)))


@given(SPANS, st.integers(-1, 5 * RANGE_ENTRIES))
def test_every_position_is_in_one_range_and_only_the_last_has_none_after_it(
    spans: dict[int, tuple[int, int]], sent: int
) -> None:
    at = {partition: start for partition, (start, _) in spans.items()}
    more: dict[int, list[bool]] = defaultdict(list)
    for one in ranges(CONNECTION, spans, dict.fromkeys(spans, sent)):
        assert one.start == at[one.partition] < one.end <= spans[one.partition][1]
        assert one.with_rows == (one.end - 1 > sent)
        at[one.partition] = one.end
        more[one.partition].append(one.more)
    assert at == {partition: max(start, end) for partition, (start, end) in spans.items()}
    assert all(said == [*([True] * (len(said) - 1)), False] for said in more.values())


def answers_held(topic: str) -> int:
    """How many of the client's answers with records of that topic are in this process's memory."""
    return sum(isinstance(one, PartitionRecords) and one._tp.topic == topic for one in gc.get_objects())


def test_ranges_free_their_records_where_no_collector_runs(connection: Connection) -> None:
    """As in a process that assesses; the client's leftovers refer to themselves."""
    topics = opened(connection)
    send(topics, counts(30))
    assessor = Assessor(WORLD.election, WORLD.registry, WORLD.ballots)
    gc.collect()
    gc.disable()
    try:
        for _ in range(5 * COLLECT_EACH):
            read_range(assessor, Range(topics, 0, 0, 2, with_rows=False, more=False))
        leftovers = answers_held(topics.topic(COUNT_EVENTS))
    finally:
        gc.enable()
        close_reader()
    assert 0 < leftovers <= COLLECT_EACH + 1
