"""The errors of a broker have sentences of their own, and each says what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaError, UnknownError

from devtools.brokers import free_ports
from event_log.errors import LogUnavailable
from event_log.kafka.admin.check import check
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection, Security
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topics import COUNT_EVENTS
from tests.event_log.kafka.test_setup import SMALL

pytestmark = pytest.mark.usefixtures("short_timeouts")


@pytest.fixture
def mute() -> Iterator[str]:
    """An address that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def said_by(connection: Connection) -> str:
    with pytest.raises(LogUnavailable) as failed:
        check(connection)
    assert failed.value.said is not None
    assert failed.value.said.id != failed.value.said.en
    return str(failed.value)


def test_nobody_at_the_address_is_said_with_the_reason() -> None:
    port = free_ports(1)[0]
    said = said_by(Connection.of(f"127.0.0.1:{port}"))
    assert f"can't be reached (127.0.0.1:{port}: Connection refused)" in said
    assert "Check that the broker is up and the address right" in said


def test_a_name_that_nobody_has_is_said() -> None:
    assert "can't be reached (kafka.invalid:9092: " in said_by(Connection.of("kafka.invalid:9092"))


def test_a_server_that_does_not_speak_kafka_is_distinguished_from_none(mute: str) -> None:
    said = said_by(Connection.of(mute))
    assert f"{mute} takes connections but does not answer as Kafka with PLAINTEXT" in said
    assert "--broker-config" in said


def test_logging_in_where_nobody_has_to_is_said(broker: str) -> None:
    security = Security("SASL_PLAINTEXT", "SCRAM-SHA-256", "field", "secret")
    said = said_by(Connection(tuple(broker.split(",")), security=security))
    assert "SASL_PLAINTEXT" in said or "refused the user field" in said
    assert "--broker-config" in said
    assert "secret" not in said


def test_a_message_that_is_too_large_is_said_with_where_the_limit_is(connection: Connection) -> None:
    create(connection, partitions=SMALL)
    topic = connection.topic(COUNT_EVENTS)
    producer = KafkaProducer(**connection.client_settings(), max_request_size=1 << 24)
    with pytest.raises(KafkaError) as failed:
        producer.send(topic, value=bytes(2 << 20)).get(timeout=30)
    producer.close()
    said = str(broker_unavailable(connection, failed.value, topic))
    assert f"refused a message that is too large ({topic})" in said
    assert "max.message.bytes" in said


def test_more_copies_than_brokers_are_refused(connection: Connection) -> None:
    with pytest.raises(LogUnavailable, match="too few live brokers"):
        create(connection, partitions=SMALL, replication=9)


def test_what_nobody_foresaw_is_named_as_kafka_names_it(connection: Connection) -> None:
    said = str(broker_unavailable(connection, UnknownError("the disk is on fire")))
    assert "the disk is on fire" in said
    assert "report this sentence" in said
