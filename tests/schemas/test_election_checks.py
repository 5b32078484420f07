"""What could never be counted is refused before a count, with the first lines concerned."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.candidates import with_candidates
from schemas.election_checks import (
    refuse_candidates_nowhere,
    refuse_missing_regions,
    refuse_options_nowhere,
    refuse_stations_nowhere,
    regions_missing,
)
from schemas.elections import DefinitionInvalid, Election, parse_election
from schemas.language import ExplainedError
from schemas.regions import Registry, RegistryInvalid
from schemas.registry_files import read_registry

DEFINITION = """
id: e
name: {id: P, en: E}
root: {id: "0", name: X}
stations: {format: "{village}{number:03d}", pattern: '(?P<village>[0-9]{10})(?P<number>[0-9]{3})'}
count_unlisted_stations: false
contests:
  - {id: P, name: {id: P, en: P}, kind: pairs, scope: nation, options: [{id: "1", name: A}]}
  - {id: D, name: {id: D, en: D}, kind: persons, scope: province, excluded: ["36"]}
  - {id: R, name: {id: R, en: R}, kind: parties, scope: electoral_district, options: [{id: "1", name: A}]}
"""
REGIONS = """id,parent,level,name,stations,registered
31,,province,DKI,,
3171,31,district,A,,
317101,3171,subdistrict,B,,
3171011001,317101,village,C,4,1000
3171011002,317101,village,D,3,700
36,,province,BANTEN,,
3601,36,district,A,,
360101,3601,subdistrict,B,,
3601011001,360101,village,C,2,500
"""
STATIONS = "id,village,number\n3171011001001,3171011001,1\n3601011001001,3601011001,1\n"


def election(definition: str = DEFINITION) -> Election:
    """The definition read."""
    return parse_election(definition, "e.yaml")


def registry(tmp_path: Path, regions: str = REGIONS, stations: str | None = None) -> Registry:
    """The register of these files."""
    (tmp_path / "regions.csv").write_text(regions)
    if stations is not None:
        (tmp_path / "stations.csv").write_text(stations)
    return read_registry(
        election(), tmp_path / "regions.csv", tmp_path / "stations.csv" if stations is not None else None
    )


def refused(error: pytest.ExceptionInfo[ExplainedError], *parts: str) -> None:
    """The sentence names these parts in both languages."""
    for part in parts:
        assert part.replace("line", "baris").lower() in error.value.said.id.lower()
        assert part.lower() in error.value.said.en.lower()


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (("3171011001,", "3171011001 ,"), ("line 5 '3171011001 '",)),
        (("317101,3171,", "317101, 3171,"), ("line 4 ' 3171'",)),
        (("3171011001,", "3171 011 001,"), ("line 5 '3171 011 001'",)),
        (("3171011001,", "3171011001.0,"), ("line 5 '3171011001.0'", ".0")),
        (("31,,", "31.0,,"), ("line 2 '31.0'",)),
        (("3171011001,", "3.17E+09,"), ("line 5 '3.17E+09'",)),
        (("3171011001,", '"3,17E+09",'), ("line 5 '3,17E+09'",)),
        (("3171011001,", "3.171011e9,"), ("line 5 '3.171011e9'",)),
        (("3171011001,", "TPS#1,"), ("line 5 'TPS#1'",)),
        (("3171011001,", "9" * 65 + ","), ("line 5",)),
    ],
)
def test_codes_that_no_event_can_name_are_refused(
    tmp_path: Path, change: tuple[str, str], parts: tuple[str, ...]
) -> None:
    with pytest.raises(RegistryInvalid) as error:
        registry(tmp_path, REGIONS.replace(*change, 1))
    refused(error, "regions.csv", *parts)


@pytest.mark.parametrize("code", ["3171011001001.0", "3.17E+12", "31710 11001001", "3171011001001\u00a0"])
def test_codes_of_stations_are_held_to_the_same(tmp_path: Path, code: str) -> None:
    with pytest.raises(RegistryInvalid) as error:
        registry(tmp_path, stations=STATIONS.replace("3171011001001", code))
    refused(error, "stations.csv", "line 2")


def test_the_first_lines_are_named_and_the_others_counted(tmp_path: Path) -> None:
    rows = "".join(f"317101{n}.0,317101,village,V,1,1\n" for n in range(1000, 1020))
    with pytest.raises(RegistryInvalid) as error:
        registry(tmp_path, REGIONS + rows)
    refused(error, "line 11 '3171011000.0'", "line 15 '3171011004.0'")
    assert "and 15 more" in error.value.said.en
    assert "dan 15 lagi" in error.value.said.id
    assert "line 16" not in error.value.said.en


@pytest.mark.parametrize("code", ["-991304", "11-A", "31.71.01.1001", "3E5", "310", "99.10"])
def test_codes_that_events_can_name_are_taken(tmp_path: Path, code: str) -> None:
    assert code in registry(tmp_path, REGIONS.replace("3601011001", code)).index


def test_a_list_without_a_station_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryInvalid) as error:
        registry(tmp_path, stations="id,village,number\n")
    refused(error, "stations.csv")


def test_a_register_in_which_the_pattern_finds_no_station_is_refused(tmp_path: Path) -> None:
    dotted = REGIONS.replace("3171011001,", "31.71.01.1001,").replace("3171011002,", "31.71.01.1002,")
    with pytest.raises(RegistryInvalid) as error:
        refuse_stations_nowhere(election(), registry(tmp_path, dotted), tmp_path / "regions.csv")
    refused(error, "regions.csv", "line 5 '31.71.01.1001'", "line 6 '31.71.01.1002'", "31.71.01.1001001")
    assert "in 2 villages" in error.value.said.en
    assert "baris 5" in error.value.said.id
    refuse_stations_nowhere(election(), registry(tmp_path), tmp_path / "regions.csv")
    # A list names its stations itself.
    listed = registry(tmp_path, dotted, STATIONS.replace("3171011001,", "31.71.01.1001,"))
    refuse_stations_nowhere(election(), listed, tmp_path / "regions.csv")


@pytest.mark.parametrize(
    ("change", "place", "region"),
    [
        (('excluded: ["36"]', 'excluded: ["36", "99"]'), "contests.D.excluded", "99"),
        (
            ('options: [{id: "1", name: A}]', 'options: [{id: "1", name: A, only_in: ["11"]}]'),
            "contests.P.options.1.only_in",
            "11",
        ),
        (("contests:", 'overseas: ["-99"]\ncontests:'), "overseas", "-99"),
        (("contests:", 'limits: {voters_exempt: ["94"]}\ncontests:'), "limits.voters_exempt", "94"),
        (
            ("contests:", 'poll_exceptions: [{regions: ["5l"], closes: null, until: null}]\ncontests:'),
            "poll_exceptions",
            "5l",
        ),
    ],
)
def test_regions_of_the_definition_that_do_not_exist_are_refused(
    tmp_path: Path, change: tuple[str, str], place: str, region: str
) -> None:
    missing = regions_missing(election(DEFINITION.replace(*change, 1)), registry(tmp_path))
    assert missing == [(place, region)]
    with pytest.raises(DefinitionInvalid) as error:
        refuse_missing_regions(missing, "e.yaml")
    refused(error, "e.yaml", place, f"'{region}'")
    assert regions_missing(election(), registry(tmp_path)) == []


def test_an_option_that_is_on_no_ballot_is_refused(tmp_path: Path) -> None:
    only = DEFINITION.replace(
        'options: [{id: "1", name: A}]', 'options: [{id: "1", name: A, only_in: ["3171"]}]', 1
    )
    with pytest.raises(DefinitionInvalid) as error:
        refuse_options_nowhere(election(only), registry(tmp_path))
    refused(error, "3171", "P")
    refuse_options_nowhere(election(only.replace("3171", "31")), registry(tmp_path))


CANDIDATES = """contest,constituency,option,name
D,31,21,Ani
R,R-1,title,Satu
R,R-1,region,3171
R,R-1,1.1,Budi
"""


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("D,3l,21,X", ("line 6 'D 3l'",)),
        ("D,31.0,21,X", ("line 6 'D 31.0'",)),
        ("D,36,21,X", ("line 6 'D 36'",)),  # not held there
        ("D,3171,21,X", ("line 6 'D 3171'",)),  # a district, where provinces vote
        ("R,R-2,1.1,X", ("line 6 'R R-2'",)),
        ("R,R-1,region,3172", ("line 6 '3172'",)),
    ],
)
def test_candidates_of_constituencies_that_do_not_exist_are_refused(
    tmp_path: Path, row: str, parts: tuple[str, ...]
) -> None:
    path = tmp_path / "candidates.csv"
    path.write_text(CANDIDATES)
    there = registry(tmp_path)
    refuse_candidates_nowhere(with_candidates(election(), path), there, path)
    path.write_text(f"{CANDIDATES}{row}\n")
    with pytest.raises(DefinitionInvalid) as error:
        refuse_candidates_nowhere(with_candidates(election(), path), there, path)
    refused(error, "candidates.csv", *parts)


def test_candidates_in_the_definition_itself_are_held_to_the_same(tmp_path: Path) -> None:
    text = DEFINITION + 'candidates: [{contest: D, constituency: "32", option: "1", name: N}]\n'
    with pytest.raises(DefinitionInvalid) as error:
        refuse_candidates_nowhere(election(text), registry(tmp_path), None)
    refused(error, "'D 32'")
