"""The tests' own broker: it is real, comes back with its data, and never outlives who started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from devtools.brokers import Broker, answers, free_ports
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.topics import ELECTION_CONTROL
from tests.waiting import wait_until

STARTS_AND_WAITS = """
import sys, time
from devtools.brokers import Broker
broker = Broker.start()
print(broker.processes[0].pid, broker.ports[0], broker.directory, flush=True)
time.sleep(600)
"""


@pytest.mark.usefixtures("startable")
def test_a_killed_broker_comes_back_at_its_address_with_what_it_had() -> None:
    with Broker.start() as broker:
        connection = Connection.of(broker.bootstrap)
        create(connection, partitions={"count-events": 1})
        producer = KafkaProducer(**connection.client_settings(), acks="all")
        producer.send(ELECTION_CONTROL.name, value=b"kept", partition=0).get(timeout=30)
        producer.close()
        broker.kill()
        assert not answers(broker.ports[0])
        broker.restart()
        consumer = KafkaConsumer(**connection.client_settings())
        consumer.assign([TopicPartition(ELECTION_CONTROL.name, 0)])
        consumer.seek_to_beginning()
        records = [record for some in consumer.poll(timeout_ms=30_000).values() for record in some]
        consumer.close()
    assert [record.value for record in records] == [b"kept"]
    assert not broker.directory.exists()
    assert not answers(broker.ports[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with the one that started it")
@pytest.mark.usefixtures("startable")
def test_a_broker_ends_with_the_process_that_started_it_even_when_that_is_killed() -> None:
    root = Path(__file__).parents[2]
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    pid, port, directory = run.stdout.readline().split()
    assert answers(int(port))
    run.kill()
    run.wait()
    wait_until(
        lambda: not Path(f"/proc/{pid}").exists(), explain=lambda: f"Kafka, process {pid}, still runs."
    )
    subprocess.run(["rm", "-r", directory], check=True)


@pytest.mark.usefixtures("startable")
def test_a_broker_that_can_t_start_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"not\.a\.number"):
        Broker.start(properties={"num.network.threads": "not.a.number"})


def test_free_ports_are_different_and_nobody_s() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert not any(answers(port) for port in ports)


@pytest.mark.usefixtures("startable")
def test_a_broker_with_a_directory_has_its_data_and_address_at_the_next_start(tmp_path: Path) -> None:
    with Broker.start(directory=tmp_path / "kept") as broker:
        address = broker.bootstrap
        made = create(Connection.of(address))
    with Broker.start(directory=tmp_path / "kept") as again:
        assert again.bootstrap == address
        assert made
        assert create(Connection.of(address)) == []
