"""The brokers of a deployment, real ones, started by the script and with the settings that it uses."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from deploy.make_secrets import make
from devtools.brokers import JARS
from event_log.errors import LogUnavailable
from event_log.kafka.admin.access import set_passwords, set_rights
from event_log.kafka.admin.check import check
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import read_control
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import COUNT_EVENTS
from tests.deploy.compose_files import ROOT
from tests.deploy.deployed_brokers import CLUSTER, Deployed
from tests.deploy.linters import linter

OPEN: Final = ROOT / "deploy/open/kafka"
TAKEN_MS: Final = 90_000
"""How long sending is tried: many times what it takes brokers to notice that one is gone."""

pytestmark = pytest.mark.usefixtures("startable")


def as_user(broker: Deployed, secure: Path, user: str) -> Connection:
    """What `rekap --broker ... --broker-config ...` makes of a user's login."""
    return Connection.of(broker.bootstrap, secure / user / "broker.properties")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What make_secrets made, at home where it is instead of in containers."""
    into = tmp_path_factory.mktemp("secure")
    make(into)
    for file in into.rglob("*.properties"):
        file.write_text(file.read_text().replace("/run/rekap", str(file.parent)))
    return into


@pytest.fixture(scope="module")
def broker(secure: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A broker of the secure profile, after the services `access` and `setup`."""
    with Deployed(tmp_path_factory.mktemp("broker"), secure / "kafka") as started:
        admin = as_user(started, secure, "admin")
        passwords = {path.name: path.read_text().strip() for path in (secure / "admin/passwords").iterdir()}
        set_passwords(admin, passwords)
        set_rights(admin)
        create(admin, replication=1)
        yield started


def test_the_compose_files_name_this_cluster() -> None:
    assert f"${{REKAP_CLUSTER:-{CLUSTER}}}" in (ROOT / "docker-compose.yml").read_text("utf-8")


def test_a_lone_broker_takes_the_topics_as_declared_and_keeps_them(tmp_path: Path) -> None:
    with Deployed(tmp_path, OPEN) as broker:
        connection = Connection.of(broker.bootstrap, ROOT / "deploy/open/admin/broker.properties")
        create(connection, replication=1)  # at once when the port is open: the health check waits for no more
        assert check(connection) == []
        admin = KafkaAdminClient(**connection.client_settings())
        assert not admin.describe_topics(["no-such-topic"])[0].get("partitions")
        admin.close()
        broker.stop()
        broker.start()
        assert check(connection) == []


def test_three_brokers_go_on_without_one_and_so_do_their_own_topics(tmp_path: Path) -> None:
    with Deployed(tmp_path, OPEN, "of-three") as brokers:
        connection = Connection.of(brokers.bootstrap)
        create(connection, replication=3)
        assert check(connection) == []
        settings = connection.client_settings()
        consumer = KafkaConsumer(COUNT_EVENTS.name, group_id="anybody", **settings)
        consumer.poll(0)  # a group is kept in a topic that Kafka makes by itself
        producer = KafkaProducer(acks="all", delivery_timeout_ms=TAKEN_MS, **settings)
        producer.send(COUNT_EVENTS.name, b"before", b"1101").get()
        brokers.processes.pop().kill()
        producer.send(COUNT_EVENTS.name, b"after", b"1101").get()
        producer.close()
        admin = KafkaAdminClient(**settings)
        (groups,) = admin.describe_topics(["__consumer_offsets"])
        admin.close()
        consumer.close()
        assert {len(partition["replica_nodes"]) for partition in groups["partitions"]} == {3}


@pytest.mark.parametrize("user", ["admin", "worker", "sink", "auditor", "field", "importer"])
def test_everybody_logs_in_over_tls_with_what_was_made(broker: Deployed, secure: Path, user: str) -> None:
    connection = as_user(broker, secure, user)
    assert connection.client_settings()["security_protocol"] == "SASL_SSL"
    if user in ("sink", "field"):
        assert read_control(connection) is None  # they may read it, and nobody has opened an election yet
    else:
        assert partitions_of(connection, COUNT_EVENTS) == COUNT_EVENTS.partitions


def test_topics_of_the_secure_profile_are_as_declared_and_the_auditor_sees_it(
    broker: Deployed, secure: Path
) -> None:
    assert check(as_user(broker, secure, "auditor")) == []


def test_nobody_is_let_in_without_a_login_or_with_a_wrong_one(
    broker: Deployed, secure: Path, tmp_path: Path
) -> None:
    with pytest.raises(LogUnavailable):
        check(Connection.of(broker.bootstrap))
    wrong = tmp_path / "wrong.properties"
    login = (secure / "auditor/broker.properties").read_text()
    wrong.write_text(login.replace("sasl.username=auditor", "sasl.username=admin"))
    with pytest.raises(LogUnavailable):
        check(Connection.of(broker.bootstrap, wrong))


def test_a_broker_that_somebody_else_certified_is_not_trusted(
    broker: Deployed, secure: Path, tmp_path: Path
) -> None:
    make(tmp_path / "another")
    login = tmp_path / "broker.properties"
    authority = tmp_path / "another/ca.pem"
    own = (secure / "auditor/broker.properties").read_text()
    login.write_text(own.replace(str(secure / "auditor/ca.pem"), str(authority)))
    with pytest.raises(LogUnavailable):
        check(Connection.of(broker.bootstrap, login))


@pytest.mark.parametrize("listener", ["BROKER", "CONTROLLER"])
def test_between_brokers_only_who_has_a_certificate_is_heard(
    broker: Deployed, secure: Path, listener: str
) -> None:
    context = ssl.create_default_context(cafile=secure / "ca.pem")
    with (
        socket.create_connection(("127.0.0.1", broker.ports[0][listener]), 10) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)certificate"),
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        wrapped.recv(1)  # with TLS 1.3 the refusal comes after the handshake


def test_kafkas_own_commands_work_inside_the_container(broker: Deployed, secure: Path) -> None:
    command = ["java", "-cp", f"{JARS}/*", "org.apache.kafka.tools.TopicCommand", "--list"]
    where = ["--bootstrap-server", f"127.0.0.1:{broker.ports[0]['BROKER']}"]
    login = ["--command-config", str(secure / "kafka/tools.properties")]
    done = subprocess.run([*command, *where, *login], capture_output=True, text=True, check=True)
    assert COUNT_EVENTS.name in done.stdout.split()


def test_no_secret_is_in_the_output_of_a_broker(broker: Deployed, secure: Path) -> None:
    output = broker.output()
    assert "SCRAM" not in output
    assert "storedKey" not in output
    for password in (secure / "admin/passwords").iterdir():
        assert password.read_text().strip() not in output


@pytest.mark.parametrize("missing", ["security.properties", "broker.pem"])
def test_without_the_files_about_access_it_does_not_start(tmp_path: Path, secure: Path, missing: str) -> None:
    shutil.copytree(secure / "kafka", tmp_path / "kafka")
    own = tmp_path / "kafka/security.properties"
    own.write_text(own.read_text().replace(str(secure / "kafka"), str(tmp_path / "kafka")))
    (tmp_path / "kafka" / missing).unlink()
    broker = Deployed(tmp_path, tmp_path / "kafka")
    with pytest.raises(RuntimeError, match=missing):
        broker.start()
    broker.stop()


def test_a_shell_finds_nothing_wrong_with_the_script() -> None:
    subprocess.run(["/bin/sh", "-n", ROOT / "deploy/broker/start.sh"], check=True)
    subprocess.run([linter("shellcheck"), ROOT / "deploy/broker/start.sh"], check=True)
