"""A snapshot makes recovery read less and changes nothing else; one that does not fit is ignored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from event_log.kafka.connection import Connection
from event_log.kafka.topics import COUNT_ROWS, DISTRICT_TALLIES
from stream_processors.distributed import snapshots
from tests.stream_processors.distributed.running import (
    ALL,
    OF,
    PARTITIONS,
    counts,
    entries_caught_up,
    never,
    opened,
    records,
    row_positions,
    running,
    send,
)
from tests.stream_processors.distributed.test_engine import remove
from tests.worlds import all_stations, pairs, submitted

Damage = Callable[[pytest.MonkeyPatch, Path], None]


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """This test's own topics, with 40 entries."""
    send(opened(connection), counts(40))
    return connection


@pytest.fixture
def kept(topics: Connection, tmp_path: Path) -> Path:
    """A directory with current snapshots of both partitions."""
    with running(topics, tmp_path) as engine:
        engine.assign(ALL, never)
        engine.save_snapshots()
    assert len(list(tmp_path.glob("*.arrow"))) == PARTITIONS
    return tmp_path


def recovered(
    topics: Connection, directory: Path | None, of: str = OF
) -> tuple[int, dict[int, int], list[bytes]]:
    """How many entries a start reads, its positions then, and the totals that it re-publishes. A slow machine
    publishes them more than once: whenever reading takes longer than engine.EMIT_S."""
    before, republished = entries_caught_up(), len(records(topics, DISTRICT_TALLIES, 0))
    with running(topics, directory, of=of) as engine:
        engine.assign(ALL, never)
        positions = engine.positions()
    totals = [one.raw for one in records(topics, DISTRICT_TALLIES, 0)[republished:]]
    return int(entries_caught_up() - before), positions, sorted(set(totals))


def test_a_start_reads_only_newer_entries(topics: Connection, kept: Path) -> None:
    assert recovered(topics, kept)[0] == 0
    send(topics, counts(7, first=40))
    read, *found = recovered(topics, kept)
    assert read == 7
    assert found == list(recovered(topics, None)[1:])


def flip(_: pytest.MonkeyPatch, directory: Path) -> None:
    for file in directory.glob("*.arrow"):
        whole = bytearray(file.read_bytes())
        whole[len(whole) // 2] ^= 1
        file.write_bytes(whole)


def cut_off(_: pytest.MonkeyPatch, directory: Path) -> None:
    for file in directory.glob("*.arrow"):
        file.write_bytes(file.read_bytes()[:-100])


def lose_the_sums(_: pytest.MonkeyPatch, directory: Path) -> None:
    for file in directory.glob("*.sum"):
        file.unlink()


def exchange(_: pytest.MonkeyPatch, directory: Path) -> None:
    """Each partition's for the other's."""
    for suffix in ("arrow", "sum"):
        one, other = (directory / f"count-events-{number}.{suffix}" for number in range(PARTITIONS))
        former = one.read_bytes()
        other.replace(one)
        other.write_bytes(former)


def update(patch: pytest.MonkeyPatch, _: Path) -> None:
    """Decisions mean something else in the version that starts."""
    patch.setattr(snapshots, "FORMAT", snapshots.FORMAT + 1)


@pytest.mark.parametrize("damage", [flip, cut_off, lose_the_sums, exchange, update])
def test_one_that_is_damaged_or_of_something_else_is_ignored(
    topics: Connection, kept: Path, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage(monkeypatch, kept)
    read, *found = recovered(topics, kept)
    assert read == 40
    assert found == list(recovered(topics, None)[1:])


def test_one_of_another_election_or_register_is_ignored(topics: Connection, kept: Path) -> None:
    assert recovered(topics, kept, of="another")[0] == 40


def test_one_beyond_the_published_position_is_ignored(topics: Connection, kept: Path) -> None:
    """Its rows could not be made from it."""
    remove(topics, COUNT_ROWS.name, dict.fromkeys(range(PARTITIONS), -1))
    assert recovered(topics, kept)[0] == 40
    shown = [position for partition in range(PARTITIONS) for position in row_positions(topics, partition)]
    assert len(shown) == 40


@pytest.mark.parametrize("number", [45, 10], ids=["as long", "shorter"])
def test_one_of_another_log_is_ignored(topics: Connection, kept: Path, number: int) -> None:
    """The topics were removed and made again: positions mean other entries."""
    renewed = Connection(topics.servers, f"{topics.prefix}again.")
    others = [submitted(station, pairs(1, 0, 0)) for station in all_stations()[:number]]
    send(opened(renewed), others)
    with running(renewed) as engine:
        engine.assign(ALL, never)
    assert recovered(renewed, kept)[0] == number


def test_a_partition_without_entries_needs_none(connection: Connection, tmp_path: Path) -> None:
    opened(connection)
    for _ in range(2):
        with running(connection, tmp_path) as engine:
            engine.assign(ALL, never)
            engine.save_snapshots()
    assert recovered(connection, tmp_path)[:2] == (0, dict.fromkeys(range(PARTITIONS), 0))


def test_a_directory_that_can_not_be_written_does_no_harm(topics: Connection, kept: Path) -> None:
    for file in kept.iterdir():
        file.unlink()
    kept.rmdir()
    with running(topics, kept / "new") as engine:
        (kept / "new").rmdir()
        engine.assign(ALL, never)
        engine.save_snapshots()
    assert recovered(topics, None)[0] == 40
