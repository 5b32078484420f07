"""Definitions of elections: those that come with the project, and what is said of one that can't be used."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from schemas.authority import DEFAULT_REASON_ROLES
from schemas.candidates import with_candidates
from schemas.canonical import dumps
from schemas.elections import (
    ContestKind,
    DefinitionInvalid,
    Election,
    Scope,
    UnknownContest,
    available,
    load_election,
    parse_election,
)
from schemas.identity import Identity
from schemas.signing import Signer
from schemas.yaml_text import load_yaml

SMALL = """
id: e
name: {id: a, en: b}
root: {id: "0", name: X}
stations: {format: "{village}{number:03d}", pattern: '(?P<village>[0-9]{4})(?P<number>[0-9]{3})'}
count_unlisted_stations: false
contests:
  - id: P
    name: {id: a, en: b}
    kind: pairs
    scope: nation
    options: [{id: "1", name: A}, {id: "2", name: B}]
  - id: D
    name: {id: a, en: b}
    kind: persons
    scope: province
  - id: R
    name: {id: a, en: b}
    kind: parties
    scope: electoral_district
    options: [{id: "1", name: A}, {id: "24", name: B}]
  - id: L
    name: {id: a, en: b}
    kind: local_pairs
    scope: district
    options: [{id: "7", name: A}]
