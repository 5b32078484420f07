"""The interface of a log for readers, whether SQLite or Kafka: partitions, each with its entries in order.

Entries are read as they were recorded, byte for byte; what the bytes mean is not known here. There is no
order between entries of different partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol


class LogEntry(NamedTuple):
    """One entry of the log: its position in its partition, when the log recorded it (microseconds since 1970,
    UTC), its key (None: it has none), the bytes as received, and their leaf hash."""

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
        """The number of partitions; they are numbered from 0."""
        ...

    @property
    def partition_of(self) -> Callable[[bytes], int] | None:
        """The partition of a key; None: entries have no keys, and there is one partition."""
        ...

    def ends(self) -> list[int]:
        """By partition the position of its next entry."""
        ...

    def entries(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
        """The entries of a partition at positions from `start` up to `end` (not included; None, or further
        than the log goes: its end as of the first step)."""
        ...


def behind(ends: Sequence[int], arrived: Mapping[int, int]) -> int:
    """The lag of a reader: how many positions of a log that ends at `ends` are after the last `arrived` ones,
    by partition (of one that is not named, none has arrived)."""
    return sum(max(end - 1 - arrived.get(partition, -1), 0) for partition, end in enumerate(ends))
