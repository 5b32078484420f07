"""Publishes rows, rejected entries and totals through one idempotent producer: in order, acks=all.

A failure is final: nothing may be published after a lost message, so the publisher accepts nothing more and
the worker ends. It keeps no state: what was published is read from the topics.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import pyarrow as pa
from kafka.errors import KafkaError

from event_log.kafka.bounds import TALLY_BATCH_BYTES
from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.partitioner import partition_of
from event_log.kafka.producer import Producer, ProducerConfig
from event_log.kafka.topics import (
    COUNT_ROWS,
    DISTRICT_TALLIES,
    NATION_TALLIES,
    PROVINCE_TALLIES,
    REJECTED,
    Topic,
)
from schemas.regions import Level
from schemas.rejections import Rejection
from schemas.tally_messages import TallyMessage
from sinks.row_messages import encode
from stream_processors.distributed.counters import rows_published, tally_published

TOPIC_OF: Final[dict[Level, Topic]] = {
    Level.DISTRICT: DISTRICT_TALLIES,
    Level.PROVINCE: PROVINCE_TALLIES,
    Level.NATION: NATION_TALLIES,
}
"""The topic of the totals of a level, which the stage above consumes."""

BUFFER_BYTES: Final = 64 * 1024 * 1024
"""Bytes of unacknowledged messages from which on a publish blocks (backpressure); the producer itself has no
limit."""

DELIVERY_TIMEOUT_MS: Final = 120_000
"""delivery.timeout.ms: longer than a broker takes to come back. Then the worker ends, and the next owner of
its partitions publishes everything again."""

LINGER_MS: Final = 20
"""linger.ms: messages this close together are in one request."""

COMPRESSION: Final[str | None] = "lz4"
"""compression.type: totals are JSON; rows are compressed already, and cost little again."""


def producer_config() -> ProducerConfig:
    """The settings of the producer of results."""
    return ProducerConfig(
        DELIVERY_TIMEOUT_MS,
        linger_ms=LINGER_MS,
        max_request_bytes=TALLY_BATCH_BYTES,
        compression=COMPRESSION,
    )


def _nothing() -> None:
    """What follows from most acknowledgements."""


class KafkaPublisher:
    """The ResultPublisher (see stream_processors.distributed.partition_task) of a Kafka cluster."""

    def __init__(self, connection: Connection) -> None:
        """Connect to the brokers. Raises LogUnavailable."""
        self._connection = connection
        # Guarded by `_changed`; acknowledgements arrive on the producer's own thread.
        self._changed = threading.Condition()
        self._unacknowledged_bytes = 0
        self._submitted = 0
        self._in_flight: dict[int, int] = {}  # by number, in their order, the bytes of each message
        self._failure: BaseException | None = None
        self._producer = Producer(connection, producer_config())
        self._partitions = {level: self._producer.partitions(topic) for level, topic in TOPIC_OF.items()}

    @property
    def submitted(self) -> int:
        """How many messages were submitted."""
        return self._submitted

    def has_acknowledged(self, count: int) -> bool:
        """Whether the first `count` messages are acknowledged. Raises LogUnavailable after a failure."""
        with self._changed:
            self._raise_failure()
            return next(iter(self._in_flight), self._submitted) >= count

    def publish_rows(
        self,
        partition: int,
        tables: Mapping[str, pa.Table],
        after: int | None = None,
        *,
        more: bool = False,
    ) -> None:
        """Publish the rows of a partition of count-events, table after table; with `after` the last table is
        `sink_position`, which follows that position; `more`: more rows of a backlog follow. Raises
        LogUnavailable."""
        messages, counts = (
            encode(tables, after, more=more),
            {name: len(rows) for name, rows in tables.items()},
        )
        for number, (headers, value) in enumerate(messages, 1):
            # The last one is acknowledged after all before it in its partition.
            acknowledged = partial(rows_published, counts) if number == len(messages) else _nothing
            self._send(COUNT_ROWS, partition, None, value, headers, acknowledged)

    def publish_rejected(
        self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection
    ) -> None:
        """Publish a rejected entry, with the reason in headers. Raises LogUnavailable."""
        headers = [
            ("reason", why.reason.value.encode()),
            ("sentence_id", why.said.id.encode()),
            ("sentence_en", why.said.en.encode()),
            ("partition", str(partition).encode()),
            ("position", str(position).encode()),
        ]
        self._send(REJECTED, partition, key, raw, headers)

    def publish_tally(self, message: TallyMessage) -> None:
        """Publish totals to the topic of their level. Raises LogUnavailable."""
        # All parts of one sum are on one partition, so that one worker adds them up.
        parent = f"{message.parent}|{message.contest}".encode()
        partition = partition_of(parent, self._partitions[message.level])
        acknowledged = partial(tally_published, message.level)
        self._send(TOPIC_OF[message.level], partition, message.key, message.encode(), [], acknowledged)

    def flush(self) -> None:
        """Return when everything is acknowledged. Raises LogUnavailable after a failure."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or not self._unacknowledged_bytes)
            self._raise_failure()

    def close(self) -> None:
        """Close the producer, without waiting for messages in flight."""
        self._producer.close(0)

    def _send(
        self,
        topic: Topic,
        partition: int,
        key: bytes | None,
        value: bytes,
        headers: list[tuple[str, bytes]],
        acknowledged: Callable[[], None] = _nothing,
    ) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._failure is not None or self._unacknowledged_bytes < BUFFER_BYTES
            )
            self._raise_failure()
            number, self._submitted = self._submitted, self._submitted + 1
            self._in_flight[number] = len(value)
            self._unacknowledged_bytes += len(value)
        try:
            future = self._producer.send(topic, partition, key, value, headers)
        except KafkaError as error:
            self._fail(error)
            self._raise_failure()
        future.add_both(self._on_acknowledged, number, acknowledged)

    def _on_acknowledged(self, number: int, acknowledged: Callable[[], None], result: object) -> None:
        if isinstance(result, BaseException):
            self._fail(result)
        else:
            acknowledged()
        with self._changed:
            self._unacknowledged_bytes -= self._in_flight.pop(number)
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def _raise_failure(self) -> None:
        if isinstance(self._failure, KafkaError):
            raise broker_unavailable(self._connection, self._failure) from self._failure
        if self._failure is not None:
            raise self._failure
