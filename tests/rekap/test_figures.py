"""Every figure is right, or says that it is not known: in every format, in both languages and in SQL."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from clickhouse.client import connect
from tests.example_count import FIRST, INCOMPLETE, SECOND, THIRD, example, forms, station_list
from tests.rekap.conftest import Rekap

Row = dict[str, Any]


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The figures of a row by their dotted path, as CSV names them."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from flat(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value


def in_every_format(rekap: Rekap, data: Path, *command: str) -> list[Row]:
    """The rows of a command by dotted names, which are those of JSON, JSON lines, CSV and Parquet alike."""
    ran = rekap("--data", data, *command, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    rows = [dict(flat(row)) for row in ran.json]
    lines = rekap("--data", data, *command, "--format", "jsonl").out.splitlines()
    assert [dict(flat(json.loads(line))) for line in lines] == rows
    for line, row in zip(
        csv.DictReader(io.StringIO(rekap("--data", data, *command, "--format", "csv").out)), rows, strict=True
    ):
        shown = {name: "" if figure is None else str(figure) for name, figure in row.items()}
        assert {name: text for name, text in line.items() if name in shown} == shown
    file = data.parent / "rows.parquet"
    assert rekap("--data", data, *command, "--output", file).code == 0
    for document, row in zip(pq.read_table(file).to_pylist(maps_as_pydicts="strict"), rows, strict=True):
        of_file = dict(flat(document))
        assert {name: of_file[name] for name in row if name != "last_recorded_at"} == {
            name: figure for name, figure in row.items() if name != "last_recorded_at"
        }
    return rows


def table(rekap: Rekap, data: Path, *command: str, language: str = "en") -> list[str]:
    """The lines of a command's table, each blank as one space."""
    ran = rekap("--data", data, "--lang", language, *command)
    assert ran.code == 0
    return [" ".join(line.split()) for line in ran.out.splitlines()]


def in_sql(data: Path, columns: str, where: str = "level = 'nation' AND contest = 'PPWP'") -> tuple[Any, ...]:
    """One row of the view that people ask."""
    with closing(connect(f"chdb://{data / 'clickhouse'}", readonly=True)) as client:
        (row,) = client.query(f"SELECT {columns} FROM tally_now WHERE {where}").result_rows
    return tuple(row)


def test_a_share_is_of_the_forms_that_give_every_option(rekap: Rekap, tmp_path: Path) -> None:
    data = example(tmp_path, INCOMPLETE)
    (row,) = in_every_format(rekap, data, "results")
    for prefix in ("", "clean."):
        shares = [row[f"{prefix}shares.{option}"] for option in "123"]
        assert shares == [110 / 420, 210 / 420, 100 / 420]
        assert row[f"{prefix}share_forms"] == 2
    assert in_sql(data, "shares, clean_shares, share_forms, clean_share_forms") == (
        *[{"1": 110 / 420, "2": 0.5, "3": 100 / 420}] * 2,
        *(2, 2),
    )
    for level in ("nation", "province", "village"):
        text = " ".join(table(rekap, data, "results", "--level", level))
        assert re.search(r"150 26\.2% 150 26\.2%.* 210 50\.0% 210 50\.0%.* 160 23\.8% 160 23\.8%", text), (
            level
        )
        assert "of the votes on the forms that give every option: 2, 2 of them clean" in text
    assert "210 50,0% 210 50,0%" in " ".join(table(rekap, data, "results", language="id"))


