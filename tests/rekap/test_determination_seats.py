"""`rekap determination seats`: seats of two CSV files, and what is said of files that can't be."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.rekap.conftest import Ran, Rekap

VOTES = """dapil_code,party_number,total_votes
A,1,900
A,2,96
B,1,1000
B,2,4
B,3,500
"""
SIZES = "dapil_code,kpu_id,seats\nA,x,3\nB,y,2\n"


@pytest.fixture
def seats(rekap: Rekap, tmp_path: Path) -> object:
    """Runs the command on the two texts."""

    def run(*options: str, votes: str | bytes = VOTES, sizes: str = SIZES, language: str = "en") -> Ran:
        (tmp_path / "votes.csv").write_bytes(votes if isinstance(votes, bytes) else votes.encode())
        (tmp_path / "dapil.csv").write_text(sizes, encoding="utf-8")
        files = ("--votes", tmp_path / "votes.csv", "--districts", tmp_path / "dapil.csv")
        return rekap("--lang", language, "determination", "seats", *files, *options)

    return run


def row(dapil: str, party: str, seats: int, votes: int, lacks: int | None) -> dict[str, object]:
    """A row of the answer."""
    return {"dapil": dapil, "party": party, "seats": seats, "votes": votes, "votes_to_last_seat": lacks}


def test_rows_have_the_contract_s_fields(seats: Rekap) -> None:
    ran = seats("--format", "json")
    # 4% of 2,500 is 100, which party 2 reaches. A: 900, 300, 180; B: 1000, 500.
    assert (ran.code, ran.err) == (0, "")
    assert ran.json == [
        row("A", "1", 3, 900, None),
        row("A", "2", 0, 96, 85),
        row("B", "1", 1, 1000, 501),
        row("B", "2", 0, 4, 497),
        row("B", "3", 1, 500, None),
    ]


def test_the_threshold_keeps_parties_out_and_is_in_their_lack_of_votes(seats: Rekap) -> None:
    rows = seats("--threshold", "0.05", "--format", "json").json
    # x + 100 >= (x + 2500) / 20, so x is 27 at least, and 85 for the seat in A.
    assert [one["votes_to_last_seat"] for one in rows if one["party"] == "2"] == [85, 497]
    many = seats("--threshold", "0.3", "--format", "json").json
    assert [one["seats"] for one in many] == [3, 0, 2, 0, 0]
    assert [one["votes_to_last_seat"] for one in many if one["party"] == "3"] == [358]


def test_every_format_holds_the_same_rows(seats: Rekap, tmp_path: Path) -> None:
    rows = seats("--format", "json").json
    assert [json.loads(line) for line in seats("--format", "jsonl").out.splitlines()] == rows
    table = list(csv.DictReader(io.StringIO(seats("--format", "csv").out)))
    assert [int(line["seats"]) for line in table] == [one["seats"] for one in rows]
    assert [line["votes_to_last_seat"] for line in table] == ["", "85", "501", "497", ""]
    assert seats("--output", str(tmp_path / "rows.parquet")).code == 0
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == rows


def test_people_read_parties_and_districts(seats: Rekap) -> None:
    lines = [" ".join(line.split()) for line in seats("--threshold", "0.05").out.splitlines()]
    assert "2 100 4.0% 0 below the threshold" in lines
    assert "B 2 1: 1, 3: 1 3 2 497" in lines
    indonesian = seats(language="id").out
    assert indonesian.startswith("Partai")


def test_files_of_indonesian_spreadsheets_are_read(seats: Rekap) -> None:
    votes = b"\xef\xbb\xbf" + VOTES.replace(",", ";").replace("\n", "\r\n").encode() + b";;\r\n\r\n"
    assert seats("--format", "json", votes=votes).json == seats("--format", "json").json


def test_equal_quotients_are_named_with_the_rule_that_decided(seats: Rekap) -> None:
    votes = "dapil_code,party_number,total_votes\nA,1,100\nA,2,300\nB,1,10\n"
    sizes = "dapil_code,seats\nA,2\nB,1\n"
    ran = seats("--format", "json", votes=votes, sizes=sizes)
    assert ran.code == 0
    assert "Dapil A: parties 1, 2 have equal quotients (100); seats left: 1." in ran.err
    assert "--ties votes" in ran.err
    assert [one["seats"] for one in ran.json] == [0, 2, 1]
    by_number = seats("--ties", "number", "--format", "json", votes=votes, sizes=sizes)
    assert [one["seats"] for one in by_number.json] == [1, 1, 1]
    left_open = seats("--ties", "open", "--format", "json", votes=votes, sizes=sizes, language="id")
    assert (left_open.code, [one["seats"] for one in left_open.json]) == (1, [0, 1, 1])
    assert "Kursi terbuka: 1; KPU yang menentukan." in left_open.err
    assert left_open.json[0]["votes_to_last_seat"] == 1


@pytest.mark.parametrize(
    ("votes", "sizes", "english", "indonesian"),
    [
        (VOTES.replace("96", ""), SIZES, "line 3: total_votes is empty", "baris 3: total_votes kosong"),
        (VOTES.replace("96", "9.600"), SIZES, "is no whole number", "bukan bilangan bulat"),
        (VOTES.replace("96", "-1"), SIZES, "is no whole number", "bukan bilangan bulat"),
        (VOTES + "A,1,5\n", SIZES, "line 7: party 1 of dapil A stands twice", "sudah ada"),
        (VOTES + "A,1\n", SIZES, "line 7: there are 2 cells, and 3 columns", "ada 2 sel"),
        (VOTES + 'A,"1', SIZES, "this is no CSV", "bukan CSV"),
        (VOTES.replace("party_number", "party"), SIZES, "one column party_number", "satu kolom party_number"),
        ("dapil_code,party_number,total_votes\n", SIZES, "has no rows", "tidak berisi baris"),
        ("", SIZES, "has no rows", "tidak berisi baris"),
        (b"\xff\xfe\x00", SIZES, "is no UTF-8 text", "bukan teks UTF-8"),
        (VOTES, SIZES + "C,z,1\n", "votes.csv has no dapil C", "tidak memuat dapil C"),
        (VOTES + "C,1,5\n", SIZES, "dapil.csv has no dapil C", "tidak memuat dapil C"),
        (VOTES, SIZES + "A,x,3\n", "line 4: dapil A stands twice", "sudah ada"),
        (VOTES, SIZES.replace("3", "3000"), "more than any dapil has", "lebih dari yang ada"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_is_refused_in_both_languages(
    seats: Rekap, votes: str | bytes, sizes: str, english: str, indonesian: str
) -> None:
    ran = seats("--format", "json", votes=votes, sizes=sizes)
    assert (ran.code, ran.out) == (2, "")
    assert english in ran.err
    assert indonesian in seats(votes=votes, sizes=sizes, language="id").err


@pytest.mark.parametrize("part", ["4%", "4", "-0.1", "1.5", "nan", "1e-999999999", "1/0", ""])
def test_a_threshold_that_is_no_part_of_one_is_refused(seats: Rekap, part: str) -> None:
    assert "write 4% as 0.04" in seats("--threshold", part).err
    ran = seats("--threshold", part, language="id")
    assert ran.code == 2
    assert "tulis 4% sebagai 0.04" in ran.err


def test_files_that_are_missing_are_named(rekap: Rekap, tmp_path: Path) -> None:
    assert "needs --votes FILE and --districts FILE" in rekap("determination", "seats").err
    absent = tmp_path / "absent.csv"
    ran = rekap("determination", "seats", "--votes", absent, "--districts", absent)
    assert ran.code == 3
    assert "absent.csv" in ran.err
