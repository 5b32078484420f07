"""Names of stations are kept as the list gives them, and only where it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from schemas.data_directory import REGISTRY_FILE, DataDirectory, DirectoryConflict
from schemas.elections import load_election
from schemas.regions import Registry, RegistryInvalid
from schemas.registry_files import read_registry
from schemas.station_names import COLUMNS, NO_NAMES, StationNames
from tests.schemas.test_regions import build, stations
from tests.worlds import election

HASH_WITHOUT_NAMES = "8c4800d03791c6a4cdf2346742786bff428ea5c37ff165248e8b1c70d3721ef5"
"""What versions that read no names made of `build(stations())`."""

NAMES = {"1111-002": "Balai Désa", "2111-009": "KBRI 東京"}
IN_ORDER = ["", "Balai Désa", "", "", "KBRI 東京"]

REGIONS = """id,parent,level,name
99,,province,LUAR NEGERI
9901,99,district,TAIWAN
990101,9901,subdistrict,KDEI TAIPEI
9901010002,990101,village,TPS
"""


def register(names: Mapping[str, str]) -> Registry:
    """That of tests/schemas/test_regions.py, with these names of stations."""
    return build([dataclasses.replace(row, name=names.get(row.id)) for row in stations()])


def texts(registry: Registry) -> list[str]:
    return registry.station_names.texts(len(registry.station_ids))


def test_they_are_held_in_the_order_of_the_stations() -> None:
    assert texts(register(NAMES)) == IN_ORDER
    assert texts(register({})) == [""] * 5
    assert len(register({}).station_names.text) == 0


def test_a_register_without_names_has_the_hash_that_it_had() -> None:
    assert register({}).hash == HASH_WITHOUT_NAMES
    assert register(NAMES).without_station_names().hash == HASH_WITHOUT_NAMES
    moved = {"1111-002": "Balai DésaK", "2111-009": "BRI 東京"}
    of_another = {"1111-001": "Balai Désa", "2111-009": "KBRI 東京"}
    hashes = {register(names).hash for names in ({}, NAMES, moved, of_another)}
    assert len(hashes) == 4


@pytest.mark.parametrize("names", [NAMES, {}])
def test_saved_and_loaded_they_are_the_same(tmp_path: Path, names: Mapping[str, str]) -> None:
    register(names).save(tmp_path / "r.npz")
    loaded = Registry.load(tmp_path / "r.npz")
    assert (texts(loaded), loaded.hash) == (texts(register(names)), register(names).hash)
    assert loaded.takes_station_names


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("station_named", [1]),  # two names for one station
        ("station_named", [1, 5]),  # a station that is not there
        ("station_named", [4, 1]),
        ("station_named", [-1, 4]),
        ("station_name_ends", [11, 99]),
        ("station_name_ends", [0, 22]),
        ("station_name_ends", [8, 22]),  # within a character
        ("station_name_text", [0xFF] * 22),
    ],
)
def test_names_that_do_not_fit_are_a_damaged_register(
    tmp_path: Path, column: str, changed: list[int]
) -> None:
    path = tmp_path / "r.npz"
    register(NAMES).save(path)
    with np.load(path) as file:
        columns = {name: file[name] for name in file.files}
    assert not np.array_equal(columns[column], changed)
    columns[column] = np.array(changed, columns[column].dtype)
    np.savez(path, **columns)
    with pytest.raises(RegistryInvalid, match="rekap init"):
        Registry.load(path)


def test_a_flipped_byte_changes_no_name_silently(tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    register(NAMES).save(path)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 61):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            assert Registry.load(path).hash == register(NAMES).hash
        except RegistryInvalid:
            refused += 1
    assert refused


@pytest.mark.parametrize("heading", ["name", "nama_tps", "TPS_Name", "nama"])
def test_lists_call_the_column_differently(tmp_path: Path, heading: str) -> None:
    (tmp_path / "regions.csv").write_text(REGIONS)
    (tmp_path / "stations.csv").write_text(
        f"kode_tps,{heading}\n9901010002010,  Aula\tKDEI \n9901010002001,\n9901010002002, \n",
        encoding="utf-8",
    )
    read = read_registry(load_election("pemilu2024"), tmp_path / "regions.csv", tmp_path / "stations.csv")
    assert texts(read) == ["", "", "Aula KDEI"]


def test_a_directory_of_a_version_without_names_stays_as_it_is(tmp_path: Path) -> None:
    older, definition = register({}), election()
    DataDirectory.create(tmp_path / "old", definition, older)
    with np.load(tmp_path / "old" / REGISTRY_FILE) as file:
        columns = {name: file[name] for name in file.files if name not in COLUMNS}
    np.savez(tmp_path / "old" / REGISTRY_FILE, **columns)
    held = DataDirectory.create(tmp_path / "old", definition, register(NAMES))
    assert (held.registry.hash, texts(held.registry)) == (older.hash, [""] * 5)

    DataDirectory.create(tmp_path / "new", definition, older)
    with pytest.raises(DirectoryConflict):
        DataDirectory.create(tmp_path / "new", definition, register(NAMES))


def test_no_names_take_no_memory() -> None:
    assert StationNames.of([None] * 1000).columns["station_named"].nbytes == 0
    assert not NO_NAMES
    assert NO_NAMES.texts(2) == ["", ""]
