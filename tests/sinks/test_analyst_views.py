"""The views for analysts, on known numbers: what is unknown is NULL, and shares are of the same forms."""

from __future__ import annotations

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.sinks import small_count
from tests.sinks.small_count import VILLAGES

FIRST, SECOND = VILLAGES
NATION = "contest = 'PPWP' AND level = 'nation'"


@pytest.fixture
def counted(clickhouse: Client) -> Client:
    small_count.insert(clickhouse, small_count.rows())
    return clickhouse


def rows(client: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in client.query(sql).result_rows]


def totals(unit: str, parent: str, votes: dict[str, int], forms: int = 3, **more: Any) -> small_count.Row:
    """A row of totals with these votes, all of them on `forms` complete forms."""
    held = list(votes.items())
    return small_count.tally_rows([], 1)[0] | {
        "contest": "DPRD-PROV",
        "level": "village",
        "unit": unit,
        "parent": parent,
        "version": forms,
        "votes": held,
        "votes_forms": [forms] * len(held),
        "share_votes": held,
        "share_total": sum(votes.values()),
        "share_forms": forms,
        "stations_expected": 5,
        "stations_received": forms,
        **more,
    }


def test_a_region_has_the_names_above_it(counted: Client) -> None:
    assert rows(counted, "SELECT unit, path FROM region_path ORDER BY length(unit), unit") == [
        ("0", "Indonesia"),
        ("11", "Aceh"),
        ("1101", "Aceh / Kab. Aceh Selatan"),
        ("110101", "Aceh / Kab. Aceh Selatan / Bakongan"),
        (FIRST, "Aceh / Kab. Aceh Selatan / Bakongan / Keude Bakongan"),
        (SECOND, "Aceh / Kab. Aceh Selatan / Bakongan / Ujong Mangki"),
    ]
    for view in ("tally_now", "result_now", "leader_now", "progress_now", "turnout_now"):
        differing = (
            f"SELECT count() FROM {view} AS one INNER JOIN region_path AS place USING (election, unit) "
            "WHERE one.path != place.path OR one.name != place.name"
        )
        assert rows(counted, differing) == [(0,)], view


def test_the_look_up_follows_the_register_also_of_an_earlier_schema(counted: Client) -> None:
    differing = (
        "SELECT count() FROM region FINAL WHERE (concat(election, '/', unit), name) NOT IN "
        "(SELECT region_key, region_name FROM region_lookup)"
    )
    assert rows(counted, differing) == [(0,)]


def test_a_result_has_a_row_for_each_option_with_both_totals(counted: Client) -> None:
    found = rows(
        counted,
        "SELECT option, votes, clean_votes, round(share, 4), share_forms, votes_forms, stations_outstanding, "
        f"registered_outstanding FROM result_now WHERE {NATION} ORDER BY option",
    )
    (wide,) = rows(
        counted, f"SELECT votes, clean_votes, share_votes, share_total FROM tally_now WHERE {NATION}"
    )
    votes, clean, share_votes, total = wide
    assert found == [
        (option, votes[option], clean[option], round(share_votes[option] / total, 4), 10, 10, 2, 500)
        for option in small_count.OPTIONS
    ]


def test_a_figure_that_no_form_gives_is_null_in_every_view(clickhouse: Client) -> None:
    small_count.insert(
        clickhouse, {name: some for name, some in small_count.rows().items() if name != "station_history"}
    )
    small_count.insert(
        clickhouse, {"tally_history": [row | {"contest": "DPR"} for row in small_count.tally_rows([], 0)]}
    )
    silent = "contest = 'DPR' AND level = 'nation'"
    asked = f"SELECT DISTINCT votes, clean_votes, share FROM result_now WHERE {silent}"
    assert rows(clickhouse, asked) == [(None, None, None)]
    asked = (
        f"SELECT leading, leading_votes, margin, clean_margin, margin_share FROM leader_now WHERE {silent}"
    )
    assert rows(clickhouse, asked) == [([], None, None, None, None)]
    asked = (
        f"SELECT voters, voters_of, turnout, clean_turnout, stations_compared FROM turnout_now WHERE {silent}"
    )
    assert rows(clickhouse, asked) == [(None, None, None, None, 0)]
    asked = (
        "SELECT stations_outstanding, share_of_stations, last_recorded_at, registered_outstanding FROM "
        f"progress_now WHERE {silent}"
    )
    assert rows(clickhouse, asked) == [(12, 0.0, None, 3000)]