def test_a_figure_that_no_form_gives_is_missing_and_a_sum_of_some_forms_says_of_how_many(
    rekap: Rekap, tmp_path: Path
) -> None:
    data = example(tmp_path, INCOMPLETE)
    (row,) = in_every_format(rekap, data, "results")
    assert (row["valid"], row["invalid"], row["voters"], row["clean.voters"]) == (200, 10, None, None)
    assert [row[f"forms.{name}"] for name in ("valid", "invalid", "voters")] == [1, 2, 0]
    assert [row[f"forms.votes.{option}"] for option in "123"] == [3, 2, 3]
    assert in_sql(data, "valid, valid_forms, invalid, voters, voters_forms, votes_forms") == (
        *(200, 1, 10, None, 0),
        [3, 2, 3],
    )
    lines = table(rekap, data, "results")
    assert "Voters who voted - -" in lines
    partly = "Not on every form (3): Prabowo-Gibran on 2, Valid on 1, Invalid on 2, Voters who voted on none."
    assert partly in lines
    in_indonesian = table(rekap, data, "results", language="id")
    assert any(line.startswith("Tidak ada pada setiap formulir (3): ") for line in in_indonesian)


def test_an_option_that_no_form_fills_is_missing(rekap: Rekap, tmp_path: Path) -> None:
    data = example(tmp_path, [f"{FIRST}001,PPWP,40,,60,,5,", f"{SECOND}001,PPWP,1,,2,,0,"])
    (row,) = in_every_format(rekap, data, "results")
    assert [row[f"votes.{option}"] for option in "123"] == [41, None, 62]
    assert [row[f"shares.{option}"] for option in "123"] == [None] * 3
    assert (row["valid"], row["share_forms"]) == (None, 0)
    assert in_sql(data, "votes, shares, valid") == (
        {"1": 41, "2": None, "3": 62},
        dict.fromkeys("123"),
        None,
    )
    assert "2 Prabowo Subianto - Gibran Rakabuming Raka - - - -" in table(rekap, data, "results")


def test_blank_and_partly_read_forms_do_not_enter_a_denominator(rekap: Rekap, tmp_path: Path) -> None:
    rows = [
        f"{FIRST}001,PPWP,50,100,50,200,5,205",
        f"{FIRST}002,PPWP,,,,300,5,305",
        f"{FIRST}003,PPWP,9,,,250,5,",
    ]
    (row,) = in_every_format(rekap, example(tmp_path, rows), "results")
    assert [row[f"shares.{option}"] for option in "123"] == [0.25, 0.5, 0.25]
    assert (row["share_forms"], row["forms.votes.1"], row["forms.valid"]) == (1, 2, 3)


def test_an_option_of_one_constituency_has_a_share_there_and_none_above(rekap: Rekap, tmp_path: Path) -> None:
    rows = [f"{FIRST}00{number},DPD,60,40,,100,5,105" for number in (1, 2)]
    data = example(tmp_path, [*rows, f"{THIRD}001,DPD,30,20,,50,5,55"])
    provinces = {
        row["region"]: row for row in in_every_format(rekap, data, "results", "-c", "DPD", "-l", "province")
    }
    assert [provinces["31"][f"shares.31:{option}"] for option in "12"] == [0.6, 0.4]
    assert [provinces["36"][f"shares.36:{option}"] for option in "12"] == [0.6, 0.4]
    (nation,) = in_every_format(rekap, data, "results", "-c", "DPD")
    assert nation["votes.31:1"] == 120
    assert {nation[f"{prefix}shares.{key}"] for prefix in ("", "clean.") for key in ("31:1", "36:2")} == {
        None
    }
    lines = table(rekap, data, "results", "-c", "DPD")
    assert "1 Person A (DKI JAKARTA) 120 - 120 -" in lines
    assert "1 Person C (BANTEN) 30 - 30 -" in lines
    assert "1 Person A 120 60.0% 120 60.0%" in table(
        rekap, data, "results", "-c", "DPD", "-l", "province", "-r", "31"
    )
    of_provinces = table(rekap, data, "results", "-c", "DPD", "-l", "province")
    assert any(
        line.startswith("31 DKI JAKARTA ") and line.endswith(" 1 Person A 120 60.0% 120 60.0%")
        for line in of_provinces
    )
    assert any(
        line.startswith("36 ") and line.endswith(" 1 Person C 30 60.0% 30 60.0%") for line in of_provinces
    )
    assert in_sql(data, "shares['31:1']", "level = 'nation' AND contest = 'DPD'") == (None,)
    assert in_sql(data, "shares['31:1']", "unit = '31' AND contest = 'DPD'") == (0.6,)


