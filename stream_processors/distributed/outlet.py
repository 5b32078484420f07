"""Messages out to Kafka, through one idempotent producer: in order and acknowledged by all replicas.

A failure is final. What follows a message that was lost must not go out, so the outlet takes nothing more and
whoever owns it ends. It remembers nothing: what went out is read from the topics.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
from kafka import KafkaProducer
from kafka.errors import KafkaError

from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.partitioner import partition_of
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

TOPIC_OF: Final[dict[Level, Topic]] = {
    Level.DISTRICT: DISTRICT_TALLIES,
    Level.PROVINCE: PROVINCE_TALLIES,
    Level.NATION: NATION_TALLIES,
}
"""Where the totals of a level go, for the level above."""

BUFFER_BYTES: Final = 64 * 1024 * 1024
"""What may wait for the brokers before who sends waits too; the producer itself would take any amount."""

REQUEST_BYTES: Final = 16 * 1024 * 1024
"""The largest message: the nation's totals of a contest with thousands of local lists."""

DELIVERY_MS: Final = 120_000
"""How long a message is tried: longer than a broker takes to come back. Then the owner gives up, and its
successor sends everything again."""

LINGER_MS: Final = 20
"""Messages that come this close together go in one request."""

_SETTINGS: Final[dict[str, Any]] = {
    "acks": "all",
    "enable_idempotence": True,
    "compression_type": "lz4",  # totals are JSON; rows are compressed already, and cost little again
    "linger_ms": LINGER_MS,
    "max_request_size": REQUEST_BYTES,
    "delivery_timeout_ms": DELIVERY_MS,
    "max_block_ms": DELIVERY_MS,
}


class KafkaOutlet:
    """The Outlet (see stream_processors.distributed.owners) to the topics of a cluster."""

    def __init__(self, connection: Connection) -> None:
        """Reach the brokers. Raises LogUnavailable."""
        self._connection = connection
        # Guarded by `_changed`; acknowledgements come on the producer's own thread.
        self._changed = threading.Condition()
        self._waiting = 0
        self._handed_over = 0
        self._under_way: dict[int, int] = {}  # by number, in their order, the bytes of each message
        self._failure: BaseException | None = None
        try:
            self._producer = KafkaProducer(**connection.client_settings(), **_SETTINGS)
            self._partitions = {
                level: len(self._producer.partitions_for(connection.topic(topic)))
                for level, topic in TOPIC_OF.items()
            }
        except KafkaError as error:
            raise broker_unavailable(connection, error) from error

    @property
    def handed_over(self) -> int:
        """How many messages it has been given."""
        return self._handed_over

    def has_sent(self, count: int) -> bool:
        """Whether the first `count` of them are acknowledged. Raises LogUnavailable when one can't be."""
        with self._changed:
            self._raise_failure()
            return next(iter(self._under_way), self._handed_over) >= count

    def rows(
        self,
        partition: int,
        tables: Mapping[str, pa.Table],
        after: int | None = None,
        *,
        more: bool = False,
    ) -> None:
        """Rows made from that partition of the events, table after table; with `after` the last one is
        `sink_position`, which follows on that position, and `more` rows are being made. Raises
        LogUnavailable."""
        for headers, value in encode(tables, after, more=more):
            self._send(COUNT_ROWS, partition, None, value, headers)

    def rejected(self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection) -> None:
        """A rejected entry, with the reason in headers. Raises LogUnavailable."""
        headers = [
            ("reason", why.reason.value.encode()),
            ("sentence_id", why.said.id.encode()),
            ("sentence_en", why.said.en.encode()),
            ("partition", str(partition).encode()),
            ("position", str(position).encode()),
        ]
        self._send(REJECTED, partition, key, raw, headers)

    def tally(self, message: TallyMessage) -> None:
        """Totals, to the topic of their level. Raises LogUnavailable."""
        # All parts of one sum are on one partition, so that one owner adds them up.
        whole = f"{message.parent}|{message.contest}".encode()
        partition = partition_of(whole, self._partitions[message.level])
        self._send(TOPIC_OF[message.level], partition, message.key, message.encode(), [])

    def flush(self) -> None:
        """Return when everything is acknowledged. Raises LogUnavailable when something can't be."""
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or not self._waiting)
            self._raise_failure()

    def close(self) -> None:
        """Let go of the brokers, without waiting for what is still on its way."""
        self._producer.close(0)

    def _send(
        self, topic: Topic, partition: int, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]]
    ) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self._waiting < BUFFER_BYTES)
            self._raise_failure()
            number, self._handed_over = self._handed_over, self._handed_over + 1
            self._under_way[number] = len(value)
            self._waiting += len(value)
        try:
            future = self._producer.send(
                self._connection.topic(topic), value, key, headers=headers, partition=partition
            )
        except KafkaError as error:
            self._failed(error)
            self._raise_failure()
        future.add_both(self._done, number)

    def _done(self, number: int, result: object) -> None:
        if isinstance(result, BaseException):
            self._failed(result)
        with self._changed:
            self._waiting -= self._under_way.pop(number)
            self._changed.notify_all()

    def _failed(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()

    def _raise_failure(self) -> None:
        if isinstance(self._failure, KafkaError):
            raise broker_unavailable(self._connection, self._failure) from self._failure
        if self._failure is not None:
            raise self._failure
