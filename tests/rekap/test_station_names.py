"""A station is shown by the name that its list gives it, and by none where the list gives none."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from schemas.data_directory import REGISTRY_FILE
from schemas.station_names import COLUMNS
from tests.rekap.conftest import Ran, clear_environment, run_rekap

REGIONS = """kode,parent_kode,level,nama
99,,provinsi,LUAR NEGERI
9940,99,kabupaten_kota,MESIR
994001,9940,kecamatan,KBRI KAIRO
9940010002,994001,kelurahan_desa,TPS
"""
VILLAGE = "9940010002"
NAMED = f"{VILLAGE}010"
"""A station whose number says nothing of its name."""
PLAIN = f"{VILLAGE}001"
SILENT = f"{VILLAGE}002"
NAME = "Aula KBRI Kairo"
STATIONS = f"kode_tps,nama\n{NAMED},{NAME}\n{PLAIN},\n{SILENT},Masjid Ñ\n"
COUNTS = f"""station,contest,vote_1,vote_2,vote_3,valid,invalid,total
{NAMED},PPWP,50,60,70,180,5,186
{PLAIN},PPWP,1,2,3,6,0,6
{NAMED},PPWP,51,60,70,181,5,186
"""
"""The first one does not add up (R06); the last one is rejected: its station is counted already."""
LANGUAGES = ("id", "en")


def files(folder: Path, stations: str) -> Sequence[object]:
    """The arguments of `init` for a register with that list."""
    (folder / "regions.csv").write_text(REGIONS)
    (folder / "stations.csv").write_text(stations, encoding="utf-8")
    registers = ("--registry", folder / "regions.csv", "--stations", folder / "stations.csv")
    return ("--data", folder / "data", "init", "--election", "pemilu2024", *registers)


def counted(folder: Path, stations: str) -> Path:
    """A directory with that list of stations in which COUNTS came."""
    (folder / "counts.csv").write_text(COUNTS)
    assert run_rekap(*files(folder, stations)).code == 0
    run_rekap("--data", folder / "data", "import", folder / "counts.csv")
    return folder / "data"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stations of which two have names."""
    with pytest.MonkeyPatch.context() as patch:
        clear_environment(patch)
        return counted(tmp_path_factory.mktemp("named"), STATIONS)


def asked(data: Path, *arguments: object) -> Ran:
    ran = run_rekap("--data", data, *arguments)
    assert ran.code == 0, ran.err
    return ran


STATION_RESULTS = ("results", "--level", "station", "--contest", "PPWP")
QUESTIONS = {
    STATION_RESULTS: ("region", {NAMED: NAME, PLAIN: None, SILENT: "Masjid Ñ"}),
    ("findings",): ("station", {NAMED: NAME}),
    ("rejected",): ("unit", {NAMED: NAME}),
}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_json_and_tables_for_programs_have_them(
    data: Path, tmp_path: Path, question: tuple[str, ...]
) -> None:
    unit, expected = QUESTIONS[question]

    def names(rows: Sequence[dict[str, Any]]) -> dict[str, str | None]:
        return {row[unit]: row["name"] or None for row in rows}

    assert names(asked(data, *question, "--format", "json").json) == expected
    assert names(list(csv.DictReader(io.StringIO(asked(data, *question, "--format", "csv").out)))) == expected
    asked(data, *question, "--output", tmp_path / "rows.parquet")
    assert names(pq.read_table(tmp_path / "rows.parquet").to_pylist()) == expected


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("question", [*QUESTIONS, ("history", NAMED)], ids=lambda question: question[0])
def test_people_read_them(data: Path, question: tuple[str, ...], language: str) -> None:
    told = run_rekap("--data", data, "--lang", language, *question).out
    assert NAME in told
    assert "TPS 010" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_of_a_station_has_it_in_its_title(data: Path, language: str) -> None:
    sheet = run_rekap("--data", data, "--lang", language, *STATION_RESULTS, "--region", NAMED).out
    assert f"{NAMED} {NAME}" in sheet.splitlines()[0]


def test_the_history_of_a_station_has_it_in_every_row(data: Path) -> None:
    rows = asked(data, "history", NAMED, "--format", "json").json
    assert [(row["outcome"], row["name"]) for row in rows] == [("accepted", NAME), ("rejected", NAME)]
    assert {row["name"] for row in asked(data, "history", PLAIN, "--format", "json").json} == {None}


def test_what_is_shown_is_compared_with_the_list(data: Path) -> None:
    assert asked(data, "verify", "--format", "json").json["equal"] is True


def _as_before_names(data: Path) -> None:
    """The register as earlier versions wrote it."""
    with np.load(data / REGISTRY_FILE) as file:
        columns = {name: file[name] for name in file.files if name not in COLUMNS}
    np.savez(data / REGISTRY_FILE, **columns)


def test_without_names_nothing_is_shown_and_older_directories_go_on(tmp_path: Path) -> None:
    plain = "".join(f"{line.split(',')[0]}\n" for line in STATIONS.splitlines())
    data = counted(tmp_path, plain)
    _as_before_names(data)
    again = files(tmp_path, STATIONS)  # the list has names now: the directory keeps none
    assert asked(data, *again[2:], "--format", "json").json["new"] is False
    assert {row["name"] for row in asked(data, *STATION_RESULTS, "--format", "json").json} == {None}
    for question in ("findings", "rejected"):
        assert {row["name"] for row in asked(data, question, "--format", "json").json} == {None}
        assert "Name" not in asked(data, question).out
    assert asked(data, "verify", "--format", "json").json["equal"] is True
