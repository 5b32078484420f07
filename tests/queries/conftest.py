"""A client on the small world of tests/queries/world.py, filled once and shared by tests that only read."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from tests.queries.world import fill


@pytest.fixture(scope="module")
def world(migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    gc.collect()
    directory = tmp_path_factory.mktemp("world") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    writer = connect(f"chdb://{directory}")
    fill(writer)
    # What readers get: the engine refuses writes and changed settings on this one.
    client = connect(f"chdb://{directory}", readonly=True)
    yield client
    client.close()
    writer.close()
