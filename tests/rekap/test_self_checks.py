"""What a sink checks by itself: it finds sums that are none, and topics that are not as declared."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from clickhouse.client import connect
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, open_topics
from event_log.kafka.topics import COUNT_EVENTS
from monitoring.metrics import REGISTRY
from rekap import self_checks
from rekap.self_checks import inconsistent, topic_differences
from schemas.data_directory import DataDirectory
from tests.waiting import wait_until
from tests.worlds import election, registry


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No pause between looks: nothing moves here."""
    monkeypatch.setattr(self_checks, "LOOKS_PAUSE_S", 0.0)
    yield
    gc.collect()


def test_a_total_that_is_no_sum_is_found(own_count: Path) -> None:
    directory = DataDirectory.open(own_count)
    assert inconsistent(directory.clickhouse_url, directory.election.id) == 0
    with closing(connect(directory.clickhouse_url)) as client:
        client.command(
            "ALTER TABLE tally UPDATE valid = valid + 1 WHERE unit = '11' SETTINGS mutations_sync = 2"
        )
    assert inconsistent(directory.clickhouse_url, directory.election.id) >= 2  # it, and the nation


@pytest.fixture
def opened(connection: Connection) -> Connection:
    """Topics for the tiny election."""
    create(connection, partitions={COUNT_EVENTS.name: 3}, replication=1)
    open_topics(connection, Opened.of(election(), registry(), 3))
    return connection


def test_a_changed_setting_of_a_topic_moves_the_metric(opened: Connection, own_count: Path) -> None:
    directory = DataDirectory.open(own_count)
    asked = (opened, directory.election, directory.registry)
    before = topic_differences(*asked)
    with self_checks.self_checks(opened, directory.clickhouse_url, directory.election, directory.registry):
        wait_until(lambda: found("topics") == before and found("sums") == 0)
    admin = KafkaAdminClient(**opened.client_settings())
    name = opened.topic(COUNT_EVENTS)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"cleanup.policy": "compact"})])
    admin.close()
    assert topic_differences(*asked) > before


def found(check: str) -> float | None:
    """The differences that are shown."""
    return REGISTRY.get_sample_value("rekap_check_differences", {"check": check})
