"""Sirekap's responses of parties and of local elections, and of several contests in one import."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from producers.importers import open_source
from schemas.candidates import with_candidates
from schemas.elections import DefinitionInvalid, Election, parse_election
from schemas.regions import Level, Registry
from schemas.registry_build import RegionRow, build_registry
from tests.producers.importers.support import counts, messages, run, unreadables

DEFINITION = """
id: e
name: {id: a, en: b}
root: {id: "0", name: X}
stations: {format: "{village}{number:03d}", pattern: '(?P<village>[0-9]{10})(?P<number>[0-9]{3})'}
count_unlisted_stations: false
contests:
  - id: PPWP
    name: {id: a, en: b}
    kind: pairs
    scope: nation
    options: [{id: "1", name: A}, {id: "2", name: B}]
    sources: {sirekap: {"100025": "1", "100026": "2"}}
  - id: DPR
    name: {id: a, en: b}
    kind: parties
    scope: electoral_district
    options: [{id: "1", name: A}, {id: "24", name: B}]
  - id: GUB-31
    name: {id: a, en: b}
    kind: local_pairs
    scope: province
    held_in: ["31"]
    options: [{id: "1", name: A}, {id: "2", name: B}]
    sources: {sirekap: {"1000001": "1", "1000002": "2"}}
  - id: BUPATI
    name: {id: a, en: b}
    kind: local_pairs
    scope: district
    held_in: ["3101", "3102"]
