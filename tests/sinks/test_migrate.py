"""Migrations: once each, in order, checked, and harmless to run again."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from clickhouse.client import connect
from clickhouse.sql_text import statements, tokens
from schemas.tables import MANY_PARTITIONS, TABLES, clickhouse_type
from sinks.migrate import Migration, MigrationError, known_migrations, migrate
from tests.sinks import small_count

IDEMPOTENT = re.compile(
    "CREATE TABLE IF NOT EXISTS|CREATE MATERIALIZED VIEW IF NOT EXISTS|CREATE OR REPLACE VIEW"
    r"|ALTER TABLE \w+ (ADD COLUMN IF NOT EXISTS|MODIFY (COLUMN|QUERY|SETTING))"
    r"|INSERT INTO region_lookup\s"  # keeps one row of a key
)
"""What a statement of a migration may begin with: running it again changes nothing."""


def test_the_live_columns_are_the_declared_columns(clickhouse: Client) -> None:
    live: dict[str, list[tuple[str, str]]] = {}
    for table, name, kind in clickhouse.query(
        "SELECT table, name, type FROM system.columns "
        "WHERE database = currentDatabase() ORDER BY table, position"
    ).result_rows:
        live.setdefault(table, []).append((name, kind))
    for table, schema in TABLES.items():
        assert live[table] == [(field.name, clickhouse_type(field)) for field in schema], table


def test_every_table_is_declared_and_every_declared_table_exists(clickhouse: Client) -> None:
    live = clickhouse.query(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    ).result_rows
    assert {name for (name,) in live} == set(TABLES) | {"schema_migration"}


def test_every_table_replaces_by_the_identity_in_its_key(clickhouse: Client) -> None:
    engines = clickhouse.query(
        "SELECT name, engine FROM system.tables "
        "WHERE database = currentDatabase() AND engine NOT LIKE '%View'"
    ).result_rows
    assert {engine for _, engine in engines} == {"ReplacingMergeTree", "Join"}
    # A Join keeps one row of a key too, and has no key in its ORDER BY.
    assert [name for name, engine in engines if engine == "Join"] == ["region_lookup"]


def test_the_names_of_a_register_that_is_there_are_taken_over_once(chdb_empty: Client) -> None:
    known = known_migrations()
    migrate(chdb_empty, known[:12])
    small_count.insert(chdb_empty, {"region": small_count.rows()["region"]})
    migrate(chdb_empty, known)
    small_count.insert(chdb_empty, {"region": small_count.rows()["region"]})  # as after a crash
    found = chdb_empty.query(
        "SELECT region_key, region_name FROM region_lookup ORDER BY region_key"
    ).result_rows
    assert found == sorted(
        (f"{small_count.ELECTION}/{unit}", name) for unit, _, _, name in small_count.REGIONS
    )
    (path,) = chdb_empty.query("SELECT path FROM region_path WHERE unit = '110101'").result_rows[0]
    assert path == "Aceh / Kab. Aceh Selatan / Bakongan"


def test_stations_that_are_there_have_no_name(chdb_empty: Client) -> None:
    migrate(chdb_empty, known_migrations()[:13])
    chdb_empty.command("INSERT INTO register_station VALUES ('e', '1101012001001', '1101012001', 1, 2, true)")
    migrate(chdb_empty)
    assert chdb_empty.query("SELECT number, name FROM register_station FINAL").result_rows == [(1, "")]


@pytest.fixture
def chdb_empty(tmp_path: Path) -> Iterator[Client]:
    """A client on an empty directory."""
    with closing(connect(f"chdb://{tmp_path / 'empty'}")) as client:
        yield client


def test_migrating_twice_equals_once(clickhouse: Client) -> None:
    before = clickhouse.query(
        "SELECT number, checksum, applied_at FROM schema_migration FINAL ORDER BY 1"
    ).result_rows
    assert migrate(clickhouse) == []
    assert (
        clickhouse.query(
            "SELECT number, checksum, applied_at FROM schema_migration FINAL ORDER BY 1"
        ).result_rows
        == before
    )
    assert [row[0] for row in before] == [migration.number for migration in known_migrations()]


def test_each_statement_of_a_migration_may_run_again() -> None:
    for migration in known_migrations():
        for statement in statements(migration.sql):
            text = "".join(token.text for token in tokens(statement) if token.kind != "comment").strip()
            assert IDEMPOTENT.match(text), text[:60]


def _broken_after(migration: Migration, kept: int) -> Migration:
    """The same migration as a crash leaves it: its first `kept` statements ran, then the server went away."""
    return Migration(
        migration.number, migration.name, ";".join([*statements(migration.sql)[:kept], "SELECT nonsense"])
    )


def _schema(client: Client) -> dict[str, str]:
    """Every table and view, with the statement that would create it."""
    found = client.query(
        "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase()"
    ).result_rows
    return dict(map(tuple, found))


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "every"])
def test_a_migration_that_crashed_anywhere_is_completed_by_running_again(tmp_path: Path, every: bool) -> None:
    """Each migration begins from what those before it leave, copied: that they leave the same whatever
    happened on the way is what was shown of each of them. In daily tests the newest migration crashes after
    each of its statements, and those before it after one of them."""
    known = known_migrations()
    before = tmp_path / "0"
    with closing(connect(f"chdb://{before}")) as client:
        assert migrate(client, ()) == []
    for number, migration in enumerate(known, 1):
        after = shutil.copytree(before, tmp_path / str(number), symlinks=True)
        with closing(connect(f"chdb://{after}")) as client:
            assert migrate(client, known[:number]) == [number]
            expected = _schema(client)
        ends = range(len(statements(migration.sql)) + 1)
        for kept in ends if every or migration is known[-1] else (number % len(ends),):
            crashed = shutil.copytree(before, tmp_path / "crashed", symlinks=True)
            with closing(connect(f"chdb://{crashed}")) as client:
                with pytest.raises(ClickHouseError):
                    migrate(client, (*known[: number - 1], _broken_after(migration, kept)))
                assert migrate(client, known[:number]) == [number]
                assert _schema(client) == expected
            shutil.rmtree(crashed)
        before = after


class Failing:
    """A client whose insert of the migration's row fails, with or without having arrived."""

    def __init__(self, client: Client, *, arrives: bool) -> None:
        self._client = client
        self._arrives = arrives

    def insert(self, *arguments: Any, **named: Any) -> None:
        if self._arrives:
            self._client.insert(*arguments, **named)
        raise OSError("the connection is gone")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.mark.parametrize("arrives", [False, True], ids=["did not persist", "did persist"])
