"""A broker that is silent, a log that Kafka shortens, another program: real processes say so themselves."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from devtools.brokers import Broker, free_ports
from event_log.kafka.control import announce
from event_log.kafka.settings import drifted
from event_log.kafka.topics import COUNT_EVENTS
from schemas.program import Program, this_program
from tests.distributed.cluster import Cluster
from tests.distributed.processes import Process
from tests.sinks.delivery.engine import Engine

TOLD_S = 15
"""Within this time a process tells that its brokers are silent."""

LATE_S = 3
"""More that a busy machine may take."""

LINES = 120
"""Of one process in the half minute of the test; it was 80 a second."""

FAILED = 3
"""How a process ends that something outside keeps from its work."""


@pytest.fixture
def broker_of_its_own(startable: None) -> Iterator[Broker]:  # noqa: ARG001
    with Broker.start() as one:
        yield one


class Asked:
    """A process and where it serves health and metrics."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self._url = f"http://127.0.0.1:{port}"

    def troubles(self) -> dict[str, str]:
        """The troubles that it tells."""
        try:
            with urllib.request.urlopen(f"{self._url}/health", timeout=5) as answer:
                document: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as refused:
            document = json.load(refused)
        except OSError:
            return {"start": "It does not answer yet."}
        found: dict[str, str] = document["troubles"]
        return found

    def metric(self, name: str) -> float:
        """A metric without labels."""
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_silent_brokers_are_told_within_fifteen_seconds_and_logs_stay_small(
    clusters: Callable[..., Cluster], broker_of_its_own: Broker, engine: Engine
) -> None:
    cluster = clusters(broker_of_its_own.bootstrap, engine.url)
    ports = free_ports(2)
    worker = cluster.worker("--assessors", "0", "--metrics", f"127.0.0.1:{ports[0]}")
    sink = cluster._start("sink", ("--clickhouse", engine.url, "--metrics", f"127.0.0.1:{ports[1]}"))
    for process in (worker, sink):
        cluster.forget(process)
    both = [Asked(worker, ports[0]), Asked(sink, ports[1])]
    cluster.until(lambda: all(one.troubles() == {} for one in both), "healthy processes", 60)
    before = [len(one.process.said.splitlines()) for one in both]
    java = broker_of_its_own.processes[0]
    java.send_signal(signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        waiting = list(both)
        while waiting and time.monotonic() - stopped < TOLD_S + LATE_S:
            waiting = [one for one in waiting if "brokers" not in one.troubles()]
            time.sleep(0.2)
        assert waiting == [], "\n".join(one.process.tail for one in waiting)
        for one in both:
            assert one.metric("rekap_healthy") == 0
            assert one.metric("rekap_broker_silence_seconds") > 0
        time.sleep(max(0.0, stopped + 25 - time.monotonic()))  # within their patience: they go on
        for one, lines in zip(both, before, strict=True):
            assert len(one.process.said.splitlines()) - lines < LINES
    finally:
        java.send_signal(signal.SIGCONT)
    cluster.until(lambda: all("brokers" not in one.troubles() for one in both), "an end of it", 60)


def test_a_worker_does_not_fold_a_log_that_kafka_compacts(
    clusters: Callable[..., Cluster], broker: str, engine: Engine
) -> None:
    cluster = clusters(broker, engine.url)
    admin = KafkaAdminClient(**cluster.connection.client_settings())
    name = cluster.connection.topic(COUNT_EVENTS)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"cleanup.policy": "compact"})])
    admin.close()
    cluster.until(lambda: drifted(cluster.connection, [COUNT_EVENTS]) != [], "the setting", 30)
    worker = cluster.worker()
    cluster.forget(worker)
    cluster.until(lambda: worker.code is not None, "its end", 60)
    assert worker.code == FAILED, worker.tail
    assert "Kafka removes entries of the log" in worker.said
    assert "cleanup.policy is compact, not delete" in worker.said


def test_a_process_of_another_program_than_was_announced_says_so(
    clusters: Callable[..., Cluster], broker: str, engine: Engine
) -> None:
    cluster = clusters(broker, engine.url)
    announce(cluster.connection, Program("0.0.1", this_program().rules_hash))
    (port,) = free_ports(1)
    worker = Asked(cluster.worker("--assessors", "0", "--metrics", f"127.0.0.1:{port}"), port)
    cluster.until(lambda: set(worker.troubles()) == {"program"}, "another version", 60)
    assert "another version than what rekap topics create announced" in worker.troubles()["program"]
