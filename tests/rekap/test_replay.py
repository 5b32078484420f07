"""`rekap topics replay`: a new log holds what the old one held, each station's messages in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, open_topics
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from producers.addressing import unit_of
from producers.publisher import Publisher
from schemas.data_directory import DataDirectory
from tests.rekap.conftest import Ran, Rekap
from tests.worlds import all_stations, corrected, pairs, submitted, world

Run = Callable[[Connection, Connection], Ran]
OLD_PARTITIONS, NEW_PARTITIONS = 3, 5


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    """The data directory of the tiny election."""
    return DataDirectory.create(tmp_path / "data", world().election, world().registry)


def opened(connection: Connection, directory: DataDirectory, partitions: int) -> Connection:
    """Topics of this connection's prefix, opened for the directory."""
    create(connection, partitions={COUNT_EVENTS.name: partitions})
    open_topics(connection, Opened.of(directory.election, directory.registry, partitions))
    return connection


def by_unit(connection: Connection) -> dict[str | None, list[bytes]]:
    """The messages of a log by what they are about, in the order of the log."""
    found: dict[str | None, list[bytes]] = defaultdict(list)
    with KafkaLog(connection, COUNT_EVENTS) as log:
        for partition in range(log.partitions):
            for record in chain.from_iterable(log.read(partition, 0)):
                found[unit_of(record.raw)].append(record.raw)
    return found


@pytest.fixture
def run(rekap: Rekap, broker: str, directory: DataDirectory) -> Run:
    """Replays one log into another, as a shell does."""

    def run(old: Connection, new: Connection) -> Ran:
        names = ("--from", old.prefix, "--to", new.prefix)
        return rekap("--data", directory.path, "topics", "replay", "--broker", broker, *names)

    return run


def test_everything_is_in_the_new_log_in_the_order_that_matters(
    run: Run, connection: Connection, directory: DataDirectory
) -> None:
    old = opened(replace(connection, prefix=f"{connection.prefix}a."), directory, OLD_PARTITIONS)
    new = opened(replace(connection, prefix=f"{connection.prefix}b."), directory, NEW_PARTITIONS)
    firsts = {station: submitted(station, pairs(1, 2, 3)) for station in all_stations()}
    with Publisher(old, directory.registry) as publisher:
        for first in firsts.values():
            publisher.publish(first)
        for station, first in firsts.items():
            publisher.publish(corrected(station, first, pairs(3, 2, 1)))
        publisher.publish(b"\xff no event\n")
    held = by_unit(old)
    ran = run(old, new)
    assert ran.code == 0
    assert by_unit(new) == held
    sent = 2 * len(firsts) + 1
    assert f"{sent} messages were published again" in ran.out
    with KafkaLog(new, COUNT_EVENTS) as log:
        assert log.partitions == NEW_PARTITIONS
        assert sum(log.ends()) == sent
    assert sum(map(len, by_unit(old).values())) == sent


def test_a_log_that_was_not_opened_for_the_directory_gets_nothing(
    run: Run, connection: Connection, directory: DataDirectory
) -> None:
    old = opened(replace(connection, prefix=f"{connection.prefix}a."), directory, OLD_PARTITIONS)
    new = replace(connection, prefix=f"{connection.prefix}b.")
    create(new, partitions={COUNT_EVENTS.name: NEW_PARTITIONS})
    with Publisher(old, directory.registry) as publisher:
        publisher.publish(submitted(all_stations()[0], pairs(1, 2, 3)))
    ran = run(old, new)
    assert ran.code == 3
    assert "topics create" in ran.err
    with KafkaLog(new, COUNT_EVENTS) as log:
        assert sum(log.ends()) == 0


def test_a_log_is_not_replayed_into_itself(run: Run, connection: Connection) -> None:
    ran = run(connection, connection)
    assert ran.code == 2
    assert "two different prefixes" in ran.err
