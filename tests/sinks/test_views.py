"""The views: rows in force, and comparisons that find what is wrong and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from schemas.tables import TALLY_HISTORY
from tests.sinks import small_count
from tests.sinks.small_count import CONTEST, ELECTION, VILLAGES, Row

FIRST, SECOND = VILLAGES
VIEWS = (
    "tally_now",
    "station_now",
    "finding_now",
    "recap_now",
    "inconsistency",
    "inconsistent_region",
    "published_and_below",
    "recap_difference",
    "turnout_outlier",
)


@pytest.fixture
def counted(clickhouse: Client) -> Client:
    small_count.insert(clickhouse, small_count.rows())
    return clickhouse


def ask(client: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(sql).result_rows]


def everything(client: Client) -> dict[str, list[tuple[Any, ...]]]:
    return {view: ask(client, f"SELECT * FROM {view} ORDER BY ALL") for view in VIEWS}


def test_everything_inserted_twice_in_other_batches_changes_no_answer(counted: Client) -> None:
    before = everything(counted)
    for name, rows in small_count.rows().items():
        for row in rows:
            small_count.insert(counted, {name: [row]})
    assert everything(counted) == before


def test_an_older_row_that_comes_late_does_not_take_a_newer_one_s_place(counted: Client) -> None:
    before = everything(counted)
    small_count.insert(counted, {"station_history": small_count.station_rows()[:1]})
    small_count.insert(counted, {"tally_history": small_count.tally_rows([], 0)})
    assert everything(counted) == before


def test_the_station_in_force_is_the_highest_version(counted: Client) -> None:
    found = ask(counted, f"SELECT version, status, votes FROM station_now WHERE unit = '{FIRST}001'")
    assert found == [(2, "clean", {"1": 61, "2": 100, "3": 30})]
    assert ask(counted, "SELECT count(), countIf(status = 'annulled') FROM station_now") == [(12, 1)]


def test_a_tally_is_its_newest_snapshot_with_the_region_s_name(counted: Client) -> None:
    nation = small_count.tally_rows(small_count.station_rows(), 14)[0]
    found = ask(counted, "SELECT name, version, valid, votes FROM tally_now WHERE level = 'nation'")
    assert found == [("Indonesia", nation["version"], nation["valid"], dict(nation["votes"]))]
    assert nation["version"] == len(small_count.station_rows())
    assert ask(counted, "SELECT count() FROM tally_now") == [(len(small_count.REGIONS),)]


def test_a_region_that_nothing_reached_is_shown_as_outstanding(clickhouse: Client) -> None:
    everywhere = small_count.rows()
    small_count.insert(clickhouse, {"region": everywhere["region"]})
    small_count.insert(clickhouse, {"tally_history": small_count.tally_rows([], 0)})
    found = ask(
        clickhouse, "SELECT stations_expected, stations_received FROM tally_now WHERE level = 'nation'"
    )
    assert found == [(12, 0)]
    assert ask(clickhouse, "SELECT * FROM inconsistency") == []


def test_findings_of_a_version_that_was_corrected_are_not_listed(counted: Client) -> None:
    assert ask(counted, "SELECT unit, rule FROM finding_now") == [(f"{SECOND}003", "R08")]
    assert ask(counted, "SELECT count() FROM finding FINAL") == [(3,)]


def test_findings_of_an_annulled_count_are_not_listed(counted: Client) -> None:
    annulment = small_count.station(f"{SECOND}003", 2, 17, (), "annulled")
    small_count.insert(counted, {"station_history": [annulment]})
    assert ask(counted, "SELECT * FROM finding_now") == []


def test_the_document_in_force_is_the_highest_version(counted: Client) -> None:
    assert ask(counted, "SELECT version, document FROM recap_now") == [(2, "D.Hasil 110101/2")]


# --- inconsistency
# --------------------------------------------------------------------------------------------


def test_totals_that_are_sums_are_consistent_whatever_state_the_stations_are_in(counted: Client) -> None:
    assert ask(counted, "SELECT * FROM inconsistency") == []


def differing(client: Client) -> list[str]:
    return [unit for (unit,) in ask(client, "SELECT unit FROM inconsistent_region ORDER BY unit")]


CELLS = [
    field.name
    for field in TALLY_HISTORY
    if field.name
    not in ("election", "contest", "level", "parent", "unit", "recorded_at", "partition", "position")
    and not field.name.endswith(("votes", "votes_forms", "registered_outstanding"))
]


def changed(unit: str, cell: str) -> Row:
    row = next(row for row in small_count.tally_rows(small_count.station_rows(), 14) if row["unit"] == unit)
    if "_forms." in cell:
        column, option = cell.split(".")
        return row | {column: [n + 7 * (o == option) for o, n in zip("123", row[column], strict=True)]}
    if cell.startswith(("votes.", "clean_votes.")):
        column, option = cell.split(".")
        votes = dict(row[column])
        votes[option] = votes.get(option, 0) + 7
        return row | {column: list(votes.items())}
    return row | {cell: row[cell] + 7}


@pytest.mark.parametrize(
    "cell", [*CELLS, "votes.1", "votes.9", "clean_votes.3", "votes_forms.1", "clean_votes_forms.2"]
)
def test_every_cell_of_a_published_region_is_compared_with_what_is_below(counted: Client, cell: str) -> None:
    counted.command("TRUNCATE TABLE tally")
    rows = small_count.tally_rows(small_count.station_rows(), 14)
    for unit in ("1101", FIRST):
        row = changed(unit, cell)
        small_count.insert(counted, {"tally": [row if one["unit"] == unit else one for one in rows]})
        found = ask(
            counted, "SELECT unit, cell, published - sum_below FROM inconsistency ORDER BY published DESC"
        )
        # The region itself says 7 too much; its parent, next to it, says 7 too little.
        at_village = [] if unit == FIRST and cell.startswith("ballots") else [(unit, cell, 7)]
        if unit == FIRST and cell == "stations_received":  # all of its stations are in: seven are too many
            at_village.append((unit, "stations_surplus", 7))
        parent = {"1101": "11", FIRST: "110101"}[unit]
        assert sorted(found) == sorted([*at_village, (parent, cell, -7)])
        assert differing(counted) == sorted({one[0] for one in found})
        counted.command("TRUNCATE TABLE tally")


def test_votes_moved_from_one_option_to_another_are_found(counted: Client) -> None:
    row = next(row for row in small_count.tally_rows(small_count.station_rows(), 14) if row["unit"] == SECOND)
    votes = dict(row["votes"])
    moved = votes | {"1": votes["1"] + 5, "2": votes["2"] - 5}
    small_count.insert(counted, {"tally": [row | {"votes": list(moved.items())}]})
    assert differing(counted) == ["110101", SECOND]
    found = ask(counted, "SELECT unit, cell, published - sum_below FROM inconsistency ORDER BY ALL")
    assert found == [
        ("110101", "votes.1", -5), ("110101", "votes.2", 5), (SECOND, "votes.1", 5), (SECOND, "votes.2", -5),
    ]  # fmt: skip


def test_zeros_above_nothing_are_right(counted: Client) -> None:
    nation = next(row for row in small_count.tally_rows([], 0) if row["level"] == "nation")
    other = nation | {"contest": "DPD", "stations_expected": 0, "registered": None}
    small_count.insert(counted, {"tally": [other]})
    assert differing(counted) == []
    small_count.insert(counted, {"tally": [other | {"version": 1}]})
    assert differing(counted) == [nation["unit"]]


def test_a_station_whose_sum_was_never_published_is_found(counted: Client) -> None:
    late = small_count.station(f"{FIRST}001", 3, 20, (62, 100, 30))
    small_count.insert(counted, {"station_history": [late]})
    found = ask(counted, "SELECT level, unit, cell, published, sum_below FROM inconsistency")
    assert {(level, unit) for level, unit, *_ in found} == {("village", FIRST)}
    assert {cell for _, _, cell, *_ in found} == {
        "version", "valid", "voters", "votes.1", "share_total",
        "clean_valid", "clean_voters", "clean_votes.1", "clean_share_total",
    }  # fmt: skip


def test_a_region_that_was_never_published_is_found(counted: Client) -> None:
    counted.command(f"ALTER TABLE tally DELETE WHERE unit = '{SECOND}' SETTINGS mutations_sync = 2")
    units = {unit for (unit,) in ask(counted, "SELECT DISTINCT unit FROM inconsistency")}
    assert units == {SECOND, "110101"}


def test_what_it_takes_to_compare_grows_as_the_options_and_not_as_their_square(clickhouse: Client) -> None:
    candidates = [(f"4.{number}", 1) for number in range(2_000)]
    unnamed = [(option, 0) for option, _ in candidates]
    stations, tallies = small_count.station_rows(), small_count.tally_rows(small_count.station_rows(), 14)
    stations[1] = stations[1] | {"votes": [*stations[1]["votes"], *candidates]}
    for row in tallies:  # what no form of a village names is shown with zeros
        more = unnamed if row["unit"] == SECOND else candidates
        for name in ("votes", "clean_votes"):
            forms = [*row[f"{name}_forms"], *(number for _, number in more)]
            row |= {name: [*row[name], *more], f"{name}_forms": forms}
    rows = small_count.rows() | {"station_history": stations, "tally_history": tallies}
    small_count.insert(clickhouse, rows)
    modest = {"max_memory_usage": 300_000_000}
    assert clickhouse.query("SELECT * FROM inconsistency", settings=modest).result_rows == []
    assert ask(clickhouse, "SELECT length(votes) FROM tally FINAL WHERE level = 'nation'") == [(2_003,)]


def test_elections_and_contests_are_not_mixed(counted: Client) -> None:
    for key, other in (("contest", "DPR"), ("election", "pilkada")):
        rows = small_count.rows()
        for table in ("station_history", "tally_history", "region"):
            if table == "region" and key == "contest":
                continue
            small_count.insert(counted, {table: [row | {key: other} for row in rows[table]]})
    assert ask(counted, "SELECT * FROM inconsistency") == []
    assert ask(counted, "SELECT count() FROM tally_now") == [(3 * len(small_count.REGIONS),)]


# --- recap_difference and turnout_outlier
# ---------------------------------------------------------------------


def test_a_shift_between_options_is_marked(counted: Client) -> None:
    found = ask(counted, "SELECT cell, difference, is_shift FROM recap_difference ORDER BY cell")
    assert found == [("votes.1", -10, True), ("votes.2", 10, True)]


def test_a_certified_document_equal_to_the_forms_differs_in_no_cell(counted: Client) -> None:
    tally = small_count.tally_rows(small_count.station_rows(), 14)[2]
    figures = {name: tally[name] for name in ("valid", "invalid", "voters")}
    equal = small_count.recap("district", "1101", 1, dict(tally["votes"]).values(), **figures)
    small_count.insert(counted, {"recap": [equal]})
    assert ask(counted, "SELECT * FROM recap_difference WHERE level = 'district'") == []


def test_a_difference_that_is_no_shift_and_cells_that_the_document_lacks(counted: Client) -> None:
    tally = small_count.tally_rows(small_count.station_rows(), 14)[2]
    votes = [figure + (5 if option == "1" else 0) for option, figure in tally["votes"]]
    document = small_count.recap("district", "1101", 1, votes, invalid=tally["invalid"] + 1, voters=None)
    small_count.insert(counted, {"recap": [document]})
    found = ask(
        counted,
        "SELECT cell, certified, counted, difference, is_shift, stations_outstanding "
        "FROM recap_difference WHERE level = 'district' ORDER BY cell",
    )
    outstanding = 12 - (tally["stations_received"] - tally["stations_unlisted"])
    ones, valid, invalid = dict(tally["votes"])["1"], tally["valid"], tally["invalid"]
    assert found == [
        ("invalid", invalid + 1, invalid, 1, False, outstanding),
        ("valid", valid + 5, valid, 5, False, outstanding),
        ("votes.1", ones + 5, ones, 5, False, outstanding),
    ]
    assert outstanding == 2


def test_a_turnout_far_from_the_village_s_others_is_listed_once_enough_are_compared(counted: Client) -> None:
    assert ask(counted, "SELECT * FROM turnout_outlier") == []  # four stations of the village can be compared
    silent = small_count.station(f"{SECOND}006", 1, 18, (80, 90, 30))
    again = small_count.station(f"{SECOND}004", 3, 19, (80, 90, 30))
    small_count.insert(counted, {"station_history": [silent, again]})
    found = ask(
        counted, "SELECT unit, turnout, turnout_of_the_others, stations_compared FROM turnout_outlier"
    )
    others = (164 + 194 + 204 + 204) / (4 * 250)
    assert found == [(f"{SECOND}005", 34 / 250, round(others, 4), 5)]


def test_the_keys_of_the_small_count_are_those_asked_for(counted: Client) -> None:
    assert ask(counted, "SELECT DISTINCT election, contest FROM tally_now") == [(ELECTION, CONTEST)]
