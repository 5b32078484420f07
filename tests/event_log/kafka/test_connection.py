"""Addresses, prefixes and configuration files: what can't be is refused before anything is connected to."""

from __future__ import annotations

from pathlib import Path

import pytest

from event_log.kafka.connection import Connection, ConnectionInvalid, Security
from event_log.kafka.topics import COUNT_EVENTS, WORKER_GROUP

SECURE = """
# how the auditor logs in
security.protocol = SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.username=auditor
sasl.password=p=4 #ss
"""


def test_addresses_are_split_and_kept_in_order() -> None:
    connection = Connection.of("a.example:9092, [::1]:9093,10.0.0.1:9094")
    assert connection.servers == ("a.example:9092", "[::1]:9093", "10.0.0.1:9094")
    assert str(connection) == "a.example:9092,[::1]:9093,10.0.0.1:9094"
    assert "security_protocol" not in connection.client_settings()


@pytest.mark.parametrize(
    "broker", ["", ",", "host", "host:", "host:0", "host:65536", "http://host:1", "::1:9092"]
)
def test_what_is_no_address_is_refused_with_what_is_one(broker: str) -> None:
    with pytest.raises(ConnectionInvalid, match="HOST:PORT"):
        Connection.of(broker)


def test_the_prefix_begins_every_name() -> None:
    connection = Connection.of("localhost:9092", prefix="pemilu.2024-")
    assert connection.topic(COUNT_EVENTS) == "pemilu.2024-count-events"
    assert connection.group(WORKER_GROUP) == "pemilu.2024-rekap-worker"


@pytest.mark.parametrize("prefix", ["pemilu 2024", "a/b", "é", "a" * 101])
def test_a_prefix_that_kafka_would_refuse_is_refused(prefix: str) -> None:
    with pytest.raises(ConnectionInvalid, match="can't begin the name of a topic"):
        Connection.of("localhost:9092", prefix=prefix)


def test_a_file_tells_how_to_log_in(tmp_path: Path) -> None:
    file = tmp_path / "auditor.properties"
    file.write_text(SECURE)
    connection = Connection.of("localhost:9092", file)
    assert connection.security == Security("SASL_SSL", "SCRAM-SHA-512", "auditor", "p=4 #ss")
    settings = connection.client_settings()
    assert settings["security_protocol"] == "SASL_SSL"
    assert settings["sasl_plain_password"] == "p=4 #ss"


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "auditor.properties"
    file.write_text(SECURE)
    assert "p=4" not in repr(Connection.of("localhost:9092", file))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "security.protocol= is not known; choose one of: PLAINTEXT"),
        ("security.protocol=TLS", "security.protocol=TLS is not known"),
        ("security.protocl=SSL", "line 1: 'security.protocl' is not known"),
        (
            "security.protocol=SSL\nsecurity.protocol=PLAINTEXT",
            "line 2: 'security.protocol' is not known, stands",
        ),
        ("security.protocol", "or has no value"),
        ("security.protocol=SASL_SSL\nsasl.mechanism=GSSAPI", "sasl.mechanism=GSSAPI is not known"),
        (
            "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=me",
            "with security.protocol=SASL_SSL, sasl.password must be given",
        ),
        (
            "security.protocol=SSL\nsasl.username=me\nsasl.password=secret",
            "sasl.username and sasl.password must be left out",
        ),
        ("security.protocol=PLAINTEXT\nssl.ca.location=ca.pem", "ssl.ca.location must be left out"),
        ("security.protocol=SSL\nssl.ca.location=/nowhere/ca.pem", "there is no file /nowhere/ca.pem"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "client.properties"
    file.write_text(text)
    with pytest.raises(ConnectionInvalid) as refused:
        Connection.of("localhost:9092", file)
    assert sentence in refused.value.said.en
    assert refused.value.said.id != refused.value.said.en
    assert "secret" not in refused.value.said.en


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectionInvalid, match=r"none\.properties can't be read"):
        Connection.of("localhost:9092", tmp_path / "none.properties")