def test_a_migration_whose_last_step_failed_is_applied_once_in_the_end(tmp_path: Path, arrives: bool) -> None:
    client = connect(f"chdb://{tmp_path}/clickhouse")
    with pytest.raises(OSError, match="gone"):
        migrate(cast(Client, Failing(client, arrives=arrives)))
    numbers = [migration.number for migration in known_migrations()]
    assert migrate(client) == (numbers[1:] if arrives else numbers)
    rows = client.query("SELECT number FROM schema_migration FINAL ORDER BY number").result_rows
    assert [number for (number,) in rows] == numbers
    client.close()


def test_a_file_changed_after_it_was_applied_is_named(clickhouse: Client) -> None:
    first, *rest = known_migrations()
    changed = Migration(first.number, first.name, first.sql + "\n-- one more remark")
    with pytest.raises(MigrationError, match=r"0001_tables\.sql has .* never changes"):
        migrate(clickhouse, (changed, *rest))


def test_line_ends_of_another_system_are_not_a_change(clickhouse: Client) -> None:
    windows = tuple(Migration(m.number, m.name, m.sql.replace("\n", "\r\n")) for m in known_migrations())
    assert migrate(clickhouse, windows) == []


def test_a_database_of_a_newer_version_is_left_alone(clickhouse: Client) -> None:
    newest = known_migrations()[-1].number
    clickhouse.insert(
        "schema_migration", [[newest + 1, "later", "0" * 64]], column_names=["number", "name", "checksum"]
    )
    with pytest.raises(MigrationError, match=f"schema {newest + 1} .later.*newer version"):
        migrate(clickhouse)


def test_a_row_inserted_again_in_other_batches_is_one_row(clickhouse: Client) -> None:
    for _ in range(2):
        clickhouse.command("INSERT INTO sink_position VALUES ('e', 0, 7, '2024-02-14 00:00:00')")
    assert clickhouse.query("SELECT position FROM sink_position FINAL").result_rows == [(7,)]


