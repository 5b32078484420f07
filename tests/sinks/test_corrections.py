"""Corrections and annulments in SQL: who gave which reason, and where."""

from __future__ import annotations

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.sinks import small_count
from tests.sinks.small_count import VILLAGES

FIRST, SECOND = VILLAGES


@pytest.fixture
def counted(clickhouse: Client) -> Client:
    small_count.insert(clickhouse, small_count.rows())
    return clickhouse


def rows(client: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(sql).result_rows]


def test_each_accepted_correction_and_annulment_is_listed_with_its_role_and_reason(counted: Client) -> None:
    found = rows(
        counted, "SELECT unit, version, type, role, reason, officer FROM correction ORDER BY position"
    )
    assert found == [
        (f"{FIRST}001", 2, "CountCorrected", "kpps", "pembetulan", "kpps-1"),
        (f"{SECOND}004", 2, "CountAnnulled", "kpu_kabko", "revote_ordered", "kpu-1101"),
    ]


def test_they_are_counted_in_every_region_above_their_station(counted: Client) -> None:
    found = rows(
        counted,
        "SELECT level, unit, name, role, reason, corrections, stations FROM correction_by_region "
        "WHERE reason = 'pembetulan' ORDER BY length(unit) DESC",
    )
    assert found == [
        (level, unit, name, "kpps", "pembetulan", 1, 1)
        for unit, _, level, name in reversed(small_count.REGIONS[:5])
    ]


def test_a_role_nobody_stated_and_an_event_that_has_not_arrived_are_null(counted: Client) -> None:
    again = small_count.station(f"{FIRST}002", 2, 30, (1, 2, 3))
    small_count.insert(counted, {"station_history": [again]})
    asked = f"SELECT role, reason, note FROM correction WHERE unit = '{FIRST}002'"
    assert rows(counted, asked) == [(None, None, None)]
    assert rows(counted, "SELECT sum(corrections) FROM correction_by_region WHERE level = 'nation'") == [(3,)]


def test_a_row_that_was_inserted_twice_is_counted_once(counted: Client) -> None:
    small_count.insert(counted, small_count.rows())
    assert rows(counted, "SELECT count() FROM correction") == [(2,)]
