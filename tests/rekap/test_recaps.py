"""`rekap recaps`: the certified documents in force, in every format, where they were asked for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clickhouse.client import connect
from schemas.data_directory import DataDirectory
from schemas.elections import Election
from schemas.regions import Level
from stream_processors.embedded.runner import Runner
from tests.rekap.conftest import Count, Rekap
from tests.worlds import DPD, PPWP, id_of, pairs, recap, submitted, world

FIRST = recap("11", {"1": 10, "2": 20, "3": 30})
MESSAGES = (
    FIRST,
    recap("11", {"1": 11, "2": 20, "3": 30}, supersedes=FIRST),
    recap("1101", {"1": 1, "2": 2, "3": 3}),
    recap("12", {"1": 4, "2": 5, "3": 6}),
    recap("12", {"12:21": 7, "12:22": 8}, DPD),
)


@pytest.fixture
def certified(tmp_path: Path) -> Path:
    directory = DataDirectory.create(tmp_path / "data", world().election, world().registry)
    with Runner.open(directory, command="test", workers=0) as runner:
        assert runner.submit(MESSAGES).accepted == len(MESSAGES)
    return directory.path


def test_the_newest_document_of_each_region_is_listed(rekap: Rekap, certified: Path) -> None:
    rows = rekap("--data", certified, "recaps", "--format", "json").json
    assert [(row["contest"], row["level"], row["region"], row["version"]) for row in rows] == [
        (DPD, "province", "12", 1),
        (PPWP, "province", "11", 2),
        (PPWP, "province", "12", 1),
        (PPWP, "district", "1101", 1),
    ]
    replaced = rows[1]
    assert replaced["votes"] == {"1": 11, "2": 20, "3": 30}
    assert (replaced["valid"], replaced["voters"]) == (None, None)
    assert (replaced["event_id"], replaced["document"]) == (id_of(MESSAGES[1]), "D.Hasil 11")
    assert (replaced["name"], replaced["parent"]) == ("PROVINCE 11", "0")


@pytest.mark.parametrize(
    ("asked", "regions"),
    [
        (("--level", "district"), ["1101"]),
        (("--region", "11"), ["11", "1101"]),
        (("--region", "1101"), ["1101"]),
        (("--region", "1102"), []),
        (("--region", "1101012001"), []),
        (("--contest", "DPD"), ["12"]),
        (("--contest", "PPWP", "--limit", "1"), ["11"]),
    ],
)
def test_level_region_and_contest_limit_them(
    rekap: Rekap, certified: Path, asked: tuple[str, ...], regions: list[str]
) -> None:
    ran = rekap("--data", certified, "recaps", *asked, "--format", "json")
    assert (ran.code, [row["region"] for row in ran.json]) == (0, regions)


def test_a_village_has_a_document_where_the_election_says_so(rekap: Rekap, tmp_path: Path) -> None:
    election = world().election.model_copy(update={"certified_levels": (Level.VILLAGE, Level.NATION)})
    directory = DataDirectory.create(
        tmp_path / "data", Election.from_json(election.to_json()), world().registry
    )
    documents = (recap("1101012001", {"1": 1, "2": 2, "3": 3}), recap("0", {"1": 1, "2": 2, "3": 3}))
    with Runner.open(directory, command="test", workers=0) as runner:
        assert runner.submit([*documents, recap("11", {"1": 1})]).accepted == len(documents)
    rows = rekap("--data", directory.path, "recaps", "--format", "json").json
    assert [(row["level"], row["region"]) for row in rows] == [("nation", "0"), ("village", "1101012001")]
    only = rekap("--data", directory.path, "recaps", "--level", "village", "--region", "11")
    assert "1101012001" in only.out
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit([submitted("1101012001001", pairs(5, 2, 3))])
        client = connect(runner.url, readonly=True)
        found = client.query("SELECT level, cell, difference FROM recap_difference WHERE unit = '1101012001'")
        assert found.result_rows == [("village", "votes.1", -4)]


def test_every_format_holds_the_same_rows(rekap: Rekap, certified: Path, tmp_path: Path) -> None:
    rows = rekap("--data", certified, "recaps", "--format", "json").json
    lines = rekap("--data", certified, "recaps", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = list(csv.DictReader(io.StringIO(rekap("--data", certified, "recaps", "--format", "csv").out)))
    assert [line["region"] for line in table] == [row["region"] for row in rows]
    assert table[1]["votes.1"] == "11"
    file = tmp_path / "rows.parquet"
    assert rekap("--data", certified, "recaps", "--output", file).code == 0
    assert pq.read_table(file)["document"].to_pylist() == [row["document"] for row in rows]
    assert set(pq.read_schema(file).names) == set(rows[0])


def test_people_read_the_votes_beside_the_document(rekap: Rekap, certified: Path) -> None:
    lines = [" ".join(line.split()) for line in rekap("--data", certified, "recaps").out.splitlines()]
    (line,) = [line for line in lines if line.startswith("11 PROVINCE 11 province PPWP 2 ")]
    assert line.endswith("- - - D.Hasil 11 Pasangan 1 11, Pasangan 2 20, Pasangan 3 30")
    none = rekap("--data", certified, "--lang", "id", "recaps", "--region", "99")
    assert (none.code, none.err.strip()) == (0, "Belum ada rekapitulasi yang disahkan di sana.")


def test_what_a_later_document_changed_is_told_cell_by_cell(rekap: Rekap, count: Count) -> None:
    first = recap("11", {"1": 60, "2": 30, "3": 10})
    second = recap("11", {"1": 55, "2": 35, "3": 10}, supersedes=first)
    path = count([first, second, recap("12", {"1": 1, "2": 2, "3": 3})])
    rows = rekap("--data", path, "recaps", "--changes", "--format", "json").json
    assert [(row["region"], row["version"], row["cell"], row["before"], row["after"]) for row in rows] == [
        ("11", 2, "votes.1", 60, 55),
        ("11", 2, "votes.2", 30, 35),
    ]
    assert {row["event_id"] for row in rows} == {id_of(second)}
    shown = [" ".join(line.split()) for line in rekap("--data", path, "recaps", "--changes").out.splitlines()]
    assert "11 PROVINCE 11 PPWP 2 votes.1 60 55 -5 D.Hasil 11" in shown
    assert rekap("--data", path, "recaps", "--changes", "--region", "12", "--format", "json").json == []
    assert "No document was replaced" in rekap("--data", path, "recaps", "--changes", "--region", "12").err