def test_a_rounded_share_never_contradicts_the_exact_one(rekap: Rekap, tmp_path: Path) -> None:
    data = example(tmp_path, [f"{FIRST}{n:03d},PPWP,{votes},0,{one},300,5,305" for n, votes, one in ROUNDING])
    (row,) = in_every_format(rekap, data, "results")
    assert row["shares.1"] == 5_999 / 6_000 < 1
    assert row["shares.3"] == 1 / 6_000 > 0
    lines = table(rekap, data, "results")
    assert any(" 5,999 99.9% " in line for line in lines)
    assert any(" 1 0.1% " in line for line in lines)
    assert any(" 0 0.0% " in line for line in lines)


ROUNDING = [(number, 300 - (number == 1), int(number == 1)) for number in range(1, 21)]


def test_more_forms_than_one_village_has_do_not_make_up_for_those_that_another_lacks(
    rekap: Rekap, tmp_path: Path
) -> None:
    data = example(tmp_path, [*forms(FIRST, 5), *forms(SECOND, 4)])
    (row,) = in_every_format(rekap, data, "results")
    stations = {step: row[f"stations.{step}"] for step in ("expected", "received", "unlisted", "surplus")}
    assert stations == {"expected": 9, "received": 9, "unlisted": 0, "surplus": 2}
    # The two villages are complete, and from the third nothing has come.
    assert (row["outstanding.stations"], row["outstanding.registered"]) == (2, 500)
    progress = {line["contest"]: line for line in in_every_format(rekap, data, "progress")}["PPWP"]
    assert (progress["percent"], progress["stations.surplus"]) == (77.8, 2)
    assert (progress["outstanding.stations"], progress["outstanding.registered"]) == (2, 500)
    columns = "stations_outstanding, stations_surplus, registered_outstanding"
    assert in_sql(data, columns) == (2, 2, 500)
    lines = table(rekap, data, "results")
    assert "Stations: 7 of 9 in (77.8%); 2 more than their villages have" in lines
    assert "Outstanding: 2 stations with 500 registered voters" in lines
    assert "TPS: 7 dari 9 masuk (77,8%); 2 lagi melebihi jumlah TPS di desanya" in table(
        rekap, data, "results", language="id"
    )
    header, dki, *_ = [line for line in table(rekap, data, "results", "-l", "province") if "%" in line]
    assert "Stations % more than expected Voters outstanding" in header
    assert dki.startswith("31 DKI JAKARTA 7/7 100.0% 2 0 ")
    assert any(line.startswith("PPWP 77.8% 7/9 2 9 0 0 0 500") for line in table(rekap, data, "progress"))
    assert rekap("--data", data, "verify").code == 0


def test_nothing_is_outstanding_below_zero(rekap: Rekap, tmp_path: Path) -> None:
    data = example(tmp_path, forms(FIRST, 5))
    (row,) = in_every_format(rekap, data, "results", "-l", "village", "-r", FIRST)
    assert (row["outstanding.stations"], row["outstanding.registered"], row["stations.surplus"]) == (0, 0, 1)
    (progress,) = in_every_format(rekap, data, "progress", "-c", "PPWP", "-l", "village", "-r", FIRST)
    assert progress["percent"] == 100.0
    lines = table(rekap, data, "results", "-l", "village", "-r", FIRST)
    assert "Stations: 4 of 4 in (100.0%); 1 more than their villages have" in lines
    assert "No station is outstanding" in lines


