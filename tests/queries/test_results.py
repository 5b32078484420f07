"""Results: the right units, both totals, what is missing as None, and the state at a moment."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.client import Client

from queries.places import Unanswerable
from queries.results import results
from queries.rows import Row
from tests.queries.world import ELECTION, UNLISTED, VILLAGE, minute

BEHIND = {
    "shares": {"1": 104 / 108, "2": 4 / 108},
    "share_forms": 2,
    "share_total": 108,
    "share_votes": {"1": 104, "2": 4},
    "forms": {"votes": {"1": 2, "2": 2}, "valid": 2, "invalid": 2, "voters": 2},
}
"""What is behind the figures of Aceh and the nation: two forms that give everything."""


def by_region(rows: list[Row]) -> dict[str, Row]:
    assert len({row["region"] for row in rows}) == len(rows)
    return {row["region"]: row for row in rows}


def test_a_row_has_the_contract_s_fields_and_both_totals(world: Client) -> None:
    (row,) = results(world, ELECTION, "PPWP", "nation")
    assert row == {
        "level": "nation",
        "region": "0",
        "name": "INDONESIA",
        "parent": None,
        "contest": "PPWP",
        "version": 6,
        "votes": {"1": 104, "2": 4},
        "valid": 108,
        "invalid": 5,
        "voters": 113,
        "registered": 600,
        **BEHIND,
        "stations": {
            **{"expected": 5, "received": 3, "clean": 2, "flagged": 0, "blank": 1, "annulled": 1},
            **{"unlisted": 1, "surplus": 0},
        },
        "clean": {"votes": {"1": 104, "2": 4}, "valid": 108, "invalid": 5, "voters": 113, **BEHIND},
        # five expected, two of those in, and one that no list has; abroad nobody knows the voters
        "outstanding": {"stations": 3, "registered": None},
    }
    assert all(type(figure) is int for figure in (*row["votes"].values(), row["valid"], row["version"]))


def test_options_without_votes_are_shown_and_unknown_voters_are_none(world: Client) -> None:
    rows = by_region(results(world, ELECTION, "PPWP", "province"))
    assert list(rows) == ["11", "-99"]
    assert rows["-99"]["votes"] == rows["-99"]["shares"] == {"1": None, "2": None}
    assert rows["-99"]["version"] == 0
    assert rows["-99"]["registered"] is None
    assert rows["-99"]["outstanding"] == {"stations": 2, "registered": None}


@pytest.mark.parametrize("level", ["nation", "province", "district", "subdistrict", "village", "station"])
def test_only_where_the_contest_is_held(world: Client, level: str) -> None:
    units = [row["region"] for row in results(world, ELECTION, "DPD", level)]
    assert units
    assert not [unit for unit in units if unit.startswith("-")]


@pytest.mark.parametrize(
    ("level", "region", "expected"),
    [
        ("province", "0", ["11", "-99"]),
        ("province", "-99", ["-99"]),
        ("village", "-99", ["-991304"]),
        ("village", "11", [VILLAGE]),
        ("village", "1101", [VILLAGE]),
        ("village", "110101", [VILLAGE]),
        ("village", VILLAGE, [VILLAGE]),
        ("subdistrict", "11", ["110101"]),
        ("station", "-991", ["-991304-001", "-991304-002"]),
        ("station", "-991304", ["-991304-001", "-991304-002"]),
        ("station", "-991304-001", ["-991304-001"]),
    ],
)
def test_a_region_of_any_level_limits_the_rows(
    world: Client, level: str, region: str, expected: list[str]
) -> None:
    assert [row["region"] for row in results(world, ELECTION, "PPWP", level, region)] == expected


def test_a_region_below_the_level_is_refused_with_what_to_ask(world: Client) -> None:
    with pytest.raises(Unanswerable, match="there is no province inside it"):
        results(world, ELECTION, "PPWP", "province", "1101")


def test_an_unknown_region_is_named(world: Client) -> None:
    with pytest.raises(Unanswerable, match="'4711'"):
        results(world, ELECTION, "PPWP", "province", "4711")


def test_stations_that_have_not_reported_are_listed_with_nulls_and_unlisted_ones_too(world: Client) -> None:
    rows = by_region(results(world, ELECTION, "PPWP", "station"))
    # by number within a village, the one without a number last
    assert list(rows) == [
        "1101012001001",
        "1101012001002",
        "1101012001010",
        UNLISTED,
        "-991304-001",
        "-991304-002",
    ]
    waiting = rows["-991304-001"]
    assert (waiting["name"], waiting["parent"], waiting["version"]) == (None, "-991304", 0)
    assert [waiting[name] for name in ("votes", "valid", "invalid", "voters", "registered")] == [None] * 5
    assert waiting["stations"]["expected"] == 1
    assert waiting["outstanding"] == {"stations": 1, "registered": None}
    unlisted = rows[UNLISTED]
    assert unlisted["votes"] == {"1": 3, "2": 4}
    assert (unlisted["stations"]["expected"], unlisted["stations"]["received"]) == (0, 1)


def test_a_station_shows_the_version_in_force(world: Client) -> None:
    rows = by_region(results(world, ELECTION, "PPWP", "station"))
    corrected = rows["1101012001001"]
    assert (corrected["version"], corrected["votes"], corrected["registered"]) == (2, {"1": 101, "2": 0}, 200)
    clean = corrected["clean"]
    assert [clean[name] for name in ("votes", "valid", "invalid", "voters")] == [
        {"1": 101, "2": 0},
        101,
        5,
        106,
    ]
    assert (clean["shares"], clean["share_forms"]) == ({"1": 1.0, "2": 0.0}, 1)


def test_annulled_is_not_zero_and_blank_is_not_zero(world: Client) -> None:
    rows = by_region(results(world, ELECTION, "PPWP", "station"))
    annulled, blank = rows["1101012001002"], rows["1101012001010"]
    assert (annulled["votes"], annulled["valid"]) == (None, None)
    assert (annulled["stations"]["received"], annulled["stations"]["annulled"]) == (0, 1)
    assert annulled["outstanding"] == {"stations": 1, "registered": 200}
    assert blank["votes"] == {"1": None, "2": None}
    assert (blank["stations"]["received"], blank["stations"]["blank"]) == (1, 1)


def test_stations_outstanding_add_up_to_their_village_s(world: Client) -> None:
    (village,) = results(world, ELECTION, "PPWP", "village", VILLAGE)
    stations = results(world, ELECTION, "PPWP", "station", VILLAGE)
    assert sum(row["outstanding"]["stations"] for row in stations) == village["outstanding"]["stations"] == 1
    known = [row["outstanding"]["registered"] or 0 for row in stations]
    assert sum(known) == village["outstanding"]["registered"] == 200


def test_as_of_gives_the_totals_of_that_moment(world: Client) -> None:
    then = by_region(results(world, ELECTION, "PPWP", "province", as_of=minute(6)))
    assert then["11"]["version"] == 3
    assert then["11"]["votes"] == {"1": 161, "2": 7}
    assert then["11"]["clean"]["votes"] == {"1": 101, "2": 0}
    assert then["11"]["stations"]["flagged"] == 1
    assert by_region(results(world, ELECTION, "PPWP", "province", as_of=minute(7)))["11"]["version"] == 6


def test_as_of_before_everything_shows_what_is_expected(world: Client) -> None:
    (row,) = results(world, ELECTION, "PPWP", "nation", as_of=minute(-60))
    assert (row["version"], row["valid"], row["stations"]["expected"]) == (0, None, 5)
    assert row["outstanding"]["stations"] == 5


def test_as_of_gives_stations_as_they_were(world: Client) -> None:
    rows = by_region(results(world, ELECTION, "PPWP", "station", "11", as_of=minute(1)))
    assert rows["1101012001001"]["votes"] == {"1": 100, "2": 0}
    assert rows["1101012001002"]["votes"] == {"1": 60, "2": 7}
    assert rows["1101012001002"]["clean"]["votes"] is None  # flagged
    assert UNLISTED not in rows


def test_a_value_is_bound_and_never_read_as_sql(world: Client) -> None:
    with pytest.raises(Unanswerable):
        results(world, ELECTION, "PPWP", "province", "11' OR '1'='1")
    assert results(world, ELECTION, "PPWP' OR '1'='1", "province") == []
