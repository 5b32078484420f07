"""The producer of everything that is written to Kafka: idempotent, acks=all, with a bound on each delivery.

What a retry sends twice Kafka drops, and messages of a partition keep their order. The future that `send`
returns is the delivery report. What follows from a failure is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaError

from event_log.kafka.bounds import LOG_BATCH_BYTES
from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topics import Topic

DEFAULT_BATCH_BYTES: Final = 16 * 1024
"""Kafka's own batch.size."""

REQUESTS_WITHIN_TIMEOUT: Final = 2
"""A request that got no answer is sent again within the delivery timeout."""


@dataclass(frozen=True, slots=True)
class ProducerConfig:
    """What differs between producers, by the names of Kafka's settings. A message that is not acknowledged
    within `delivery_timeout_ms` counts as not sent."""

    delivery_timeout_ms: int
    linger_ms: int = 0
    batch_bytes: int = DEFAULT_BATCH_BYTES  # batch.size
    max_request_bytes: int = LOG_BATCH_BYTES  # max.request.size
    compression: str | None = None  # compression.type

    def settings(self, connection: Connection) -> dict[str, Any]:
        """Keyword arguments of kafka-python's producer."""
        client = connection.client_settings()
        shortest_ms = self.delivery_timeout_ms // REQUESTS_WITHIN_TIMEOUT
        return {
            **client,
            "acks": "all",
            "enable_idempotence": True,
            "allow_auto_create_topics": False,
            "batch_size": self.batch_bytes,
            "linger_ms": self.linger_ms,
            "compression_type": self.compression,
            "max_request_size": self.max_request_bytes,
            "max_block_ms": self.delivery_timeout_ms,
            "delivery_timeout_ms": self.delivery_timeout_ms,
            "request_timeout_ms": min(client["request_timeout_ms"], shortest_ms),
            "metrics_enabled": False,
        }


class Producer:
    """A producer for the topics of one connection. `send` is for one thread at a time."""

    def __init__(self, connection: Connection, config: ProducerConfig) -> None:
        """Connect to the brokers. Raises LogUnavailable."""
        self._connection = connection
        try:
            self._client = KafkaProducer(**config.settings(connection))
        except KafkaError as error:
            raise broker_unavailable(connection, error) from error

    def partitions(self, topic: Topic) -> int:
        """The number of partitions of a topic. Raises LogUnavailable."""
        name = self._connection.topic(topic)
        try:
            return len(self._client.partitions_for(name))
        except KafkaError as error:
            raise broker_unavailable(self._connection, error, name) from error

    def send(
        self,
        topic: Topic,
        partition: int,
        key: bytes | None,
        value: bytes,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> Any:
        """Submit one message; kafka-python's FutureRecordMetadata of its delivery. Raises KafkaError when the
        client can't find out where to send it."""
        return self._client.send(
            self._connection.topic(topic), value, key, headers=list(headers), partition=partition
        )

    def close(self, timeout_s: float | None = None) -> None:
        """Disconnect; what is not acknowledged within `timeout_s` (None: as long as it takes) is not sent."""
        self._client.close(timeout_s)

    def abort(self) -> None:
        """Send nothing more and disconnect; every future is done afterwards."""
        # There is no public way: close() waits for what waits, and when that fails leaves the sender running.
        self._client._sender.force_close()
        self._client.close()
