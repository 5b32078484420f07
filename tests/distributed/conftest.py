"""One small nation for all tests of the folder; one engine for the tests of a module, emptied before each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from clickhouse.client import connect
from schemas.data_directory import DataDirectory
from schemas.tables import TABLES
from tests.distributed.cluster import Cluster
from tests.distributed.nights import nation
from tests.sinks.delivery.engine import Engine


@pytest.fixture(scope="session")
def count(tmp_path_factory: pytest.TempPathFactory) -> DataDirectory:
    """The data directory of the small nation. Nobody writes to it."""
    return DataDirectory.create(tmp_path_factory.mktemp("nation") / "count", *nation())


@pytest.fixture(scope="module")
def engine_of_module(migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for the tests of a module, in a process of its own."""
    directory = tmp_path_factory.mktemp("engine") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    with Engine(directory) as one:
        yield one


@pytest.fixture
def engine(engine_of_module: Engine) -> Engine:
    """The engine, up and with empty tables."""
    with closing(connect(engine_of_module.url)) as client:
        for table in TABLES:
            client.command(f"TRUNCATE TABLE {table}")
    return engine_of_module


@pytest.fixture
def clusters(count: DataDirectory, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes counts of the small nation; arguments as for Cluster, without directory and folder. All end with
    the test."""
    with ExitStack() as opened:

        def cluster(broker: str, clickhouse: str, **more: Any) -> Cluster:
            return opened.enter_context(Cluster(count, broker, clickhouse, tmp_path, **more))

        yield cluster
