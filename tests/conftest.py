"""Fixtures that more than one folder of tests needs.

One process can have one chDB directory open at a time, so a test asks for `clickhouse` (or `chdb_url`, to
open it itself) and closes every client before the next test opens its own directory. A test that needs two
directories at once runs one of them in another process.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from sinks.migrate import migrate
from tests.kafka_fixtures import broker, connection, startable

__all__ = ["broker", "connection", "startable"]  # fixtures of every folder


@pytest.fixture(scope="session")
def migrated_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated chDB directory to copy: an eighth of the time that migrating each test's own would take."""
    gc.collect()  # a client that an earlier test forgot holds the engine until it is collected
    directory = tmp_path_factory.mktemp("migrated") / "clickhouse"
    client = connect(f"chdb://{directory}")
    migrate(client)
    client.close()
    return directory


@pytest.fixture
def chdb_url(migrated_directory: Path, tmp_path: Path) -> str:
    """The URL of this test's own migrated chDB directory, not yet open."""
    gc.collect()
    directory = tmp_path / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    return f"chdb://{directory}"


@pytest.fixture
def clickhouse(chdb_url: str) -> Iterator[Client]:
    """A client on this test's own migrated chDB directory."""
    client = connect(chdb_url)
    yield client
    client.close()
