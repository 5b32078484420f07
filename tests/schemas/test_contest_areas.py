"""Where a contest is held: what it costs grows with its regions, not with contests times regions."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import Level, Registry
from schemas.registry_build import RegionRow, build_registry

VILLAGES = 40
FEW, MANY = 20, 80
MOST_GROWTH = 6
"""MANY districts with a contest each may take this many times what FEW take: 4 times the rows, and some more
for lists that grow in steps. A column of all regions for every contest would make it 16 times."""


def register(districts: int) -> Registry:
    """Districts of one province, with one sub-district and VILLAGES villages each."""
    rows = [RegionRow("1", None, Level.PROVINCE, "1")]
    for number in range(districts):
        district = f"1{number:03d}"
        rows.append(RegionRow(district, "1", Level.DISTRICT, district))
        rows.append(RegionRow(f"{district}01", district, Level.SUBDISTRICT, district))
        rows += [
            RegionRow(f"{district}01{village:03d}", f"{district}01", Level.VILLAGE, "v", 2, 400)
            for village in range(VILLAGES)
        ]
    return build_registry(rows, [], root=("0", "X"))


def local_election(districts: int) -> Election:
    """A contest in each district."""
    name = {"id": "a", "en": "b"}
    return Election.model_validate(
        {
            "id": "e",
            "name": name,
            "root": {"id": "0", "name": "X"},
            "stations": {"format": "{village}{number:03d}", "pattern": "(?P<village>.+)(?P<number>[0-9]{3})"},
            "count_unlisted_stations": False,
            "contests": [
                {
                    "id": f"C{number:03d}",
                    "name": name,
                    "kind": "local_pairs",
                    "scope": "district",
                    "held_in": [f"1{number:03d}"],
                    "options": [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}],
                }
                for number in range(districts)
            ],
        }
    )


def bytes_of(districts: int) -> int:
    """What all columns of the ballots of so many local contests take at most."""
    registry, election = register(districts), local_election(districts)
    registry.villages_below(0)  # the register's own columns are no contest's
    _ = registry.voters_known
    gc.collect()
    tracemalloc.start()
    ballots = Ballots(election, registry)
    for contest in range(districts):
        regions = np.array([region for region, _ in ballots.held(contest)])
        ballots.expected_in(contest, regions)
        ballots.unknown_in(contest, regions)
        ballots.have_one(contest, regions)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def test_four_times_the_local_contests_take_about_four_times_the_memory() -> None:
    assert bytes_of(MANY) < MOST_GROWTH * bytes_of(FEW)


@pytest.mark.parametrize("districts", [1, FEW])
def test_a_local_contest_has_rows_for_its_district_and_what_is_above(districts: int) -> None:
    registry = register(districts)
    ballots = Ballots(local_election(districts), registry)
    for contest in range(districts):
        district = f"1{contest:03d}"
        own = [one.id for one in registry.regions() if one.id.startswith(district)]
        assert [registry.ids[region] for region, _ in ballots.held(contest)] == sorted(
            ["0", "1", *own], key=registry.index.__getitem__
        )


def test_the_villages_below_a_region_are_those_whose_chain_has_it() -> None:
    registry = register(3)
    for region in registry.regions():
        below = [
            one.index
            for one in registry.regions()
            if one.level is Level.VILLAGE and region.index in registry.chain(one.index)
        ]
        assert registry.villages_below(region.index).tolist() == below


def test_regions_without_villages_have_rows_where_the_contest_is_held() -> None:
    rows = [RegionRow(code, None, Level.PROVINCE, code) for code in ("1", "2", "3")]
    rows += [RegionRow("11", "1", Level.DISTRICT, "11"), RegionRow("21", "2", Level.DISTRICT, "21")]
    rows += [
        RegionRow("111", "11", Level.SUBDISTRICT, "111"),
        RegionRow("1111", "111", Level.VILLAGE, "v", 2),
    ]
    registry = build_registry(rows, [], root=("0", "X"))
    document = local_election(1).model_dump(mode="json")
    [contest] = document["contests"]
    contests = [
        contest | {"id": "A", "held_in": None, "excluded": ["3"]},
        contest | {"id": "B", "held_in": ["21", "11"]},
        contest | {"id": "C", "held_in": ["1"]},
        contest | {"id": "D", "held_in": None, "scope": "province"},
    ]
    ballots = Ballots(Election.model_validate(document | {"contests": contests}), registry)
    held = [
        {registry.ids[region]: len(there) for region, there in ballots.held(number)} for number in range(4)
    ]
    below = {"11": 1, "111": 1, "1111": 1}
    assert held[0] == {"0": 2, "1": 1, "2": 1, "21": 1} | below
    assert held[1] == held[0]
    assert held[2] == {"0": 1, "1": 1} | below
    assert held[3] == {"0": 3, "1": 1, "2": 1, "3": 1, "21": 1} | below
    assert ballots.expected(0, registry.index["2"]) == (0, None)
    assert ballots.expected(0, 0) == (2, None)


def test_a_region_without_villages_has_no_ballot_where_its_constituencies_are_not_known() -> None:
    rows = [RegionRow(code, None, Level.PROVINCE, code) for code in ("1", "2")]
    rows += [RegionRow("11", "1", Level.DISTRICT, "11"), RegionRow("111", "11", Level.SUBDISTRICT, "111")]
    rows.append(RegionRow("1111", "111", Level.VILLAGE, "v", 2))
    registry = build_registry(rows, [], root=("0", "X"))
    document = local_election(1).model_dump(mode="json")
    document["contests"][0]["held_in"] = None
    ballots = Ballots(Election.model_validate(document), registry)
    held = {registry.ids[region]: list(there) for region, there in ballots.held(0)}
    assert held == {"0": [0], "1": [0], "2": [], "11": [0], "111": [0], "1111": [0]}
    assert ballots.have_one(0, np.arange(len(registry.ids))).tolist() == [True, True, False, True, True, True]
