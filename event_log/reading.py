"""A log as its readers see it, wherever it is kept: partitions, each with its entries in order.

What is read is what was recorded, byte for byte; what the bytes mean is for the reader to find out. Nothing
is promised about the order of entries in different partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol


class LogEntry(NamedTuple):
    """One entry: its position in its partition, when the log took it in (microseconds since 1970, UTC), the
    key it was sent with (None: it has none), the bytes as received, and their leaf hash."""

    position: int
    recorded_at: int
    key: bytes | None
    raw: bytes
    leaf: bytes

    @property
    def recorded(self) -> datetime:
        """`recorded_at` as a time in UTC."""
        return datetime.fromtimestamp(self.recorded_at / 1_000_000, UTC)


class ReadableLog(Protocol):
    """A log to read. For one thread at a time; every method may raise LogUnavailable."""

    @property
    def partitions(self) -> int:
        """How many there are, numbered from 0."""
        ...

    @property
    def partition_of(self) -> Callable[[bytes], int] | None:
        """Which partition a key belongs on; None: entries have no keys, and where they stand says nothing."""
        ...

    def ends(self) -> list[int]:
        """By partition the position that its next entry will have."""
        ...

    def entries(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
        """The entries of a partition at positions from `start` up to `end` (not included; None, or further
        than the log goes: its end as of the first step)."""
        ...


def behind(ends: Sequence[int], arrived: Mapping[int, int]) -> int:
    """How many positions of a log that ends at `ends` come after the last ones that have arrived somewhere,
    by partition (of one that is not named, none has)."""
    return sum(max(end - 1 - arrived.get(partition, -1), 0) for partition, end in enumerate(ends))
