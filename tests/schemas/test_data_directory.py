"""The directory of a count remembers what it is for and refuses to become another."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from clickhouse.client import connect
from producers.simulator.nation import builtin_registry
from schemas.data_directory import (
    ELECTION_FILE,
    REGISTRY_FILE,
    DataDirectory,
    DirectoryConflict,
    DirectoryMissing,
    DirectoryUnwritable,
)
from schemas.elections import Election
from schemas.regions import Registry, RegistryInvalid

Nation = tuple[Election, Registry]


def test_it_is_opened_as_it_was_created(tmp_path: Path, small_nation: Nation) -> None:
    DataDirectory.create(tmp_path, *small_nation)
    held = DataDirectory.open(tmp_path)
    assert (held.election.hash, held.registry.hash) == (small_nation[0].hash, small_nation[1].hash)


def test_creating_it_again_for_the_same_count_changes_nothing(tmp_path: Path, small_nation: Nation) -> None:
    DataDirectory.create(tmp_path, *small_nation)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    DataDirectory.create(tmp_path, *small_nation)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_one_of_a_version_without_roles_of_reasons_stays_as_it_is(
    tmp_path: Path, small_nation: Nation
) -> None:
    election, registry = small_nation
    older = election.with_reason_roles(None)
    DataDirectory.create(tmp_path, older, registry)
    held = DataDirectory.create(tmp_path, election, registry)
    assert held.election.hash == older.hash != election.hash
    new = tmp_path / "new"
    DataDirectory.create(new, election, registry)
    with pytest.raises(DirectoryConflict):
        DataDirectory.create(new, election.with_reason_roles({}), registry)


def test_its_projections_are_in_it_whatever_its_name_is(tmp_path: Path, small_nation: Nation) -> None:
    directory = DataDirectory.create(tmp_path / "TPS #7 at 100%20", *small_nation)
    with closing(connect(directory.clickhouse_url)):
        pass
    assert (directory.path / "clickhouse").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["TPS #7 at 100%20"]


def test_a_folder_without_a_count_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(DirectoryMissing):
        DataDirectory.open(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_another_register_is_refused(tmp_path: Path, small_nation: Nation) -> None:
    DataDirectory.create(tmp_path, *small_nation)
    other = builtin_registry(small_nation[0], provinces=["34"], stations=50)
    with pytest.raises(DirectoryConflict, match="new directory"):
        DataDirectory.create(tmp_path, small_nation[0], other)


def test_a_missing_count_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DirectoryMissing, match=r"rekap --data .* init"):
        DataDirectory.open(tmp_path / "nowhere")


def test_a_crash_before_the_definition_is_written_leaves_no_count(
    tmp_path: Path, small_nation: Nation
) -> None:
    small_nation[1].save(tmp_path / REGISTRY_FILE)
    with pytest.raises(DirectoryMissing):
        DataDirectory.open(tmp_path)
    assert DataDirectory.create(tmp_path, *small_nation).registry.hash == small_nation[1].hash


def test_a_damaged_definition_is_told(tmp_path: Path, small_nation: Nation) -> None:
    DataDirectory.create(tmp_path, *small_nation)
    (tmp_path / ELECTION_FILE).write_bytes(b"{")
    with pytest.raises(DirectoryMissing, match="can't be read"):
        DataDirectory.open(tmp_path)


def test_a_cut_off_register_is_told(tmp_path: Path, small_nation: Nation) -> None:
    DataDirectory.create(tmp_path, *small_nation)
    whole = (tmp_path / REGISTRY_FILE).read_bytes()
    (tmp_path / REGISTRY_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RegistryInvalid, match="can't be read"):
        assert DataDirectory.open(tmp_path).registry


def test_a_place_that_is_a_file_is_told(tmp_path: Path, small_nation: Nation) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(DirectoryUnwritable, match="can't be written"):
        DataDirectory.create(tmp_path / "taken", *small_nation)
