"""Three brokers, three copies, two of them in sync: what was acknowledged outlives any one broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, KafkaTimeoutError

from devtools.brokers import Broker
from event_log.kafka.admin.check import check
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from tests.event_log.kafka.test_setup import SMALL
from tests.waiting import wait_until

MESSAGES = 300
"""In each phase: enough that many are in flight when a broker is killed."""


class Sender:
    """Sends numbered messages as producers here do, and knows which of them were acknowledged."""

    def __init__(self, connection: Connection, *, first: int = 0, timeout_s: int = 60) -> None:
        self._topic = connection.topic(COUNT_EVENTS)
        settings = connection.client_settings() | {"request_timeout_ms": min(15, timeout_s) * 1_000 - 500}
        self._producer = KafkaProducer(
            **settings,
            acks="all",
            enable_idempotence=True,
            delivery_timeout_ms=timeout_s * 1_000,
            max_block_ms=timeout_s * 1_000,
        )
        self._timeout_s = timeout_s
        self.sent = first
        self.acknowledged: set[bytes] = set()
        self._waiting: list[tuple[bytes, Any]] = []

    def send(self, count: int) -> None:
        """Send so many more, without waiting for their acknowledgement."""
        for number in range(self.sent, self.sent + count):
            value = b"%06d" % number
            self._waiting.append((value, self._producer.send(self._topic, key=value, value=value)))
        self.sent += count

    def settle(self) -> list[KafkaError]:
        """Wait for the outcome of all messages; the errors of those that were not acknowledged in time."""
        errors = []
        # The producer keeps no time while it has no producer id, which the controllers give.
        deadline = time.monotonic() + 2 * self._timeout_s
        for value, future in self._waiting:
            try:
                future.get(timeout=max(0.1, deadline - time.monotonic()))
                self.acknowledged.add(value)
            except KafkaError as error:
                errors.append(error)
        self._waiting.clear()
        return errors

    def close(self) -> None:
        """Close the producer without waiting: `settle` has returned every outcome."""
        with suppress(KafkaTimeoutError):
            self._producer.close(timeout=5)


@pytest.fixture
def cluster(startable: None) -> Iterator[Broker]:
    """Three brokers of this test's own."""
    assert startable is None
    with Broker.start(3) as cluster:
        yield cluster


def in_the_log(connection: Connection) -> list[bytes]:
    """Every message of the log."""
    with closing(KafkaLog(connection, COUNT_EVENTS)) as log:
        return [
            one.raw
            for partition, begin in enumerate(log.begins())
            for some in log.read(partition, begin)
            for one in some
        ]


def test_a_dead_broker_loses_nothing_and_two_stop_the_writing_until_one_is_back(cluster: Broker) -> None:
    connection = Connection.of(cluster.bootstrap)
    create(connection, partitions={**SMALL, "count-events": 6})
    assert check(connection) == []
    short = Sender(connection, first=900_000, timeout_s=5)
    with closing(Sender(connection)) as sender, closing(short):
        sender.send(MESSAGES)
        cluster.kill(0)
        sender.send(MESSAGES)
        assert sender.settle() == []
        assert check(connection) == []

        # With one of three left nothing is acknowledged, and the sender gets errors.
        cluster.kill(1)
        short.send(10)
        assert len(short.settle()) == 10

        cluster.restart(1)
        sender.send(MESSAGES)
        assert sender.settle() == []
    log = in_the_log(connection)
    assert len(sender.acknowledged) == 3 * MESSAGES
    assert sender.acknowledged <= set(log)
    assert len(log) == len(set(log))


def test_what_a_dead_broker_makes_unusable_is_named_and_is_well_again_when_it_is_back(
    cluster: Broker,
) -> None:
    two, one = (Connection.of(cluster.bootstrap, prefix=prefix) for prefix in ("two.", "one."))
    create(two, partitions={**SMALL, "count-events": 6}, replication=2)
    create(one, partitions={**SMALL, "count-events": 6}, replication=1)
    assert check(two) == check(one) == []
    needs = ConfigResource(ConfigResourceType.TOPIC, two.topic(COUNT_EVENTS), {"min.insync.replicas": "2"})
    with closing(KafkaAdminClient(**two.client_settings())) as admin:
        admin.alter_configs([needs])
    cluster.kill(2)
    wait_until(lambda: "leader" in troubles(one))  # its only copy is away
    wait_until(lambda: "in sync" in troubles(two))  # one of its two copies is
    assert "Bring the dead ones back" in troubles(one)["leader"]
    assert "too few brokers are up" in troubles(two)["in sync"]
    cluster.restart(2)
    wait_until(lambda: troubles(one) == {})
    wait_until(lambda: set(troubles(two)) == {"min.insync.replicas"})


def troubles(connection: Connection) -> dict[str, str]:
    """What checking finds, by setting."""
    return {found.setting: found.said.en for found in check(connection)}
