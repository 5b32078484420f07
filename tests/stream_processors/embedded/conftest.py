"""A small election night with all its faults, and a directory to count it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from audit.verify import Verification, verify
from clickhouse.client import connect
from event_log.sqlite import SqliteLog
from producers.simulator.faults import Faults
from producers.simulator.night import Night
from schemas.data_directory import DataDirectory
from schemas.elections import Election
from schemas.regions import Registry
from schemas.sources import Message
from sinks.definitions import migrated_definitions
from stream_processors.embedded.runner import Runner
from stream_processors.fold import fold

SEED = 2024

MANY_FAULTS = Faults(corrections=0.2, contradictions=0.05, annulments=0.05, stale_corrections=0.2)


@pytest.fixture(scope="session")
def night(small_nation: tuple[Election, Registry]) -> Night:
    """All contests of that nation, with more faults than a real night has."""
    return Night(*small_nation, SEED, faults=MANY_FAULTS, chunk_messages=200)


@pytest.fixture(scope="session")
def messages(night: Night) -> list[bytes]:
    """The bytes of that night in order of arrival."""
    return messages_of(night)


def messages_of(night: Night) -> list[bytes]:
    """The bytes of a night in order of arrival."""
    return [
        record.raw
        for chunk in night.chunks(lambda _contest, _stations: {})
        for record in chunk.records()
        if isinstance(record, Message)
    ]


@pytest.fixture
def directory(tmp_path: Path, small_nation: tuple[Election, Registry]) -> DataDirectory:
    """An empty count of that nation."""
    return DataDirectory.create(tmp_path / "count", *small_nation)


@pytest.fixture
def opened(directory: DataDirectory) -> Iterator[Callable[[], Runner]]:
    """Opens a runner on the directory, in this process alone; closed at the end of the test at the latest."""
    runners: list[Runner] = []

    def open_runner() -> Runner:
        for runner in runners:
            runner.close()
        runners.append(Runner.open(directory, command="test", workers=0))
        return runners[-1]

    yield open_runner
    for runner in runners:
        runner.close()


def verified(directory: DataDirectory) -> Verification:
    """The directory's log folded again and compared with its projections, nobody owning it."""
    log = SqliteLog.open(directory.log_path, readonly=True)
    client = connect(directory.clickhouse_url, readonly=True)
    try:
        return verify(log, directory.election, directory.registry, client, migrated_definitions())
    finally:
        client.close()
        log.close()


def digest_of(directory: DataDirectory, messages: list[bytes]) -> str:
    """The name of the results that the plain fold gives for these messages."""
    return fold(messages, directory.election, directory.registry).state_digest()
