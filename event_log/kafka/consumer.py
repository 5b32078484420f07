"""A synchronous consumer of one topic, without a group, on top of aiokafka.

aiokafka unpacks a record in a third of the time of kafka-python (in C, and Faust depends on it anyway), and
reading is a good part of the cost of an entry. Its event loop runs only during a call, so between two calls
nothing is fetched and no heartbeat is sent. Errors are converted to those of kafka-python, which
event_log.kafka.errors explains.

Polls are not retried here beyond what the client does; the caller decides about retries and timeouts.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

import aiokafka.errors
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from kafka import errors as kafka_errors

from event_log.kafka.connection import REQUEST_MS, Connection, Security
from event_log.kafka.unpacking import bound_aiokafka

FETCH_BYTES: Final = 4 * 1024 * 1024
"""max.partition.fetch.bytes, some 2,700 events of the five contests, 6,400 presidential ones. With those,
Kafka's default of 1 MiB made reading wait for each fetch, and 16 MiB were not faster."""

FETCH_WAIT_MS: Final = 50
"""fetch.max.wait.ms: while a broker waits for records, it answers no other request of this client."""

RETRY_S: Final = 0.1
"""Pause before a request for beginning or end offsets is retried while brokers are away."""

# As for kafka-python (see connection): the library logs only where logging is set up.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

bound_aiokafka()

Result = TypeVar("Result")

_Ask = Callable[[list[TopicPartition]], Coroutine[Any, Any, Mapping[TopicPartition, int]]]


class Consumer:
    """Reads partitions of one topic, without a group. For one thread at a time, and for none that runs an
    event loop. Every method raises KafkaError, of kafka-python."""

    def __init__(self, connection: Connection, topic: str) -> None:
        """Connect to the brokers."""
        self._topic = topic
        # With a factory the loop is not made the thread's own, which Faust would then take for its.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        try:
            self._consumer = self._run(_started(connection, topic))
        except BaseException:
            self._runner.close()
            raise

    def begins(self, partitions: int, timeout_s: float) -> list[int]:
        """The beginning offset by partition; retried for `timeout_s` while brokers are away."""
        return self._positions(self._consumer.beginning_offsets, partitions, timeout_s)

    def ends(self, partitions: int, timeout_s: float) -> list[int]:
        """The end offset by partition, as `begins`."""
        return self._positions(self._consumer.end_offsets, partitions, timeout_s)

    def poll(
        self, wait_ms: int, most: int, seek: Mapping[int, int] | None = None
    ) -> dict[int, list[ConsumerRecord]]:
        """The next records by partition, at most `most`, after waiting up to `wait_ms` for any. With `seek`
        only these partitions are read from now on, from these positions."""
        return self._run(self._poll(wait_ms, most, seek))

    def position(self, partition: int) -> int:
        """The position of the next poll of that partition: after the last record of `poll`, and after
        positions without records that it has passed."""
        return int(self._run(self._consumer.position(TopicPartition(self._topic, partition))))

    def close(self) -> None:
        """Close the client."""
        try:
            # It cancels its own tasks, and may raise the cancellation of one that waits for a broker.
            with suppress(asyncio.CancelledError):
                self._run(self._consumer.stop())
        finally:
            self._runner.close()

    async def _poll(
        self, wait_ms: int, most: int, seek: Mapping[int, int] | None
    ) -> dict[int, list[ConsumerRecord]]:
        if seek is not None:
            starts = {TopicPartition(self._topic, partition): at for partition, at in seek.items()}
            self._consumer.assign(list(starts))
            for partition, position in starts.items():
                self._consumer.seek(partition, position)
        found = await self._consumer.getmany(timeout_ms=wait_ms, max_records=most)
        return {partition.partition: records for partition, records in found.items()}

    def _positions(self, ask: _Ask, partitions: int, timeout_s: float) -> list[int]:
        asked = [TopicPartition(self._topic, partition) for partition in range(partitions)]
        until = time.monotonic() + timeout_s
        while True:
            try:
                # The client's own timeout is REQUEST_MS, whatever `timeout_s`.
                found = self._run(asyncio.wait_for(ask(asked), until - time.monotonic()))
            except TimeoutError:
                raise kafka_errors.KafkaTimeoutError(f"nothing came for {timeout_s:g} s") from None
            except kafka_errors.KafkaError as error:
                if not error.retriable:
                    raise
                time.sleep(RETRY_S)
            else:
                return [found[partition] for partition in asked]

    def _run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        try:
            return self._runner.run(coroutine)
        except aiokafka.errors.KafkaError as error:
            raise _of_kafka_python(error) from error


async def _started(connection: Connection, topic: str) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=list(connection.servers),
        client_id="rekap",
        request_timeout_ms=REQUEST_MS,
        enable_auto_commit=False,
        auto_offset_reset="none",  # what is gone is an error
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        **_security_settings(connection.security),
    )
    try:
        await consumer.start()
        # Metadata of the topic is requested at its first use, which takes 0.1 s.
        await consumer.end_offsets([TopicPartition(topic, 0)])
    except BaseException:
        await consumer.stop()
        raise
    return consumer


def _security_settings(security: Security | None) -> dict[str, Any]:
    if security is None:
        return {}
    settings: dict[str, Any] = {"security_protocol": security.protocol}
    if security.protocol.endswith("SSL"):
        settings["ssl_context"] = ssl.create_default_context(cafile=security.ca_file)
    if security.mechanism is not None:
        settings["sasl_mechanism"] = security.mechanism
        settings["sasl_plain_username"] = security.username
        settings["sasl_plain_password"] = security.password
    return settings


def _of_kafka_python(error: aiokafka.errors.KafkaError) -> kafka_errors.KafkaError:
    """The same error as kafka-python's: both give a broker's errors Kafka's numbers, and most of a client's
    the same names."""
    if isinstance(error, aiokafka.errors.BrokerResponseError):
        kind = kafka_errors.for_code(error.errno)
    else:
        kind = getattr(kafka_errors, type(error).__name__, kafka_errors.KafkaError)
    return kind(*error.args)
