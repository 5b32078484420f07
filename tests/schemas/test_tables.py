"""The tables: rows go in as declared, come out as they were, and are found without reading everything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from schemas.tables import INSERT_SETTINGS, TABLES
from tests.sinks import small_count

WRITTEN = sorted(set(TABLES) - {"station", "tally"})


def plain(value: Any) -> Any:
    """A value as the driver gives it: maps as dicts, times without the zone that they are in."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return dict(value)
    return value


@pytest.mark.parametrize("table", WRITTEN)
def test_an_arrow_batch_comes_back_as_it_went_in(clickhouse: Client, table: str) -> None:
    rows = small_count.rows()[table]
    names = TABLES[table].names
    small_count.insert(clickhouse, {table: rows})
    found = clickhouse.query(f"SELECT {', '.join(names)} FROM {table} FINAL").named_results()
    maps = {name for name in names if pa.types.is_map(TABLES[table].field(name).type)}
    wanted = [{name: dict(row[name]) if name in maps else plain(row[name]) for name in names} for row in rows]
    assert sorted(found, key=repr) == sorted(wanted, key=repr)


@pytest.mark.parametrize("table", sorted(INSERT_SETTINGS))
def test_a_row_twice_in_one_batch_is_one_row_whatever_the_batch_is_inserted_with(
    clickhouse: Client, table: str
) -> None:
    rows = small_count.rows()[table]
    batch = pa.Table.from_pylist(rows * 2, schema=TABLES[table])
    clickhouse.insert_arrow(table, batch, settings=INSERT_SETTINGS[table])
    assert clickhouse.command(f"SELECT count() FROM {table} FINAL") == len(rows)
    if table.endswith("_history"):
        in_force = f"SELECT count() FROM {table.removesuffix('_history')} FINAL"
        assert clickhouse.command(in_force) == len({row["unit"] for row in rows})


def test_a_missing_figure_stays_missing(clickhouse: Client) -> None:
    small_count.insert(clickhouse, small_count.rows())
    station = clickhouse.query("SELECT valid, voters FROM station FINAL WHERE status = 'blank'").result_rows
    assert station == [(None, None)]
    assert clickhouse.query("SELECT count() FROM event WHERE occurred_at IS NULL").result_rows == [(1,)]


@pytest.mark.parametrize("column", ["event_id", "unit"])
def test_an_event_is_found_by_id_or_by_unit_without_reading_the_log(clickhouse: Client, column: str) -> None:
    granules = 20
    clickhouse.command(
        "INSERT INTO event (election, position, event_id, unit) SELECT 'e', number, "
        f"lower(hex(SHA256(toString(number)))), toString(sipHash64(number)) FROM numbers({8192 * granules})"
    )
    wanted = clickhouse.command(f"SELECT {column} FROM event WHERE position = 70000")
    plan = clickhouse.query(
        f"EXPLAIN indexes = 1 SELECT * FROM event WHERE {column} = '{wanted}'"
    ).result_rows
    text = "\n".join(line for (line,) in plan)
    read, whole = text.split(f"Name: {column}_filter")[1].split("Granules: ")[1].split()[0].split("/")
    assert int(whole) >= granules
    assert int(read) <= 2
