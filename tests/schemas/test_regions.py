"""The register of regions and stations: its tree, its sums, its files."""

from __future__ import annotations

import dataclasses
import os
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.elections import load_election
from schemas.regions import UNKNOWN, Level, Registry, RegistryInvalid
from schemas.registry_build import RegionRow, StationRow, build_registry
from schemas.registry_files import read_registry
from tests.producers.importers.support import REAL_DATA, needs_real_data

ROOT = ("0", "INDONESIA")
PATTERN = r"(?P<village>[0-9]+)-(?P<number>[0-9]{3})"
ELECTION = load_election("pilpres2019")


def rows() -> list[RegionRow]:
    """Two provinces, one with two villages in one sub-district."""
    return [
        RegionRow("1", None, Level.PROVINCE, "ONE"),
        RegionRow("11", "1", Level.DISTRICT, "ONE A"),
        RegionRow("111", "11", Level.SUBDISTRICT, "ONE A A"),
        RegionRow("1111", "111", Level.VILLAGE, "ONE A A A", 2, 500),
        RegionRow("1112", "111", Level.VILLAGE, "ONE A A B", 3, None),
        RegionRow("2", None, Level.PROVINCE, "TWO"),
        RegionRow("21", "2", Level.DISTRICT, "TWO A"),
        RegionRow("211", "21", Level.SUBDISTRICT, "TWO A A"),
        RegionRow("2111", "211", Level.VILLAGE, "TWO A A A", 1, 100),
    ]


def stations() -> list[StationRow]:
    return [
        StationRow("1111-002", "1111", 2, 250),
        StationRow("1111-001", "1111", 1, 240),
        StationRow("1112-001", "1112", 1, None),
        StationRow("2111-001", "2111", None, 100),
        StationRow("2111-009", "2111", 9, 70, listed=False),
    ]


def build(stations: list[StationRow] | None = None) -> Registry:
    return build_registry(rows(), stations or [], root=ROOT, unlisted_pattern=PATTERN)


def figures(registry: Registry, region: str) -> tuple[int, int | None]:
    found = registry.region(region)
    assert found is not None
    return found.stations, found.registered


def test_expected_stations_and_voters_add_up_to_the_nation() -> None:
    registry = build()
    assert figures(registry, "1111") == (2, 500)
    assert figures(registry, "1112") == (3, None)
    assert figures(registry, "111") == (5, 500)
    assert figures(registry, "1") == (5, 500)
    assert figures(registry, "0") == (6, 600)


def test_a_list_of_stations_goes_before_the_villages_own_figures() -> None:
    registry = build(stations())
    assert figures(registry, "1111") == (2, 490)
    assert figures(registry, "1112") == (1, None)
    assert figures(registry, "2111") == (1, 100)
    assert figures(registry, "0") == (4, 590)


def test_nobody_registered_is_not_the_same_as_not_known() -> None:
    registry = build([StationRow("1111-001", "1111", 1, 0), StationRow("1112-001", "1112", 1, None)])
    assert figures(registry, "1111") == (1, 0)
    assert figures(registry, "1112") == (1, None)
    assert figures(registry, "2") == (0, None)
    assert figures(registry, "0") == (2, 0)


def test_a_village_s_own_voters_are_taken_where_the_list_does_not_tell_those_of_every_station() -> None:
    own = [dataclasses.replace(row, registered=70) if row.id == "1112" else row for row in rows()]
    some = [StationRow("1112-001", "1112", 1, 30), StationRow("1112-002", "1112", 2, None)]
    assert figures(build_registry(own, some, root=ROOT), "1112") == (2, 70)
    every = [some[0], dataclasses.replace(some[1], registered=41)]
    assert figures(build_registry(own, every, root=ROOT), "1112") == (2, 71)
    without = [dataclasses.replace(row, registered=None) for row in rows()]
    assert figures(build_registry(without, some, root=ROOT), "1112") == (2, None)


def test_parents_stand_before_children_whatever_the_order_of_the_rows() -> None:
    shuffled = rows()
    random.Random(7).shuffle(shuffled)
    registry = build_registry(shuffled, [], root=ROOT)
    assert registry.ids[0] == "0"
    for region in registry.regions():
        assert region.parent is None or registry.index[region.parent] < region.index
    assert {region.id: region.parent for region in registry.regions()} == {
        "0": None,
        "1": "0",
        "2": "0",
        **{row.id: row.parent for row in rows() if row.parent},
    }


