"""Ranges cover each partition once and in order, and say which of them is the last."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from event_log.kafka.connection import Connection
from stream_processors.distributed.ranges import RANGE, ranges

CONNECTION = Connection.of("localhost:9")
SPANS = st.dictionaries(st.integers(0, 11), st.tuples(st.integers(0, 5), st.integers(0, 5 * RANGE)))


@given(SPANS, st.integers(-1, 5 * RANGE))
def test_every_position_is_in_one_range_and_only_the_last_has_none_after_it(
    spans: dict[int, tuple[int, int]], sent: int
) -> None:
    at = {partition: start for partition, (start, _) in spans.items()}
    more: dict[int, list[bool]] = defaultdict(list)
    for one in ranges(CONNECTION, spans, dict.fromkeys(spans, sent)):
        assert one.start == at[one.partition] < one.end <= spans[one.partition][1]
        assert one.shown == (one.end - 1 > sent)
        at[one.partition] = one.end
        more[one.partition].append(one.more)
    assert at == {partition: max(start, end) for partition, (start, end) in spans.items()}
    assert all(said == [*([True] * (len(said) - 1)), False] for said in more.values())