"""
CANDIDATES = """contest,constituency,option,name
R,R-1,title,Dapil Satu
R,R-1,region,11
R,R-1,region,12
r,R-1,1.1,Ani
R,R-1,24.2,Budi
D,1,21,Cici
"""


def with_file(tmp_path: Path, text: str) -> Election:
    path = tmp_path / "candidates.csv"
    path.write_text(text, encoding="utf-8")
    return with_candidates(parse_election(SMALL, "small"), path)


def test_the_election_of_2024_is_the_one_that_was_held() -> None:
    election = load_election("pemilu2024")
    assert [contest.id for contest in election.contests] == ["PPWP", "DPR", "DPD", "DPRD-PROV", "DPRD-KABKO"]
    parties = {
        contest.id: contest.options for contest in election.contests if contest.kind is ContestKind.PARTIES
    }
    assert [option.id for option in parties["DPR"]] == [*map(str, range(1, 18)), "24"]
    assert [option.id for option in parties["DPRD-PROV"]] == [*map(str, range(1, 25))]
    assert parties["DPRD-PROV"] == parties["DPRD-KABKO"]
    of_aceh = [option.id for option in parties["DPRD-PROV"] if option.only_in == ("11",)]
    assert of_aceh == ["18", "19", "20", "21", "22", "23"]
    assert election.contest("PPWP").sources["sirekap"] == {"100025": "1", "100026": "2", "100027": "3"}
    assert election.contest("DPRD-KABKO").excluded == ("31", "99")
    assert {contest.id for contest in election.contests if "99" in contest.excluded} == {
        "DPD",
        "DPRD-PROV",
        "DPRD-KABKO",
    }


def test_the_election_of_2019_counts_stations_that_no_list_names() -> None:
    election = load_election("pilpres2019")
    assert election.count_unlisted_stations
    assert election.stations.format.format(village=31611, number=6) == "31611-006"
    for station in ("31611-006", "-991304-001", "1-2553"):
        found = election.stations.compiled.fullmatch(station)
        assert found is not None
        assert f"{found['village']}-{int(found['number']):03d}" == station


@pytest.mark.parametrize("election", available())
def test_every_definition_names_its_stations_as_its_pattern_reads_them(election: str) -> None:
    ids = load_election(election).stations
    found = ids.compiled.fullmatch(ids.format.format(village="1234567890", number=7))
    assert found is not None
    assert found["village"] == "1234567890"


@pytest.mark.parametrize("election", available())
def test_a_definition_survives_its_json(election: str) -> None:
    loaded = load_election(election)
    again = Election.from_json(loaded.to_json())
    assert again == loaded
    assert again.hash == loaded.hash
    assert again.to_json() == loaded.to_json()


def test_the_hash_names_the_content(tmp_path: Path) -> None:
    election = parse_election(SMALL, "small")
    assert parse_election(SMALL.replace("name: B}", "name: C}"), "small").hash != election.hash
    assert with_file(tmp_path, CANDIDATES).hash != election.hash


def test_a_contest_is_found_in_any_case_and_otherwise_those_there_are_are_listed() -> None:
    election = parse_election(SMALL, "small")
    assert election.contest("p").id == "P"
    assert election.contest("R").scope is Scope.ELECTORAL_DISTRICT
    with pytest.raises(UnknownContest, match="choose one of: P, D, R"):
        election.contest("X")


def test_a_definition_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL)
    assert load_election(str(path)).id == "e"
    with pytest.raises(DefinitionInvalid, match="There is no file"):
        load_election(str(tmp_path / "other.yaml"))
    with pytest.raises(DefinitionInvalid, match="pemilu2024, pilpres2019"):
        load_election("pemilu2029")
    path.write_bytes(SMALL.replace("X", "Ö").encode("latin-1"))
    with pytest.raises(DefinitionInvalid, match="UTF-8"):
        load_election(str(path))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("id: e", "id: [e"), "is not YAML"),
        (("id: e", "id: e f"), "id:"),
        (("contests:", "contest:"), "contest"),
        (("kind: pairs", "kind: pair"), "contests.0.kind"),
        (("scope: nation", "scope: world"), "contests.0.scope"),
        (('{id: "1", name: A}', '{id: "1"}'), "contests.0.options.0.name"),
        (('{id: "1", name: A}', '{id: "a", name: A}'), "contests.0.options.0.id"),
        (('{id: "1", name: A}', '{id: "2", name: A}'), "option 2 stands twice"),
        (("id: D", "id: p"), "contest p stands twice"),
        (("(?P<village>", "("), "needs a group named village"),
        (("(?P<village>", "(?P<village>("), "stations.pattern"),
        (("{number:03d}", "{no:03d}"), "stations.format"),
        (("{number:03d}", "{number:03q}"), "stations.format"),
    ],
)
def test_a_definition_that_can_not_be_used_is_refused_with_its_place(
    change: tuple[str, str], what: str
) -> None:
    with pytest.raises(DefinitionInvalid) as error:
        parse_election(SMALL.replace(*change, 1), "small.yaml")
    assert str(error.value).startswith("small.yaml")
    assert what in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "text", "1"])
def test_a_definition_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(DefinitionInvalid, match=r"small\.yaml"):
        parse_election(text, "small.yaml")


def test_candidates_and_electoral_districts_come_from_a_file(tmp_path: Path) -> None:
    election = with_file(tmp_path, "\ufeff" + CANDIDATES)
    [district] = election.electoral_districts
    assert (district.contest, district.id, district.name, district.regions) == (
        "R",
        "R-1",
        "Dapil Satu",
        ("11", "12"),
    )
    assert [(one.contest, one.constituency, one.option, one.name) for one in election.candidates] == [
        ("R", "R-1", "1.1", "Ani"),
        ("R", "R-1", "24.2", "Budi"),
        ("D", "1", "21", "Cici"),
    ]


def test_an_electoral_district_has_the_seats_that_its_row_says(tmp_path: Path) -> None:
    [district] = with_file(tmp_path, CANDIDATES + "R,R-1,seats,7\n").electoral_districts
    assert district.seats == 7
    [without] = with_file(tmp_path, CANDIDATES).electoral_districts
    assert without.seats is None


def test_a_local_pair_stands_in_its_constituency(tmp_path: Path) -> None:
    election = with_file(tmp_path, CANDIDATES + "L,3101,1,Ani - Budi\n")
    last = election.candidates[-1]
    assert (last.contest, last.constituency, last.option, last.name) == ("L", "3101", "1", "Ani - Budi")


def test_the_name_of_a_definition_does_not_change_with_fields_that_it_does_not_use() -> None:
    document = json.loads(parse_election(SMALL, "small").to_json())
    assert not {"held_in", "seats"} & {name for one in document["contests"] for name in one}
    held = parse_election(SMALL.replace("scope: district", "scope: district\n    held_in: ['11']"), "small")
    assert json.loads(held.to_json())["contests"][-1]["held_in"] == ["11"]
    assert Election.from_json(held.to_json()) == held


def test_a_district_without_a_title_is_called_by_its_id(tmp_path: Path) -> None:
    [district] = with_file(tmp_path, CANDIDATES.replace("R,R-1,title,Dapil Satu\n", "")).electoral_districts
    assert district.name == "R-1"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("X,R-1,1.1,Ani", "line 8: 'X' is no contest of e"),
        ("R,R-1", "line 8"),
        ("R", "line 8"),
        ("R,R-1,a,Ani", "line 8: option"),
        ("R,R 1,1.2,Ani", "line 8: constituency"),
        ("R,R-1,region,a b", "line 8"),
        ("R,R-2,region,12", "line 8: the region 12 belongs to R-1 already"),
        ("R,R-1,1.1,Dodi", "line 8: candidate 1.1 of R-1 stands twice"),
        ("R,R-1,3.1,Dodi", "line 8: there is no party 3"),
        ("R,R-1,3,Dodi", "line 8"),
        ("D,1,21.1,Dodi", "line 8"),
        ("P,0,3,Dodi", "line 8"),
        ("R,R-1,seats,0", "line 8: '0' is no number of seats"),
        ("R,R-1,seats,\u0667", "line 8"),
        ("R,R-1,seats,8\nR,R-1,seats,9", "line 9: R-1 has other seats above"),
        ("R,R-2,seats,8", "R-2 of R has a row `seats` and no row `region`"),
        ("L,1,1.1,Dodi", "line 8: L is a contest of pairs; write 1 instead"),
        ("L,1,7,Dodi", "line 8: 7 stands in the definition of L already"),
    ],
)
def test_a_candidates_file_that_can_not_be_used_is_refused_with_its_line(
    tmp_path: Path, row: str, what: str
) -> None:
    with pytest.raises(DefinitionInvalid) as error:
        with_file(tmp_path, CANDIDATES + row + "\n")
    assert re.match("candidates.csv[,:] ", str(error.value))
    assert what in str(error.value)


def test_a_candidates_file_without_a_column_or_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionInvalid, match="columns constituency are missing"):
        with_file(tmp_path, "contest,option,name\n")
    path = tmp_path / "c.csv"
    path.write_bytes(CANDIDATES.replace("Ani", "Añi").encode("latin-1"))
    with pytest.raises(DefinitionInvalid, match="UTF-8"):
        with_candidates(parse_election(SMALL, "small"), path)


def test_the_roles_of_reasons_are_those_of_the_definition_or_the_defaults() -> None:
    text = (
        "{id: e, name: {id: a, en: a}, root: {id: '0', name: R}, stations: {format: '{village}', pattern: "
        "'(?P<village>.)'}, count_unlisted_stations: true, contests: [{id: C, name: {id: a, en: a}, "
        "kind: pairs, scope: nation}]"
    )
    default = parse_election(text + "}", "e.yaml")
    assert default.reason_roles == dict(DEFAULT_REASON_ROLES)
    own = parse_election(text + ", reason_roles: {court_ruling: [kpu]}}", "e.yaml")
    assert own.reason_roles == {"court_ruling": ("kpu",)}
    assert own.hash != default.hash
    assert Election.from_json(own.to_json()) == own
    for wrong, named in (("{because: [kpu]}", "because"), ("{plenary: [saksi]}", "saksi watches")):
        with pytest.raises(DefinitionInvalid, match=named):
            parse_election(f"{text}, reason_roles: {wrong}}}", "e.yaml")


def test_a_definition_of_an_older_version_keeps_its_hash_and_holds_no_reason_against_a_role() -> None:
    document = json.loads(load_election("pemilu2024").to_json())
    del document["reason_roles"]
    older = Election.from_json(dumps(document))
    assert older.reason_roles is None
    assert older.to_json() == dumps(document)


def test_the_default_roles_are_those_of_the_documents() -> None:
    text = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
    table = text.partition("### Who may give which reason")[2].partition("\n### ")[0]
    shown = {
        reason: tuple(re.findall(r"`(\w+)`", roles))
        for reason, roles in re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)
    }
    assert shown == DEFAULT_REASON_ROLES
    example = re.search(r"```yaml\n(.*?)```", table, re.DOTALL)
    assert example
    assert "reason_roles" in load_yaml(example[1])


def test_keys_are_part_of_the_hash_whenever_it_was_asked_for() -> None:
    plain = load_election("pemilu2024")
    before = plain.hash
    root = Signer(bytes(32)).key_id
    with_keys = plain.with_identity(Identity(roots=(root,), threshold=1))
    assert with_keys.hash not in {before, ""}
    assert with_keys.with_identity(None).hash == before
    assert Election.from_json(with_keys.to_json()).hash == with_keys.hash
