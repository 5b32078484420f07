"""What the real votes of 2019 and 2024 decide, against who sits in parliament and who was elected.

The folder of real results is named by REKAP_REAL_DATA; without it there is nothing to compare with.
"""

from __future__ import annotations

import csv
import os
from fractions import Fraction
from pathlib import Path

import apportionment.methods as oracle
import pytest

from determination.margins import closest
from determination.persons import elected_candidates, elected_dpd
from determination.presidency import PresidencyResult, Rule, elected_pair
from determination.seats import DPR_THRESHOLD, NO_THRESHOLD, SeatsResult, determine_seats

FOLDER = Path(os.environ.get("REKAP_REAL_DATA", "absent"))
DPR = FOLDER / "dpr2024"
DECISIONS = {"sk360": "votes_sk360.csv", "sk1050": "votes_sk1050.csv"}
PARTIES = {
    **{"PDIP": "3", "GOLKAR": "4", "GERINDRA": "2", "NASDEM": "5", "PKB": "1", "PKS": "8"},
    **{"PAN": "12", "DEMOKRAT": "14", "PPP": "17", "PSI": "15", "PERINDO": "16"},
}

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DPR.is_dir(), reason="REKAP_REAL_DATA names no folder with dpr2024"),
]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def votes_of(decision: str) -> dict[str, dict[str, int]]:
    votes: dict[str, dict[str, int]] = {}
    for row in rows(DPR / DECISIONS[decision]):
        votes.setdefault(row["dapil_code"], {})[row["party_number"]] = int(row["total_votes"])
    return votes


def sizes() -> dict[str, int]:
    return {row["dapil_code"]: int(row["seats"]) for row in rows(DPR / "dapil.csv")}


def seats_of(decision: str, threshold: Fraction = DPR_THRESHOLD) -> SeatsResult:
    return determine_seats(votes_of(decision), sizes(), threshold)


@pytest.mark.parametrize("decision", DECISIONS)
def test_seats_are_those_of_who_sits_in_parliament_in_every_district(decision: str) -> None:
    result = seats_of(decision)
    sitting: dict[str, dict[str, int]] = {district: {} for district in sizes()}
    for row in rows(DPR / "seats.csv"):
        sitting[row["dapil_code"]][row["party_number"]] = int(row["seats"])
    assert len(result.districts) == 84
    for district, seats in result.districts.items():
        counted = {party: seats.of(party) for party in seats.votes if seats.of(party)}
        assert counted == sitting[district], district
        assert seats.equal_last is None
    national = {name: result.of(party) for name, party in PARTIES.items()}
    assert list(national.values()) == [110, 102, 86, 69, 68, 53, 48, 44, 0, 0, 0]
    assert sum(national.values()) == 580


def test_without_the_threshold_three_parties_more_have_seats() -> None:
    result = seats_of("sk1050", NO_THRESHOLD)
    counted = {name: result.of(party) for name, party in PARTIES.items()}
    assert list(counted.values()) == [103, 100, 86, 65, 66, 51, 48, 43, 12, 5, 1]


def test_votes_to_the_last_seat_in_the_closest_districts() -> None:
    result = seats_of("sk1050")
    named = {row["dapil_name"]: row["dapil_code"] for row in rows(DPR / "dapil.csv")}
    by_district = {district: closest(result, district) for district in result.districts}
    in_order = sorted(by_district, key=lambda district: (by_district[district] or ("", 0))[1])[:5]
    assert [(by_district[district] or ("", 0))[1] for district in in_order] == [26, 343, 389, 449, 815]
    expected = ("BANTEN II", "KALIMANTAN TIMUR", "JAWA BARAT I", "NUSA TENGGARA BARAT I", "JAWA TIMUR IV")
    assert in_order == [named[name] for name in expected]
    assert by_district[named["BANTEN II"]] == (PARTIES["DEMOKRAT"], 26)


