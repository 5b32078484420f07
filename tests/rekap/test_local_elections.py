"""Results of local elections: each region with the options that stand there."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.rekap.conftest import Rekap, run_rekap
from tests.rekap.test_elections_docs import FILE, TEXT

BUPATI = """\
Code  District       Stations       %  Voters outstanding  Option          recorded      %  clean      %
3101  KOTA SATU           1/3   33.3%                   -  1 Pasangan C          70  35.0%     70  35.0%
3101  KOTA SATU           1/3   33.3%                   -  2 Pasangan D          70  35.0%     70  35.0%
3101  KOTA SATU           1/3   33.3%                   -  3 Pasangan E          60  30.0%     60  30.0%
3102  KABUPATEN DUA       1/1  100.0%                   0  1 Pasangan F         100  69.0%    100  69.0%
3102  KABUPATEN DUA       1/1  100.0%                   0  2 Kolom kosong        45  31.0%     45  31.0%
--------------------------------------------------------------------------------------------------------
      Total               2/4   50.0%                   -
"""


@pytest.fixture(scope="module", name="count")
def _count(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The local election of docs/elections.md."""
    folder = tmp_path_factory.mktemp("local")
    for name, content in FILE.findall(TEXT):
        (folder / name).write_text(content, encoding="utf-8")
    count = folder / "count"
    made = (count, "init", "--election", folder / "local.yaml", "--registry", folder / "regions.csv")
    assert run_rekap("--data", *made, "--candidates", folder / "local-candidates.csv").code == 0
    assert run_rekap("--data", count, "import", folder / "local-counts.csv").code == 0
    return count


def test_each_region_shows_its_own_options(rekap: Rekap, count: Path) -> None:
    out = rekap("--data", count, "results", "--contest", "BUPATI", "--level", "district").out
    assert "\n".join(out.splitlines()[3:11]) + "\n" == BUPATI


def test_several_contests_stand_beside_each_other_by_region(rekap: Rekap, count: Path) -> None:
    asked = ("results", "--contest", "*", "--level", "district")
    lines = rekap("--data", count, *asked).out.splitlines()
    assert lines[0] == "2 contests"
    rows = [(line.split()[0], line.split()[3]) for line in lines if line.startswith("310")]
    governor, regent = "GUBERNUR-31", "BUPATI"
    first, second = [governor] * 2 + [regent] * 3, [governor] * 2 + [regent] * 2
    assert rows == [("3101", one) for one in first] + [("3102", one) for one in second]
    found = rekap("--data", count, *asked, "--format", "json").json
    assert [(row["region"], row["contest"], row["valid"]) for row in found] == [
        ("3101", "GUBERNUR-31", 200),
        ("3101", "BUPATI", 200),
        ("3102", "GUBERNUR-31", 150),
        ("3102", "BUPATI", 145),
    ]
    alone = rekap("--data", count, "results", "-c", "bupati", "-l", "district", "--format", "json").json
    assert [row for row in found if row["contest"] == "BUPATI"] == alone
    table = list(csv.DictReader(io.StringIO(rekap("--data", count, *asked, "--format", "csv").out)))
    assert [(row["contest"], row["votes.1"], row["votes.3102:1"]) for row in table] == [
        ("GUBERNUR-31", "120", ""),
        ("BUPATI", "", ""),
        ("GUBERNUR-31", "90", ""),
        ("BUPATI", "", "100"),
    ]


def test_stations_and_an_earlier_moment_have_several_contests_too(rekap: Rekap, count: Path) -> None:
    stations = rekap("--data", count, "results", "-c", "*", "-l", "station", "--format", "json").json
    assert {row["contest"] for row in stations} == {"GUBERNUR-31", "BUPATI"}
    before = ("results", "-c", "GUB*", "-c", "BUPATI", "-l", "province", "--as-of", "2024-01-01T00:00:00Z")
    rows = rekap("--data", count, *before, "--format", "json").json
    assert [(row["contest"], row["version"]) for row in rows] == [("GUBERNUR-31", 0), ("BUPATI", 0)]


def test_a_region_that_holds_several_constituencies_names_them(rekap: Rekap, count: Path) -> None:
    out = rekap("--data", count, "results", "--contest", "BUPATI", "--level", "province").out
    assert "1  Pasangan C (KOTA SATU)" in out
    # Pair F is on the ballots of one district: that the other's forms do not give it is no lack.
    assert "Not on every form (2): Voters who voted on none." in out


def test_a_pattern_that_no_contest_matches_is_wrong_usage(rekap: Rekap, count: Path) -> None:
    ran = rekap("--data", count, "--lang", "id", "results", "--contest", "X*")
    assert ran.code == 2
    assert "tidak ada pemilihan yang cocok dengan 'X*'" in ran.err
