"""Zeros, zeros for votes, like figures and surplus stations: `rekap findings` has each in every format."""

from __future__ import annotations

import csv
import gc
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import Runner
from tests.rekap.conftest import Rekap
from tests.worlds import corrected, election, pairs, registry, submitted

VILLAGE = "1101012001"
ZEROS = pairs(0, 0, 0, 0)
FOUND = {
    ("R27", f"{VILLAGE}001"),
    ("R28", f"{VILLAGE}001"),
    ("R29", f"{VILLAGE}002"),
    ("R29", f"{VILLAGE}003"),
    ("R30", None),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A village of three stations from which four reported: one its votes and then zeros, two the same."""
    gc.collect()
    folder = tmp_path_factory.mktemp("across") / "data"
    directory = DataDirectory.create(folder, election(count_unlisted_stations=True), registry())
    first = submitted(f"{VILLAGE}001", pairs(10, 20, 30))
    others = [submitted(f"{VILLAGE}{number}", pairs(5, 6, 7)) for number in ("002", "003")]
    fourth = submitted(f"{VILLAGE}099", pairs(1, 2, 3))
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit([first, *others, fourth, corrected(f"{VILLAGE}001", first, ZEROS)])
    return folder


def findings(rekap: Rekap, path: Path, *more: object) -> str:
    ran = rekap("--data", path, "findings", *more)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_scripts_get_them_in_every_format(rekap: Rekap, path: Path, tmp_path: Path) -> None:
    rows = json.loads(findings(rekap, path, "--format", "json"))
    new = [row for row in rows if row["rule"] in ("R27", "R28", "R29", "R30")]
    assert {(row["rule"], row["station"]) for row in new} == FOUND
    assert {row["severity"] for row in new} == {"soft"}
    lines = findings(rekap, path, "--format", "jsonl").splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = list(csv.DictReader(io.StringIO(findings(rekap, path, "--format", "csv"))))
    assert {(row["rule"], row["station"] or None) for row in table} >= FOUND
    rekap("--data", path, "findings", "--format", "parquet", "--output", tmp_path / "found.parquet")
    stored = pq.read_table(tmp_path / "found.parquet").to_pylist()
    assert [(row["rule"], row["station"]) for row in stored] == [
        (row["rule"], row["station"]) for row in rows
    ]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "All votes are zero",
                "The version before had 60 votes",
                "Every figure is that of 1 other station",
                "4 stations have reported, while this village has 3 (a surplus of 1)",
                f"all of {VILLAGE}",
            ],
        ),
        (
            "id",
            [
                "Seluruh perolehan suara nol",
                "Versi sebelumnya memuat 60 suara",
                "Semua angka sama dengan 1 TPS lain",
                "4 TPS melaporkan hasil, sedangkan desa/kelurahan ini memiliki 3 TPS (kelebihan 1)",
                f"seluruh {VILLAGE}",
            ],
        ),
    ],
)
def test_people_read_them_in_their_language(
    rekap: Rekap, path: Path, language: str, sentences: list[str]
) -> None:
    ran = rekap("--data", path, "--lang", language, "findings")
    assert ran.code == 0
    for sentence in sentences:
        assert sentence in ran.out


def test_they_are_counted_by_rule_and_asked_for_by_rule(rekap: Rekap, path: Path) -> None:
    rows = json.loads(findings(rekap, path, "--count", "--format", "json"))
    counted = {row["rule"]: (row["count"], row["stations"]) for row in rows}
    assert {rule: counted[rule] for rule in ("R27", "R28", "R29", "R30")} == {
        "R27": (1, 1),
        "R28": (1, 1),
        "R29": (2, 2),
        "R30": (1, None),
    }
    assert "No more stations report than the village has" in findings(rekap, path, "--count")
    (row,) = json.loads(findings(rekap, path, "--rule", "r30", "--format", "json"))
    assert (row["station"], row["village"]) == (None, VILLAGE)
    history = rekap("--data", path, "history", f"{VILLAGE}001", "--format", "json").json
    assert "R28" in {one["rule"] for one in history[-1]["findings"]}