def test_a_region_knows_its_chain_its_children_and_its_ancestors() -> None:
    registry = build()
    village = registry.index["1112"]
    assert [registry.ids[index] for index in registry.chain(village)] == ["1112", "111", "11", "1", "0"]
    assert [registry.ids[index] for index in registry.children[registry.index["111"]]] == ["1111", "1112"]
    assert [registry.ids[at[village]] for at in registry.ancestors] == ["0", "1", "11", "111", "1112"]
    assert [at[registry.index["1"]] for at in registry.ancestors][2:] == [UNKNOWN] * 3


def test_a_station_is_found_with_what_the_list_says() -> None:
    registry = build(stations())
    found = registry.station("1111-002")
    assert found is not None
    assert tuple(found) == ("1111-002", registry.index["1111"], 2, 250, True)
    without_number = registry.station("2111-001")
    assert without_number is not None
    assert (without_number.number, without_number.registered) == (None, 100)
    not_listed = registry.station("2111-009")
    assert not_listed is not None
    assert not_listed.listed is False


def test_a_station_on_no_list_is_placed_by_its_id_and_said_to_be_unlisted() -> None:
    found = build(stations()).station("1112-077")
    assert found is not None
    assert (found.village, found.number, found.registered, found.listed) == (
        build().index["1112"],
        77,
        None,
        False,
    )


def test_without_a_list_nobody_says_that_a_station_is_unlisted() -> None:
    found = build().station("1112-077")
    assert found is not None
    assert found.listed is None


@pytest.mark.parametrize("station", ["9999-001", "111-001", "1112", "1112-1", "", "x", "1112-001 "])
def test_a_station_of_no_village_is_unknown(station: str) -> None:
    assert build().station(station) is None
    assert build(stations()).station(station) is None


@given(st.lists(st.sampled_from([*(one.id for one in stations()), "1112-077", "x", "2111-00", "9"])))
def test_stations_looked_up_together_are_those_looked_up_alone(ids: list[str]) -> None:
    registry = build(stations())
    assert registry.stations_of(ids) == [registry.station(one) for one in ids]


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (RegionRow("1111", "111", Level.VILLAGE, "X"), "Region 1111 stands twice"),
        (RegionRow("1", None, Level.PROVINCE, "X"), "Region 1 stands twice"),
        (RegionRow("3", "9", Level.PROVINCE, "X"), "names the parent '9'"),
        (RegionRow("31", "1", Level.SUBDISTRICT, "X"), "no district of this register"),
        (RegionRow("31", None, Level.DISTRICT, "X"), "names the parent None"),
        (RegionRow("1111", "1111", Level.VILLAGE, "X"), "Region 1111 stands twice"),
    ],
)
def test_a_region_that_hangs_nowhere_or_stands_twice_is_named(extra: RegionRow, what: str) -> None:
    with pytest.raises(RegistryInvalid) as error:
        build_registry([*rows(), extra], [], root=ROOT)
    assert what in str(error.value)


def test_two_nations_or_no_regions_are_refused() -> None:
    nations = [RegionRow(one, None, Level.NATION, one) for one in ("A", "B")]
    with pytest.raises(RegistryInvalid, match="A and B"):
        build_registry([*nations, *rows()], [], root=ROOT)
    with pytest.raises(RegistryInvalid, match="has no regions"):
        build_registry([], [], root=ROOT)


def test_a_file_may_name_the_nation_itself() -> None:
    named = [RegionRow("ID", None, Level.NATION, "Indonesia"), *rows()]
    registry = build_registry(named, [], root=ROOT)
    assert registry.ids[0] == "ID"
    assert registry.region("1") is not None
    assert registry.region("0") is None


@pytest.mark.parametrize(
    ("station", "what"),
    [
        (StationRow("1111-001", "1111"), "stands twice"),
        (StationRow("x-001", "x"), "names the village 'x'"),
        (StationRow("y-001", "111"), "names the village '111'"),
    ],
)
def test_a_station_that_stands_twice_or_in_no_village_is_named(station: StationRow, what: str) -> None:
    with pytest.raises(RegistryInvalid) as error:
        build([*stations(), station])
    assert station.id in str(error.value)
    assert what in str(error.value)