def test_who_leads_and_by_how_many_votes(counted: Client) -> None:
    found = rows(
        counted,
        "SELECT leading, leading_votes, next_votes, margin, share_total, stations_outstanding, "
        f"registered_outstanding FROM leader_now WHERE {NATION}",
    )
    (share_votes,) = rows(counted, f"SELECT share_votes FROM tally_now WHERE {NATION}")[0]
    first, second, _ = sorted(share_votes.values(), reverse=True)
    assert found == [(["2"], first, second, first - second, sum(share_votes.values()), 2, 500)]


def test_equal_options_lead_together_and_an_option_of_some_ballots_is_told(counted: Client) -> None:
    equal = totals(FIRST, "110101", {"1": 50, "2": 50, "3": 7})
    own = {"votes": [("1", 9), ("2", 4), ("11-A:7", 30), ("1.2", 3)]}
    local = totals(SECOND, "110101", {"1": 9, "2": 4}) | own
    small_count.insert(counted, {"tally_history": [equal, local]})
    assert rows(
        counted,
        "SELECT unit, leading, margin, options_not_everywhere FROM leader_now WHERE contest = 'DPRD-PROV' "
        "ORDER BY unit",
    ) == [(FIRST, ["1", "2"], 0, 0), (SECOND, ["1"], 5, 1)]


def test_turnout_is_of_stations_with_both_figures(counted: Client) -> None:
    asked = (
        "SELECT unit, voters, voters_of, stations_compared, clean_stations_compared, stations_received "
        "FROM turnout_now WHERE contest = 'PPWP' AND level IN ('village', 'nation') ORDER BY level DESC, unit"
    )
    assert rows(counted, asked) == [
        ("0", 1577, 2250, 9, 8, 11),
        (FIRST, 1185, 1500, 6, 6, 6),
        (SECOND, 392, 750, 3, 2, 5),  # without the blank form, and the one that is on no list
    ]


def test_a_station_abroad_without_a_district_counts_once_in_the_nation(counted: Client) -> None:
    abroad = small_count.station(f"{FIRST}006", 2, 30, (66, 100, 30)) | {"district": "", "subdistrict": ""}
    small_count.insert(counted, {"station_history": [abroad]})
    assert rows(counted, f"SELECT voters_of, stations_compared FROM turnout_now WHERE {NATION}") == [
        (2250, 9)
    ]


def test_what_is_outstanding_is_added_up_by_level(counted: Client) -> None:
    asked = (
        "SELECT level, regions, regions_complete, regions_silent, stations_outstanding, "
        "registered_outstanding, regions_without_registered FROM outstanding_by_level "
        "WHERE contest = 'PPWP' ORDER BY level"
    )
    assert rows(counted, asked) == [
        ("village", 2, 1, 0, 2, 500, 0),
        *((level, 1, 0, 0, 2, 500, 0) for level in ("subdistrict", "district", "province", "nation")),
    ]
    unknown = totals(FIRST, "110101", {"1": 5}, registered_outstanding=None)
    small_count.insert(counted, {"tally_history": [unknown]})
    asked = (
        "SELECT registered_outstanding, regions_without_registered FROM outstanding_by_level "
        "WHERE contest = 'DPRD-PROV'"
    )
    assert rows(counted, asked) == [(None, 1)]


def test_arrivals_are_counted_by_the_minute_and_once(counted: Client) -> None:
    small_count.insert(counted, {"event": small_count.rows()["event"]})
    assert rows(
        counted,
        "SELECT contest, sum(first_counts), sum(corrections), sum(annulments), sum(accepted), sum(rejected) "
        "FROM arrival GROUP BY contest ORDER BY contest",
    ) == [("", 0, 0, 0, 0, 1), ("PPWP", 12, 1, 1, 14, 1)]


def test_a_region_unlike_its_siblings_is_listed_from_five_on(counted: Client) -> None:
    alike = [totals(f"11010120{n:02}", "110101", {"1": 60, "2": 60}) for n in range(11, 15)]
    odd = totals("1101012020", "110101", {"1": 120, "2": 10})
    few = totals("1101012021", "110101", {"1": 99, "2": 0})  # too few votes to be compared
    small_count.insert(counted, {"tally_history": [*alike, odd, few]})
    assert rows(
        counted,
        "SELECT unit, option, round(share, 3), round(share_of_the_others, 3), siblings FROM share_outlier",
    ) == [("1101012020", "1", 0.923, 0.5, 5), ("1101012020", "2", 0.077, 0.5, 5)]
    small_count.insert(counted, {"tally_history": [alike[0] | {"version": 9, "share_total": 0}]})
    assert rows(counted, "SELECT count() FROM share_outlier") == [(0,)]


