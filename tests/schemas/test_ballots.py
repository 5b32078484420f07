"""Ballots: which options a village's form can hold, where a contest is held, and what it expects there."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from schemas.ballots import Ballot, Ballots
from schemas.elections import Election, load_election
from schemas.regions import UNKNOWN, Level, Registry
from schemas.registry_build import RegionRow, build_registry

ROOT = ("0", "INDONESIA")
NAME = {"id": "a", "en": "b"}


def registry() -> Registry:
    """Provinces 11, 31 and 99, each with districts, sub-districts and villages 1 and 2 of each.

    A village has as many stations as the digits of its id that are a 2, plus one; 100 voters each, and
    village 3122 2 nobody knows how many.
    """
    rows = []
    for province in ("11", "31", "99"):
        rows.append(RegionRow(province, None, Level.PROVINCE, province))
        levels = (Level.DISTRICT, Level.SUBDISTRICT, Level.VILLAGE)
        for depth, level in enumerate(levels, start=1):
            for below in product("12", repeat=depth):
                code = province + "".join(below)
                stations = code.count("2") + 1 if level is Level.VILLAGE else None
                voters = None if stations is None or code == "31222" else stations * 100
                rows.append(RegionRow(code, code[:-1], level, code, stations, voters))
    return build_registry(rows, [], root=ROOT)


def election() -> Election:
    parties = [
        {"id": "1", "name": "A"},
        {"id": "18", "name": "Aceh only", "only_in": ["11"]},
        {"id": "24", "name": "B"},
    ]
    return Election.model_validate(
        {
            "id": "e",
            "name": NAME,
            "root": {"id": ROOT[0], "name": ROOT[1]},
            "stations": {"format": "{village}{number:03d}", "pattern": "(?P<village>.+)(?P<number>[0-9]{3})"},
            "count_unlisted_stations": False,
            "contests": [
                {
                    "id": "PAIRS",
                    "name": NAME,
                    "kind": "pairs",
                    "scope": "nation",
                    "options": [{"id": "1", "name": "A"}, {"id": "2", "name": "B", "only_in": ["0"]}],
                },
                {"id": "PERSONS", "name": NAME, "kind": "persons", "scope": "province", "excluded": ["99"]},
                {
                    "id": "PARTIES",
                    "name": NAME,
                    "kind": "parties",
                    "scope": "electoral_district",
                    "options": parties,
                },
                {
                    "id": "LOCAL",
                    "name": NAME,
                    "kind": "parties",
                    "scope": "district",
                    "excluded": ["31", "992", "1112"],
                    "options": parties,
                },
                {
                    "id": "GOVERNOR",
                    "name": NAME,
                    "kind": "local_pairs",
                    "scope": "province",
                    "held_in": ["31"],
                    "options": [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}],
                },
                {
                    "id": "REGENT",
                    "name": NAME,
                    "kind": "local_pairs",
                    "scope": "district",
                    # A district twice (whole, and a village of it), and one without a part of it.
                    "held_in": ["112", "11211", "312"],
                    "excluded": ["3121"],
                },
            ],
            "electoral_districts": [
                # A whole district, and one sub-district of another together with all that remains of it.
                {"contest": "PARTIES", "id": "11-1", "name": "x", "regions": ["111"]},
                {"contest": "PARTIES", "id": "11-2", "name": "x", "regions": ["112"]},
                {"contest": "PARTIES", "id": "31-1", "name": "x", "regions": ["31"]},
                {"contest": "PARTIES", "id": "31-2", "name": "x", "regions": ["3122"]},
            ],
            "candidates": [
                {"contest": "PERSONS", "constituency": "11", "option": "21", "name": "x"},
                {"contest": "PERSONS", "constituency": "31", "option": "21", "name": "y"},
                {"contest": "PERSONS", "constituency": "31", "option": "22", "name": "z"},
                {"contest": "PARTIES", "constituency": "11-1", "option": "1.1", "name": "x"},
                {"contest": "PARTIES", "constituency": "11-1", "option": "18.2", "name": "x"},
                {"contest": "PARTIES", "constituency": "31-2", "option": "24.1", "name": "x"},
                {"contest": "REGENT", "constituency": "112", "option": "1", "name": "x"},
                {"contest": "REGENT", "constituency": "312", "option": "1", "name": "y"},
                {"contest": "REGENT", "constituency": "312", "option": "2", "name": "z"},
            ],
        }
    )


REGISTRY = registry()
BALLOTS = Ballots(election(), REGISTRY)


def ballot(contest: str, village: str) -> Ballot | None:
    return BALLOTS.of(BALLOTS.contests.index(contest), REGISTRY.index[village])


def options(contest: str, village: str) -> list[str]:
    found = ballot(contest, village)
    assert found is not None
    return list(found.options)


def keys(contest: str, village: str) -> list[str]:
    found = ballot(contest, village)
    assert found is not None
    return list(found.keys)


def test_a_national_contest_has_one_ballot_everywhere() -> None:
    everywhere = [ballot("PAIRS", village) for village in villages_below("0")]
    only = everywhere[0]
    assert only is not None
    assert all(one is only for one in everywhere)
    assert (only.options, only.keys, only.top, only.constituency) == (("1", "2"), ("1", "2"), (0, 1), "0")


def test_persons_stand_in_their_province_and_are_told_apart_in_totals() -> None:
    assert keys("PERSONS", "11111") == ["11:21"]
    assert options("PERSONS", "31111") == ["21", "22"]
    assert keys("PERSONS", "31111") == ["31:21", "31:22"]


def test_a_contest_is_not_held_where_it_is_excluded() -> None:
    assert ballot("PERSONS", "99111") is None
    assert ballot("LOCAL", "31111") is None
    assert ballot("LOCAL", "99211") is None
    assert ballot("LOCAL", "99111") is not None
    assert ballot("LOCAL", "11121") is None
    assert ballot("LOCAL", "11111") is not None


def test_a_contest_is_held_where_it_says_and_nowhere_else() -> None:
    assert [one for one in villages_below("0") if ballot("GOVERNOR", one)] == villages_below("31")
    regent = [one for one in villages_below("0") if ballot("REGENT", one)]
    assert regent == [*villages_below("112"), *villages_below("3122")]


def test_local_pairs_are_of_the_contest_or_of_one_constituency() -> None:
    assert keys("GOVERNOR", "31111") == ["1", "2"]
    assert keys("REGENT", "11222") == ["112:1"]
    assert keys("REGENT", "31221") == ["312:1", "312:2"]


def test_a_contest_that_is_held_nowhere_has_no_ballot() -> None:
    nowhere = election().model_copy(
        update={"contests": (election().contests[5].model_copy(update={"held_in": ("77",)}),)}
    )
    ballots = Ballots(nowhere, REGISTRY)
    assert (ballots.ballots, list(ballots.held(0))) == ([], [])
    assert ballots.expected(0, 0) == (0, None)
    assert ballots.have_one(0, np.array([0])).tolist() == [False]


def test_what_is_held_of_a_contest_grows_with_its_villages() -> None:
    for number in range(len(BALLOTS.contests)):
        held = [region for region, _ in BALLOTS.held(number)]
        assert held == [
            region.index for region in REGISTRY.regions() if BALLOTS.of_region(number, region.index)
        ]


def test_a_party_is_on_the_ballot_with_all_its_votes_and_with_its_own() -> None:
    found = ballot("PARTIES", "11211")
    assert found is not None
    assert found.options == ("1", "1.0", "18", "18.0", "24", "24.0")
    assert [found.options[place] for place in found.top] == ["1", "18", "24"]


def test_a_regional_party_stands_in_its_region_only() -> None:
    assert "18" in options("PARTIES", "11111")
    assert "18" not in options("PARTIES", "31111")
    assert "18" not in options("LOCAL", "99111")


def test_candidates_stand_in_their_electoral_district_only() -> None:
    assert options("PARTIES", "11111")[-2:] == ["1.1", "18.2"]
    assert keys("PARTIES", "11111")[-2:] == ["11-1:1.1", "11-1:18.2"]
    assert "1.1" not in options("PARTIES", "11211")


def test_the_nearest_named_region_decides_on_the_electoral_district() -> None:
    assert options("PARTIES", "31221")[-1] == "24.1"
    for elsewhere in ("31211", "31111"):
        found = ballot("PARTIES", elsewhere)
        assert found is not None
        assert found.constituency == "31-1"


def test_a_village_in_no_electoral_district_has_the_parties_only() -> None:
    found = ballot("PARTIES", "99111")
    assert found is not None
    assert (found.constituency, found.options) == ("", ("1", "1.0", "24", "24.0"))


def test_every_ballot_knows_the_place_of_its_options_and_its_contest() -> None:
    for index, one in enumerate(BALLOTS.ballots):
        assert one.index == index
        assert BALLOTS.contests[BALLOTS.contest_of[index]] == one.contest
        assert [one.options[one.place[option]] for option in one.options] == list(one.options)
        assert len(one.keys) == len(one.options) == len(set(one.keys))


def test_the_order_of_ballots_follows_from_definition_and_register_alone() -> None:
    again = Ballots(Election.from_json(election().to_json()), registry())
    assert again.ballots == BALLOTS.ballots


def villages_below(region: str) -> list[str]:
    return [
        one.id
        for one in REGISTRY.regions()
        if one.level is Level.VILLAGE and REGISTRY.index[region] in REGISTRY.chain(one.index)
    ]


@pytest.mark.parametrize("contest", BALLOTS.contests)
def test_a_region_has_the_ballots_of_its_villages_and_expects_their_stations(contest: str) -> None:
    """Everything that is computed for whole columns, recomputed region by region."""
    number = BALLOTS.contests.index(contest)
    for region in REGISTRY.regions():
        below = [(village, ballot(contest, village)) for village in villages_below(region.id)]
        held = [(village, found) for village, found in below if found is not None]
        assert BALLOTS.of_region(number, region.index) == tuple(sorted({found.index for _, found in held}))
        stations = sum(village.count("2") + 1 for village, _ in held)
        known = [(village.count("2") + 1) * 100 for village, _ in held if village != "31222"]
        assert BALLOTS.expected(number, region.index) == (stations, sum(known) if known else None)
        assert bool(BALLOTS.have_one(number, np.array([region.index]))[0]) == (
            len({found.index for _, found in held}) == 1
        )


def test_the_columns_are_what_is_told_of_single_regions() -> None:
    for number in range(len(BALLOTS.contests)):
        stations, registered = BALLOTS.expected_in(number, np.arange(len(REGISTRY.ids)))
        for region in REGISTRY.regions():
            told = BALLOTS.expected(number, region.index)
            voters = UNKNOWN if told[1] is None else told[1]
            assert (stations[region.index], registered[region.index]) == (told[0], voters)


def test_regions_that_are_no_villages_have_no_ballot_of_their_own() -> None:
    for region in REGISTRY.regions():
        if region.level is not Level.VILLAGE:
            assert all(BALLOTS.of(number, region.index) is None for number in range(len(BALLOTS.contests)))


def test_the_contests_of_2024_are_held_where_the_law_holds_them() -> None:
    real = load_election("pemilu2024")
    ballots = Ballots(real, REGISTRY)
    held = {
        (contest, province): bool(ballots.of_region(number, REGISTRY.index[province]))
        for number, contest in enumerate(ballots.contests)
        for province in ("11", "31", "99")
    }
    assert {place for place, is_held in held.items() if not is_held} == {
        ("DPD", "99"),
        ("DPRD-PROV", "99"),
        ("DPRD-KABKO", "99"),
        ("DPRD-KABKO", "31"),
    }
    of_dpr = ballots.of(1, REGISTRY.index["11111"])
    of_dprd = ballots.of(3, REGISTRY.index["11111"])
    of_dprd_elsewhere = ballots.of(3, REGISTRY.index["31111"])
    assert of_dpr is not None
    assert of_dprd is not None
    assert of_dprd_elsewhere is not None
    assert [len(one.top) for one in (of_dpr, of_dprd, of_dprd_elsewhere)] == [18, 24, 18]
    assert int(np.sum(ballots.expected_in(0, np.arange(len(REGISTRY.ids)))[0] > 0)) == len(REGISTRY.ids)
