"""`rekap determination` of a count: a projection with what could change it, until it is certified."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from schemas.data_directory import DataDirectory
from schemas.elections import Election
from stream_processors.embedded.runner import Runner
from tests.rekap.conftest import Count, Rekap
from tests.worlds import (
    DPD,
    DPR,
    all_stations,
    election,
    form,
    pairs,
    recap,
    registry,
    stations,
    submitted,
    villages,
)

DISTRICTS = "dapil_code,seats\n11-A,2\n11-B,1\n12-A,3\n"


def everywhere(one: int, two: int, three: int) -> list[bytes]:
    """The same form of every station."""
    return [submitted(station, pairs(one, two, three)) for station in all_stations()]


def president(rekap: Rekap, path: Path) -> dict[str, object]:
    ran = rekap("--data", path, "determination", "--contest", "PPWP", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    document: dict[str, object] = ran.json
    return document


def test_a_whole_count_is_decided_and_still_a_projection(rekap: Rekap, count: Count) -> None:
    document = president(rekap, count(everywhere(60, 30, 10)))
    assert {name: document[name] for name in ("decided", "rule", "winner", "second_round")} == {
        "decided": True,
        "rule": "majority_and_spread",
        "winner": "1",
        "second_round": [],
    }
    assert document["provinces"] == {
        **{"total": 2, "needed": 2, "unknown": 0},
        "with_20_percent": {"1": 2, "2": 2, "3": 0},
    }
    assert document["votes"] == {"1": 3000, "2": 1500, "3": 500}
    assert document["conditions"][0] == {  # type: ignore[index]
        **{"condition": "more_than_half", "law": "416 (1)", "pair": "1"},
        **{"reached": 3000, "of": 5000, "met": True},
    }
    assert (document["projection"], document["could_change"]) == (True, False)
    assert document["outstanding"] == {"stations": 0, "registered": 0}
    assert document["clean"] == {
        **{"votes": {"1": 3000, "2": 1500, "3": 500}, "decided": True},
        **{"rule": "majority_and_spread", "winner": "1"},
    }


@pytest.mark.parametrize(("missing", "could_change"), [(1, False), (5, True)])
def test_so_many_outstanding_voters_could_change_it_or_could_not(
    rekap: Rekap, count: Count, missing: int, could_change: bool
) -> None:
    """3,000 of 5,000 votes less 60 of 100 for each station: with 5 missing, 2,700 of 4,500 and 1,007 more."""
    messages = everywhere(60, 30, 10)
    document = president(rekap, count(messages[missing:]))
    outstanding = sum(200 + int(station[-3:]) for station in all_stations()[:missing])
    assert document["outstanding"] == {"stations": missing, "registered": outstanding}
    assert (document["projection"], document["could_change"]) == (True, could_change)


def test_voters_whose_number_nobody_knows_make_it_not_known(rekap: Rekap, count: Count) -> None:
    document = president(rekap, count(everywhere(60, 30, 10)[:-1]))  # abroad
    assert document["outstanding"] == {"stations": 1, "registered": None}
    assert document["could_change"] is None


def test_a_form_without_votes_makes_it_not_known(rekap: Rekap, count: Count) -> None:
    messages = everywhere(60, 30, 10)
    messages[0] = submitted(all_stations()[0], pairs(60, None, 10))
    document = president(rekap, count(messages))
    assert document["outstanding"] == {"stations": 0, "registered": 0}
    assert document["could_change"] is None


def test_of_an_empty_count_nothing_is_known(rekap: Rekap, count: Count) -> None:
    path = count([])
    document = president(rekap, path)
    assert (document["decided"], document["winner"], document["conditions"]) == (None, None, [])
    assert document["votes"] == {"1": None, "2": None, "3": None}
    assert (document["valid"], document["projection"], document["could_change"]) == (None, True, None)
    assert "Not known" in rekap("--data", path, "determination").out


def test_certified_documents_end_the_projection(rekap: Rekap, count: Count) -> None:
    certified = {"1": 2000, "2": 1900, "3": 1000}
    signed = [recap(region, certified) for region in ("0", "11", "12")]
    document = president(rekap, count([*everywhere(60, 30, 10)[:3], *signed]))
    assert (document["decided"], document["rule"]) == (False, "second_round")
    assert (document["second_round"], document["votes"]) == (["1", "2"], certified)
    assert (document["projection"], document["could_change"]) == (False, False)
    assert document["certified"] == {"nation": True, "provinces": 2}


def test_without_the_provinces_the_nation_alone_does_not_end_it(rekap: Rekap, count: Count) -> None:
    document = president(rekap, count([*everywhere(60, 30, 10), recap("0", {"1": 9, "2": 1, "3": 0})]))
    assert (document["winner"], document["projection"]) == ("1", True)
    assert document["certified"] == {"nation": True, "provinces": 0}


@pytest.mark.parametrize(("place", "chosen"), [(0, []), (4, ["2"])])
def test_equal_pairs_are_told_apart_by_spread_level_by_level(
    rekap: Rekap, count: Count, place: int, chosen: list[str]
) -> None:
    """Pairs 2 and 3 lead in a province each; with votes in a second district 2 leads in more of them."""
    found = [
        submitted(stations(villages()[0])[0], pairs(100, 40, 20)),
        submitted(stations(villages()[place])[1], pairs(0, 20, 0)),
        submitted(stations(villages()[8])[0], pairs(20, 10, 50)),
    ]
    document = president(rekap, count(found))
    assert document["second_round"] == ["1", *chosen]
    assert document["equal"] == {"pairs": ["2", "3"], "places": 1, "chosen": chosen}


def test_people_read_the_outcome_and_that_it_is_a_projection(rekap: Rekap, count: Count) -> None:
    path = count(everywhere(60, 30, 10))
    lines = [" ".join(line.split()) for line in rekap("--data", path, "determination").out.splitlines()]
    assert "1 Pasangan 1 3,000 60.0% 2/2" in lines
    assert "Elected by these figures: 1 Pasangan 1." in lines
    assert any(line.startswith("A projection, not a result: 0 stations") for line in lines)
    indonesian = rekap("--data", path, "--lang", "id", "determination").out
    assert "Proyeksi, bukan hasil" in indonesian
    ran = rekap("--data", path, "determination", "--format", "csv")
    assert (ran.code, "one document" in ran.err) == (2, True)


def council() -> list[bytes]:
    """Votes of DPR in two districts, of the third nothing."""
    return [
        submitted(
            stations(villages()[0])[0],
            form({"1": 90, "2": 40, "20": 0, "1.1": 30, "1.2": 50, "2.1": 40}),
            DPR,
        ),
        submitted(stations(villages()[8])[0], form({"1": 50, "2": 30, "1.1": 30, "2.1": 20}), DPR),
    ]


def test_seats_of_a_count_with_the_elected_of_each_party(rekap: Rekap, count: Count, tmp_path: Path) -> None:
    path = count(council())
    file = tmp_path / "dapil.csv"
    file.write_text(DISTRICTS, encoding="utf-8")
    asked = ("--data", path, "determination", "--contest", "DPR", "--districts", file)
    ran = rekap(*asked, "--format", "json")
    rows = {(row["dapil"], row["party"]): row for row in ran.json}
    first = rows["11-A", "1"]
    assert {name: first[name] for name in ("seats", "votes", "votes_to_last_seat", "elected")} == {
        **{"seats": 1, "votes": 90, "votes_to_last_seat": 31, "elected": ["1.2"]},
    }
    assert rows["11-A", "2"]["elected"] == ["2.1"]
    assert (first["projection"], first["could_change"]) == (True, None)  # abroad nobody knows
    assert first["outstanding"] == {"stations": 11, "registered": 11 * 202 + 1}
    assert [rows["12-A", party]["seats"] for party in ("1", "2")] == [2, 1]
    nowhere = [row for row in ran.json if row["dapil"] == "11-B"]
    assert [(row["party"], row["seats"], row["votes"]) for row in nowhere] == [
        (party, None, None) for party in ("1", "2", "20")
    ]
    assert (ran.code, "Dapil 11-B: open seats: 1" in ran.err) == (1, True)
    table = list(csv.DictReader(io.StringIO(rekap(*asked, "--format", "csv").out)))
    assert table[0]["elected"] == '["1.2"]'
    rekap(*asked, "--output", tmp_path / "rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == len(rows)
    shown = rekap(*asked)
    assert "A projection, not a result" in shown.err


def test_a_council_needs_the_seats_of_its_districts(rekap: Rekap, count: Count, tmp_path: Path) -> None:
    path = count([])
    ran = rekap("--data", path, "determination", "--contest", "DPR")
    assert (ran.code, "seats of each dapil of DPR are not known" in ran.err) == (2, True)
    ran = rekap("--data", path, "determination", "--votes", tmp_path / "x.csv")
    assert (ran.code, "--votes is for rekap determination seats only" in ran.err) == (2, True)
    ran = rekap("determination", "seats", "--contest", "DPR")
    assert (ran.code, "--contest is for a count only" in ran.err) == (2, True)


def two_pairs(tmp_path: Path, one: int, two: int) -> Path:
    """A count of two pairs: the same form of every station."""
    definition = election().model_dump(mode="json")
    definition["contests"][0]["options"] = definition["contests"][0]["options"][:2]
    directory = DataDirectory.create(tmp_path / "data", Election.model_validate(definition), registry())
    messages = [submitted(station, form({"1": one, "2": two})) for station in all_stations()]
    with Runner.open(directory, command="test", workers=0) as runner:
        assert runner.submit(messages).accepted == len(messages)
    return directory.path


def test_two_pairs_with_the_same_votes_are_voted_on_again(rekap: Rekap, tmp_path: Path) -> None:
    path = two_pairs(tmp_path, 40, 40)
    document = president(rekap, path)
    assert (document["decided"], document["second_round"]) == (False, ["1", "2"])
    shown = rekap("--data", path, "determination").out
    assert "Both pairs have the same votes: the two are voted on again (art. 416 (3))." in shown
    assert "spread" not in shown
    assert "No pair has both" not in shown
    assert "diulang untuk keduanya" in rekap("--data", path, "--lang", "id", "determination").out


def test_settings_of_seats_are_refused_where_there_are_none(rekap: Rekap, count: Count) -> None:
    path = count([])
    ran = rekap("--data", path, "determination", "--contest", "DPD", "--threshold", "0.05")
    assert (ran.code, "DPD divides no seats of parties" in ran.err) == (2, True)
    told = rekap("--data", path, "--lang", "id", "determination", "--ties", "open")
    assert (told.code, "PPWP tidak membagi kursi partai" in told.err) == (2, True)


def test_persons_of_a_province_by_votes(rekap: Rekap, count: Count) -> None:
    messages = [
        submitted(stations(villages()[8])[0], form({"21": 5, "22": 30, "23": 12}), DPD),
    ]
    path = count(messages)
    rows = rekap("--data", path, "determination", "--contest", "DPD", "--format", "json").json
    of_province = [row for row in rows if row["province"] == "12"]
    assert [(row["person"], row["votes"], row["elected"]) for row in of_province] == [
        ("22", 30, True),
        ("23", 12, True),
        ("21", 5, True),
    ]
    assert of_province[0]["projection"] is True
    assert [row for row in rows if row["province"] == "11"] == []
    shown = rekap("--data", path, "determination", "-c", "DPD").out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "12 PROVINCE 12 22 Calon 22 30 yes" in lines


def test_what_would_change_the_four_of_a_province(rekap: Rekap, count: Count) -> None:
    figures = form({"21": 90, "22": 80, "23": 70})
    messages = [submitted(one, figures, DPD) for village in villages()[8:] for one in stations(village)]
    path = count([one for one in messages if b'"station":"12' in one])
    rows = rekap("--data", path, "determination", "--contest", "DPD", "--format", "json").json
    assert {(row["votes_to_be_elected"], row["could_change"]) for row in rows} == {(None, False)}


def split_district(tmp_path: Path, messages: Sequence[bytes]) -> Path:
    """A count in which 11-A is 1101 without its sub-district 110101, which is 11-C; seats stand in the
    definition."""
    definition = election().model_dump(mode="json")
    definition["candidates"] = [one for one in definition["candidates"] if one["contest"] != DPR]
    definition["electoral_districts"] = [
        {"contest": DPR, "id": "11-A", "name": "A", "regions": ["1101"], "seats": 2},
        {"contest": DPR, "id": "11-C", "name": "C", "regions": ["110101"], "seats": 1},
        {"contest": DPR, "id": "12-A", "name": "REST", "regions": ["1102", "12", "99"], "seats": 3},
    ]
    directory = DataDirectory.create(tmp_path / "data", Election.model_validate(definition), registry())
    with Runner.open(directory, command="test", workers=0) as runner:
        assert runner.submit(messages).accepted == len(messages)
    return directory.path


def test_a_region_that_another_district_names_is_not_counted_twice(rekap: Rekap, tmp_path: Path) -> None:
    messages = [
        submitted(stations(villages()[0])[0], form({"1": 90, "2": 40, "20": 0}), DPR),  # 110101
        submitted(stations(villages()[2])[0], form({"1": 20, "2": 10, "20": 0}), DPR),  # 110102
        submitted(stations(villages()[8])[0], form({"1": 50, "2": 30}), DPR),
    ]
    path = split_district(tmp_path, messages)
    ran = rekap("--data", path, "determination", "--contest", "DPR", "--format", "json")
    rows = {(row["dapil"], row["party"]): row for row in ran.json}
    assert [rows[district, "1"]["votes"] for district in ("11-A", "11-C", "12-A")] == [20, 90, 50]
    assert [rows[district, "1"]["seats"] for district in ("11-A", "11-C", "12-A")] == [1, 1, 2]
    assert rows["11-C", "1"]["outstanding"] == {"stations": 5, "registered": 2 * 606 - 201}
    assert rows["11-A", "1"]["outstanding"] == {"stations": 5, "registered": 2 * 606 - 201}


def test_a_document_of_a_region_inside_is_not_taken_off_a_count_that_lacks_it(
    rekap: Rekap, tmp_path: Path
) -> None:
    """110101 is certified before its forms are in: 1101 has 20 votes of party 1, and the document 90."""
    messages = [
        submitted(stations(villages()[2])[0], form({"1": 20, "2": 10, "20": 0}), DPR),  # 110102
        recap("110101", {"1": 90, "2": 40, "20": 0}, DPR),
    ]
    path = split_district(tmp_path, messages)
    ran = rekap("--data", path, "determination", "--contest", "DPR", "--format", "json")
    rows = {(row["dapil"], row["party"]): row for row in ran.json}
    assert [rows[district, "1"]["votes"] for district in ("11-A", "11-C")] == [20, 90]
    assert [rows[district, "2"]["votes"] for district in ("11-A", "11-C")] == [10, 40]


def test_votes_for_the_party_itself_elect_nobody(rekap: Rekap, count: Count, tmp_path: Path) -> None:
    votes = {"1": 90, "2": 0, "20": 0, "1.0": 60, "1.1": 20, "1.2": 10}
    file = tmp_path / "dapil.csv"
    file.write_text(DISTRICTS.replace("11-A,2", "11-A,1"), encoding="utf-8")
    path = count([submitted(stations(villages()[0])[0], form(votes), DPR)])
    asked = ("determination", "--contest", "DPR", "--districts", file, "--format", "json")
    row = rekap("--data", path, *asked).json[0]
    assert (row["party"], row["seats"], row["elected"]) == ("1", 1, ["1.1"])


def test_candidates_without_a_figure_may_be_ahead(rekap: Rekap, count: Count, tmp_path: Path) -> None:
    messages = [
        submitted(stations(villages()[0])[0], form({"1": 90, "2": 0, "20": 0, "1.1": 30, "1.2": None}), DPR)
    ]
    file = tmp_path / "dapil.csv"
    file.write_text(DISTRICTS, encoding="utf-8")
    asked = ("determination", "--contest", "DPR", "--districts", file, "--format", "json")
    row = rekap("--data", count(messages), *asked).json[0]
    assert (row["dapil"], row["party"], row["seats"]) == ("11-A", "1", 2)
    assert row["elected"] == ["1.1"]
    sized = DISTRICTS.replace("11-A,2", "11-A,1")
    file.write_text(sized, encoding="utf-8")
    row = rekap("--data", tmp_path / "data", *asked).json[0]
    assert (row["seats"], row["elected"]) == (1, [])


def test_a_person_without_a_figure_is_listed_and_may_be_ahead(rekap: Rekap, count: Count) -> None:
    figures = form({"21": 50, "22": 40, "23": None})
    path = count([submitted(stations(villages()[8])[0], figures, DPD)])
    rows = rekap("--data", path, "determination", "--contest", "DPD", "--format", "json").json
    assert [(row["person"], row["votes"], row["elected"]) for row in rows] == [
        ("21", 50, True),
        ("22", 40, True),
        ("23", None, None),
    ]
    assert "12 PROVINCE 12 23 Calon 23 - - -" in [
        " ".join(line.split())
        for line in rekap("--data", path, "determination", "-c", "DPD").out.splitlines()
    ]


@pytest.mark.parametrize(
    ("kind", "scope", "english", "indonesian"),
    [
        ("local_pairs", "province", "elects a head of a region", "pemilihan kepala daerah"),
        ("persons", "district", "elects persons not by province", "bukan per provinsi"),
    ],
)
def test_a_contest_whose_law_is_not_here_is_refused(
    rekap: Rekap, tmp_path: Path, kind: str, scope: str, english: str, indonesian: str
) -> None:
    definition = election().model_dump(mode="json")
    definition["contests"][2] |= {"kind": kind, "scope": scope}
    definition["candidates"] = [one for one in definition["candidates"] if one["contest"] != DPD]
    directory = DataDirectory.create(tmp_path / "data", Election.model_validate(definition), registry())
    ran = rekap("--data", directory.path, "determination", "--contest", "DPD")
    assert (ran.code, english in ran.err) == (2, True)
    told = rekap("--data", directory.path, "--lang", "id", "determination", "--contest", "DPD")
    assert indonesian in told.err