def test_the_state_at_a_moment_is_that_of_the_newest_version_then(counted: Client) -> None:
    asked = (
        "SELECT stations_received, votes, shares, last_recorded_at IS NULL FROM result_as_of(moment = '{}', "
        "contest = 'PPWP', level = 'nation')"
    )
    assert rows(counted, asked.format("2024-02-14 08:00:00")) == [
        (0, {"1": None, "2": None, "3": None}, {"1": None, "2": None, "3": None}, 1)
    ]
    assert [row[0] for row in rows(counted, asked.format("2024-02-14 08:10:00"))] == [6]
    ((received, votes, _, _),) = rows(counted, asked.format("2024-02-14 09:00:00"))
    assert (received, votes) == rows(
        counted, f"SELECT stations_received, votes FROM tally_now WHERE {NATION}"
    )[0]


def test_what_a_later_document_changed_is_told_cell_by_cell(counted: Client) -> None:
    third = small_count.recap("subdistrict", "110101", 3, (600, 1_000, 250), valid=None, invalid=7)
    small_count.insert(counted, {"recap": [third]})
    assert rows(
        counted,
        "SELECT cell, before, after, difference FROM recap_change WHERE version = 3 ORDER BY cell",
    ) == [
        ("invalid", None, 7, None),
        ("valid", 1731, None, None),
        ("votes.1", 581, 600, 19),
        ("votes.2", 900, 1000, 100),
    ]


def test_a_shift_is_of_options_that_add_up_and_never_of_candidates_beside_their_party(
    counted: Client,
) -> None:
    votes = {"1": 100, "2": 50, "1:1.1": 60, "1:1.2": 30}
    counted_row = totals("110101", "1101", votes, level="subdistrict")
    document = small_count.recap("subdistrict", "110101", 1, (1, 2, 3)) | {
        "contest": "DPRD-PROV",
        "votes": [("1", 105), ("2", 45), ("1:1.1", 65), ("1:1.2", 30)],
        "valid": None,
    }
    small_count.insert(counted, {"tally_history": [counted_row], "recap": [document]})
    differing = "recap_difference WHERE contest = 'DPRD-PROV'"
    asked = f"SELECT cell, difference, is_shift, name FROM {differing} ORDER BY cell"
    assert rows(counted, asked) == [
        ("votes.1", 5, 1, "Bakongan"),
        ("votes.1:1.1", 5, 0, "Bakongan"),
        ("votes.2", -5, 1, "Bakongan"),
    ]
    # Without one of the options the sum is not known to be the same.
    lacking = document | {"version": 2, "votes": [("1", 105), ("1:1.1", 65), ("1:1.2", 30)]}
    small_count.insert(counted, {"recap": [lacking]})
    assert [row[2] for row in rows(counted, asked)] == [0, 0]


def test_a_document_is_complete_where_every_form_is_in_and_gives_every_figure(counted: Client) -> None:
    base: dict[str, Any] = {"level": "subdistrict", "stations_expected": 3, "valid": 8, "valid_forms": 3}
    document = small_count.recap("subdistrict", "110101", 1, (1, 2, 3)) | {"contest": "DPRD-PROV"}
    asked = "SELECT DISTINCT complete FROM recap_difference WHERE contest = 'DPRD-PROV'"
    small_count.insert(counted, {"recap": [document]})
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 1),
        ({"stations_expected": 4}, 0),
        ({"valid_forms": 2}, 0),
        ({"votes_forms": [3, 3, 2]}, 0),
    ]
    for version, (more, complete) in enumerate(cases, start=10):
        row = totals("110101", "1101", {"1": 4, "2": 2, "3": 2}, **{**base, **more, "version": version})
        small_count.insert(counted, {"tally_history": [row]})
        assert rows(counted, asked) == [(complete,)], more
    unlisted = {
        "election": small_count.ELECTION,
        "unit": f"{FIRST}909",
        "village": FIRST,
        "number": 909,
        "registered": None,
        "listed": False,
    }
    village = totals(FIRST, "110101", {"1": 4})
    whole = totals("110101", "1101", {"1": 4, "2": 2, "3": 2}, **base, version=20)
    small_count.insert(counted, {"tally_history": [whole, village]})
    assert rows(counted, asked) == [(1,)]
    small_count.insert(counted, {"register_station": [unlisted]})
    assert rows(counted, asked) == [(0,)]
