"""The file of accepted events: all of a batch or nothing, one process at a time, and never in the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from event_log.accepted import AcceptedEvents, AcceptedRow, ReadPosition
from event_log.errors import LogUnavailable

READ = ReadPosition(next=7, last=5, leaf=b"l" * 32)


def row(unit: str, number: int, body: bytes, contest: str = "PPWP", effect: int = 0) -> AcceptedRow:
    return AcceptedRow(contest, unit, number, body.ljust(32, b"."), effect, body)


ROWS = [row("a", 1, b"a1"), row("b", 1, b"b1"), row("a", 2, b"a2", effect=1), row("a", 1, b"other", "DPR")]


def test_what_was_added_is_there_again_oldest_first_and_by_contest(tmp_path: Path) -> None:
    path = tmp_path / "accepted.sqlite"
    with AcceptedEvents.open(path) as file:
        file.add(ROWS, {3: READ})
    with AcceptedEvents.open(path) as file:
        assert file.bodies("PPWP", ["b", "a", "c"]) == {"a": [b"a1", b"a2"], "b": [b"b1"]}
        assert file.bodies("DPR", ["a", "b"]) == {"a": [b"other"]}
        assert file.effects("PPWP", ["a"]) == {"a": [(ROWS[0].id, 0), (ROWS[2].id, 1)]}
        assert file.bodies("PPWP", []) == {}
        assert file.read_positions() == {3: READ}
        file.clear()
        assert (file.bodies("PPWP", ["a"]), file.read_positions()) == ({}, {})


def test_a_batch_that_fails_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "accepted.sqlite"
    with AcceptedEvents.open(path) as file:
        file.add(ROWS, {3: READ})
        with pytest.raises(LogUnavailable, match="UNIQUE"):
            file.add([row("new", 1, b"n1"), ROWS[0]], {3: READ._replace(next=9)})
        assert file.bodies("PPWP", ["new"]) == {}
        assert file.read_positions() == {3: READ}


def test_a_second_process_gets_a_file_of_its_own_that_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "accepted.sqlite"
    with AcceptedEvents.open(path) as first:
        first.add(ROWS[:1], {})
        with AcceptedEvents.open(path) as second:
            assert second.bodies("PPWP", ["a"]) == {}
            second.add([row("a", 1, b"mine")], {})
            assert second.bodies("PPWP", ["a"]) == {"a": [b"mine"]}
        assert first.bodies("PPWP", ["a"]) == {"a": [b"a1"]}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_where_nothing_can_be_written_it_does_without_a_place_to_stay(tmp_path: Path) -> None:
    with AcceptedEvents.open(tmp_path / "missing" / "accepted.sqlite") as file:
        file.add(ROWS, {3: READ})
        assert file.bodies("PPWP", ["b"]) == {"b": [b"b1"]}
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "accepted.sqlite"
    path.write_bytes(b"not a database, certainly not one" * 100)
    with AcceptedEvents.open(path) as file:
        file.add(ROWS, {3: READ})
    with AcceptedEvents.open(path) as file:
        assert file.read_positions() == {3: READ}


def test_a_file_of_another_format_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "accepted.sqlite"
    with AcceptedEvents.open(path) as file:
        file.add(ROWS, {3: READ})
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with AcceptedEvents.open(path) as file:
        assert (file.read_positions(), file.bodies("PPWP", ["a"])) == ({}, {})
        file.add(ROWS, {3: READ})