"""
CANDIDATES = """contest,constituency,option,name,sirekap
DPR,D1,region,3101,
DPR,D2,region,3102,
DPR,D1,1.1,A,5001
DPR,D1,24.1,B,5002
DPR,D2,1.1,C,6001
BUPATI,3101,1,E,1000759
BUPATI,3101,2,F,1000760
BUPATI,3102,1,G,1000786
"""
FIRST, SECOND = "3101012001001", "3102012001001"
"""Stations of the two districts."""


def registry() -> Registry:
    rows = [RegionRow("31", None, Level.PROVINCE, "P")]
    for district in ("3101", "3102"):
        rows.append(RegionRow(district, "31", Level.DISTRICT, "D"))
        rows.append(RegionRow(f"{district}01", district, Level.SUBDISTRICT, "S"))
        rows.append(RegionRow(f"{district}012001", f"{district}01", Level.VILLAGE, "V", 2, 400))
    return build_registry(rows, [], root=("0", "X"), unlisted_pattern=DEFINITION.split("'")[1])


@pytest.fixture(name="election")
def _election(tmp_path: Path) -> Election:
    path = tmp_path / "candidates.csv"
    path.write_text(CANDIDATES, encoding="utf-8")
    return with_candidates(parse_election(DEFINITION, "e"), path)


def page(chart: Any, **changes: Any) -> dict[str, Any]:
    return {"chart": chart, "administrasi": None, "images": ["x"], "psu": None, "ts": None, **changes}


def local(chart: Any, **changes: Any) -> dict[str, Any]:
    """As the responses of the local elections: chart and administrasi are within tungsura."""
    inner = {"chart": chart, "administrasi": {"suara_sah": 30, "suara_tidak_sah": 2}}
    return {
        "mode": "hhcw",
        "tungsura": inner,
        "images": [],
        "psu": None,
        "ts": "2024-11-28 10:15:04",
        **changes,
    }


def write(folder: Path, name: str, document: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def votes_of(path: Path, election: Election, **options: Any) -> dict[str, int]:
    [event] = messages(run(open_source([path], election, registry=registry(), **options)))
    votes: dict[str, int] = event["payload"]["form"]["votes"]
    return votes


def refused(path: Path, election: Election, **options: Any) -> str:
    [(_, said)] = unreadables(run(open_source([path], election, registry=registry(), **options)))
    return said


PARTIES = {
    "1": {"jml_suara_total": 25, "jml_suara_partai": 5, "5001": 20, "null": None},
    "24": {"jml_suara_total": 7, "jml_suara_partai": None, "5002": 7},
    "persen": 12.5,
    "null": None,
}


def test_a_party_has_all_its_votes_its_own_and_those_of_its_candidates(
    tmp_path: Path, election: Election
) -> None:
    path = write(tmp_path, f"{FIRST}.json", page(PARTIES))
    assert votes_of(path, election, contest="DPR") == {"1": 25, "1.0": 5, "1.1": 20, "24": 7, "24.1": 7}


def test_a_party_without_an_object_has_its_total(tmp_path: Path, election: Election) -> None:
    path = write(tmp_path, f"{FIRST}.json", page({"1": 25, "24": None}))
    assert votes_of(path, election, contest="DPR") == {"1": 25}


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ({"1": {"5002": 1}}, "'1.5002' stands under party 1, but means D1:24.1"),
        ({"1": {"7777": 1}}, "'1.7777' is no option of this contest"),
        ({"3": {"jml_suara_total": 1}}, "'3' is no option of this contest"),
        ({"1": {"jml_suara_total": -1}}, "chart.1.jml_suara_total holds -1"),
        ({"1": {"jml_suara_total": {}}}, "chart.1.jml_suara_total holds {}"),
        ({"1": {"null": 4}}, "4 votes for no option (the key '1.null')"),
        ({"1": {"5001": 1}, "5001": 2}, "both mean option D1:1.1"),
        ({"1": {"6001": 1}}, "candidates of the constituency D2"),
        ({"1": {"5001": 1, "6001": 1}}, "candidates of the constituency D2"),
    ],
)
def test_what_a_party_chart_can_not_mean_is_refused(
    tmp_path: Path, election: Election, chart: Any, said: str
) -> None:
    path = write(tmp_path, f"{FIRST}.json", page(chart))
    assert said in refused(path, election, contest="DPR")


def test_a_key_that_is_given_twice_in_a_party_is_refused(tmp_path: Path, election: Election) -> None:
    path = tmp_path / f"{FIRST}.json"
    path.write_text('{"chart": {"1": {"5001": 1, "5001": 2}}, "administrasi": null}')
    assert "5001 is given twice" in refused(path, election, contest="DPR")


def test_an_object_is_no_figure_of_a_pair(tmp_path: Path, election: Election) -> None:
    path = write(tmp_path, f"{FIRST}.json", page({"100025": {"jml_suara_total": 3}}))
    assert "chart.100025 holds" in refused(path, election, contest="PPWP")


def test_a_response_of_local_elections_is_read(tmp_path: Path, election: Election) -> None:
    path = write(tmp_path, f"{FIRST}.json", local({"1000759": 10, "1000760": 20}))
    [event] = messages(run(open_source([path], election, registry=registry(), contest="BUPATI")))
    assert event["payload"]["form"] == {"votes": {"1": 10, "2": 20}, "valid": 30, "invalid": 2}
    assert event["payload"]["origin"]["observed_at"] == "2024-11-28T10:15:04+07:00"


def test_a_pair_of_another_district_is_refused(tmp_path: Path, election: Election) -> None:
    path = write(tmp_path, f"{SECOND}.json", local({"1000759": 10}))
    assert "candidates of the constituency 3101" in refused(path, election, contest="BUPATI")


def test_a_chart_within_and_beside_is_refused(tmp_path: Path, election: Election) -> None:
    path = write(tmp_path, f"{FIRST}.json", {**local({"1000759": 10}), "chart": {"1000759": 11}})
    assert "chart stands within and beside tungsura" in refused(path, election, contest="BUPATI")


def test_regional_responses_of_local_elections_are_no_station_responses(
    tmp_path: Path, election: Election
) -> None:
    path = write(tmp_path, f"{FIRST}.json", {"tungsura": {"chart": {}, "table": {}}, "ts": None})
    assert "not a station response" in refused(path, election, contest="BUPATI")


# Several contests in one import


def told(paths: list[Path], election: Election) -> list[tuple[str, str]]:
    records = run(open_source(paths, election, registry=registry()))
    assert unreadables(records) == []
    return sorted((event["contest"], event["station"]) for event in messages(records))


def test_the_keys_of_a_chart_tell_the_contest(tmp_path: Path, election: Election) -> None:
    for name, chart in (("a", {"100025": 1}), ("b", {"1000001": 1}), ("c", {"1000759": 2})):
        write(tmp_path / name, f"{FIRST}.json", local(chart))
    write(tmp_path / "d", f"{SECOND}.json", local({"1000786": 2}))
    assert told([tmp_path], election) == [
        ("BUPATI", FIRST),
        ("BUPATI", SECOND),
        ("GUB-31", FIRST),
        ("PPWP", FIRST),
    ]


def test_the_nearest_folder_tells_the_contest_of_a_response_without_votes(
    tmp_path: Path, election: Election
) -> None:
    for folder in ("hhcw/ppwp", "hhcw/pdpr", "hhcw/pkwkp", "bupati/pkwkk", "ppwp/GUB-31"):
        write(tmp_path / folder, f"{FIRST if folder != 'ppwp/GUB-31' else SECOND}.json", page(None))
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"pemilu/hhcw/ppwp/31/{SECOND}.json", json.dumps(page(None)))
    assert told([tmp_path], election) == [
        ("BUPATI", FIRST),
        ("DPR", FIRST),
        ("GUB-31", FIRST),
        ("GUB-31", SECOND),
        ("PPWP", FIRST),
        ("PPWP", SECOND),
    ]


def test_a_response_whose_contest_nothing_tells_is_refused(tmp_path: Path, election: Election) -> None:
    write(tmp_path, f"{FIRST}.json", page(None))
    write(tmp_path / "ppwp", f"{FIRST}.json", page({"100025": 1}))
    records = run(open_source([tmp_path], election, registry=registry()))
    assert counts(records) == {"messages": 1, "unreadable": 1, "nothing_new": 0, "empty": 0}
    assert "do not tell which contest" in unreadables(records)[0][1]


# Keys of candidates


@pytest.mark.parametrize(
    "row",
    ["BUPATI,3102,2,H,1000786", "GUB-31,31,3,H,1000001"],
)
def test_a_key_has_one_meaning(tmp_path: Path, row: str) -> None:
    path = tmp_path / "candidates.csv"
    path.write_text(f"{CANDIDATES}{row}\n", encoding="utf-8")
    with pytest.raises(DefinitionInvalid, match=r"line 10: the key 100\d+ of sirekap is that of"):
        with_candidates(parse_election(DEFINITION, "e"), path)


def test_keys_of_the_candidates_file_are_part_of_the_definition(election: Election) -> None:
    assert Election.from_json(election.to_json()) == election
    assert election.contest("BUPATI").sources["sirekap"]["1000786"] == "3102:1"
