"""A key is on the partition on which every other Kafka producer would put it."""

from __future__ import annotations

import pytest

from event_log.kafka.partitioner import partition_of


@pytest.mark.parametrize(
    ("key", "murmur2"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafka_s_own_tests(key: bytes, murmur2: int) -> None:
    for partitions in (1, 4, 12, 1 << 31):
        assert partition_of(key, partitions) == (murmur2 & 0x7FFFFFFF) % partitions
