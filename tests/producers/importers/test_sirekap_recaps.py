"""Sirekap's certified recapitulations as RecapCertified events."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from producers.importers import SourceInvalid, open_source
from schemas.candidates import with_candidates
from schemas.data_directory import DataDirectory
from schemas.elections import Election, load_election, parse_election
from schemas.regions import Level, Registry
from schemas.registry_build import RegionRow, StationRow, build_registry
from schemas.sources import SourceRecord
from stream_processors.embedded.runner import Runner
from tests.producers.importers.support import (
    REAL_DATA,
    counts,
    messages,
    needs_real_data,
    raws,
    run,
    unreadables,
)
from tests.producers.importers.test_sirekap_contests import CANDIDATES, DEFINITION

VILLAGE, SUBDISTRICT = "3101012001", "310101"


def registry(*, listed: bool = True) -> Registry:
    """Two districts with a sub-district each, of one village with two stations."""
    rows = [RegionRow("31", None, Level.PROVINCE, "P")]
    stations = []
    for district in ("3101", "3102"):
        rows.append(RegionRow(district, "31", Level.DISTRICT, "D"))
        rows.append(RegionRow(f"{district}01", district, Level.SUBDISTRICT, "S"))
        village = f"{district}012001"
        rows.append(RegionRow(village, f"{district}01", Level.VILLAGE, "V", 2, 400))
        stations += [StationRow(f"{village}{number:03d}", village, number, 200) for number in (1, 2)]
    pattern = DEFINITION.split("'")[1]
    return build_registry(rows, stations if listed else [], root=("0", "X"), unlisted_pattern=pattern)


@pytest.fixture(name="election")
def _election(tmp_path: Path) -> Election:
    path = tmp_path / "candidates.csv"
    path.write_text(CANDIDATES, encoding="utf-8")
    with_villages = DEFINITION + "certified_levels: [village, subdistrict, district, province, nation]\n"
    return with_candidates(parse_election(with_villages, "e"), path)


def write(folder: Path, name: str, document: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def read(path: Path, election: Election, contest: str | None = "DPR", **options: Any) -> list[SourceRecord]:
    given = {"registry": registry(), **options}
    return run(open_source([path], election, contest=contest, certified=True, **given))


def cells(records: list[SourceRecord]) -> dict[str, Any]:
    [event] = messages(records)
    found: dict[str, Any] = event["payload"]["cells"]
    return found


def refused(records: list[SourceRecord]) -> str:
    [(_, said)] = unreadables(records)
    return said


PARTY = {"1": {"jml_suara_total": 30, "jml_suara_partai": 10}, "24": {"jml_suara_total": 7}}
STATIONS = {f"{VILLAGE}001": {"5001": 12, "5002": 3, "null": None}, f"{VILLAGE}002": {"5001": 8, "5002": 4}}


def test_a_page_becomes_the_document_of_its_region_and_nothing_else(
    tmp_path: Path, election: Election
) -> None:
    administration = {"suara_sah": 37, "suara_tidak_sah": 2, "suara_total": 39, "pengguna_total_j": None}
    page = {"mode": "hr", "chart": PARTY, "table": STATIONS, "administrasi": administration}
    path = write(tmp_path, f"{VILLAGE}.json", {**page, "ts": "2024-03-02 10:00:00", "psu": None})
    [event] = messages(read(path, election))
    assert len(event.pop("event_id")) == 64
    assert event == {
        "type": "RecapCertified",
        "schema_version": 1,
        "election": "e",
        "contest": "DPR",
        "region": VILLAGE,
        "payload": {
            "document": f"Sirekap hr DPR {VILLAGE}",
            "cells": {
                "votes": {"1": 30, "1.0": 10, "24": 7, "D1:1.1": 20, "D1:24.1": 7},
                "valid": 37,
                "invalid": 2,
            },
            "origin": {
                "source": "sirekap",
                "record": VILLAGE,
                "observed_at": "2024-03-02T10:00:00+07:00",
            },
        },
        "submitted_by": {"officer": "sirekap", "role": "importer"},
    }


def test_a_table_alone_is_added_up(tmp_path: Path, election: Election) -> None:
    path = write(tmp_path, "any.json", STATIONS)
    assert cells(read(path, election)) == {"votes": {"D1:1.1": 20, "D1:24.1": 7}}


def test_a_sum_of_some_of_the_rows_is_not_known(tmp_path: Path, election: Election) -> None:
    table = {f"{VILLAGE}001": {"5001": 12, "5002": None}, f"{VILLAGE}002": {"5001": 8, "5002": 4}}
    assert cells(read(write(tmp_path, "a.json", table), election)) == {"votes": {"D1:1.1": 20}}


def test_a_table_without_all_of_its_rows_has_no_sum(tmp_path: Path, election: Election) -> None:
    part = {f"{VILLAGE}001": STATIONS[f"{VILLAGE}001"]}
    said = refused(read(write(tmp_path, "a.json", part), election))
    assert f"table lacks 1 regions or stations below it ({VILLAGE}002)" in said
    without_list = read(write(tmp_path, "a.json", part), election, registry=registry(listed=False))
    assert "table lacks 1 regions or stations" in refused(without_list)
    beside_a_chart = write(tmp_path, "b.json", {"chart": PARTY, "table": part})
    assert "D1:1.1" not in cells(read(beside_a_chart, election))["votes"]


def test_a_candidate_is_added_up_where_it_stands(tmp_path: Path, election: Election) -> None:
    """The districts of a province vote in two constituencies."""
    table = {"3101": {"5001": 5, "5002": 1, "psu": "Reguler", "status_progress": True}, "3102": {"6001": 9}}
    assert cells(read(write(tmp_path, "31.json", table), election)) == {
        "votes": {"D1:1.1": 5, "D1:24.1": 1, "D2:1.1": 9}
    }


def test_a_chart_alone_is_that_of_the_region_in_the_name(tmp_path: Path, election: Election) -> None:
    records = read(
        write(tmp_path, f"page_{SUBDISTRICT}.json", {"chart": {"100025": 5, "100026": 6}}), election, "PPWP"
    )
    assert cells(records) == {"votes": {"1": 5, "2": 6}}
    assert messages(records)[0]["region"] == SUBDISTRICT


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("x.json", {"chart": {"1": 1}}, "does not hold exactly one code of a region"),
        (f"{SUBDISTRICT}.json", {"table": STATIONS}, f"but table holds what is below {VILLAGE}"),
        ("x.json", {"3101012001001": {}, "3102012001001": {}}, "of several regions"),
        ("x.json", {"9999": {"5001": 1}}, "'9999', which is no region or station"),
        ("x.json", {"mode": "hhcw", "chart": {}, "table": {"3101": {}}}, "not a certified recapitulation"),
        ("hhcw/pdpr/31.json", {"chart": {"1": 1}}, "not a certified recapitulation"),
        ("31.json", {"chart": {"1": -1}}, "chart.1 holds -1"),
        ("31.json", {"chart": {"7777": 1}}, "'7777' is no option"),
        ("31.json", {"chart": [1]}, "no page of Sirekap's recapitulations"),
        ("31.json", [1], "no page of Sirekap's recapitulations"),
        ("31.json", '{"chart": {"1": 1, "1": 2}}', "1 is given twice"),
    ],
)
def test_what_is_no_certified_page_is_refused(
    tmp_path: Path, election: Election, name: str, page: Any, said: str
) -> None:
    assert said in refused(read(write(tmp_path, name, page), election))


def test_a_level_without_a_document_is_refused(tmp_path: Path, election: Election) -> None:
    usual = election.model_copy(update={"certified_levels": None})
    said = refused(read(write(tmp_path, "a.json", STATIONS), usual))
    assert "is of the level village, which has no recapitulation" in said
    assert "certified_levels" in said


def test_other_files_are_no_certified_pages(tmp_path: Path, election: Election) -> None:
    path = write(tmp_path, "a.csv", "station,contest\n")
    with pytest.raises(SourceInvalid, match="--certified is for"):
        read(path, election)


def test_pages_are_compared_with_what_is_in_force(tmp_path: Path, election: Election) -> None:
    """In a count: repeated pages are nothing new, newer ones replace, older ones do not."""
    directory = DataDirectory.create(tmp_path / "count", election, registry())

    reports: list[tuple[int, int, int, int]] = []

    def page(runner: Runner, votes: int, ts: str | None) -> list[SourceRecord]:
        document = {"chart": {"100025": votes, "100026": 1}, "ts": ts}
        path = write(tmp_path, f"{SUBDISTRICT}.json", document)
        source = open_source([path], election, registry=registry(), contest="PPWP", certified=True)
        found = run(source, runner.lineage)
        report = runner.ingest(source)
        reports.append((report.accepted, report.repeated, report.rejected, report.unreadable))
        return found

    with Runner.open(directory, command="test", workers=0) as runner:
        page(runner, 5, "2024-03-01 10:00:00")
        page(runner, 5, "2024-03-05 10:00:00")
        [changed] = messages(page(runner, 6, "2024-03-04 10:00:00"))
        assert "supersedes" in changed["payload"]
        page(runner, 5, "2024-03-01 10:00:00")
        page(runner, 7, "2024-03-02 10:00:00")
        page(runner, 5, "2024-03-09 10:00:00")
        page(runner, 8, None)
    assert reports == [
        (1, 0, 0, 0),
        (0, 1, 0, 0),
        (1, 0, 0, 0),
        (0, 1, 0, 0),
        (0, 0, 0, 1),
        (1, 0, 0, 0),
        (0, 0, 0, 1),
    ]


def test_what_others_certified_is_not_replaced(tmp_path: Path, election: Election) -> None:
    page = write(tmp_path, f"{SUBDISTRICT}.json", {"chart": {"100025": 5, "100026": 1}})
    [event] = messages(read(page, election, "PPWP"))
    event["payload"]["cells"]["votes"]["1"] = 4
    del event["payload"]["origin"], event["event_id"]
    theirs = orjson.dumps(event)
    source = open_source([page], election, registry=registry(), contest="PPWP", certified=True)
    [record] = run(source, lambda _, regions: {region: [theirs] for region in regions})
    assert "supersedes" not in messages([record])[0]["payload"]


def test_an_empty_page_and_one_whose_votes_are_null_hold_no_document(
    tmp_path: Path, election: Election
) -> None:
    for chart in ({}, {"100025": None, "null": None}):
        path = write(tmp_path, f"{SUBDISTRICT}.json", {"chart": chart})
        assert counts(read(path, election, "PPWP"))["empty"] == 1


@pytest.mark.real_data
@needs_real_data
def test_the_real_page_of_a_village_is_its_document(tmp_path: Path) -> None:
    """65 stations and 142 candidates; the table alone, as it was saved."""
    folder = REAL_DATA / "dpr2024"
    village = "1671041005"
    with (folder / "sirekap_hr_candidate_keys.csv").open() as file:
        keys = list(csv.DictReader(file))
    lines = ["contest,constituency,option,name,sirekap", "DPR,1601,region,1671,"]
    lines += [
        f"DPR,1601,{row['party_number']}.{row['candidate_number']},Calon,{row['sirekap_key']}" for row in keys
    ]
    candidates = write(tmp_path, "candidates.csv", "\n".join(lines) + "\n")
    definition = load_election("pemilu2024").model_copy(
        update={"certified_levels": (Level.SUBDISTRICT, Level.VILLAGE)}
    )
    election = with_candidates(definition, candidates)
    listed = pq.read_table(REAL_DATA / "pilpres2024/stations.parquet", columns=["kode_tps"])["kode_tps"]
    stations = listed.filter(pc.starts_with(listed, village)).to_pylist()
    rows = [
        RegionRow("16", None, Level.PROVINCE, "P"),
        RegionRow("1671", "16", Level.DISTRICT, "D"),
        RegionRow("167104", "1671", Level.SUBDISTRICT, "S"),
        RegionRow(village, "167104", Level.VILLAGE, "V"),
    ]
    register = build_registry(rows, [StationRow(one, village) for one in stations], root=("0", "INDONESIA"))
    page = folder / f"sirekap_hr_village_{village}.json"
    directory = DataDirectory.create(tmp_path / "count", election, register)
    with Runner.open(directory, command="test", workers=0) as runner:
        source = open_source([page], election, registry=register, certified=True)
        assert runner.ingest(source).accepted == 1
        assert runner.ingest(source).repeated == 1
    records = run(source)
    option = {row["sirekap_key"]: f"1601:{row['party_number']}.{row['candidate_number']}" for row in keys}
    wanted: Counter[str] = Counter()
    for row in json.loads(page.read_text()).values():
        wanted.update({option[key]: votes for key, votes in row.items() if key != "null"})
    votes = cells(records)["votes"]
    assert votes == dict(wanted)
    assert (len(votes), sum(votes.values())) == (142, 10_415)
    assert len(raws(records)) == 1
