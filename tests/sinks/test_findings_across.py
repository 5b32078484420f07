"""What is found across the stations of a village: the same figures at several, more stations than exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from queries.findings import count_findings, findings
from schemas.tables import FINDING
from tests.sinks import small_count
from tests.sinks.small_count import ELECTION, VILLAGES

FIRST, SECOND = VILLAGES
DOCS = Path(__file__).parents[2] / "docs" / "rules.md"
SAID = "rule, sentence_id, sentence_en"


@pytest.fixture
def counted(clickhouse: Client) -> Client:
    small_count.insert(clickhouse, small_count.rows())
    return clickhouse


def across(client: Client, columns: str) -> list[tuple[Any, ...]]:
    asked = f"SELECT {columns} FROM finding_across ORDER BY rule, unit"
    return [tuple(row) for row in client.query(asked).result_rows]


def test_a_count_in_which_all_stations_differ_and_exist_has_no_finding(counted: Client) -> None:
    assert across(counted, "*") == []


def test_the_view_has_the_columns_of_findings(counted: Client) -> None:
    names = {row[0] for row in counted.query("DESCRIBE TABLE finding_across").result_rows}
    assert names == set(FINDING.names)


def test_stations_of_one_village_with_the_same_figures_are_listed(counted: Client) -> None:
    same = [small_count.station(f"{SECOND}00{n}", 2, 20 + n, (61, 100, 30)) for n in (1, 3)]
    elsewhere = (61, 100, 30)  # station 1 of the first village has them, too: another village
    assert small_count.station_rows()[6]["votes"] == list(zip("123", elsewhere, strict=True))
    small_count.insert(counted, {"station_history": same})
    assert across(counted, "rule, unit, version, numbers, severity, position, sentence_id, sentence_en") == [
        (
            *("R29", f"{SECOND}001", 2, {"others": 1}, "soft", 23),
            f"Semua angka sama dengan 1 TPS lain di desa/kelurahan yang sama: {SECOND}003.",
            f"Every figure is that of 1 other station of the same village: {SECOND}003.",
        ),
        (
            *("R29", f"{SECOND}003", 2, {"others": 1}, "soft", 23),
            f"Semua angka sama dengan 1 TPS lain di desa/kelurahan yang sama: {SECOND}001.",
            f"Every figure is that of 1 other station of the same village: {SECOND}001.",
        ),
    ]


@pytest.mark.parametrize("figure", ["votes", "valid", "invalid", "voters", "missing"])
def test_one_figure_that_differs_or_is_missing_makes_them_unlike(counted: Client, figure: str) -> None:
    one, other = (small_count.station(f"{SECOND}00{n}", 2, 20 + n, (61, 100, 30)) for n in (1, 3))
    changed = {"votes": [("1", 61), ("2", 101), ("3", 29)], "missing": None}
    other["invalid" if figure == "missing" else figure] = changed.get(figure, 1)
    small_count.insert(counted, {"station_history": [one, other]})
    assert across(counted, "rule") == []


def test_a_figure_that_both_lack_is_alike(counted: Client) -> None:
    rows = [small_count.station(f"{SECOND}00{n}", 2, 20 + n, (61, 100, 30)) for n in (1, 3)]
    small_count.insert(counted, {"station_history": [row | {"voters": None} for row in rows]})
    assert across(counted, "rule") == [("R29",), ("R29",)]


def test_forms_of_zeros_blank_and_annulled_counts_are_not_said_to_be_alike(counted: Client) -> None:
    zeros = [small_count.station(f"{SECOND}00{n}", 2, 20 + n, (0, 0, 0)) for n in (1, 3)]
    gone = [small_count.station(f"{FIRST}00{n}", 3, 30 + n, (), "annulled") for n in (1, 2)]
    blank = [small_count.station(f"{FIRST}00{n}", 3, 30 + n, (), "blank") for n in (3, 4)]
    small_count.insert(counted, {"station_history": [*zeros, *gone, *blank]})
    assert across(counted, "rule") == []


def test_a_correction_ends_the_finding(counted: Client) -> None:
    same = [small_count.station(f"{SECOND}00{n}", 2, 20 + n, (61, 100, 30)) for n in (1, 3)]
    put_right = small_count.station(f"{SECOND}003", 3, 30, (70, 95, 26))
    small_count.insert(counted, {"station_history": same})
    small_count.insert(counted, {"station_history": [put_right]})
    assert across(counted, "rule") == []


def crowded() -> list[small_count.Row]:
    """Seven of the six stations of the first village."""
    return [small_count.station(f"{FIRST}907", 1, 21, (1, 2, 3)) | {"listed": False}]


def test_more_stations_than_the_village_has_are_found(counted: Client) -> None:
    small_count.insert(counted, {"station_history": crowded()})
    assert across(counted, "rule, unit, village, numbers, position, sentence_id, sentence_en") == [
        (
            *("R30", FIRST, FIRST, {"reporting": 7, "existing": 6, "surplus": 1}, 21),
            "7 TPS melaporkan hasil, sedangkan desa/kelurahan ini memiliki 6 TPS (kelebihan 1).",
            "7 stations have reported, while this village has 6 (a surplus of 1).",
        )
    ]


def test_the_examples_in_the_document_are_sentences_of_the_view(counted: Client) -> None:
    same = [small_count.station(f"{SECOND}00{n}", 2, 30 + n, (61, 100, 30)) for n in (1, 3)]
    small_count.insert(counted, {"station_history": [*same, *crowded()]})
    text = DOCS.read_text(encoding="utf-8")
    for rule in ("R29", "R30"):
        said = [f"{id}<br>{en}" for code, id, en in across(counted, SAID) if code == rule]
        assert any(one in text for one in said), (rule, said)


def test_an_annulled_count_has_not_reported(counted: Client) -> None:
    gone = small_count.station(f"{FIRST}001", 3, 22, (), "annulled")
    small_count.insert(counted, {"station_history": [*crowded(), gone]})
    assert across(counted, "rule") == []


def test_they_are_listed_and_counted_with_the_findings_of_forms(counted: Client) -> None:
    same = [small_count.station(f"{SECOND}00{n}", 2, 30 + n, (61, 100, 30)) for n in (1, 3)]
    small_count.insert(counted, {"station_history": [*same, *crowded()]})
    rows = list(findings(counted, ELECTION))
    assert [(row["rule"], row["station"], row["village"]) for row in rows] == [
        ("R30", None, FIRST),  # of the village: no one station
        ("R29", f"{SECOND}001", SECOND),
        ("R29", f"{SECOND}003", SECOND),
    ]
    assert rows[0]["sentence"]["en"].startswith("7 stations have reported")
    assert [row["rule"] for row in findings(counted, ELECTION, rules=["R29"], region=f"{SECOND}003")] == [
        "R29"
    ]
    assert list(findings(counted, ELECTION, rules=["R06"])) == []
    assert list(findings(counted, ELECTION, of_forms=True)) == []
    assert [(row["rule"], row["count"], row["stations"]) for row in count_findings(counted, ELECTION)] == [
        ("R29", 2, 2),
        ("R30", 1, None),
    ]
