"""`rekap reconcile`: differing cells, complete regions apart, reasons, documents among themselves."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from schemas.data_directory import DataDirectory
from tests.rekap.conftest import Count, Ran, Rekap
from tests.worlds import (
    DPR,
    all_stations,
    election,
    form,
    pairs,
    recap,
    registry,
    stations,
    submitted,
    villages,
)

VOTES = {"1": 60, "2": 30, "3": 10}


def everywhere(but: int = 0) -> list[bytes]:
    """The same form of every station, but for the last of them."""
    return [submitted(one, pairs(60, 30, 10)) for one in all_stations()[: len(all_stations()) - but]]


def times(number: int, **changes: int) -> dict[str, int]:
    """The votes of so many stations, with some more."""
    return {option: votes * number + changes.get(f"n{option}", 0) for option, votes in VOTES.items()}


def answer(rekap: Rekap, path: Path, *options: object) -> list[dict[str, object]]:
    ran: Ran = rekap("--data", path, "reconcile", *options, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    rows: list[dict[str, object]] = ran.json
    return rows


def test_documents_that_are_the_sum_of_the_forms_are_not_listed(rekap: Rekap, count: Count) -> None:
    documents = [recap("0", times(50)), recap("11", times(24)), recap("110101", times(6))]
    path = count([*everywhere(), *documents])
    assert answer(rekap, path) == []
    assert "Nothing differs. Documents that were compared: 3 of 3." in rekap("--data", path, "reconcile").err


def test_each_cell_that_differs_is_a_row_of_the_contract(rekap: Rekap, count: Count) -> None:
    path = count([*everywhere(), recap("11", times(24, n1=-5, n2=3))])
    first, second = answer(rekap, path, "--contest", "PPWP", "--level", "province", "--region", "11")
    assert first == {
        **{"level": "province", "region": "11", "name": "PROVINCE 11", "contest": "PPWP"},
        **{"cell": "votes.1", "complete": True, "certified": 1435, "computed": 1440, "difference": -5},
        **{"reason": None, "signer": None, "shift": None, "document": "D.Hasil 11", "version": 1},
    }
    assert (second["cell"], second["difference"]) == ("votes.2", 3)
    assert answer(rekap, path, "--level", "district") == []
    assert answer(rekap, path, "--region", "12") == []


def test_votes_that_moved_are_a_shift(rekap: Rekap, count: Count) -> None:
    path = count([*everywhere(), recap("11", times(24, n1=-5, n2=5))])
    assert [(row["difference"], row["shift"]) for row in answer(rekap, path)] == [
        (-5, "between_options"),
        (5, "between_options"),
    ]


def test_a_region_that_is_not_all_in_stands_apart(rekap: Rekap, count: Count) -> None:
    documents = [recap("11", times(24, n1=1)), recap("99", times(2)), recap("0", times(50))]
    path = count([*everywhere(but=1), *documents])
    rows = answer(rekap, path)
    assert {(row["region"], row["complete"]) for row in rows} == {("11", True), ("99", False), ("0", False)}
    counts = {row["level"]: row for row in answer(rekap, path, "--count")}
    assert counts["province"] == {
        **{"contest": "PPWP", "level": "province", "documents": 2, "compared": 2, "differing": 1},
        **{"differing_incomplete": 1, "cells": 4, "open": 4},
    }
    assert (counts["nation"]["differing"], counts["nation"]["differing_incomplete"]) == (0, 1)
    assert [row["level"] for row in answer(rekap, path, "--count", "--level", "nation")] == ["nation"]


def test_where_nothing_is_in_nothing_is_compared(rekap: Rekap, count: Count) -> None:
    path = count([recap("11", times(24)), submitted(all_stations()[24], pairs(60, 30, 10))])
    assert answer(rekap, path) == []
    (row,) = answer(rekap, path, "--count")
    assert (row["documents"], row["compared"]) == (1, 0)
    assert (row["differing"], row["differing_incomplete"]) == (0, 0)
    shown = rekap("--data", path, "reconcile").err
    assert "Documents that were compared: 0 of 1." in shown
    assert "dibandingkan: 0 dari 1." in rekap("--data", path, "--lang", "id", "reconcile").err
    assert "There is no certified recapitulation there" in rekap("--data", path, "reconcile", "-r", "12").err


def test_a_form_without_a_figure_makes_its_region_incomplete(rekap: Rekap, count: Count) -> None:
    messages = everywhere()
    messages[0] = submitted(all_stations()[0], pairs(60, None, 10))
    path = count([*messages, recap("11", times(24))])
    assert [(row["cell"], row["complete"]) for row in answer(rekap, path)] == [("votes.2", False)]


def test_only_the_document_in_force_is_held_against_the_forms(rekap: Rekap, count: Count) -> None:
    first = recap("11", times(24, n1=9))
    path = count([*everywhere(), first, recap("11", times(24, n3=1), supersedes=first)])
    assert [(row["cell"], row["version"]) for row in answer(rekap, path)] == [("votes.3", 2)]


def test_candidates_and_their_party_are_cells_too(rekap: Rekap, count: Count) -> None:
    counted = [
        submitted(stations(villages()[0])[0], form({"1": 90, "2": 40, "20": 0, "1.1": 30, "1.2": 50}), DPR)
    ]
    certified = recap("110101", {"1": 90, "2": 40, "20": 0, "1.1": 35, "1.2": 45}, DPR)
    rows = answer(rekap, count([*counted, certified]))
    assert [(row["cell"], row["difference"], row["shift"]) for row in rows] == [
        ("votes.11-A:1.1", 5, "within_party"),
        ("votes.11-A:1.2", -5, "within_party"),
    ]


def test_documents_are_held_against_those_right_below(rekap: Rekap, count: Count) -> None:
    below = [recap("1101", times(12)), recap("1102", times(12, n2=4))]
    path = count([recap("11", times(24)), *below, recap("1201", times(1))])
    (row,) = answer(rekap, path, "--documents")
    counts = {row["level"]: row for row in answer(rekap, path, "--documents", "--count")}
    assert [
        (counts[level]["documents"], counts[level]["compared"]) for level in ("province", "district")
    ] == [
        (1, 1),
        (3, 0),
    ]
    assert (row["region"], row["cell"], row["computed"], row["difference"]) == ("11", "votes.2", 724, -4)


def test_a_document_with_one_missing_below_is_not_compared(rekap: Rekap, count: Count) -> None:
    path = count([recap("11", times(24)), recap("1101", times(12))])
    assert answer(rekap, path, "--documents") == []
    counts = {row["level"]: row for row in answer(rekap, path, "--documents", "--count")}
    assert (counts["province"]["documents"], counts["province"]["compared"]) == (1, 0)


def test_reasons_close_findings(rekap: Rekap, count: Count, tmp_path: Path) -> None:
    path = count([*everywhere(), recap("11", times(24, n1=5, n2=3)), recap("12", times(24, n3=1))])
    file = tmp_path / "reasons.csv"
    file.write_text(
        "contest,region,cell,reason,signer\nppwp,11,votes.1,court_ruling,MK\nPPWP,12,,plenary,KPU Prov\n",
        encoding="utf-8",
    )
    rows = answer(rekap, path, "--reasons", file)
    assert [(row["region"], row["reason"], row["signer"]) for row in rows] == [
        ("11", "court_ruling", "MK"),
        ("11", None, None),
        ("12", "plenary", "KPU Prov"),
    ]
    assert [row["open"] for row in answer(rekap, path, "--count", "--reasons", file)] == [1]
    shown = rekap("--data", path, "--lang", "id", "reconcile", "--reasons", file).out
    assert "putusan pengadilan" in shown
    assert "rapat pleno" in shown


@pytest.mark.parametrize(
    ("text", "english", "indonesian"),
    [
        ("contest,region\n", "line 1: the columns must be", "kolomnya harus"),
        ("PPWP,11,,because,KPU\n", "the reason 'because' is unknown", "tidak dikenal"),
        ("PPWR,11,,plenary,KPU\n", "there is no contest 'PPWR'; choose one of PPWP", "tidak ada; pilih PPWP"),
        ("PPWP,77,,plenary,KPU\n", "line 2: region '77' is not in the register", "dalam daftar wilayah"),
        ("PPWP,11,vote_1,plenary,KPU\n", "cell 'vote_1' is unknown", "sel 'vote_1' tidak dikenal"),
        ('PPWP,11,,plenary,"KPU\nPPWP,12,,recount,KPU\n', "this is no CSV", "bukan CSV"),
        ("PPWP,11,,plenary,\n", "needs contest, region, reason and signer", "memerlukan"),
        ("PPWP,11,,plenary,KPU\nPPWP,11,,recount,KPU\n", "line 3: this cell has a reason above", "baris 3"),
    ],
)
def test_reasons_that_can_not_be_are_refused(
    rekap: Rekap, tmp_path: Path, text: str, english: str, indonesian: str
) -> None:
    file = tmp_path / "reasons.csv"
    header = "" if text.startswith("contest") else "contest,region,cell,reason,signer\n"
    file.write_text(header + text, encoding="utf-8")
    directory = DataDirectory.create(tmp_path / "data", election(), registry())
    ran = rekap("--data", directory.path, "reconcile", "--reasons", file)
    assert (ran.code, english in ran.err) == (2, True)
    told = rekap("--data", directory.path, "--lang", "id", "reconcile", "--reasons", file)
    assert indonesian in told.err


def test_a_court_s_table_has_every_option_with_three_columns(rekap: Rekap, count: Count) -> None:
    path = count([*everywhere(), recap("11", times(24, n1=5)), recap("99", times(2))])
    rows = answer(rekap, path, "--court", "--region", "11")
    assert [(row["option"], row["certified"], row["computed"], row["difference"]) for row in rows] == [
        ("1", 1445, 1440, 5),
        ("2", 720, 720, 0),
        ("3", 240, 240, 0),
    ]
    assert rows[0]["option_name"] == "Pasangan 1"
    text = rekap("--data", path, "reconcile", "--court", "--format", "csv").out
    header = "level,region,name,contest,option,option_name,complete,certified,computed,difference"
    assert text.splitlines()[0] == header
    ran = rekap("--data", path, "reconcile", "--court", "--count")
    assert (ran.code, "--court lists every option" in ran.err) == (2, True)
    shown = [
        " ".join(line.split()) for line in rekap("--data", path, "reconcile", "--court").out.splitlines()
    ]
    assert "11 PROVINCE 11 PPWP 1 Pasangan 1 1,445 1,440 +5 yes" in shown


def test_a_court_s_table_says_where_not_all_stations_are_in(rekap: Rekap, count: Count) -> None:
    path = count([*everywhere(but=1), recap("0", times(50)), recap("11", times(24))])
    complete = {row["region"]: row["complete"] for row in answer(rekap, path, "--court")}
    assert complete == {"0": False, "11": True}


def test_a_document_that_lacks_an_option_has_no_sum_of_all_options(rekap: Rekap, count: Count) -> None:
    votes = {"1": 24 * 60 - 5, "2": 24 * 30 + 5}
    path = count([*everywhere(), recap("11", votes)])
    assert {row["shift"] for row in answer(rekap, path)} == {"between_two"}


def test_every_format_holds_the_same_rows(rekap: Rekap, count: Count, tmp_path: Path) -> None:
    path = count([*everywhere(), recap("11", times(24, n1=-5, n2=5))])
    rows = answer(rekap, path)
    lines = rekap("--data", path, "reconcile", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = list(csv.DictReader(io.StringIO(rekap("--data", path, "reconcile", "--format", "csv").out)))
    assert [line["difference"] for line in table] == ["-5", "5"]
    assert rekap("--data", path, "reconcile", "--output", tmp_path / "rows.parquet").code == 0
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == rows
    shown = rekap("--data", path, "--lang", "id", "reconcile").out
    assert "antarpilihan" in shown
    assert "-5" in shown
    assert "Wilayah lengkap berbeda" in rekap("--data", path, "--lang", "id", "reconcile", "--count").out
