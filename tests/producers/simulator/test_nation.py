"""The built-in nation has the numbers of 2024, whole or as a smaller nation of the same shape."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from producers.simulator.districts import all_districts
from producers.simulator.nation import builtin_candidates, builtin_registry
from schemas.ballots import Ballots
from schemas.elections import ContestKind, Election, load_election
from schemas.regions import REGION_LEVELS, Level, Registry
from schemas.registry_build import RegionRow, StationRow, build_registry


@pytest.fixture(scope="module")
def election() -> Election:
    return load_election("pemilu2024")


@pytest.fixture(scope="module")
def nation(election: Election) -> Registry:
    return builtin_registry(election)


@pytest.fixture(scope="module")
def three_provinces(election: Election) -> Registry:
    return builtin_registry(election, provinces=["11", "31", "99"], stations=400)


def test_the_nation_has_the_official_numbers(nation: Registry) -> None:
    whole = nation.region("0")
    overseas = nation.region("99")
    assert whole is not None
    assert overseas is not None
    assert (whole.stations, whole.registered) == (823_236, 204_807_222)
    assert (overseas.stations, overseas.registered) == (3_075, 1_750_474)
    home = Counter(
        region.level for region in nation.regions() if region.level != "nation" and region.id[:2] != "99"
    )
    assert home == {
        Level.PROVINCE: 38,
        Level.DISTRICT: 514,
        Level.SUBDISTRICT: 7_277,
        Level.VILLAGE: 83_731,
    }


def test_every_district_has_what_its_row_says(nation: Registry) -> None:
    for row in all_districts():
        district = nation.region(row.code)
        assert district is not None
        assert (district.parent, district.name) == (row.province, row.name)
        assert (district.stations, district.registered) == (row.stations, row.registered)
        assert len(nation.children[district.index]) == row.subdistricts


def test_no_station_is_above_the_limit_where_one_holds(nation: Registry, election: Election) -> None:
    province = nation.station_ids.astype("S2")
    exempt = np.isin(province, [code.encode() for code in election.limits.voters_exempt])
    assert nation.station_registered[~exempt].max() <= 300
    assert nation.station_registered[exempt].max() > 300
    assert nation.station_registered.min() > 0


def test_columns_are_those_that_rows_would_give(election: Election, three_provinces: Registry) -> None:
    it = three_provinces
    rows = [RegionRow(one.id, one.parent, one.level, one.name) for one in it.regions()]
    stations = [
        StationRow(station.decode(), it.ids[village], number, registered)
        for station, village, number, registered in zip(
            it.station_ids.tolist(),
            it.station_village.tolist(),
            it.station_number.tolist(),
            it.station_registered.tolist(),
            strict=True,
        )
    ]
    built = build_registry(
        rows,
        stations,
        root=(election.root.id, election.root.name),
        unlisted_pattern=election.stations.pattern,
    )
    assert built.hash == it.hash


def test_a_smaller_nation_keeps_its_levels_and_the_provinces_proportions(
    election: Election, nation: Registry
) -> None:
    small = builtin_registry(election, stations=5_000)
    assert len(small.station_ids) == 5_000
    assert {REGION_LEVELS[depth] for depth in small.depth.tolist()} == set(REGION_LEVELS)
    for region in small.regions():
        if region.level is Level.PROVINCE:
            real = nation.region(region.id)
            assert real is not None
            assert region.stations == pytest.approx(real.stations * 5_000 / 823_236, rel=0.01, abs=2)
    java = small.region("32")
    assert java is not None
    assert len(small.children[java.index]) > 2


def test_stations_are_found_by_their_id(three_provinces: Registry) -> None:
    for raw in three_provinces.station_ids.tolist():
        station = three_provinces.station(raw.decode())
        assert station is not None
        assert station.number == int(raw[-3:])
        assert three_provinces.ids[station.village] == raw.decode()[:10]


def test_the_nation_is_the_same_every_time(election: Election) -> None:
    once = builtin_registry(election, stations=300)
    assert once.hash == builtin_registry(election, stations=300).hash
    assert once.hash == "e742bb9f41af7f2fbae677fcfb3e744af43b9c172cc7c85dc63f634c25be26ab"


@pytest.mark.parametrize(
    ("provinces", "stations", "said"),
    [(["32", "77"], None, "no province 77"), (None, 20, "39 or more"), (["31", "32"], 1, "2 or more")],
)
def test_what_can_not_be_made_is_refused_with_what_to_do(
    election: Election, provinces: list[str] | None, stations: int | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        builtin_registry(election, provinces=provinces, stations=stations)


def test_an_election_with_other_station_ids_is_refused() -> None:
    with pytest.raises(ValueError, match="give the register of pilpres2019"):
        builtin_registry(load_election("pilpres2019"))


def test_every_ballot_can_be_filled(election: Election, three_provinces: Registry) -> None:
    full = builtin_candidates(election, three_provinces)
    ballots = Ballots(full, three_provinces)
    assert all(ballot.options for ballot in ballots.ballots)
    assert all(ballot.constituency for ballot in ballots.ballots)
    for ballot in ballots.ballots:
        if ballot.kind is ContestKind.PARTIES:
            seats = max(int(option.split(".")[1]) for option in ballot.options if "." in option)
            assert 3 <= seats <= 8
        if ballot.kind is ContestKind.PERSONS:
            assert 10 <= len(ballot.options) <= 20


def test_contests_are_held_where_the_definition_says(election: Election, three_provinces: Registry) -> None:
    ballots = Ballots(builtin_candidates(election, three_provinces), three_provinces)
    held = {
        contest: {
            code
            for code in ("11", "31", "99")
            if ballots.expected(number, three_provinces.index[code])[0] > 0
        }
        for number, contest in enumerate(ballots.contests)
    }
    assert held == {
        "PPWP": {"11", "31", "99"},
        "DPR": {"11", "31", "99"},
        "DPD": {"11", "31"},
        "DPRD-PROV": {"11", "31"},
        "DPRD-KABKO": {"11"},
    }
    parties = {
        ballot.constituency[:2]: len(ballot.top)
        for ballot in ballots.ballots
        if ballot.contest == "DPRD-PROV"
    }
    assert parties == {"11": 24, "31": 18}


def test_votes_from_overseas_go_to_a_district_of_jakarta_or_stay_alone(election: Election) -> None:
    both = builtin_registry(election, provinces=["31", "99"], stations=60)
    alone = builtin_registry(election, provinces=["99"], stations=60)
    for registry, members in ((both, "31-1"), (alone, "99-1")):
        found = [
            district
            for district in builtin_candidates(election, registry).electoral_districts
            if district.contest == "DPR" and any(code.startswith("99") for code in district.regions)
        ]
        assert [district.id for district in found] == [members]


def test_the_nation_has_84_electoral_districts_for_the_house(election: Election, nation: Registry) -> None:
    only_house = Election(
        **{
            **{name: getattr(election, name) for name in Election.model_fields},
            "contests": (election.contest("DPR"),),
        }
    )
    full = builtin_candidates(only_house, nation)
    assert len(full.electoral_districts) == 84
    members = Counter(code for district in full.electoral_districts for code in district.regions)
    assert set(members.values()) == {1}
    assert len(members) == 514 + 1
    assert all(
        candidate.name.startswith("Calon ") and not any(map(str.isalpha, candidate.name[6:]))
        for candidate in full.candidates
    )


def test_a_contest_that_nobody_divided_is_refused(election: Election, three_provinces: Registry) -> None:
    house = election.contest("DPR").model_copy(update={"id": "SENATE"})
    other = Election(
        **{
            **{name: getattr(election, name) for name in Election.model_fields},
            "contests": (house,),
        }
    )
    with pytest.raises(ValueError, match="how SENATE is divided"):
        builtin_candidates(other, three_provinces)


def test_first_forms_of_the_nation_are_4_076_189(election: Election, nation: Registry) -> None:
    # 789,395 stations with five contests, 30,766 of Jakarta with four, 3,075 overseas with two.
    ballots = Ballots(election, nation)
    assert sum(ballots.expected(contest, 0)[0] for contest in range(5)) == 4_076_189
