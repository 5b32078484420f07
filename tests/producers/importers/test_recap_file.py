"""Certified recapitulations from CSV: one event a document, later ones replace earlier ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from producers.importers import SourceInvalid, open_source
from producers.importers.recap_file import RecapFileSource
from schemas.decode import decode
from schemas.elections import load_election
from schemas.events import RecapCertified
from schemas.sources import NothingNew
from tests.producers.importers.support import (
    REAL_DATA,
    counts,
    messages,
    needs_real_data,
    raws,
    run,
    unreadables,
)
from tests.worlds import election

HEADER = "region,document,contest,vote_1,vote_2,vote_3,valid,invalid,voters\n"
FIRST = "11,D.HASIL PROV-PPWP,PPWP,10,20,30,60,,62\n"


def file(folder: Path, text: str, name: str = "recap.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def records(path: Path, has: Sequence[bytes] = ()) -> Any:
    def lineage(contest: str, regions: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
        found: dict[str, list[bytes]] = {}
        for raw in has:
            event = orjson.loads(raw)
            if event["contest"] == contest and event["region"] in regions:
                found.setdefault(event["region"], []).append(raw)
        return found

    return run(open_source([path], election()), lineage)


def test_a_row_becomes_a_document_with_what_it_holds_and_nothing_else(tmp_path: Path) -> None:
    (event,) = messages(records(file(tmp_path, HEADER + FIRST)))
    assert event.pop("event_id")
    assert event == {
        "type": "RecapCertified",
        "schema_version": 1,
        "election": "tiny2024",
        "contest": "PPWP",
        "region": "11",
        "payload": {
            "document": "D.HASIL PROV-PPWP",
            "cells": {"votes": {"1": 10, "2": 20, "3": 30}, "valid": 60, "voters": 62},
            "origin": {"record": "11", "source": "recap"},
        },
        "submitted_by": {"officer": "commission", "role": "importer"},
    }


def test_the_same_document_is_nothing_new_and_another_replaces_it(tmp_path: Path) -> None:
    first = raws(records(file(tmp_path, HEADER + FIRST)))
    assert counts(records(file(tmp_path, HEADER + FIRST), first))["nothing_new"] == 1
    second = raws(records(file(tmp_path, HEADER + FIRST.replace(",30,60,", ",31,61,")), first))
    assert orjson.loads(second[0])["payload"]["supersedes"] == decode(first[0]).event_id


def test_an_older_file_does_not_replace_a_later_decision(tmp_path: Path) -> None:
    first = raws(records(file(tmp_path, HEADER + FIRST)))
    second = raws(records(file(tmp_path, HEADER + FIRST.replace(",30,60,", ",31,61,")), first))
    (again,) = records(file(tmp_path, HEADER + FIRST), [*first, *second])
    assert isinstance(again, NothingNew)
    assert again.superseded
    (third,) = raws(records(file(tmp_path, HEADER + FIRST.replace("10,20", "11,20")), [*first, *second]))
    assert orjson.loads(third)["payload"]["supersedes"] == decode(second[0]).event_id


def test_one_region_with_two_documents_in_a_file_is_reported(tmp_path: Path) -> None:
    text = HEADER + FIRST + FIRST + FIRST.replace("10,20", "11,20")
    found = records(file(tmp_path, text))
    assert counts(found) == {"messages": 1, "unreadable": 1, "nothing_new": 1, "empty": 0}
    ((place, said),) = unreadables(found)
    assert place.endswith(":4")
    assert "stands in an earlier row with other figures" in said


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (FIRST.replace("10,20", "1.000,20"), "without separators"),
        (FIRST.replace("10,20", "-1,20"), "a whole number in digits"),
        (FIRST.replace("11,D", ",D"), "Column region is empty"),
        (FIRST.replace("D.HASIL PROV-PPWP", ""), "what the document is called"),
        (FIRST.replace(",PPWP", ",SENAT"), "one of PPWP, DPR, DPD"),
        ("11,D.HASIL PROV-PPWP,PPWP,,,,60,,62\n", "A document without any votes"),
        ("11,D.HASIL\n", "It has 2 cells for 9 columns"),
        (FIRST.removesuffix("\n"), "may be cut off"),
        (FIRST.replace("11,", "a b,"), "region"),
    ],
)
def test_a_row_that_can_not_be_is_reported_with_what_to_write(tmp_path: Path, row: str, what: str) -> None:
    ((place, said),) = unreadables(records(file(tmp_path, HEADER + row)))
    assert place.endswith(":2")
    assert what in said


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("region,document\n", "no column of votes"),
        ("region,document,vote_1,votes\n", "the column votes is unknown"),
        ("region,document,vote_1,vote_1\n", "stands twice"),
        ("rekap_pas1,rekap_pas2\n", "needs child_id and child_level, or prov_id"),
    ],
)
def test_a_header_that_can_not_be_is_refused(tmp_path: Path, header: str, what: str) -> None:
    with pytest.raises(SourceInvalid, match=what):
        open_source([file(tmp_path, header)], election())


def test_options_may_name_their_constituency(tmp_path: Path) -> None:
    text = "region;document;contest;vote_1;vote_11-A:1.1\n11;D.HASIL PROV-DPR;DPR;5;3\n"
    (event,) = messages(records(file(tmp_path, text)))
    assert event["payload"]["cells"]["votes"] == {"1": 5, "11-A:1.1": 3}
    assert isinstance(decode(orjson.dumps(event)).event, RecapCertified)


TABLE_2019 = """parent_id,parent_depth,child_id,child_level,child_name,rekap_pas1,rekap_pas2
0,0,1,provinsi,ACEH,404188,2400746
5,3,-990632,kelurahan_desa,Suriname,213,89
5,3,7,dusun,X,1,2
"""


def test_the_table_of_2019_is_read_as_it_is(tmp_path: Path) -> None:
    path = file(tmp_path, TABLE_2019)
    source = open_source([path], load_election("pilpres2019"))
    assert isinstance(source, RecapFileSource)
    found = run(source)
    first, second = messages(found)
    assert (first["region"], first["contest"], first["payload"]["document"]) == ("1", "PPWP", "DC1-PPWP")
    assert first["payload"]["cells"] == {"votes": {"1": 404188, "2": 2400746}}
    assert (second["region"], second["payload"]["document"]) == ("-990632", "DAA1-PPWP")
    ((_, said),) = unreadables(found)
    assert "Column child_level holds 'dusun'; write one of kelurahan_desa, kecamatan" in said


@needs_real_data
def test_the_certified_tables_of_2019_are_read_as_they_are(tmp_path: Path) -> None:
    held = load_election("pilpres2019")
    with (REAL_DATA / "pilpres2019" / "official_recap.csv").open(encoding="utf-8", newline="") as table:
        part = file(tmp_path, "".join(islice(table, 3_001)))
    found = run(open_source([part], held))
    assert counts(found) == {"messages": 3_000, "unreadable": 0, "nothing_new": 0, "empty": 0}
    provinces = run(open_source([REAL_DATA / "pilpres2019" / "official_per_province.csv"], held))
    cells = [event["payload"]["cells"]["votes"] for event in messages(provinces)]
    assert len(cells) == 35
    assert [sum(one[pair] for one in cells) for pair in ("1", "2")] == [85_607_362, 68_650_239]


def test_a_file_of_documents_needs_no_option_and_takes_it(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + FIRST)
    assert isinstance(open_source([path], election(), certified=True), RecapFileSource)
