"""The certified presidential result of 2024 through the command line: imported, determined, and in agreement.

The folder of real results is named by REKAP_REAL_DATA; without it there is nothing to compare with. It takes
some ten seconds, most of them to set the nation up.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("REKAP_REAL_DATA", "absent")) / "pilpres2024"
PAIRS = ("pas1_anies_muhaimin", "pas2_prabowo_gibran", "pas3_ganjar_mahfud")
LONGEST_S = 300

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.national,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="REKAP_REAL_DATA names no folder with pilpres2024"),
]


def rekap(directory: Path, *arguments: str) -> Any:
    """What the command prints."""
    line = [sys.executable, "-m", "rekap", "--data", str(directory), *arguments, "--format", "json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout)


def test_the_certified_documents_decide_in_the_first_round_and_add_up(tmp_path: Path) -> None:
    with (FOLDER / "official_per_province.csv").open(encoding="utf-8") as table:
        provinces = {row["kode_prov"]: [int(row[pair]) for pair in PAIRS] for row in csv.DictReader(table)}
    nation = [sum(votes) for votes in zip(*provinces.values(), strict=True)]
    lines = ["region,document,contest,vote_1,vote_2,vote_3"]
    for region, votes in [*provinces.items(), ("0", nation)]:
        lines.append(",".join((region, "D.HASIL", "PPWP", *map(str, votes))))
    file = tmp_path / "recap.csv"
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    data = tmp_path / "data"
    rekap(data, "init", "--election", "pemilu2024", "--size", "2000")
    assert rekap(data, "import", str(file))["accepted"] == 40

    outcome = rekap(data, "determination", "--contest", "PPWP")
    assert (outcome["decided"], outcome["rule"], outcome["winner"]) == (True, "majority_and_spread", "2")
    assert (outcome["votes"]["2"], outcome["valid"]) == (96_214_691, 164_227_475)
    assert outcome["provinces"] == {
        **{"total": 38, "needed": 20, "unknown": 0},
        "with_20_percent": {"1": 22, "2": 38, "3": 9},
    }
    assert (outcome["projection"], outcome["certified"]) == (False, {"nation": True, "provinces": 38})
    assert rekap(data, "reconcile", "--documents") == []
    assert rekap(data, "reconcile") == []  # nothing was counted to differ from
