"""Fixtures that more than one folder of tests needs, and the parts of the suite.

One process can have one chDB directory open at a time, so a test asks for `clickhouse` (or `chdb_url`, to
open it itself) and closes every client before the next test opens its own directory. A test that needs two
directories at once runs one of them in another process.

A test that asks for a broker is marked `kafka`. One that opens the engine is marked `engine`: most ask for a
fixture that does, and the folders and modules in ENGINE are marked as a whole; a test that opens it without
the mark fails. With pytest-xdist (`-n 3`) the tests of a module run in one process, one after the other,
since they share its fixtures; those of the modules in SIDE_BY_SIDE need not.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck
from xdist.scheduler import LoadScopeScheduling

from clickhouse.client import connect
from producers.simulator.nation import builtin_candidates, builtin_registry
from schemas.elections import Election, load_election
from schemas.regions import Registry
from sinks.migrate import migrate
from tests.kafka_fixtures import broker, connection, startable

__all__ = ["broker", "connection", "startable"]  # fixtures of every folder

ROOT: Final = Path(__file__).parent

SMALL_NATION: Final = 150
"""Stations: enough for every fault of a night, and counted in a second."""

ENGINE: Final = (
    "audit/bundle/test_signatures.py",
    "audit/recompute",
    "audit/test_everything_shown.py",
    "schemas/test_data_directory.py",
    "clickhouse/interface",
    "clickhouse/test_client.py",
    "producers/importers/test_sirekap_recaps.py",
    "queries",
    "rekap",
    "distributed",
    "sinks/delivery",
    "sinks/test_migrate.py",
    "stream_processors/embedded",
    "deploy/test_night.py",
    "deploy/test_clickhouse_users.py",
    "national",
)
"""Folders and modules whose tests open the engine by themselves, here or in processes that they start."""

SIDE_BY_SIDE: Final = ("tests/distributed/test_faults.py",)
"""Modules whose tests wait most of their time. A process has a broker and an engine of its own."""

# The laws that hypothesis looks for exceptions to are no measurements of a busy machine.
hypothesis.settings.register_profile("rekap", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("rekap")


def pytest_configure() -> None:
    """Hold the parts to what is there, and let Ctrl-C reach processes that tests start: a shell starts
    background jobs with it ignored, which is inherited. They buffer what they write, as they do elsewhere."""
    os.environ.pop("PYTHONUNBUFFERED", None)
    assert all((ROOT / part).exists() for part in ENGINE)
    assert all((ROOT.parent / module).exists() for module in SIDE_BY_SIDE)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Take what collecting has made out of the garbage collector's sight: 360,000 objects that stay, and that
    each of some thousand calls of `gc.collect` in fixtures would look at again, for 0.13 s."""
    gc.collect()
    gc.freeze()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with the parts that it belongs to."""
    path = item.path.relative_to(ROOT)
    asked = set(getattr(item, "fixturenames", ()))
    if asked & {"broker", "startable"}:
        item.add_marker(pytest.mark.kafka)
    if "migrated_directory" in asked or any(path.is_relative_to(part) for part in ENGINE):
        item.add_marker(pytest.mark.engine)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Say which tests go to the same process of pytest-xdist."""
    return ByModule(config, log)


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # untyped
    """A module goes to the next process that is free; of those in SIDE_BY_SIDE each test does."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return nodeid if module in SIDE_BY_SIDE else module


@pytest.fixture(autouse=True)
def only_marked_tests_open_the_engine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds the mark `engine` to what it says: without it nothing is opened."""
    if request.node.get_closest_marker("engine") is None:

        def refuse(*_: object) -> None:
            pytest.fail("This test opens the engine and is not marked so: see ENGINE in tests/conftest.py.")

        monkeypatch.setattr("clickhouse.client._connect_chdb", refuse)


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


@pytest.fixture(scope="session")
def small_nation() -> tuple[Election, Registry]:
    """Two provinces of about SMALL_NATION stations in all, with candidates for every contest."""
    election = load_election("pemilu2024")
    registry = builtin_registry(election, provinces=["31", "34"], stations=SMALL_NATION)
    return builtin_candidates(election, registry), registry
