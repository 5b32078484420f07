"""Topics for each test, and a database behind HTTP that all tests of a module share, emptied before each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from event_log.kafka.connection import Connection
from schemas.tables import TABLES
from tests.sinks.delivery.engine import Engine
from tests.sinks.delivery.support import Publisher, opened


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """A connection with topics of this test's own, opened for the tiny election."""
    return opened(connection)


@pytest.fixture
def publisher(topics: Connection) -> Iterator[Publisher]:
    """Publishes to them."""
    one = Publisher(topics)
    yield one
    one.close()


@pytest.fixture(scope="module")
def engine_of_module(migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for the tests of a module."""
    directory = tmp_path_factory.mktemp("engine") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    with Engine(directory) as one:
        yield one


@pytest.fixture
def engine(engine_of_module: Engine) -> Engine:
    """The engine, up and with empty tables."""
    client = connect(engine_of_module.url)
    for table in TABLES:
        client.command(f"TRUNCATE TABLE {table}")
    client.close()
    return engine_of_module


@pytest.fixture
def database(engine: Engine) -> Iterator[Client]:
    """A client to look with."""
    client = connect(engine.url)
    yield client
    client.close()
