"""`rekap init` refuses what could never be counted, and reads everyday files."""

from __future__ import annotations

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