def test_the_later_decision_changes_51_cells_of_three_districts_and_no_seat() -> None:
    first, second = votes_of("sk360"), votes_of("sk1050")
    changed = [
        (district, party)
        for district in first
        for party in first[district]
        if first[district][party] != second[district][party]
    ]
    assert (len(changed), len({district for district, _ in changed})) == (51, 3)
    seats = [
        {d: [(s.party, s.number) for s in one.awarded] for d, one in seats_of(decision).districts.items()}
        for decision in DECISIONS
    ]
    assert [
        d for d in seats[0] if sorted(p for p, _ in seats[0][d]) != sorted(p for p, _ in seats[1][d])
    ] == []


def test_seats_are_those_of_another_program_in_every_district() -> None:
    result = seats_of("sk1050")
    for seats in result.districts.values():
        parties = sorted(seats.eligible)
        theirs = oracle.compute(
            "saintelague", [seats.votes[party] for party in parties], seats.size, verbose=False
        )
        assert [seats.of(party) for party in parties] == theirs


def test_candidates_are_elected_for_every_seat() -> None:
    by_list: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows(DPR / "candidate_votes_sk360.csv"):
        one = by_list.setdefault((row["dapil_code"], row["party_number"]), {})
        one[row["candidate_number"]] = int(row["votes"])
    result = seats_of("sk360")
    elected = {
        (district, party): elected_candidates(by_list[district, party], seats.of(party))
        for district, seats in result.districts.items()
        for party in seats.votes
        if seats.of(party)
    }
    assert sum(len(one.persons) for one in elected.values()) == 580
    assert all(one.equal is None for one in elected.values())
    assert "1" in elected["1102", PARTIES["GERINDRA"]].persons


def test_four_persons_are_elected_to_dpd_in_the_vote_of_july() -> None:
    counted = rows(DPR / "dpd_sumatera_barat_psu.csv")
    votes = {row["candidate_number"]: int(row["votes"]) for row in counted}
    elected = elected_dpd(votes)
    assert sum(votes.values()) == 1_439_145
    assert set(elected.persons) == {row["candidate_number"] for row in counted if row["elected"] == "1"}
    assert elected.persons[0] == "2"


def president(folder: str, province: str, pairs: dict[str, str], abroad: str) -> PresidencyResult:
    table = rows(FOLDER / folder / "official_per_province.csv")
    by_province = {row[province]: {pair: int(row[column]) for pair, column in pairs.items()} for row in table}
    nation = {pair: sum(votes[pair] for votes in by_province.values()) for pair in pairs}
    assert abroad in by_province
    return elected_pair(nation, {one: votes for one, votes in by_province.items() if one != abroad})


def test_the_president_of_2024_was_decided_in_the_first_round() -> None:
    columns = {"1": "pas1_anies_muhaimin", "2": "pas2_prabowo_gibran", "3": "pas3_ganjar_mahfud"}
    result = president("pilpres2024", "kode_prov", columns, "99")
    assert (result.decided, result.rule, result.winner) == (True, Rule.MAJORITY_AND_SPREAD, "2")
    half = next(one for one in result.conditions if (one.pair, one.name) == ("2", "more_than_half"))
    assert (half.reached, half.of) == (96_214_691, 164_227_475)
    assert (result.provinces.total, result.provinces.needed) == (38, 20)
    assert dict(result.provinces.reached) == {"1": 22, "2": 38, "3": 9}


def test_the_president_of_2019_by_the_plurality_of_two_pairs() -> None:
    result = president("pilpres2019", "prov_id", {"1": "rekap_pas1", "2": "rekap_pas2"}, "-99")
    assert (result.decided, result.rule, result.winner) == (True, Rule.PLURALITY, "1")
    most = {one.pair: one.reached for one in result.conditions}
    assert most == {"1": 85_607_362, "2": 68_650_239}
    assert dict(result.provinces.reached) == {"1": 32, "2": 31}
