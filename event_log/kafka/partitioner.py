"""The partition of a key: Kafka's default partitioner (murmur2), as producers of every language use it.

It depends on the number of partitions, which is why that never changes during an election.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from kafka.partitioner.default import murmur2

KEYS_KEPT: Final = 1 << 16
"""More than a nation has units of districts and above, times contests: each key is hashed once."""


@lru_cache(KEYS_KEPT)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1, of messages with that key."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions
