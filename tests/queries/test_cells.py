"""Cells as they are compared: those of exact positions, one for each partition of the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from queries.cells import region_cells, sink_positions, sum_cells
from queries.history import region_history, station_history
from schemas import tables
from schemas.regions import Level
from schemas.tables import MANY_PARTITIONS
from tests.sinks import small_count

ELECTION = small_count.ELECTION
FIRST, SECOND = small_count.VILLAGES


@pytest.fixture
def partitioned(clickhouse: Client) -> Client:
    """The small count from a log of two partitions: village by village, with positions of their own."""
    rows = small_count.rows()

    def moved(row: dict[str, Any]) -> dict[str, Any]:
        village = row.get("village") or row.get("unit", "")[:10]
        return row | {"partition": 4 if village == SECOND else 2, "position": row["position"] % 7}

    for name in ("station_history", "finding", "event", "rejected", "recap"):
        rows[name] = [moved(row) for row in rows[name]]
    rows["tally_history"] = [
        moved(row) if row["level"] == "village" else row | {"partition": MANY_PARTITIONS, "position": 0}
        for row in rows["tally_history"]
    ]
    rows["sink_position"] = [
        rows["sink_position"][0] | {"partition": partition, "position": position}
        for partition, position in ((4, 1), (2, 6), (4, 0))
    ]
    small_count.insert(clickhouse, rows)
    return clickhouse


def versions(client: Client, level: str, events: Mapping[int, int]) -> dict[str, int]:
    """The version of every unit of a level at these positions."""
    return {unit: cells["version"] for (_, unit), cells in region_cells(client, ELECTION, level, events)}


def test_each_partition_has_come_as_far_as_its_own_position(partitioned: Client) -> None:
    assert sink_positions(partitioned, ELECTION) == {2: 6, 4: 1}
    assert sink_positions(partitioned, "another") == {}


def test_regions_nothing_has_reached_are_there_at_any_position(partitioned: Client) -> None:
    assert versions(partitioned, "village", {}) == {FIRST: 0, SECOND: 0}


def test_a_village_is_shown_as_it_was_at_the_position_of_its_partition(partitioned: Client) -> None:
    # Its snapshots stand at positions 6 (6 % 7) and 0 (14 % 7).
    assert versions(partitioned, "village", {2: 0, 4: 1}) == {FIRST: 0, SECOND: 7}
    assert versions(partitioned, "village", {2: 1, 4: 1}) == {FIRST: 7, SECOND: 7}


@pytest.mark.parametrize("events", [{}, {0: 1}, {2: 7, 4: 7}], ids=str)
def test_totals_of_many_partitions_are_the_newest_at_any_position(
    partitioned: Client, events: Mapping[int, int]
) -> None:
    assert versions(partitioned, "nation", events) == {"0": 14}


def test_every_row_of_the_newest_sum_is_given(partitioned: Client) -> None:
    newest = [row for row in small_count.rows()["tally_history"] if row["level"] == "nation"][-1]
    moved = newest | {"partition": MANY_PARTITIONS, "position": 0, "valid": 1}
    small_count.insert(partitioned, {"tally_history": [moved]})
    found = [
        (unit, cells["version"], cells["valid"])
        for (_, unit), cells in sum_cells(partitioned, ELECTION, "nation", 10)
    ]
    assert sorted(found) == [("0", 14, 1), ("0", 14, newest["valid"])]


def test_one_log_without_partitions_is_the_partition_0(clickhouse: Client) -> None:
    small_count.insert(clickhouse, small_count.rows())
    assert sink_positions(clickhouse, ELECTION) == {0: 16}
    assert versions(clickhouse, "nation", {0: 7}) == {"0": 6}
    assert versions(clickhouse, "nation", {0: 17}) == {"0": 14}


def test_the_mark_of_many_partitions_is_that_of_the_tables() -> None:
    assert MANY_PARTITIONS == tables.MANY_PARTITIONS


def test_histories_keep_positions_of_different_partitions_apart(partitioned: Client) -> None:
    """Position 0 of partition 2 is the correction, position 0 of partition 4 is of another station."""
    small_count.insert(
        partitioned,
        {
            "finding": [
                small_count.finding(small_count.station_rows()[0], "R03", "II", {"received": 255})
                | {"partition": 4, "position": 0}
            ]
        },
    )
    rows = station_history(partitioned, ELECTION, f"{FIRST}001")
    assert [(row["partition"], row["position"], row["version"]) for row in rows] == [(2, 0, 2), (2, 1, 1)]
    assert [found["rule"] for found in rows[0]["findings"]] == []


def test_totals_of_many_partitions_have_no_position_in_the_log(partitioned: Client) -> None:
    for unit, level, places in (
        ("0", Level.NATION, [(None, None)] * 3),
        (SECOND, Level.VILLAGE, [(None, None), (4, 0)]),
    ):
        rows = region_history(partitioned, ELECTION, unit, level)
        assert [(row["partition"], row["position"]) for row in rows] == places
