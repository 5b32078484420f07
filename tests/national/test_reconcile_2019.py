"""The certified recapitulation of 2019 held against the sums of its stations, village by village.

The folder of real results is named by REKAP_REAL_DATA; without it there is nothing to compare with.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from determination.reconcile import ShiftKind, differences, differences_of_documents, shifts

FOLDER = Path(os.environ.get("REKAP_REAL_DATA", "absent")) / "pilpres2019"
PAIRS = ("kpu_pas1", "kpu_pas2")

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="REKAP_REAL_DATA names no folder with pilpres2019"),
]


def documents() -> Iterator[tuple[str, str, str, dict[str, int | None]]]:
    """Level, region, parent and cells of each certified document."""
    with (FOLDER / "official_recap.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cells = {"votes.1": int(row["rekap_pas1"]), "votes.2": int(row["rekap_pas2"])}
            yield row["child_level"], row["child_id"], row["parent_id"], dict(cells)


@pytest.fixture(scope="module")
def villages() -> dict[str, list[int]]:
    """By village: stations, those with numbers, and the votes of both pairs."""
    columns = pq.read_table(FOLDER / "tps.parquet", columns=["kel_id", *PAIRS]).to_pydict()
    found: dict[str, list[int]] = {}
    for village, one, two in zip(columns["kel_id"], *(columns[pair] for pair in PAIRS), strict=True):
        sums = found.setdefault(str(village), [0, 0, 0, 0])
        sums[0] += 1
        if one is not None and two is not None:
            sums[1] += 1
            sums[2] += one
            sums[3] += two
    return found


def test_7326_complete_villages_differ_and_512_incomplete_ones(villages: dict[str, list[int]]) -> None:
    complete = Counter[bool]()
    differing = Counter[bool]()
    shifted = 0
    for level, village, _, certified in documents():
        if level != "kelurahan_desa":
            continue
        stations, counted, one, two = villages[village]
        computed = {"votes.1": one, "votes.2": two} if counted else {"votes.1": None, "votes.2": None}
        complete[stations == counted] += 1
        if differences(certified, computed):
            differing[stations == counted] += 1
            of_both = [one for one in shifts(certified, computed) if one.kind is ShiftKind.BETWEEN_OPTIONS]
            shifted += bool(of_both) and stations == counted
    assert complete == {True: 70_360, False: 1_620}
    assert differing == {True: 7_326, False: 512}
    assert shifted == 173  # one pair has more by what the other has less


def test_the_documents_of_districts_add_up_to_provinces_and_those_to_the_nation() -> None:
    by_parent: dict[str, list[dict[str, int | None]]] = {}
    provinces: dict[str, dict[str, int | None]] = {}
    for level, region, parent, cells in documents():
        by_parent.setdefault(parent, []).append(cells)
        if level == "provinsi":
            provinces[region] = cells
    nation = {"votes.1": 85_607_362, "votes.2": 68_650_239}
    assert differences_of_documents(nation, by_parent["0"]) == ()
    domestic = {region: cells for region, cells in provinces.items() if region in by_parent}
    assert len(domestic) >= 34
    assert {r: d for r, c in domestic.items() if (d := differences_of_documents(c, by_parent[r]))} == {}
