"""An archive of a thousand responses of DKI 2024, of which fewer than half hold numbers: shares stay shares.

The folder of real results is named by REKAP_REAL_DATA; without it there is nothing to compare with.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from clickhouse.client import connect
from producers.importers import open_source
from queries.results import results
from schemas.data_directory import DataDirectory
from schemas.elections import load_election
from schemas.registry_files import read_registry
from stream_processors.embedded.runner import Runner

FOLDER = Path(os.environ.get("REKAP_REAL_DATA", "absent")) / "pilpres2024"
ARCHIVE = FOLDER / "sirekap_json" / "dki_1000_stations.zip"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not ARCHIVE.is_file(), reason="REKAP_REAL_DATA names no folder with pilpres2024"),
]

MORE_VOTES_THAN_A_STATION_CAN_HAVE = """
SELECT unit, rules FROM station FINAL WHERE status = 'clean' AND arraySum(mapValues(votes)) > 300 + 6
"""
"""Clean, because nothing on them contradicts itself: soft findings say so much."""


def test_clean_shares_are_of_forms_that_give_every_option(tmp_path: Path) -> None:
    with (FOLDER / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        jakarta = [row for row in rows if row["kode"].startswith("31")]
        names = rows.fieldnames or []
    with (tmp_path / "regions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(jakarta)
    election = load_election("pemilu2024")
    registry = read_registry(election, tmp_path / "regions.csv")
    directory = DataDirectory.create(tmp_path / "data", election, registry)
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.ingest(open_source([ARCHIVE], election, contest="PPWP"))
    client = connect(directory.clickhouse_url, readonly=True)
    (row,) = results(client, election.id, "PPWP", "nation")
    unlikely = client.query(MORE_VOTES_THAN_A_STATION_CAN_HAVE).result_rows
    client.close()
    assert unlikely == [("3173011001222", ["R11"])]  # 457 votes on a form that gives nothing else
    clean = row["clean"]
    assert [clean["shares"][option] for option in "123"] == pytest.approx([0.345, 0.469, 0.187], abs=0.001)
    assert sum(clean["shares"].values()) == pytest.approx(1)
    assert clean["share_forms"] == row["stations"]["clean"] < row["stations"]["received"]
    assert row["share_forms"] == row["forms"]["votes"]["1"]
