"""Whichever step fails, having persisted or not, and whichever process dies: nothing is lost or doubled."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError

from clickhouse.client import connect
from devtools.brokers import Broker
from event_log.kafka.connection import Connection
from event_log.kafka.group import ConsumerGroup, TopicPartition
from monitoring.metrics import REGISTRY
from schemas.regions import Level
from sinks.delivery.delivery import TOPICS
from sinks.delivery.insert_thread import PART
from sinks.delivery.process import group_of
from tests.sinks.delivery.engine import Engine, Fault, FaultyProxy
from tests.sinks.delivery.support import (
    SESSION_MS,
    Publisher,
    Sink,
    assert_arrived,
    opened,
    positions,
    running,
    total,
)
from tests.waiting import wait_until

INSERTS: Final = ("event", "station_history", "tally_history", "sink_position")
"""The tables of a batch in the order in which they are inserted: each is a step that may fail."""


class Crash(Exception):
    """The process ends here."""


class FailingClient:
    """A client whose insert into `table` fails once: before it has written (`persists` False) or after."""

    def __init__(self, client: Client, table: str, error: Exception, *, persists: bool) -> None:
        self._client = client
        self._table = table
        self._error: Exception | None = error
        self._persists = persists
        self.inserted: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def insert_arrow(self, table: str, rows: pa.Table, settings: dict[str, Any] | None = None) -> Any:
        self.inserted.append(table)
        error = self._error
        if table == self._table and error is not None:
            self._error = None
            if self._persists:
                self._client.insert_arrow(table, rows, settings=settings)
            raise error
        return self._client.insert_arrow(table, rows, settings=settings)


class FailingGroup(ConsumerGroup):
    """A group whose first commit fails: without having been taken, or with it."""

    def __init__(self, connection: Connection, name: str, *, persists: bool, crashes: bool = False) -> None:
        super().__init__(connection, name, TOPICS, session_ms=SESSION_MS)
        self._persists = persists
        self._crashes = crashes
        self.failed = False

    def commit(self, offsets: Mapping[TopicPartition, int]) -> bool:
        if self.failed:
            return super().commit(offsets)
        self.failed = True
        if self._persists:
            super().commit(offsets)
        if self._crashes:
            raise Crash
        return False


def publish_one_batch(publisher: Publisher) -> None:
    """Rows, totals and positions that fit one batch."""
    publisher.rows(0, 0, 10)
    publisher.rows(1, 0, 7)
    publisher.total(total("11", 4, Level.PROVINCE, "0"))
    publisher.total(total("0", 7))


def assert_whole(database: Client) -> None:
    """All of that is there, once."""
    wait_until(lambda: positions(database) == {0: 9, 1: 6})
    wait_until(lambda: database.command("SELECT count() FROM tally FINAL") == 2)
    assert_arrived(database, {0: 10, 1: 7})
    assert database.command("SELECT groupArray(version) FROM (SELECT version FROM tally FINAL ORDER BY unit)")


# Steps


@pytest.mark.parametrize("persists", [False, True], ids=["did not persist", "did persist"])
@pytest.mark.parametrize("table", INSERTS)
def test_an_insert_that_failed_is_done_again_with_all_of_its_batch(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client, table: str, persists: bool
) -> None:
    publish_one_batch(publisher)
    with closing(connect(engine.url)) as client:
        failing = FailingClient(client, table, OperationalError("Connection reset"), persists=persists)
        sink = Sink(topics, failing)
        sink.start()
        wait_until(lambda: failing.inserted.count(table) > 1)
        assert_whole(database)
        sink.stop()
    failed = failing.inserted.index(table)
    tried = failing.inserted[: failed + 1]
    assert failing.inserted[failed + 1 : 2 * (failed + 1)] == tried
    assert sink.health.troubles() == {}


@pytest.mark.parametrize("persists", [False, True], ids=["did not persist", "did persist"])
@pytest.mark.parametrize("table", INSERTS)
def test_a_sink_that_ended_at_any_insert_is_followed_by_one_that_completes_it(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client, table: str, persists: bool
) -> None:
    publish_one_batch(publisher)
    with closing(connect(engine.url)) as client:
        ended = Sink(topics, FailingClient(client, table, Crash(), persists=persists))
        ended.start()
        ended.join()
    assert isinstance(ended.failure, Crash)
    # The position is never ahead of the rows: it has moved only if its own row, the last, was written.
    assert bool(positions(database)) is (persists and table == "sink_position")
    with running(topics, engine.url) as sink:
        assert_whole(database)
        assert sink.health.troubles() == {}


@pytest.mark.parametrize("persists", [False, True], ids=["did not persist", "did persist"])
@pytest.mark.parametrize("crashes", [False, True], ids=["and went on", "and ended"])
def test_a_commit_that_failed_costs_nothing(
    topics: Connection,
    publisher: Publisher,
    engine: Engine,
    database: Client,
    persists: bool,
    crashes: bool,
) -> None:
    publish_one_batch(publisher)
    with closing(connect(engine.url)) as client:
        group = FailingGroup(topics, group_of(client), persists=persists, crashes=crashes)
        sink = Sink(topics, client, group=group)
        sink.start()
        if crashes:
            sink.join()
            assert isinstance(sink.failure, Crash)
        else:
            assert_whole(database)
            wait_until(lambda: group.failed)
            sink.stop()
    with running(topics, engine.url) as sink:
        publisher.rows(0, 10, 3)
        wait_until(lambda: positions(database) == {0: 12, 1: 6})
        assert sink.health.troubles() == {}
    assert_arrived(database, {0: 13, 1: 7})


# ClickHouse


@pytest.mark.parametrize("fault", ["refuse", "answer 500", "cut the insert", "lose the answer"])
def test_while_clickhouse_does_not_take_rows_the_sink_waits_and_stays_in_its_group(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client, fault: Fault
) -> None:
    failures = REGISTRY.get_sample_value("rekap_insert_failures_total") or 0
    with FaultyProxy(engine) as proxy, running(topics, proxy.url) as sink:
        publisher.rows(0, 0, 10)
        wait_until(lambda: positions(database) == {0: 9})
        generation = sink.group.generation
        proxy.fault = fault
        for first in range(10, 60, 10):
            publisher.rows(0, first, 10)
        wait_until(lambda: proxy.happened >= 4)  # more than a second: heartbeats go on, or others take over
        assert "once ClickHouse answers" in sink.health.troubles()[PART]
        assert REGISTRY.get_sample_value("rekap_sink_waiting") == 1
        assert (
            positions(database)[0] in (9, 59) if fault == "lose the answer" else positions(database) == {0: 9}
        )
        proxy.fault = None
        wait_until(lambda: positions(database) == {0: 59})
        wait_until(lambda: sink.health.troubles() == {})
        assert sink.group.generation == generation
    assert REGISTRY.get_sample_value("rekap_sink_waiting") == 0
    assert (REGISTRY.get_sample_value("rekap_insert_failures_total") or 0) >= failures + 4
    assert_arrived(database, {0: 60})


def test_an_outage_longer_than_a_session_causes_no_rebalance(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with FaultyProxy(engine) as proxy, running(topics, proxy.url) as sink:
        publisher.rows(0, 0, 10)
        wait_until(lambda: positions(database) == {0: 9})
        generation = sink.group.generation
        proxy.fault = "refuse"
        publisher.rows(0, 10, 10)
        pause = 0.1  # attempts come with growing pauses: seven of them take twice the session
        wait_until(lambda: pause * 2**proxy.happened / 2 > 2 * SESSION_MS / 1_000)
        proxy.fault = None
        wait_until(lambda: positions(database) == {0: 19})
        assert sink.group.generation == generation
    assert_arrived(database, {0: 20})


def test_an_engine_that_is_killed_and_comes_back_has_everything(
    topics: Connection, publisher: Publisher, migrated_directory: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    with Engine(directory) as engine, running(topics, engine.url) as sink:
        for first in range(0, 200, 20):
            publisher.rows(0, first, 20)
            if first in (40, 120):
                engine.kill()
                publisher.rows(1, first, 5, says=False)
                wait_until(lambda: PART in sink.health.troubles())
                engine.start()
        publisher.rows(1, 0, 125)
        with closing(connect(engine.url)) as database:
            wait_until(lambda: positions(database) == {0: 199, 1: 124})
            wait_until(lambda: sink.health.troubles() == {})
            assert_arrived(database, {0: 200, 1: 125})


def test_a_sink_ends_although_clickhouse_is_away_and_the_next_one_completes_it(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with FaultyProxy(engine) as proxy, running(topics, proxy.url) as sink:
        wait_until(lambda: bool(sink.group.assigned()))
        proxy.fault = "refuse"
        publisher.rows(0, 0, 10)
        wait_until(lambda: PART in sink.health.troubles())
        sink.stop()
    with running(topics, engine.url):
        wait_until(lambda: positions(database) == {0: 9})
    assert_arrived(database, {0: 10})


# Kafka


@pytest.mark.usefixtures("startable")
def test_a_broker_that_is_killed_and_comes_back_costs_nothing(engine: Engine, database: Client) -> None:
    with Broker.start() as broker:
        topics = opened(Connection.of(broker.bootstrap))
        publisher = Publisher(topics)
        with running(topics, engine.url) as sink:
            publisher.rows(0, 0, 10)
            wait_until(lambda: positions(database) == {0: 9})
            broker.kill()
            wait_until(lambda: "kafka" in sink.health.troubles())
            broker.restart()
            publisher.rows(0, 10, 10)
            publisher.rows(1, 0, 10)
            wait_until(lambda: positions(database) == {0: 19, 1: 9})
            wait_until(lambda: sink.health.troubles() == {})
        publisher.close()
    assert_arrived(database, {0: 20, 1: 10})


# Missing rows


def test_rows_that_are_missing_hold_the_position_back_until_they_are_made_again(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with running(topics, engine.url) as sink:
        publisher.rows(0, 0, 10)
        publisher.rows(0, 15, 5)  # 10 to 14 were removed from the topic
        publisher.rows(0, 20, 5)
        publisher.rows(1, 0, 5)
        wait_until(lambda: "rows of partition 0" in sink.health.troubles())
        said = sink.health.troubles()["rows of partition 0"]
        assert "from position 10 to 14" in said
        assert "rekap worker --republish" in said
        wait_until(lambda: positions(database) == {0: 9, 1: 4})  # the others go on
        publisher.rows(0, 0, 12)  # made again, in pieces
        wait_until(lambda: positions(database) == {0: 11, 1: 4})
        assert "rows of partition 0" in sink.health.troubles()
        publisher.rows(0, 12, 13)
        wait_until(lambda: positions(database) == {0: 24, 1: 4})
        wait_until(lambda: sink.health.troubles() == {})
    assert_arrived(database, {0: 25, 1: 5})


def test_a_database_put_back_to_an_older_state_is_filled_from_the_topic(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with running(topics, engine.url):
        publisher.rows(0, 0, 10)
        publisher.rows(0, 10, 10)
        publisher.total(total("0", 20))
        wait_until(lambda: positions(database) == {0: 19})
        wait_until(lambda: database.command("SELECT count() FROM tally FINAL") == 1)
    for table in ("event", "station_history", "station"):
        database.command(f"DELETE FROM {table} WHERE position >= 10")
    for table in ("tally", "tally_history", "sink_position"):
        database.command(f"TRUNCATE TABLE {table}")
    with running(topics, engine.url) as sink:
        publisher.rows(0, 20, 10)
        wait_until(lambda: positions(database) == {0: 29})
        wait_until(lambda: sink.health.troubles() == {})
        wait_until(lambda: database.command("SELECT count() FROM tally FINAL") == 1)
    assert_arrived(database, {0: 30})


@pytest.mark.parametrize("says", [True, False], ids=["said", "not said"])
def test_an_old_owner_s_late_rows_are_no_gap(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client, says: bool
) -> None:
    with running(topics, engine.url) as sink:
        publisher.rows(0, 0, 20, says=says)
        publisher.rows(0, 5, 3, says=says)
        publisher.rows(0, 20, 5, says=says)
        wait_until(lambda: positions(database) == {0: 24})
        assert sink.health.troubles() == {}
    assert_arrived(database, {0: 25})
