"""All polling stations of 2019 through Kafka, two workers and ClickHouse: every cell is that of the fold, and
that which KPU itself published.

The folder of real results is named by REKAP_REAL_DATA; without it there is nothing to compare with.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from audit.garbage_collection import gc_disabled
from queries.cells import region_cells
from schemas.data_directory import DataDirectory
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster
from tests.national.test_pilpres_2019 import COUNTED, FIGURES, FOLDER, LEVELS
from tests.sinks.delivery.engine import Engine

CELLS = ("votes.1", "votes.2", "valid", "invalid", "voters")
"""The cells that FIGURES are, in their order."""

INIT_S = 300
"""For making the directory on a machine that does ten other things; it takes some seconds."""

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.national,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="REKAP_REAL_DATA names no folder with pilpres2019"),
]


@pytest.fixture
def count_2019(tmp_path: Path) -> DataDirectory:
    """An empty count of 2019."""
    path = tmp_path / "pilpres2019"
    files = ["--registry", str(FOLDER / "regions.csv"), "--stations", str(FOLDER / "tps.parquet")]
    command = [
        sys.executable,
        "-m",
        "rekap",
        "--data",
        str(path),
        "init",
        "--election",
        "pilpres2019",
        *files,
    ]
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=INIT_S)
    return DataDirectory.open(path)


def test_two_workers_give_the_count_of_the_fold_and_the_published_one(
    count_2019: DataDirectory, broker: str, engine: Engine, tmp_path: Path
) -> None:
    with Cluster(count_2019, broker, engine.url, tmp_path, partitions=12) as cluster:
        cluster.sink()
        cluster.run("import", str(FOLDER / "tps.parquet"))
        for _ in range(2):
            cluster.worker("--assessors", "1")
        folded = cluster.drain()
        assert (folded.messages, folded.accepted) == (COUNTED, COUNTED)
        with gc_disabled():
            assert_right(cluster, folded)
        with closing(cluster.look()) as client:
            for word, level in LEVELS.items():
                shown = dict(region_cells(client, count_2019.election.id, level, cluster.ends()))
                for region, figures in published(word).items():
                    cells = shown["PPWP", region]
                    assert tuple(cells[cell] for cell in CELLS) == figures, region


def published(word: str) -> dict[str, tuple[int, ...]]:
    """What was published of each region of a level, which that word names."""
    with (FOLDER / "situng_aggregates.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["child_level"] == word]
    assert len(rows) > 30
    return {row["child_id"]: tuple(int(row[figure]) for figure in FIGURES) for row in rows}
