"""docs/sql.md is true: every table and view is in it, and every query runs for a reader, and answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from clickhouse.interface.server import Server
from tests.sinks import small_count

DOCUMENT = Path(__file__).parents[2] / "docs" / "sql.md"
QUERIES_EACH = 3


def sections() -> dict[str, list[str]]:
    """The queries under each heading that names a table or view."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"^### ", DOCUMENT.read_text(), flags=re.MULTILINE)[1:]:
        name = re.match(r"`(\w+)`\n", part)
        assert name, f"a heading of the third level names a table: {part[:40]}"
        assert name[1] not in found, f"{name[1]} is documented twice"
        found[name[1]] = re.findall(r"^```sql\n(.*?)^```$", part.split("\n## ")[0], re.MULTILINE | re.DOTALL)
    return found


def more_rows() -> dict[str, list[small_count.Row]]:
    """What the small count lacks for every query to find something."""
    second = small_count.VILLAGES[1]
    stations = [
        small_count.station(f"{second}006", 1, 18, (0, 190, 3)),  # nearly everything for one option
        small_count.station(f"{second}002", 2, 19, (80, 90, 30)),  # the blank form, filled in
    ]
    # A seventh of the six stations of the first village, with the figures of the second.
    seventh = small_count.station(f"{small_count.VILLAGES[0]}907", 1, 19, (62, 100, 30))
    stations.append(seventh | {"listed": False, "registered": None})
    totals = small_count.tally_rows([*small_count.station_rows(), *stations], 19)
    votes = dict(totals[0]["votes"])
    shifted = small_count.recap("subdistrict", "110101", 3, (votes["1"] - 10, votes["2"] + 10, votes["3"]))
    # A contest of which nothing has come, and one that is complete, certified with a difference in one place.
    silent = [row | {"contest": "DPR"} for row in small_count.tally_rows([], 0)]
    complete = [
        row | {"contest": "DPD", "stations_expected": row["stations_received"], "stations_unlisted": 0}
        for row in totals
    ]
    differing = small_count.recap("subdistrict", "110101", 1, (1, 2, 3)) | {"contest": "DPD"}
    # A village unlike its siblings, and a reason for what the document has.
    siblings = [
        totals[0]
        | {"contest": "DPRD-PROV", "level": "village", "parent": "110199", "unit": f"110199200{number}"}
        | {"share_total": 120, "share_votes": [("1", 110 if number == 1 else 20), ("2", 100), ("3", 0)]}
        for number in range(1, 7)
    ]
    reason = small_count.reason_event("110101", 17, shifted["event_id"], "", "plenary")
    return {
        "event": [reason],
        "station_history": stations,
        "finding": [small_count.finding(small_count.station_rows()[12], "R03", "II", {"received": 255})],
        "tally_history": [*totals, *silent, *complete, *siblings],
        "recap": [shifted, differing],
    }


@pytest.fixture(scope="module")
def opened(
    migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Client, Client]]:
    """A writer with the small count, and a reader who asks over HTTP."""
    directory = tmp_path_factory.mktemp("documented") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    writer = connect(f"chdb://{directory}")
    for rows in (small_count.rows(), more_rows()):
        small_count.insert(writer, rows)
    with Server(f"chdb://{directory}") as server:
        reader = connect(server.url, readonly=True)
        yield writer, reader
        reader.close()
    writer.close()


def test_every_table_and_view_is_documented_and_every_documented_one_exists(
    opened: tuple[Client, Client],
) -> None:
    tables = (
        opened[0]
        .query("SELECT name, engine FROM system.tables WHERE database = currentDatabase()")
        .result_rows
    )
    machinery = {name for name, engine in tables if engine == "MaterializedView"}
    assert set(sections()) == {name for name, _ in tables} - machinery
    for name in machinery:
        assert f"`{name}`" in DOCUMENT.read_text()


def test_each_has_three_queries_or_more_that_ask_it() -> None:
    for name, queries in sections().items():
        assert len(queries) >= QUERIES_EACH, name
        if name != "schema_migration":
            assert sum(bool(re.search(rf"\b{name}\b", query)) for query in queries) >= QUERIES_EACH - 1, name


@pytest.mark.parametrize(
    ("name", "query"),
    [(name, query) for name, queries in sections().items() for query in queries],
    ids=[f"{name}-{number}" for name, queries in sections().items() for number in range(1, len(queries) + 1)],
)
def test_the_query_runs_for_a_reader_and_answers(
    opened: tuple[Client, Client], name: str, query: str
) -> None:
    rows = opened[1].query(query).result_rows
    assert rows, f"the query under {name} finds nothing: show something that it finds"


def test_the_check_that_must_be_zero_is_zero(opened: tuple[Client, Client]) -> None:
    first = sections()["inconsistency"][0]
    # Of the contest that the small count is about: the others here are only totals.
    assert opened[1].query(f"{first} WHERE contest = 'PPWP'").result_rows == [(0,)]


def test_the_document_names_the_two_ways_to_ask() -> None:
    text = DOCUMENT.read_text()
    assert "curl" in text
    assert "clickhouse_connect" in text
