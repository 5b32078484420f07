"""Publishes messages to the log on Kafka, each to the partition of its unit, and reports what was delivered.

What counts as sent was acknowledged by every replica in sync; what a retry brings twice Kafka drops. What was
not acknowledged in time is handed back and never counted as sent, although the log may have it after all:
sending it again is safe, since the same bytes are the same event. Once something has failed nothing more is
taken, so that a correction does not overtake the count that it corrects. For one thread at a time.

What a message says is not judged: what is no event goes into the log as well, and is rejected for all to see.
An event about the keys of the whole election goes to every partition, since each decides by itself.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from kafka.errors import KafkaError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection
from event_log.kafka.partitioner import partition_of
from event_log.kafka.producer import Producer, ProducerConfig
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import COUNT_EVENTS
from producers.addressing import NO_UNIT, Addresses, is_of_every_partition
from producers.undelivered import not_acknowledged
from schemas.entry_size import require_entry_size
from schemas.outcomes import MessageOutcome, Status
from schemas.regions import Registry

DELIVERY_TIMEOUT_S: Final = 60.0
"""delivery.timeout.ms: how long a message may wait for its acknowledgement. A broker is back some 10 s after
it was killed."""

BUFFER_BYTES: Final = 16 * 1024 * 1024
"""Bytes of unacknowledged messages from which on `publish` blocks (backpressure), some 25,000 events; the
producer itself has no limit."""

BATCH_BYTES: Final = 256 * 1024
"""batch.size: bytes that go to one partition together, some 400 events: 60,000 events/s then pass through one
core. A partition has one batch on its way at a time, and Kafka's usual 16 KiB would be 25 events a round
trip."""

LINGER_MS: Final = 5
"""linger.ms: an event that comes alone must not wait noticeably."""

CLOSE_TIMEOUT_S: Final = 2.0
"""How long `close` waits for acknowledgements in flight."""


@dataclass(slots=True)
class DeliveryReport:
    """The outcome of the messages so far. The rest waits for its acknowledgement."""

    sent: int = 0  # acknowledged
    sent_bytes: int = 0
    not_sent: list[bytes] = field(default_factory=list)  # not acknowledged, and never will be


class _Waiting(NamedTuple):
    """A message that was handed to Kafka's client."""

    raw: bytes
    future: Any


def producer_config(timeout_s: float) -> ProducerConfig:
    """The settings of the producer of events."""
    return ProducerConfig(int(timeout_s * 1_000), linger_ms=LINGER_MS, batch_bytes=BATCH_BYTES)


class Publisher:
    """Sends to one log. As a context manager it waits at its end for what is under way."""

    def __init__(
        self,
        connection: Connection,
        registry: Registry,
        *,
        timeout_s: float = DELIVERY_TIMEOUT_S,
        buffer_bytes: int = BUFFER_BYTES,
        on_outcome: Callable[[bytes, MessageOutcome], None] | None = None,
    ) -> None:
        """Reach the brokers and find the topic. Raises LogUnavailable.

        A message that is not acknowledged within `timeout_s` counts as not sent. `publish` blocks while
        `buffer_bytes` bytes are unacknowledged. `on_outcome` is called once for each message that `publish`
        took, in their order, on the thread that calls this object's methods.
        """
        self.delivery = DeliveryReport()
        self._on_outcome = on_outcome
        self._connection = connection
        self._addresses = Addresses(registry)
        self._timeout_s = timeout_s
        self._buffer_bytes = buffer_bytes
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._failure: LogUnavailable | None = None
        self._partitions = partitions_of(connection, COUNT_EVENTS)
        self._producer = Producer(connection, producer_config(timeout_s))

    def publish(self, raw: bytes) -> None:
        """Send one message; waits while too much waits for its acknowledgement.

        Returns before it is acknowledged. Raises EntryTooLarge (this one is not sent), and LogUnavailable
        when an earlier one was not acknowledged: nothing more is taken then.
        """
        self.publish_to(self._addresses.key_of(raw), raw)

    def publish_to(self, key: bytes, raw: bytes) -> None:
        """As `publish`, for a message whose key is known (producers.addressing)."""
        if key == NO_UNIT and is_of_every_partition(raw):
            for partition in range(self._partitions):
                self._send(key, raw, partition)
        else:
            self._send(key, raw, partition_of(key, self._partitions))

    def _send(self, key: bytes, raw: bytes, partition: int) -> None:
        require_entry_size(raw)
        self._settle(self._buffer_bytes - len(raw))
        if self._failure is not None:
            raise self._failure
        try:
            future = self._producer.send(COUNT_EVENTS, partition, key, raw)
        except KafkaError as error:  # the client can't even find out where to send it
            failure = self._fail(error)
            self._lost(raw)
            raise failure from error
        self._waiting.append(_Waiting(raw, future))
        self._bytes += len(raw)

    def flush(self) -> DeliveryReport:
        """Wait until everything is acknowledged. Raises LogUnavailable when something was not; `delivery`
        tells what was and what was not."""
        self._settle(-1)
        if self._failure is not None:
            raise self._failure
        return self.delivery

    def close(self) -> None:
        """Disconnect; what is still waiting gets a moment for its acknowledgement, and is not sent
        otherwise. Raises nothing: `delivery` tells."""
        until = time.monotonic() + min(CLOSE_TIMEOUT_S, self._timeout_s)
        while self._waiting:
            self._take_first(max(until - time.monotonic(), 0.0))
        self._producer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self.close()

    def _settle(self, most: int) -> None:
        """Take in what has been acknowledged, and wait until at most `most` bytes wait."""
        waiting = self._waiting
        while waiting and (self._bytes > most or waiting[0].future.is_done):
            # The client keeps the time itself once it has a producer id; this is for when it got none.
            self._take_first(self._timeout_s)

    def _take_first(self, timeout_s: float) -> None:
        """Take in what became of the message that has waited longest."""
        raw, future = self._waiting[0]
        try:
            acknowledged = future.get(timeout_s)
        except KafkaError as error:
            self._fail(error)
            return
        self._waiting.popleft()
        self._bytes -= len(raw)
        self._recorded(raw, acknowledged)

    def _fail(self, error: KafkaError) -> LogUnavailable:
        """Send nothing more, and find out what became of everything that waits."""
        self._producer.abort()  # every message that waits has its outcome afterwards
        self._failure = not_acknowledged(self._connection, error, self._timeout_s)
        for raw, future in self._waiting:
            if future.succeeded():
                self._recorded(raw, future.value)
            else:
                self._lost(raw)
        self._waiting.clear()
        self._bytes = 0
        return self._failure

    def _recorded(self, raw: bytes, acknowledged: Any) -> None:
        """That message was acknowledged, with kafka-python's RecordMetadata."""
        self.delivery.sent += 1
        self.delivery.sent_bytes += len(raw)
        if self._on_outcome is not None:
            place = (acknowledged.partition, acknowledged.offset)
            self._on_outcome(raw, MessageOutcome(Status.RECORDED, *place))

    def _lost(self, raw: bytes) -> None:
        """That message was not acknowledged, and never will be."""
        self.delivery.not_sent.append(raw)
        if self._on_outcome is not None:
            self._on_outcome(raw, MessageOutcome(Status.NOT_ACKNOWLEDGED))
