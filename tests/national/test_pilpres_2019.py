"""All polling stations of 2019, through the command line, against what KPU itself published.

The folder of real results is named by REKAP_REAL_DATA; without it there is nothing to compare with.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("REKAP_REAL_DATA", "absent")) / "pilpres2019"
LEVELS = {
    "provinsi": "province",
    "kabupaten_kota": "district",
    "kecamatan": "subdistrict",
    "kelurahan_desa": "village",
}
FIGURES = ("kpu_pas1", "kpu_pas2", "kpu_sah", "kpu_tidak_sah", "kpu_pengguna")
COUNTED = 806_583
LONGEST_S = 1_800
"""A command on a busy machine: verify takes six minutes alone, the others about one."""
KILLS = 3
"""Kills in the middle of the import before it is let through."""

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.national,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="REKAP_REAL_DATA names no folder with pilpres2019"),
]


def command(directory: Path, *arguments: str) -> list[str]:
    """The command line on that directory, with an answer for scripts."""
    return [sys.executable, "-m", "rekap", "--data", str(directory), *arguments, "--format", "json"]


def answer(directory: Path, *arguments: str) -> Any:
    """What the command prints."""
    done = subprocess.run(
        command(directory, *arguments), capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def count(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The count of 2019, its import killed at random moments before it went through."""
    directory = tmp_path_factory.mktemp("pilpres2019") / "count"
    files = ["--registry", str(FOLDER / "regions.csv"), "--stations", str(FOLDER / "tps.parquet")]
    init = [sys.executable, "-m", "rekap", "--data", str(directory), "init", "--election", "pilpres2019"]
    subprocess.run([*init, *files], check=True, capture_output=True, timeout=LONGEST_S)
    draw = random.Random(2019)
    for _ in range(KILLS):
        process = subprocess.Popen(
            command(directory, "import", str(FOLDER / "tps.parquet")),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(draw.uniform(2, 10))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    report = answer(directory, "import", str(FOLDER / "tps.parquet"))
    assert report["accepted"] + report["repeated"] == COUNTED
    assert (report["read"], report["empty"]) == (816_920, 10_337)
    assert report["rejected"] == report["unreadable"] == 0
    return directory


def test_the_second_implementation_gives_every_decision_finding_and_cell(count: Path, tmp_path: Path) -> None:
    """What is shown was made by the first; a bundle without the directory is counted again by the second."""
    answer(count, "audit", "export", str(tmp_path / "bundle"))
    report = answer(tmp_path / "nowhere", "audit", "verify", str(tmp_path / "bundle"))
    assert (report["verdict"], report["findings"]) == ("proven", [])
    assert report["events"] >= COUNTED
    assert {check["verdict"] for check in report["checks"]} == {"proven"}


@pytest.mark.parametrize("word", LEVELS)
def test_every_cell_equals_the_published_aggregates(count: Path, word: str) -> None:
    with (FOLDER / "situng_aggregates.csv").open(encoding="utf-8") as file:
        published = {
            row["child_id"]: tuple(int(row[figure]) for figure in FIGURES)
            for row in csv.DictReader(file)
            if row["child_level"] == word
        }
    rows = answer(count, "results", "--contest", "PPWP", "--level", LEVELS[word])
    counted = {
        row["region"]: (row["votes"]["1"], row["votes"]["2"], row["valid"], row["invalid"], row["voters"])
        for row in rows
    }
    assert len(published) > 30
    assert {region: counted.get(region) for region in published} == published


def test_the_nation_is_the_sum_that_was_published(count: Path) -> None:
    (nation,) = answer(count, "results", "--contest", "PPWP", "--level", "nation")
    assert nation["votes"] == {"1": 84_298_880, "2": 68_221_284}
    assert (nation["valid"], nation["version"]) == (151_950_244, COUNTED)


def test_what_is_outstanding_is_that_of_the_list_of_stations(count: Path) -> None:
    rows = {row["name"]: row for row in answer(count, "results", "--contest", "PPWP", "--level", "province")}
    aceh = rows["ACEH"]
    assert (aceh["stations"]["received"], aceh["stations"]["unlisted"]) == (15_363, 1_771)
    assert aceh["stations"]["expected"] - aceh["outstanding"]["stations"] == 13_592
    progress = {row["name"]: row for row in answer(count, "progress", "--level", "province")}
    assert progress["ACEH"]["percent"] == 87.0
    shown = subprocess.run(
        [sys.executable, "-m", "rekap", "--data", str(count), "results", "--level", "province"],
        capture_output=True, text=True, timeout=LONGEST_S, check=True,
    ).stdout  # fmt: skip
    (line,) = [" ".join(line.split()) for line in shown.splitlines() if " ACEH " in line]
    assert " ACEH 13,592/15,616 87.0% 1,771 " in line
    for row in rows.values():
        assert row["outstanding"]["registered"] is None or row["outstanding"]["registered"] >= 0


def test_the_rules_find_what_the_data_is_known_to_hold(count: Path) -> None:
    found = {row["rule"]: row["stations"] for row in answer(count, "findings", "--count")}
    assert (found["R06"], found["R08"], found["unlisted_station"]) == (13_848, 39_666, 3_571)


def test_of_two_pairs_the_plurality_wins_and_the_count_is_a_projection(count: Path) -> None:
    outcome = answer(count, "determination", "--contest", "PPWP")
    assert (outcome["decided"], outcome["rule"], outcome["winner"]) == (True, "plurality", "1")
    assert (outcome["projection"], outcome["provinces"]["total"]) == (True, 34)
    assert outcome["outstanding"]["stations"] > 0


def test_certified_villages_that_differ_from_their_stations_are_found(count: Path) -> None:
    """The last test of this module: it adds the documents to the count."""
    report = answer(count, "import", str(FOLDER / "official_recap.csv"))
    assert (report["read"], report["accepted"]) == (79_033, 79_033)
    again = answer(count, "import", str(FOLDER / "official_per_province.csv"))
    assert (again["read"], again["accepted"]) == (35, 0)
    counts = {row["level"]: row for row in answer(count, "reconcile", "--count")}
    village = counts["village"]
    assert (village["differing"], village["differing_incomplete"]) == (7_326, 512)
    rows = answer(count, "reconcile", "--level", "village", "--contest", "PPWP")
    assert len({row["region"] for row in rows if row["complete"]}) == 7_326
    assert all(row["certified"] - row["computed"] == row["difference"] != 0 for row in rows)
    assert {row["reason"] for row in rows} == {None}
