"""From decided events and totals to rows, and the same rows back out of a real engine."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import given, settings

from schemas.ballots import Ballots
from schemas.regions import UNKNOWN
from schemas.registry_build import RegionRow, StationRow, build_registry
from schemas.tables import TABLES
from schemas.tallies import FIXED_CELLS, FUNNEL
from sinks.rows import Rows
from stream_processors.assess import AssessedCount
from stream_processors.cells import STATUS_CODE, station_cells
from stream_processors.rollup import Rollup
from tests.logs import UNHURRIED, Sent, messy_logs
from tests.sinks.handmade import (
    ABROAD_STATION,
    AT,
    BODIES,
    IDS,
    OCCURRED,
    REJECTIONS,
    STATION,
    TIME,
    every_table,
    integers,
    region_cells,
)
from tests.worlds import ABROAD, ELECTION_ID, world

WORLD = world()
ROWS = Rows(ELECTION_ID, WORLD.registry, WORLD.ballots)
EVENT_COLUMNS = ("event_id", "type", "contest", "unit", "occurred_at")
INSERTED = [name for name in TABLES if name not in ("station", "tally", "sink_position")]


@pytest.fixture
def filled(clickhouse: Client) -> Client:
    """Every row inserted, twice: nothing that is read with FINAL may show it."""
    for _ in range(2):
        for name, table in every_table(WORLD, ELECTION_ID).items():
            clickhouse.insert_arrow(name, table)
    return clickhouse


def asked(client: Client, sql: str) -> list[dict[str, Any]]:
    """The rows that a query gives, by column."""
    return list(client.query(sql, tz_mode="aware").named_results())


# What the tables look like


@pytest.mark.parametrize("name", INSERTED)
def test_rows_of_every_table_have_its_columns_and_none_is_null_that_may_not_be(name: str) -> None:
    made = every_table(WORLD, ELECTION_ID)
    assert made.keys() == set(INSERTED)
    assert made[name].schema.equals(TABLES[name], check_metadata=True)
    for field, column in zip(TABLES[name], made[name].columns, strict=True):
        assert field.nullable or column.null_count == 0, field.name


def test_the_same_input_gives_the_same_rows() -> None:
    once, again = every_table(WORLD, ELECTION_ID), every_table(WORLD, ELECTION_ID)
    assert all(once[name].equals(again[name]) for name in INSERTED)


@pytest.mark.parametrize("name", INSERTED)
def test_every_row_names_its_election(name: str) -> None:
    assert set(every_table(WORLD, "another")[name]["election"].to_pylist()) == {"another"}


@pytest.mark.parametrize("name", [name for name in INSERTED if "position" in TABLES[name].names])
def test_rows_say_of_which_partition_their_position_is(name: str) -> None:
    alone, seventh = every_table(WORLD, ELECTION_ID)[name], every_table(WORLD, ELECTION_ID, 7)[name]
    place = alone.schema.get_field_index("partition")
    assert set(alone["partition"].to_pylist()) == {0}
    assert set(seventh["partition"].to_pylist()) == {7}
    assert seventh.remove_column(place).equals(alone.remove_column(place))


def test_each_row_may_have_its_own_time() -> None:
    ballot = WORLD.ballots.ballots[0]
    regions, cells = region_cells(WORLD)
    times = AT + np.arange(len(regions))
    made = ROWS.tallies(ballot, regions, cells, 5, times)
    assert made["recorded_at"].cast(pa.int64()).to_pylist() == times.tolist()
    place = made.schema.get_field_index("recorded_at")
    once = ROWS.tallies(ballot, regions, cells, 5, AT)
    assert made.remove_column(place).equals(once.remove_column(place))


def test_a_total_below_zero_is_a_mistake_and_never_a_huge_figure() -> None:
    regions, cells = region_cells(WORLD)
    with pytest.raises(ValueError, match="below zero: -1"):
        ROWS.tallies(WORLD.ballots.ballots[0], regions, np.where(cells == cells.max(), -1, cells), 5, AT)


def test_an_entry_that_repeats_another_is_neither_accepted_nor_rejected() -> None:
    made = ROWS.events(
        {name: every_table(WORLD, ELECTION_ID)["event"][name].slice(0, 3) for name in EVENT_COLUMNS},
        BODIES[:3],
        integers(0, 1, 2),
        AT,
        {2: REJECTIONS[4]},
        integers(1, 0, 0),
        outcomes=["accepted", "repeated", "rejected"],
    )
    assert made["outcome"].to_pylist() == ["accepted", "repeated", "rejected"]
    assert made["reason"].to_pylist() == ["", "", "already_counted"]


def test_nothing_to_write_makes_no_rows() -> None:
    nothing = integers()
    events = {
        name: pa.array([], kind)
        for name, kind in (
            ("event_id", pa.string()),
            ("type", pa.string()),
            ("contest", pa.string()),
            ("unit", pa.string()),
            ("occurred_at", pa.timestamp("ms", tz="UTC")),
        )
    }
    ballot = WORLD.ballots.ballots[0]
    width = region_cells(WORLD)[1].shape[1]
    for made in (
        ROWS.events(events, [], nothing, AT, {}, nothing),
        ROWS.rejected(events, [], nothing, AT, []),
        ROWS.findings([], AT),
        ROWS.recaps([], AT),
        ROWS.tallies(ballot, nothing, np.zeros((0, width), np.int64), 0, AT),
        ROWS.whole_tallies([], 0, AT),
        Rows(ELECTION_ID, world(station_list=False).registry, WORLD.ballots).register_stations(),
    ):
        assert made.num_rows == 0


@settings(UNHURRIED, max_examples=30)
@given(messy_logs(WORLD))
def test_totals_of_many_regions_at_once_are_the_rows_of_each_tally(sent: list[Sent]) -> None:
    """Two ways to the same row: columns of cells for regions with one ballot, tallies for any region."""
    rollup = Rollup(WORLD.registry, WORLD.ballots)
    for one in WORLD.assessor.assess([one.raw for one in sent]):
        if isinstance(one, AssessedCount):
            status = integers(STATUS_CODE[one.status])
            cells = station_cells(
                one.ballot, integers(1), status, integers(int(one.unlisted)), integers(*one.figures)[None]
            )
            rollup.add(one.ballot.index, integers(one.village), cells)
    rollup.settle()
    for ballot in WORLD.ballots.ballots:
        contest = WORLD.ballots.contest_of[ballot.index]
        regions = np.array(
            [
                region
                for region in range(len(WORLD.registry.ids))
                if WORLD.ballots.of_region(contest, region) == (ballot.index,)
            ]
        )
        columns = ROWS.tallies(ballot, regions, rollup.cells(ballot.index, regions), 7, AT)
        whole = ROWS.whole_tallies([rollup.tally(contest, region) for region in regions.tolist()], 7, AT)
        assert columns.to_pylist() == whole.to_pylist()


# What comes back


def test_events_come_back_with_their_bytes_and_what_became_of_them(filled: Client) -> None:
    found = asked(filled, "SELECT * EXCEPT body, hex(body) AS body FROM event FINAL ORDER BY position")
    assert [row["position"] for row in found] == [0, 1, 2, 3, 4, 5]
    assert [bytes.fromhex(row["body"]) for row in found] == list(BODIES)
    assert [(row["outcome"], row["reason"], row["version"]) for row in found] == [
        ("accepted", "", 1),
        ("accepted", "", 1),
        ("accepted", "", 2),
        ("rejected", "malformed", 0),
        ("rejected", "already_counted", 0),
        ("accepted", "", 1),
    ]
    assert found[0] == {
        "election": ELECTION_ID,
        "partition": 0,
        "position": 0,
        "recorded_at": TIME,
        "event_id": IDS[0],
        "type": "CountSubmitted",
        "contest": "PPWP",
        "unit": STATION,
        "occurred_at": OCCURRED,
        "outcome": "accepted",
        "reason": "",
        "version": 1,
        "body": BODIES[0].hex().upper(),
    }
    assert found[1]["occurred_at"] is None
    assert found[3]["event_id"] == found[3]["type"] == found[3]["unit"] == ""


def test_stations_come_back_with_null_for_what_is_missing_and_all_regions_above(filled: Client) -> None:
    first, annulled, abroad = asked(filled, "SELECT * FROM station_history FINAL ORDER BY unit, version")
    assert first == {
        "election": ELECTION_ID,
        "contest": "PPWP",
        "unit": STATION,
        "village": "1101012001",
        "subdistrict": "110101",
        "district": "1101",
        "province": "11",
        "version": 1,
        "recorded_at": TIME,
        "partition": 0,
        "position": 0,
        "event_id": IDS[0],
        "type": "CountSubmitted",
        "status": "clean",
        "listed": True,
        "kind": "regular",
        "votes": {"1": 10, "2": 0},
        "valid": 10,
        "invalid": 2,
        "voters": 12,
        "registered": 201,
        "rules": [],
        "complete": True,
    }
    assert (abroad["village"], abroad["district"], abroad["province"]) == (ABROAD, "9901", "99")
    assert (abroad["status"], abroad["listed"], abroad["rules"]) == ("flagged", False, ["R08", "R25"])
    assert abroad["votes"] == {"3": 7}
    assert [abroad[name] for name in ("valid", "invalid", "voters", "registered")] == [7, None, None, None]
    assert (annulled["status"], annulled["version"], annulled["kind"]) == ("annulled", 2, "")
    assert (annulled["votes"], annulled["valid"], annulled["registered"]) == ({}, None, 201)


def test_the_station_in_force_follows_its_history(filled: Client) -> None:
    found = asked(filled, "SELECT unit, version, status FROM station FINAL ORDER BY unit")
    assert found == [
        {"unit": STATION, "version": 2, "status": "annulled"},
        {"unit": ABROAD_STATION, "version": 1, "status": "flagged"},
    ]


def test_findings_come_back_with_their_numbers_and_both_sentences(filled: Client) -> None:
    (found,) = asked(filled, "SELECT * FROM finding FINAL")
    assert found["numbers"] == {"counted": 5, "voted": -6}
    assert (found["rule"], found["severity"], found["place"]) == ("R08", "hard", "V.C")
    assert (found["tag"], found["sentence_id"], found["sentence_en"]) == ("recount_trigger", "lima", "five")
    assert (found["unit"], found["village"], found["version"]) == (ABROAD_STATION, ABROAD, 1)


def test_rejected_messages_come_back_with_reason_bytes_and_both_sentences(filled: Client) -> None:
    found = asked(
        filled,
        "SELECT position, event_id, reason, sentence_id, sentence_en, hex(body) AS body "
        "FROM rejected FINAL ORDER BY position",
    )
    assert [tuple(row.values()) for row in found] == [
        (3, "", "malformed", "tidak terbaca", "can't be read", BODIES[3].hex().upper()),
        (4, IDS[4], "already_counted", "sudah ada", "already there", BODIES[4].hex().upper()),
    ]


def test_recapitulations_come_back_with_figures_of_a_nation_and_null_for_what_is_missing(
    filled: Client,
) -> None:
    (found,) = asked(filled, "SELECT * FROM recap FINAL")
    assert found["votes"] == {"11:21": 2**40}
    assert (found["valid"], found["invalid"], found["voters"]) == (2**40, None, 0)
    assert (found["level"], found["unit"], found["contest"]) == ("province", "11", "DPD")
    assert (found["document"], found["event_id"], found["version"]) == ("D.Hasil 11", IDS[5], 1)


def test_every_cell_of_a_tally_comes_back_in_its_own_column(filled: Client) -> None:
    regions, cells = region_cells(WORLD)
    found = {
        row["unit"]: row for row in asked(filled, "SELECT * FROM tally_history FINAL WHERE contest = 'PPWP'")
    }
    assert len(found) == len(regions)
    for region, row_of_cells in zip(regions.tolist(), cells.tolist(), strict=True):
        shown = found[WORLD.registry.ids[region]]
        expected = WORLD.registry.region_at(region)
        named = dict(zip(("version", *FIXED_CELLS), row_of_cells, strict=False))
        assert {name: shown[f"stations_{name}" if name in FUNNEL else name] for name in named} == named
        layout = WORLD.ballots.ballots[0].layout
        for name in ("votes", "clean_votes", "share_votes", "clean_share_votes"):
            assert shown[name] == dict(zip("123", row_of_cells[getattr(layout, name)], strict=True))
        for name in ("votes_forms", "clean_votes_forms"):
            assert shown[name] == row_of_cells[getattr(layout, name)]
        assert (shown["stations_expected"], shown["registered"]) == (expected.stations, expected.registered)
        assert (shown["level"], shown["parent"]) == (expected.level, expected.parent or "")
        assert (shown["position"], shown["recorded_at"]) == (5, TIME)


def test_a_region_with_several_ballots_shows_all_of_their_options(filled: Client) -> None:
    (found,) = asked(filled, "SELECT * FROM tally_history FINAL WHERE contest = 'DPR'")
    assert found["votes"].keys() == found["clean_votes"].keys()
    assert found["votes"].keys() == {key for ballot in WORLD.ballots.ballots[1:4] for key in ballot.keys}
    assert found["version"] == 1 + 2 + 3
    assert (found["level"], found["unit"], found["parent"]) == ("nation", "0", "")


def test_the_newest_tally_follows_the_history(filled: Client) -> None:
    changed = np.zeros_like(region_cells(WORLD)[1][:1])
    changed[:, : len(FIXED_CELLS)] = 1
    newer, older = (
        ROWS.tallies(WORLD.ballots.ballots[0], integers(0), region_cells(WORLD)[1][:1] + change, *place)
        for change, place in ((changed, (6, AT + 1)), (-changed, (4, AT - 1)))
    )
    for table in (newer, older):  # the older one comes late
        filled.insert_arrow("tally_history", table)
    (found,) = asked(
        filled, "SELECT version, position FROM tally FINAL WHERE contest = 'PPWP' AND unit = '0'"
    )
    assert found == {"version": 1_001, "position": 6}


def test_the_register_comes_back_with_null_for_voters_that_nobody_knows(filled: Client) -> None:
    regions = {row["unit"]: row for row in asked(filled, "SELECT * FROM region FINAL")}
    assert len(regions) == len(WORLD.registry.ids)
    for region in WORLD.registry.regions():
        shown = regions[region.id]
        assert (shown["name"], shown["level"], shown["parent"]) == (
            region.name,
            region.level,
            region.parent or "",
        )
        assert (shown["stations"], shown["registered"]) == (region.stations, region.registered)
    assert regions[ABROAD]["registered"] is None
    path = ("province", "district", "subdistrict")
    assert [regions["1102012001"][name] for name in path] == ["11", "1102", "110201"]
    assert [regions["1102"][name] for name in path] == ["11", "1102", ""]
    assert [regions["0"][name] for name in path] == ["", "", ""]


def test_the_list_of_stations_comes_back(filled: Client) -> None:
    stations = asked(filled, "SELECT * FROM register_station FINAL ORDER BY unit")
    assert len(stations) == 50
    assert stations[0] == {
        "election": ELECTION_ID,
        "unit": STATION,
        "village": "1101012001",
        "number": 1,
        "registered": 201,
        "listed": True,
        "name": "",
    }
    assert stations[-1]["registered"] is None


def test_names_of_stations_are_those_of_the_list() -> None:
    names = {1: None, 2: "KBRI Kairo", 3: None}
    listed = [StationRow(f"{ABROAD}{number:03}", ABROAD, number, name=name) for number, name in names.items()]
    abroad = [
        RegionRow(region.id, region.parent, region.level, region.name)
        for region in WORLD.registry.regions()
        if region.id.startswith("99")
    ]
    register = build_registry(abroad, listed, root=("0", "INDONESIA"))
    made = Rows(ELECTION_ID, register, Ballots(WORLD.election, register)).register_stations()
    assert made["name"].to_pylist() == ["", "KBRI Kairo", ""]


def test_rows_inserted_again_in_other_pieces_change_nothing(filled: Client) -> None:
    def contents() -> dict[str, str]:
        return {
            name: json.dumps(sorted(map(str, filled.query(f"SELECT * FROM {name} FINAL").result_rows)))
            for name in INSERTED
        } | {name: str(filled.command(f"SELECT count() FROM {name} FINAL")) for name in ("station", "tally")}

    before = contents()
    for name, table in every_table(WORLD, ELECTION_ID).items():
        for start in range(0, table.num_rows, 5):
            filled.insert_arrow(name, table.slice(start, 5))
    assert contents() == before
    for name in INSERTED:
        assert (
            filled.command(f"SELECT count() FROM {name} FINAL")
            == every_table(WORLD, ELECTION_ID)[name].num_rows
        )


def test_unknown_is_never_written_as_a_number() -> None:
    for name, table in every_table(WORLD, ELECTION_ID).items():
        for column in table.columns:
            if pa.types.is_integer(column.type):
                assert UNKNOWN not in column.to_pylist(), name
