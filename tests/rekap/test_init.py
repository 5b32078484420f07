"""`rekap init` refuses what could never be counted, and reads everyday files."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path

import pytest

from tests.rekap.conftest import Rekap
from tests.schemas.test_election_checks import DEFINITION, REGIONS, STATIONS


def write(folder: Path, regions: str = REGIONS, definition: str = DEFINITION) -> list[str]:
    """The arguments of `init` for these files."""
    (folder / "e.yaml").write_text(definition)
    (folder / "regions.csv").write_text(regions)
    (folder / "stations.csv").write_text(STATIONS)
    options = ["--data", folder / "data", "init", "--election", folder / "e.yaml"]
    return [str(one) for one in (*options, "--registry", folder / "regions.csv")]


@pytest.mark.parametrize(
    ("regions", "definition", "what"),
    [
        (REGIONS.replace("3171011001,", "3171011001.0,"), DEFINITION, "ine 5 '3171011001.0'"),
        (REGIONS.replace("3171011001,", "3171-011001,"), DEFINITION, "stations.pattern"),
        (REGIONS, DEFINITION.replace('["36"]', '["99"]'), "contests.D.excluded '99'"),
    ],
)
def test_it_refuses_what_can_never_work(
    rekap: Rekap, tmp_path: Path, regions: str, definition: str, what: str
) -> None:
    ran = rekap(*write(tmp_path, regions, definition))
    assert (ran.code, ran.out) == (2, "")
    assert what in ran.err
    assert not (tmp_path / "data").exists()
    again = rekap("--lang", "id", *write(tmp_path, regions, definition))
    assert what.replace("ine 5", "aris 5").lower() in again.err.lower()
    assert again.err != ran.err


def test_a_definition_of_ours_is_for_parts_of_the_nation_too(rekap: Rekap, tmp_path: Path) -> None:
    arguments = write(tmp_path)
    arguments[arguments.index("--election") + 1] = "pemilu2024"
    told = rekap(*arguments).err
    assert "regions that the register does not have (99, 91, 92, 93, 94, ...)" in told
    document = rekap(*arguments, "--format", "json").json
    assert {"place": "overseas", "region": "99"} in document["not_in_register"]
    assert rekap(*write(tmp_path), "--format", "json").code == 2  # another definition


def test_in_a_copy_of_a_definition_of_ours_only_what_was_changed_is_refused(
    rekap: Rekap, tmp_path: Path
) -> None:
    ours = (resources("schemas") / "definitions" / "pemilu2024.yaml").read_text(encoding="utf-8")
    copy = ours.replace("id: pemilu2024", "id: mine2024")
    wrong = copy.replace('excluded: ["99"]', 'excluded: ["36l"]', 1)
    refused = rekap(*write(tmp_path, definition=wrong))
    assert refused.code == 2
    assert "contests.DPD.excluded '36l'. " in refused.err  # alone
    taken = rekap(*write(tmp_path, definition=copy), "--format", "json")
    assert (taken.code, taken.json["election"]) == (0, "mine2024")
    assert {"place": "contests.DPD.excluded", "region": "99"} in taken.json["not_in_register"]


@pytest.mark.parametrize("code", ["94", "11"])  # 11: with parties of its own
def test_a_province_without_villages_is_shown(rekap: Rekap, tmp_path: Path, code: str) -> None:
    arguments = write(tmp_path, f"{REGIONS}{code},,province,TANPA DESA,,\n")
    arguments[arguments.index("--election") + 1] = "pemilu2024"
    assert rekap(*arguments).code == 0
    data = ("--data", tmp_path / "data")
    (tmp_path / "c.csv").write_text("station,contest,vote_1,vote_2,vote_3\n3171011001001,PPWP,1,2,3\n")
    assert rekap(*data, "import", tmp_path / "c.csv").code == 0
    level = ("--level", "province", "--contest")
    for contest in ("PPWP", "DPR", "DPRD-PROV"):
        for question in ("results", "progress"):
            [row] = [
                row
                for row in rekap(*data, question, *level, contest, "--format", "json").json
                if row["region"] == code
            ]
            assert row["stations"]["expected"] == row["stations"]["received"] == 0
            assert (row["registered"], row["outstanding"]["stations"]) == (None, 0)
            if contest == "DPR":
                assert f"{code}    TANPA DESA" in rekap(*data, question, *level, contest).out
    assert rekap(*data, "verify").code == 0


def test_a_list_of_stations_without_a_row_is_refused(rekap: Rekap, tmp_path: Path) -> None:
    arguments = write(tmp_path)
    (tmp_path / "stations.csv").write_text("id,village,number\n")
    ran = rekap(*arguments, "--stations", tmp_path / "stations.csv")
    assert ran.code == 2
    assert "has no row with a station" in ran.err


def test_candidates_of_no_constituency_are_refused(rekap: Rekap, tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("contest;constituency;option;name\nD;31;21;Ani\nD;33;21;Budi\n")
    ran = rekap(*write(tmp_path), "--candidates", tmp_path / "c.csv")
    assert ran.code == 2
    assert "c.csv" in ran.err
    assert "line 3 'D 33'" in ran.err


def test_a_night_is_offered_of_contests_in_which_somebody_stands(rekap: Rekap, tmp_path: Path) -> None:
    arguments = write(tmp_path)
    assert rekap(*arguments).err.endswith(
        f" {tmp_path / 'data'} import FILE\n"
    )  # when voting closed is not said
    arguments[arguments.index("--election") + 1] = "pemilu2024"
    arguments[arguments.index("--data") + 1] = str(tmp_path / "ours")
    told = rekap(*arguments).err.splitlines()[-1]
    of = [word for name in ("PPWP", "DPR", "DPRD-PROV", "DPRD-KABKO") for word in ("--contest", name)]
    assert told.endswith(" ".join([" simulate", *of]))  # nobody stands in DPD
    assert rekap("--data", tmp_path / "ours", "simulate", *of).code == 0
    assert rekap("--data", tmp_path / "ours", "simulate").code == 2
