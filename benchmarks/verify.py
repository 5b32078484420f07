"""`rekap verify` of real counts before and after a change, side by side: processor time and memory.

    REKAP_REAL_DATA=... python -m benchmarks.verify --before DIR [--province NAME] [--pairs N]

DIR is a checkout of the version before, with the same schema. Both versions verify a copy of one count at the
same time, so that both meet the same machine; what counts is processor time (user and system). Both must call
it equal, with the same state digest and as many values: a fast comparison of less is no measurement. Without
`--province` it is the whole of 2019.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.directory_identity import adopt

HERE = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process took, and what it printed."""

    processor_s: float
    memory_mib: float
    answer: Any


def main() -> int:
    """Measure, print, and return 1 when the two versions do not agree."""
    folder = os.environ.get("REKAP_REAL_DATA")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--province", help="as in tps.parquet: 'JAWA BARAT'")
    parser.add_argument("--pairs", type=int, default=1)
    chosen = parser.parse_args()
    if not folder:
        print("Set REKAP_REAL_DATA to the folder that holds pilpres2019/tps.parquet.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as place:
        counts = _counted(Path(folder) / "pilpres2019", Path(place), chosen.province)
        ratios = [_pair(counts, chosen.before) for _ in range(chosen.pairs)]
    print(f"processor time, after / before: {', '.join(f'{one:.2f}' for one in ratios)}")
    return 0 if all(ratios) else 1


def _counted(data: Path, place: Path, province: str | None) -> tuple[Path, Path]:
    """One count, twice: a directory belongs to one process at a time."""
    forms = data / "tps.parquet"
    if province is not None:
        rows = pq.read_table(forms)
        forms = place / "tps.parquet"
        pq.write_table(rows.filter(pc.equal(rows["prov"], province)), forms)
    first, second = place / "count", place / "copy"
    register = ["--registry", str(data / "regions.csv"), "--stations", str(data / "tps.parquet")]
    for line in (["init", "--election", "pilpres2019", *register], ["import", str(forms)]):
        command = [sys.executable, "-m", "rekap", "--data", str(first), *line]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=HERE)
    shutil.copytree(first, second, symlinks=True)
    adopt(second)
    return first, second


def _pair(counts: tuple[Path, Path], before: Path) -> float:
    """After / before; 0 where they don't agree."""
    running = [_start(count, code) for count, code in zip(counts, (before, HERE), strict=True)]
    old, new = (_finished(*one) for one in running)
    for name, one in (("before", old), ("after", new)):
        print(
            f"{name:6} {one.processor_s:7.1f} s processor, {one.memory_mib:6.0f} MiB, "
            f"{one.answer['cells']} values of {one.answer['events']} events"
        )
    same = ("equal", "cells", "events", "state_digest")
    if not new.answer["equal"] or any(old.answer[name] != new.answer[name] for name in same):
        print(f"they do not agree: {old.answer} {new.answer}", file=sys.stderr)
        return 0.0
    return new.processor_s / old.processor_s


def _start(count: Path, code: Path) -> tuple[subprocess.Popen[bytes], Path]:
    printed = count.with_suffix(".json")
    command = [sys.executable, "-m", "rekap", "--data", str(count), "verify", "--format", "json"]
    environment = os.environ | {"PYTHONPATH": str(code)}
    with printed.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL, cwd=code, env=environment)
    return process, printed


def _finished(process: subprocess.Popen[bytes], printed: Path) -> Measured:
    _, _, used = os.wait4(process.pid, 0)
    answer = json.loads(printed.read_bytes())
    return Measured(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, answer)


if __name__ == "__main__":
    sys.exit(main())