def test_the_hash_names_the_content() -> None:
    assert build(stations()).hash == build(stations()[::-1]).hash
    hashes = {build().hash, build(stations()).hash, build(stations()[:-1]).hash}
    for place, row in enumerate(rows()):
        for change in ({"name": row.name + "X"}, {"stations": 77}, {"registered": 77}):
            changed = rows()
            changed[place] = dataclasses.replace(row, **change)
            if row.level is Level.VILLAGE or "name" in change:
                hashes.add(build_registry(changed, [], root=ROOT).hash)
    assert len(hashes) == 3 + len(rows()) + 2 * 3


def test_the_hash_tells_where_an_id_ends_and_a_name_begins() -> None:
    one = build_registry([RegionRow("1", None, Level.PROVINCE, "23")], [], root=("0", "X"))
    arrays = {name: one._array(name) for name in ("parent", "depth", "stations", "registered")}
    arrays |= {name: one._array(name) for name in vars(one) if name.startswith("station_")}
    assert Registry(["0", "12"], ["X", "3"], arrays).hash != Registry(["0", "1"], ["2X", "3"], arrays).hash
    assert Registry(["0", "1"], ["X", "3"], arrays).hash != Registry(["0", "1X"], ["", "3"], arrays).hash
    assert Registry(["0", "1"], ["2", "3"], arrays).hash != Registry(["0", "12"], ["", "3"], arrays).hash


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    registry = build(stations())
    registry.save(tmp_path / "r.npz")
    loaded = Registry.load(tmp_path / "r.npz")
    assert loaded.hash == registry.hash
    assert loaded.names == registry.names
    assert loaded.station("1112-077") == registry.station("1112-077")
    assert loaded.station("1111-001") == registry.station("1111-001")


@pytest.mark.parametrize("keep", [0, 1, 100, 2_000, -1])
def test_a_damaged_file_is_a_clear_error(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "r.npz"
    build(stations()).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RegistryInvalid, match="rekap init"):
        Registry.load(path)


def test_a_file_with_a_flipped_byte_is_a_clear_error_or_another_hash(tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    registry = build(stations())
    registry.save(path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        try:
            loaded = Registry.load(path)
        except RegistryInvalid:
            continue
        # Fields of the zip that nobody reads, such as dates, may change without harm.
        assert loaded.hash == registry.hash


REGIONS = """id,parent,level,name,stations,registered
1,,province,ONE,,
11,1,district,ONE A,,
111,11,subdistrict,ONE A A,,
1111,111,village,"ONE, A A A",2,500
"""


def write(tmp_path: Path, regions: str, stations: str | None = None) -> Registry:
    (tmp_path / "regions.csv").write_text(regions, encoding="utf-8")
    if stations is None:
        return read_registry(ELECTION, tmp_path / "regions.csv")
    (tmp_path / "stations.csv").write_text(stations, encoding="utf-8")
    return read_registry(ELECTION, tmp_path / "regions.csv", tmp_path / "stations.csv")


def test_a_register_is_read_from_csv(tmp_path: Path) -> None:
    registry = write(tmp_path, REGIONS, "id,village,number,registered,listed\n1111-001,1111,1,240,true\n")
    village = registry.region("1111")
    assert village is not None
    assert (village.name, village.stations, village.registered) == ("ONE, A A A", 1, 240)


def test_the_commissions_own_words_are_known(tmp_path: Path) -> None:
    text = (
        "\ufeffkode;parent_id;tingkat;nama;n_tps;dpt_l;dpt_p\n"
        "1;0;PROVINSI;ONE;;;\n11;1;kabupaten_kota;A;;;\n111;11;kecamatan;A;;;\n"
        "1111;111;kelurahan_desa;A;2;240;260\n1112;111;kelurahan_desa;B;1;-1;-1\n"
    )
    registry = write(tmp_path, text, "kel_id,tps_no,in_dpt_list\n1111,1,True\n1112,12,False\n")
    assert registry.station("1111-001") is not None
    found = registry.station("1112-012")
    assert found is not None
    assert found.listed is False
    assert figures(write(tmp_path, text), "111") == (3, 500)


def test_a_register_is_read_from_parquet(tmp_path: Path) -> None:
    table = {
        "id": [1, 11, 111, 1111],
        "parent": [None, 1, 11, 111],
        "level": ["province", "district", "subdistrict", "village"],
        "name": ["A", "B", "C", "D"],
        "n_tps": [None, None, None, 3.0],
    }
    path = tmp_path / "r.parquet"
    pyarrow.parquet.write_table(pa.table(table), path)
    assert figures(read_registry(ELECTION, path), "0") == (3, None)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("level", "tier"), "no column for the level"),
        (("village", "dusun"), "row 5: the level 'dusun' is unknown"),
        ((",2,500", ",two,500"), "row 5"),
        ((",2,500", ",2,1.500"), "row 5"),
        ((",2,500", ',2,"1,500"'), "row 5"),
        ((",2,500", ",inf,500"), "row 5"),
        ((",2,500", ",2"), "regions.csv"),
        (("11,1,district", ",1,district"), "row 3"),
    ],
)
def test_a_region_file_that_can_not_be_used_is_refused_with_its_row(
    tmp_path: Path, change: tuple[str, str], what: str
) -> None:
    with pytest.raises(RegistryInvalid) as error:
        write(tmp_path, REGIONS.replace(*change))
    assert what in str(error.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("name\nx\n", "needs the column id"),
        ("village,number\n1111,\n", "row 2"),
        ("village,number\n,1\n", "row 2"),
        ("village,number\n1111,x\n", "row 2"),
        ("id\nx\n", "no column for its village"),
        ("id,registered\n1111-001,1.234\n", "row 2"),
    ],
)
def test_a_station_file_that_can_not_be_used_is_refused_with_its_row(
    tmp_path: Path, text: str, what: str
) -> None:
    with pytest.raises(RegistryInvalid) as error:
        write(tmp_path, REGIONS, text)
    assert what in str(error.value)


