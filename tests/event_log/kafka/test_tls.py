"""TLS: a broker is trusted if and only if its certificate is from the configured CA."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.broker_settings import ADMIN, PASSWORDS
from devtools.brokers import Broker
from event_log.errors import LogUnavailable
from event_log.kafka.admin.check import check
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from tests.event_log.kafka.test_setup import SMALL


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, another CA, and a broker's certificate for 127.0.0.1 from the first one, valid for a day."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make certificates with: install it")
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ca", "stranger"):
        made(
            folder, f"req -x509 -new -nodes -days 1 -subj /CN={name} -keyout {name}.key -out {name}.pem {KEY}"
        )
    made(folder, f"req -new -nodes -subj /CN=broker -keyout broker.key -out broker.csr {KEY}")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    made(folder, "x509 -req -days 1 -in broker.csr -CA ca.pem -CAkey ca.key -extfile names -out broker.pem")
    whole = [(folder / name).read_text() for name in ("broker.key", "broker.pem")]
    (folder / "keystore.pem").write_text("".join(whole))
    return folder


KEY = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1"


def made(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def private(startable: None, folder: Path) -> Iterator[Broker]:
    """A secure broker that speaks TLS with its clients."""
    assert startable is None
    stores = {
        "listener.security.protocol.map": "CLIENT:SASL_SSL,CONTROLLER:SASL_PLAINTEXT",
        "listener.name.client.ssl.keystore.type": "PEM",
        "listener.name.client.ssl.keystore.location": str(folder / "keystore.pem"),
        "listener.name.client.ssl.truststore.type": "PEM",
        "listener.name.client.ssl.truststore.location": str(folder / "ca.pem"),
    }
    client = {"security_protocol": "SASL_SSL", "ssl_cafile": str(folder / "ca.pem")}
    with Broker.start(secure=True, properties=stores, client=client) as broker:
        yield broker


def configured(broker: Broker, folder: Path, **others: str) -> Connection:
    """The broker as the administrator's configuration file says, with some settings others."""
    settings = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": ADMIN,
        "sasl.password": PASSWORDS[ADMIN],
        "ssl.ca.location": str(folder / "ca.pem"),
    } | {name.replace("_", "."): value for name, value in others.items()}
    file = folder / "client.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items() if value))
    return Connection.of(broker.bootstrap, file)


def test_a_configuration_file_with_the_right_ca_is_all_that_it_takes(private: Broker, folder: Path) -> None:
    connection = configured(private, folder)
    create(connection, partitions=SMALL)
    assert check(connection) == []


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        (
            {"ssl_ca_location": "stranger.pem"},
            r"SASL_SSL connection to .* failed.*certificate.*ssl\.ca\.location",
        ),
        ({"ssl_ca_location": ""}, r"SASL_SSL connection to .* failed.*certificate.*ssl\.ca\.location"),
        ({"sasl_password": "wrong"}, r"refused the user admin.*sasl\.password"),
        (
            {"security_protocol": "SASL_PLAINTEXT", "ssl_ca_location": ""},
            r"does not answer as Kafka with SASL_PLAINTEXT.*security\.protocol",
        ),
    ],
)
def test_what_is_wrong_with_a_private_connection_is_told_apart(
    private: Broker, folder: Path, others: dict[str, str], sentence: str
) -> None:
    if others.get("ssl_ca_location"):
        others = {**others, "ssl_ca_location": str(folder / others["ssl_ca_location"])}
    with pytest.raises(LogUnavailable, match=sentence):
        check(configured(private, folder, **others))


@pytest.mark.usefixtures("short_timeouts")
def test_a_certificate_for_another_name_is_not_believed(private: Broker, folder: Path) -> None:
    connection = configured(private, folder)
    elsewhere = Connection((private.bootstrap.replace("127.0.0.1", "localhost"),), "", connection.security)
    with pytest.raises(LogUnavailable, match="the broker's name in its certificate"):
        check(elsewhere)
