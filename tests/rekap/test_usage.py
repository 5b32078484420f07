"""Wrong usage ends with 2 and one sentence that says what to do; stdout stays empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rekap.conftest import Ran, Rekap
from tests.rekap.messages import VILLAGE


def refused(ran: Ran, sentence: str) -> None:
    assert ran.code == 2
    assert ran.out == ""
    assert sentence in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("results --contest DPRD", "no contest of tiny2024; choose one of: PPWP, DPR, DPD"),
        ("results --region 4711", "no region or station with the id '4711'"),
        (f"results --level district --region {VILLAGE}", "there is no district inside it"),
        ("results --as-of yesterday", "write it as 2024-02-14T20:00:00+07:00"),
        ("results --as-of 2024-02-14T20:00:00", "has no time zone"),
        ("results --level street", "'street' is not one of"),
        ("results --format table --output rows.csv", "A table is for the screen"),
        ("results --output rows.txt", "does not end in .json, .jsonl, .csv or .parquet"),
        ("progress --level station", "'station' is not one of"),
        ("findings --rule R99", "there is no rule R99; there are R01"),
        ("findings --limit 0", "0 is not in the range"),
        ("rejected --reason because", "'because' is not one of"),
        ("history 4711", "no region or station with the id '4711'"),
        ("history", "Missing argument 'UNIT'"),
        ("history --fromat json", "No such option: --fromat"),
        ("log --event 123", "8 to 64 hex digits"),
        ("log --event ghijklmn", "8 to 64 hex digits"),
        ("log --follow --format json", "--follow never ends"),
        ("import", "Missing argument 'FILE...'"),
        ("import missing.csv", "There is no file missing.csv"),
        ("import --contest DPRD missing.csv", "no contest of tiny2024"),
        ("simulate --speed 0", "0.0 is not in the range"),
        ("simulate --contest DPRD", "no contest of tiny2024"),
        ("frobnicate", "No such command 'frobnicate'"),
        ("results --frobnicate", "No such option: --frobnicate"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right(rekap: Rekap, line: str, sentence: str) -> None:
    refused(rekap(*line.split()), sentence)


def test_without_a_directory_it_is_said_how_to_name_one(rekap: Rekap) -> None:
    refused(rekap("results"), "--data DIR")


def test_without_a_directory_the_demo_s_is_suggested_where_it_is(
    rekap: Rekap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo-data").mkdir()
    monkeypatch.chdir(tmp_path)
    refused(rekap("results"), "--data demo-data")


@pytest.mark.parametrize("command", ["results", "import nothing.csv", "simulate", "serve", "verify"])
def test_a_directory_without_a_count_says_to_run_init(rekap: Rekap, tmp_path: Path, command: str) -> None:
    refused(rekap("--data", tmp_path, *command.split()), "init --election")


def test_the_option_names_the_directory_and_wins_over_the_environment(
    rekap: Rekap, counted: Path, tmp_path: Path
) -> None:
    assert rekap("results").code == 0
    refused(rekap("--data", tmp_path, "results"), f"no count in {tmp_path}")
    assert rekap("--data", counted, "results").code == 0