_OLD_OUTCOMES = {"accepted": "accepted", "rejected": "parked"}


def _of_an_older_version(client: Client) -> None:
    """The small count as schema 2 held it: rows without partitions, and `parked` for rejected."""
    for name, found in small_count.rows().items():
        found = [
            {**row, "outcome": _OLD_OUTCOMES[row["outcome"]]} if "outcome" in row else row for row in found
        ]
        there = client.query(f"SELECT * FROM {name} LIMIT 0").column_names
        columns = [column for column in TABLES[name].names if column in there]
        schema = pa.schema([TABLES[name].field(column) for column in columns])
        client.insert_arrow(name, pa.Table.from_pylist(found, schema=schema))


def test_rows_of_a_log_without_partitions_are_those_of_its_only_one(tmp_path: Path) -> None:
    client = connect(f"chdb://{tmp_path}/clickhouse")
    migrate(client, known_migrations()[:2])
    _of_an_older_version(client)
    before = {name: _rows_of(client, name) for name in TABLES}
    migrate(client)
    partitioned = [name for name, schema in TABLES.items() if "partition" in schema.names]
    for name, rows in before.items():
        of_before = [{column: row[column] for column in rows[0]} for row in _rows_of(client, name)]
        assert of_before == rows, name
    for name in partitioned:
        assert before[name]
        assert client.query(f"SELECT DISTINCT partition FROM {name}").result_rows == [(0,)]
    client.close()


def _rows_of(client: Client, table: str) -> list[dict[str, Any]]:
    """The rows of a table, without their partition and with today's outcomes."""
    new = {old: new for new, old in _OLD_OUTCOMES.items()}
    found = client.query(f"SELECT * FROM {table} FINAL ORDER BY ALL").named_results()
    rows = ({**row, "partition": 0} for row in found)
    return sorted(
        (
            row | {"outcome": new.get(row["outcome"], row["outcome"])} if "outcome" in row else row
            for row in rows
        ),
        key=repr,
    )


def test_what_forwards_every_column_forwards_the_new_one(tmp_path: Path) -> None:
    client = connect(f"chdb://{tmp_path}/clickhouse")
    migrate(client, known_migrations()[:2])
    _of_an_older_version(client)
    migrate(client)
    moved = {
        name: [row | {"partition": MANY_PARTITIONS, "version": row["version"] + 9} for row in rows]
        for name, rows in small_count.rows().items()
        if name in ("station_history", "tally_history", "recap", "finding")
    }
    small_count.insert(client, moved)
    for name in ("station", "tally", "station_now", "tally_now", "recap_now"):
        final = "" if name.endswith("_now") else "FINAL"
        found = client.query(f"SELECT DISTINCT partition FROM {name} {final} WHERE version > 9").result_rows
        assert found == [(MANY_PARTITIONS,)], name
    assert "partition" in client.query("SELECT * FROM finding_now LIMIT 1").column_names
    client.close()


def test_a_message_may_be_repeated_in_the_log(clickhouse: Client) -> None:
    row = small_count.rows()["event"][0] | {"position": 99, "outcome": "repeated"}
    small_count.insert(clickhouse, {"event": [row]})
    assert clickhouse.query("SELECT outcome FROM event").result_rows == [("repeated",)]


def test_what_was_stored_under_the_old_name_of_an_outcome_is_rejected(tmp_path: Path) -> None:
    client = connect(f"chdb://{tmp_path}/clickhouse")
    migrate(client, known_migrations()[:7])
    outcomes = {0: "accepted", 1: "parked", 2: "repeated"}
    client.command(
        "INSERT INTO event (position, outcome) VALUES "
        + ", ".join(f"({position}, '{outcome}')" for position, outcome in outcomes.items())
    )
    migrate(client)
    expected = [(0, "accepted"), (1, "rejected"), (2, "repeated")]
    question = "SELECT position, outcome FROM event ORDER BY position"
    assert client.query(question).result_rows == expected
    assert client.query("SELECT position FROM event WHERE outcome = 'rejected'").result_rows == [(1,)]
    client.command("OPTIMIZE TABLE event FINAL")
    assert client.query(question).result_rows == expected
    client.close()
