"""A topic read as a log: for each partition its entries in order, from one position up to another.

Positions are Kafka's offsets: ascending within a partition, with gaps where entries were compacted or are
Kafka's own. While the brokers are away a read waits for them and goes on; after `patience_s` without any
answer it ends with a sentence. An entry that is asked for and was removed is an error, never passed over.

Nothing is committed anywhere: who reads keeps its own position. Nothing is said about what the bytes mean.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

from aiokafka import ConsumerRecord
from kafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection
from event_log.kafka.consumer import Consumer
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.missing import removed, shorter
from event_log.kafka.partitioner import partition_of
from event_log.kafka.survey import partitions_of
from event_log.kafka.topics import Topic
from event_log.leaf import leaf_hash
from event_log.reading import LogEntry

PATIENCE_S: Final = 60.0
"""How long a read waits for brokers that don't answer: a broker is back some 10 s after it was killed, and
a partition has another leader sooner than that."""

POLL_RECORDS: Final = 20_000
"""More than one answer holds as a rule (see consumer): what came with it is handed out at once."""

POLL_MS: Final = 200
"""How long one poll waits. It is also how long a read takes to see that the last positions before its end
hold nothing, since Kafka tells only by answering nothing."""

IDLE_CHECK_S: Final = 10.0
"""After so long without news a tail asks whether the brokers are still there."""


class Record(NamedTuple):
    """One entry: its position in its partition, when the log took it in (microseconds since 1970, UTC; Kafka
    knows milliseconds), its key, the bytes as received, and the headers that came with it."""

    position: int
    recorded_at: int
    key: bytes | None
    raw: bytes
    headers: Sequence[tuple[str, bytes]]


class KafkaLog:
    """One topic, to read. For one thread at a time; reads may take turns, at the cost of fetching again. An
    event_log.reading.ReadableLog."""

    def __init__(self, connection: Connection, topic: Topic, *, patience_s: float = PATIENCE_S) -> None:
        """Reach the brokers and find the topic. Raises LogUnavailable."""
        self.connection = connection
        self.topic = topic
        self._name = connection.topic(topic)
        self._patience_s = patience_s
        self._reader: object = None
        self.partitions = partitions_of(connection, topic)
        try:
            self._consumer = Consumer(connection, self._name)
        except KafkaError as error:
            raise broker_unavailable(connection, error, self._name) from error

    def begins(self) -> list[int]:
        """By partition the position of its first entry that is still there. Raises LogUnavailable."""
        return self._positions(self._consumer.begins)

    def ends(self) -> list[int]:
        """By partition the position that its next entry will have. Raises LogUnavailable."""
        return self._positions(self._consumer.ends)

    def read(self, partition: int, start: int, end: int | None = None) -> Iterator[list[Record]]:
        """The entries at positions from `start` up to `end` (not included; None, or further than the log
        goes: its end as of the first step), some thousands at a time.

        Raises LogUnavailable, also after some entries: go on from the last one's position + 1.
        """
        last = self.ends()[partition]
        if start > last:
            raise shorter(self._name)
        end = last if end is None else min(end, last)
        position, reader = start, object()
        heard = time.monotonic()
        while position < end:
            # What stands after `end` is not even unpacked: whoever reads piece by piece would do it twice.
            most = min(end - position, POLL_RECORDS)
            came = self._poll(reader, {partition: position}, most).get(partition, ())
            # Without entries the consumer alone knows how far it got: Kafka's own marks take positions too.
            moved = came[-1].offset + 1 if came else self._position(partition, position)
            found = [_record(one) for one in came if one.offset < end]
            if moved > position:
                heard = time.monotonic()
            elif time.monotonic() - heard > self._patience_s:
                raise self._silent()
            position = moved
            if found:
                yield found

    def entries(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
        """As `read`, one by one, each with its leaf hash."""
        for records in self.read(partition, start, end):
            for one in records:
                yield LogEntry(one.position, one.recorded_at, one.key, one.raw, leaf_hash(one.raw))

    def partition_of(self, key: bytes) -> int:
        """The partition on which entries with this key belong."""
        return partition_of(key, self.partitions)

    def tail(self, starts: Sequence[int]) -> Iterator[tuple[int, list[Record]]]:
        """Of all partitions the entries from `starts` on, by partition, waiting for new ones for ever.

        Each item is a partition and some of its entries. Raises LogUnavailable.
        """
        positions, reader = dict(enumerate(starts)), object()
        heard = time.monotonic()
        while True:
            records = self._poll(reader, positions, POLL_RECORDS)
            for partition, some in records.items():
                positions[partition] = some[-1].offset + 1
                yield partition, [_record(one) for one in some]
            if records:
                heard = time.monotonic()
            elif time.monotonic() - heard > IDLE_CHECK_S:
                self.ends()
                heard = time.monotonic()

    def close(self) -> None:
        """Let go of the brokers."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _poll(
        self, reader: object, positions: Mapping[int, int], most: int
    ) -> dict[int, list[ConsumerRecord]]:
        """What comes next for this reader, which stands at these positions by partition: at most so many;
        nothing when nothing came in time."""
        # Others may have read in between, or nobody yet.
        seek = None if self._reader is reader else positions
        try:
            records = self._consumer.poll(POLL_MS, most, seek)
        except OffsetOutOfRangeError as error:
            raise self._gone(positions) from error
        except KafkaError as error:
            if not error.retriable:
                raise broker_unavailable(self.connection, error, self._name) from error
            self._reader = None
            time.sleep(POLL_MS / 1000)
            return {}
        self._reader = reader
        return records

    def _position(self, partition: int, known: int) -> int:
        """How far the consumer got without finding an entry."""
        try:
            return max(known, self._consumer.position(partition))
        except KafkaError as error:
            raise broker_unavailable(self.connection, error, self._name) from error

    def _positions(self, ask: Callable[[int, float], list[int]]) -> list[int]:
        try:
            return ask(self.partitions, self._patience_s)
        except KafkaError as error:
            raise broker_unavailable(self.connection, error, self._name) from error

    def _gone(self, positions: Mapping[int, int]) -> LogUnavailable:
        """Why there is nothing at one of these positions."""
        begins = self.begins()
        for partition, position in positions.items():
            if position < begins[partition]:
                return removed(self._name, partition, position, begins[partition])
        return shorter(self._name)

    def _silent(self) -> LogUnavailable:
        error = KafkaTimeoutError(f"nothing came for {self._patience_s:g} s")
        return broker_unavailable(self.connection, error, self._name)


def _record(one: ConsumerRecord) -> Record:
    return Record(one.offset, one.timestamp * 1000, one.key, one.value or b"", one.headers)
