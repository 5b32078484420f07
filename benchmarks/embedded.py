"""All 2019 forms from file to queryable, as one process, and the share of each step.

Needs REKAP_REAL_DATA. Prints seconds, rates, and the largest resident memory of the owner and of a worker.
Checks the national sums: a fast wrong count is no measurement.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clickhouse.client import connect
from producers.importers import open_source
from schemas.ballots import Ballots
from schemas.data_directory import DataDirectory
from schemas.elections import load_election
from schemas.registry_files import read_registry
from schemas.sources import Message
from stream_processors.assess import Assessor
from stream_processors.embedded import projector
from stream_processors.embedded.runner import Runner
from stream_processors.partition.batch import assess_batch

NATION = {"1": 84_298_880, "2": 68_221_284}
SAMPLE_CHUNKS = 20
"""Chunks, of 5,000 forms each, that each step is measured on alone."""


def main() -> int:
    """Measure, print, and return 1 when the sums are wrong."""
    folder = os.environ.get("REKAP_REAL_DATA")
    if not folder:
        print("Set REKAP_REAL_DATA to the folder that holds pilpres2019/tps.parquet.", file=sys.stderr)
        return 2
    data = Path(folder) / "pilpres2019"
    election = load_election("pilpres2019")
    registry = read_registry(election, data / "regions.csv", data / "tps.parquet")
    source = open_source([data / "tps.parquet"], election)
    spent: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        directory = DataDirectory.create(Path(place) / "count", election, registry)
        with Runner.open(directory, command="init", workers=0):
            pass
        idle = resource.getrusage(resource.RUSAGE_SELF)
        began = time.perf_counter()
        with Runner.open(directory, command="benchmark") as runner:
            _time(runner._state, "decide_batch", spent, "decide")
            _time(runner._state, "apply", spent, "roll-up")
            _time(runner._log, "append", spent, "append")
            _time(runner._decisions, "write", spent, "state")
            _time(projector, "rows_of", spent, "rows (own thread)")
            _time(runner._projector._writer, "insert", spent, "insert (own thread)")
            report = runner.ingest(source)
        seconds = time.perf_counter() - began
        own = resource.getrusage(resource.RUSAGE_SELF)
        client = connect(directory.clickhouse_url, readonly=True)
        votes = client.query("SELECT votes FROM tally FINAL WHERE level = 'nation'").result_rows[0][0]
        client.close()
    print(f"{report.accepted} forms in {seconds:.1f} s: {report.accepted / seconds:.0f}/s")
    for step, wall in spent.most_common():
        print(f"  {step:20} {wall:6.1f} s wall")
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"processor: owner {own.ru_utime - idle.ru_utime + own.ru_stime - idle.ru_stime:.1f} s, "
        f"workers {workers.ru_utime + workers.ru_stime:.1f} s"
    )
    print(
        f"largest memory: owner {own.ru_maxrss / 1024:.0f} MiB, a worker {workers.ru_maxrss / 1024:.0f} MiB"
    )
    gc.disable()  # as workers do
    assessor = Assessor(election, registry, Ballots(election, registry))
    chunks = [chunk for chunk, _ in zip(source.chunks(lambda *_: {}), range(SAMPLE_CHUNKS), strict=False)]
    _alone("read and encode", lambda: [[r for r in c.records() if isinstance(r, Message)] for c in chunks])
    raws = [[r.raw for r in c.records() if isinstance(r, Message)] for c in chunks]
    _alone("decode, check, assess", lambda: [assess_batch(assessor, some) for some in raws])
    if votes != NATION:
        print(f"the sums are wrong: {votes}", file=sys.stderr)
        return 1
    return 0


def _time(owner: Any, name: str, spent: Counter[str], step: str) -> None:
    original = getattr(owner, name)

    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return original(*arguments)
        finally:
            spent[step] += time.perf_counter() - began  # type: ignore[assignment]

    setattr(owner, name, timed)


def _alone(step: str, work: Callable[[], Any]) -> None:
    began = time.process_time()
    work()
    cost = (time.process_time() - began) / (SAMPLE_CHUNKS * 5_000)
    print(f"{step} alone: {cost * 1e6:.1f} us a form, {1 / cost:.0f}/s in one process")


if __name__ == "__main__":
    sys.exit(main())
