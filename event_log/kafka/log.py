"""Reads a topic as a log: the entries of each partition in order, from one position up to another.

Positions are Kafka's offsets: ascending within a partition, with gaps after compaction and at Kafka's own
control records. While the brokers are away a read retries; after `timeout_s` without an answer it raises
LogUnavailable. Reading from a position whose entry was removed is an error: no entry is skipped.

No offsets are committed: the caller keeps its position. What the bytes mean is not known here.
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
from event_log.kafka.missing import entries_removed, log_truncated
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import Topic
from event_log.leaf import leaf_hash
from event_log.reading import LogEntry
from schemas.references import reference_to

TIMEOUT_S: Final = 60.0
"""How long a read retries while brokers don't answer: a broker is back some 10 s after it was killed, and
a partition has another leader sooner than that."""

POLL_RECORDS: Final = 20_000
"""max.poll.records: more than one fetch holds as a rule (see consumer)."""

POLL_MS: Final = 200
"""Timeout of one poll. A read needs as long to see that the last positions before its end hold no entry,
since Kafka tells only by an empty answer."""

IDLE_CHECK_S: Final = 10.0
"""After so long without entries a tail checks that the brokers answer."""


class KafkaRecord(NamedTuple):
    """One record of a topic: its position (offset) in its partition, when the log took it in (microseconds
    since 1970, UTC; Kafka knows milliseconds), its key, the bytes as received, and the headers that came with
    it. A key or bytes larger than readers keep of this topic are references (schemas.references)."""

    position: int
    recorded_at: int
    key: bytes | None
    raw: bytes
    headers: Sequence[tuple[str, bytes]]

    @property
    def entry(self) -> LogEntry:
        """A record of count-events as an entry of the log."""
        return LogEntry(self.position, self.recorded_at, self.key, self.raw, leaf_hash(self.raw))


class KafkaLog:
    """A reader of one topic. For one thread at a time; interleaved reads fetch again. An
    event_log.reading.ReadableLog."""

    def __init__(self, connection: Connection, topic: Topic, *, timeout_s: float = TIMEOUT_S) -> None:
        """Connect to the brokers and find the topic. Raises LogUnavailable."""
        self.connection = connection
        self.topic = topic
        self._name = connection.topic(topic)
        self._timeout_s = timeout_s
        self._reader: object = None
        self.partitions = partitions_of(connection, topic)
        try:
            self._consumer = Consumer(connection, self._name)
        except KafkaError as error:
            raise broker_unavailable(connection, error, self._name) from error

    def begins(self) -> list[int]:
        """The beginning offset by partition: the position of its oldest entry. Raises LogUnavailable."""
        return self._positions(self._consumer.begins)

    def ends(self) -> list[int]:
        """The end offset by partition: the position of its next entry. Raises LogUnavailable."""
        return self._positions(self._consumer.ends)

    def read(self, partition: int, start: int, end: int | None = None) -> Iterator[list[KafkaRecord]]:
        """The entries at positions from `start` up to `end` (not included; None, or further than the log
        goes: its end as of the first step), some thousands at a time.

        Raises LogUnavailable, also after some entries: go on from the last one's position + 1.
        """
        last = self.ends()[partition]
        if start > last:
            raise log_truncated(self._name)
        end = last if end is None else min(end, last)
        position, reader = start, object()
        answered_at = time.monotonic()
        while position < end:
            # Entries after `end` are not even unpacked: the next read would do it again.
            most = min(end - position, POLL_RECORDS)
            came = self._poll(reader, {partition: position}, most).get(partition, ())
            # Without entries only the consumer knows its position: Kafka's control records take offsets too.
            moved = came[-1].offset + 1 if came else self._position(partition, position)
            found = [record_of(one, self.topic) for one in came if one.offset < end]
            if moved > position:
                answered_at = time.monotonic()
            elif time.monotonic() - answered_at > self._timeout_s:
                raise self._silent()
            position = moved
            if found:
                yield found

    def entries(self, partition: int, start: int = 0, end: int | None = None) -> Iterator[LogEntry]:
        """As `read`, one by one, each with its leaf hash."""
        for records in self.read(partition, start, end):
            for one in records:
                yield one.entry

    def partition_of(self, key: bytes) -> int:
        """The partition of entries with this key."""
        return partition_of(key, self.partitions)

    def tail(self, starts: Sequence[int]) -> Iterator[tuple[int, list[KafkaRecord]]]:
        """Of all partitions the entries from `starts` on, by partition, waiting for new ones for ever.

        Each item is a partition and some of its entries. Raises LogUnavailable.
        """
        positions, reader = dict(enumerate(starts)), object()
        answered_at = time.monotonic()
        while True:
            records = self._poll(reader, positions, POLL_RECORDS)
            for partition, some in records.items():
                positions[partition] = some[-1].offset + 1
                yield partition, [record_of(one, self.topic) for one in some]
            if records:
                answered_at = time.monotonic()
            elif time.monotonic() - answered_at > IDLE_CHECK_S:
                self.ends()
                answered_at = time.monotonic()

    def close(self) -> None:
        """Close the consumer."""
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
        """The next records of this reader, which is at these positions by partition: at most `most`, none
        after the timeout of a poll."""
        # Another read may have polled in between, or none yet.
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
        """The consumer's position after a poll without entries."""
        try:
            return max(known, self._consumer.position(partition))
        except KafkaError as error:
            raise broker_unavailable(self.connection, error, self._name) from error

    def _positions(self, ask: Callable[[int, float], list[int]]) -> list[int]:
        try:
            return ask(self.partitions, self._timeout_s)
        except KafkaError as error:
            raise broker_unavailable(self.connection, error, self._name) from error

    def _gone(self, positions: Mapping[int, int]) -> LogUnavailable:
        """The error for a position that the topic does not have."""
        begins = self.begins()
        for partition, position in positions.items():
            if position < begins[partition]:
                return entries_removed(self._name, partition, position, begins[partition])
        return log_truncated(self._name)

    def _silent(self) -> LogUnavailable:
        error = KafkaTimeoutError(f"nothing came for {self._timeout_s:g} s")
        return broker_unavailable(self.connection, error, self._name)


def record_of(one: ConsumerRecord, topic: Topic) -> KafkaRecord:
    """The record of that topic that the client has received; one without a value has no bytes."""
    key, raw, whole = one.key, one.value or b"", topic.whole or topic.largest
    if len(raw) > whole:
        raw = reference_to(raw, one.offset, "too_large")
    if key is not None and len(key) > whole:
        key = reference_to(key, one.offset, "too_large")
    return KafkaRecord(one.offset, one.timestamp * 1_000, key, raw, one.headers)