@pytest.mark.parametrize(
    ("rows", "stations", "voters"),
    [
        ([], 9, 2_200),
        (forms(FIRST, 4), 5, 1_200),  # a village is complete
        (forms(FIRST, 3), 6, None),  # of one that is partly in nobody knows which voters are to come
        ([*forms(FIRST, 4), *forms(SECOND, 3), *forms(THIRD, 2)], 0, 0),
    ],
)
def test_voters_outstanding_come_from_whole_villages_where_those_of_stations_are_not_known(
    rekap: Rekap, tmp_path: Path, rows: list[str], stations: int, voters: int | None
) -> None:
    data = example(tmp_path, rows)
    (row,) = in_every_format(rekap, data, "results")
    assert (row["outstanding.stations"], row["outstanding.registered"]) == (stations, voters)
    assert in_sql(data, "stations_outstanding, registered_outstanding") == (stations, voters)
    lines = table(rekap, data, "results")
    if voters is None:
        assert lines[-1] == "Outstanding: 6 stations; how many registered voters they have is not known"
        progress = table(rekap, data, "progress", "-c", "PPWP")
        assert any(re.fullmatch(r"PPWP 33\.3% 3/9 3 0 0 0 -", line) for line in progress)


def test_unlisted_stations_are_counted_beside_those_expected(rekap: Rekap, tmp_path: Path) -> None:
    data = example(tmp_path, [*forms(FIRST, 5), *forms(SECOND, 1)], stations=True, unlisted=True)
    (row,) = in_every_format(rekap, data, "results")
    assert [row[f"stations.{step}"] for step in ("received", "unlisted", "surplus")] == [6, 1, 0]
    assert (row["outstanding.stations"], row["outstanding.registered"]) == (4, 230 + 230 + 500)
    header, dki, *_ = [line for line in table(rekap, data, "results", "-l", "province") if "%" in line]
    assert "Stations % not on the list Voters outstanding" in header
    assert dki.startswith("31 DKI JAKARTA 5/7 71.4% 1 460 ")
    assert "Stations: 5 of 9 in (55.6%); 1 more that are not on the list" in table(rekap, data, "results")
    stations = rekap("--data", data, "results", "-l", "station", "--format", "json").json
    assert sum(one["stations"]["unlisted"] for one in stations) == 1
    assert sum(one["outstanding"]["registered"] for one in stations) == 960


def test_init_says_where_list_and_register_disagree(rekap: Rekap, tmp_path: Path) -> None:
    example(tmp_path, [])
    list_of_stations = station_list().replace(f"{THIRD}002,{THIRD},2,250\n", "")
    more = "".join(f"{FIRST}{number:03d},{FIRST},{number},250\n" for number in (5, 6))
    (tmp_path / "other.csv").write_text(list_of_stations + more, encoding="utf-8")
    arguments = ("init", "-e", "pemilu2024", "--registry", tmp_path / "regions.csv", "--stations")
    ran = rekap("--data", tmp_path / "new", *arguments, tmp_path / "other.csv")
    assert ran.code == 0
    assert (
        "disagree on the number of stations in 2 villages: the list has 2 more in some and 1 fewer" in ran.err
    )
    assert f"{FIRST} CIPEDAK: 4 in the register, 6 in the list" in ran.err
    in_indonesian = rekap("--data", tmp_path / "new", "--lang", "id", *arguments, tmp_path / "other.csv").err
    assert "jumlah TPS di 2 desa/kelurahan" in in_indonesian
    document = rekap("--data", tmp_path / "new", *arguments, tmp_path / "other.csv", "--format", "json").json
    assert document["disagreements"] == [
        {"region": FIRST, "name": "CIPEDAK", "register": 4, "list": 6},
        {"region": THIRD, "name": "SUMBERJAYA", "register": 2, "list": 1},
    ]
    agreeing = rekap("--data", tmp_path / "agreeing", *arguments, tmp_path / "stations.csv")
    assert "disagree" not in agreeing.err