def test_a_file_in_another_encoding_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(REGIONS.replace("ONE", "ÖNE").encode("latin-1"))
    with pytest.raises(RegistryInvalid, match=r"r\.csv"):
        read_registry(ELECTION, path)


@pytest.mark.real_data
@needs_real_data
def test_the_real_register_of_2019_has_its_regions_and_stations() -> None:
    folder = REAL_DATA / "pilpres2019"
    registry = read_registry(ELECTION, folder / "regions.csv", folder / "tps.parquet")
    assert len(registry.station_ids) == 816_920
    assert int(registry.stations[0]) == 813_336
    assert int(np.count_nonzero(registry.depth == 1)) == 35
    unlisted = registry.station_listed.tolist().count(False)
    assert unlisted == 3_584
    without_list = read_registry(ELECTION, folder / "regions.csv")
    assert int(without_list.stations[0]) == 813_336


@pytest.mark.real_data
@needs_real_data
def test_the_real_register_of_2024_has_its_regions_and_stations() -> None:
    folder = REAL_DATA / "pilpres2024"
    election = load_election("pemilu2024")
    registry = read_registry(election, folder / "regions.csv", folder / "stations.parquet")
    assert len(registry.station_ids) == 823_366
    assert int(np.count_nonzero(registry.depth == 1)) == 39
    assert registry.station("3101011001001") is not None


def test_an_id_that_nobody_sees_is_refused_and_a_name_of_two_lines_shifts_no_other() -> None:
    with pytest.raises(RegistryInvalid, match=r"1\\n2.*take them out"):
        build_registry(
            [*rows(), RegionRow("1\n2", None, Level.PROVINCE, "X")], [], root=ROOT, unlisted_pattern=PATTERN
        )
    registry = build_registry(rows(), [], root=("0", "INDO\nNESIA"), unlisted_pattern=PATTERN)
    assert registry.names[:2] == ["INDO NESIA", "ONE"]


def test_a_register_with_a_name_of_two_lines_is_read_as_it_was_saved(tmp_path: Path) -> None:
    registry = build_registry(rows(), [], root=("0", "INDO\nNESIA"), unlisted_pattern=PATTERN)
    registry.save(tmp_path / "register.npz")
    assert Registry.load(tmp_path / "register.npz").names == registry.names


@pytest.mark.parametrize(
    ("column", "place", "value"),
    [("parent", 1, 2), ("parent", 0, 0), ("parent", 1, -2), ("depth", 1, 9), ("station_village", 0, 10_000)],
)
def test_a_stored_register_that_is_no_tree_is_refused(
    tmp_path: Path, column: str, place: int, value: int
) -> None:
    path = tmp_path / "r.npz"
    build(stations()).save(path)
    with np.load(path) as file:
        columns = dict(file)
    columns[column][place] = value
    np.savez(path, **columns)
    with pytest.raises(RegistryInvalid):
        Registry.load(path)


def test_a_stored_register_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.npz")
    with pytest.raises(RegistryInvalid):
        Registry.load(tmp_path / "r.npz")
