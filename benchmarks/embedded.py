"""Forms from their source to queryable, as one process, and the share of each step.

Each mix of forms is measured by itself (benchmarks.mix): the presidential one is all of 2019 and needs
REKAP_REAL_DATA. Prints seconds, rates, what a form takes on the disk, and the largest resident memory of the
owner and of a worker. Checks the national sums: a fast wrong count is no measurement.
"""

from __future__ import annotations

import argparse
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import mix
from benchmarks.mix import Mix, NationalNight, Sample
from clickhouse.client import connect
from producers.importers import open_source
from schemas.ballots import Ballots
from schemas.data_directory import DataDirectory
from schemas.elections import Election, load_election
from schemas.regions import Registry
from schemas.registry_files import read_registry
from schemas.sources import Message, Source
from stream_processors.assess import Assessor
from stream_processors.embedded import projector
from stream_processors.embedded.runner import Runner
from stream_processors.partition.batch import assess_batch

NATION = {"1": 84_298_880, "2": 68_221_284}
NATIONAL_FORMS = 200_000
"""Of the national mix: so many that it takes some minutes."""
SAMPLE_FORMS = 100_000
"""Forms that each step is measured on alone, at the most."""

NATION_TOTALS = """
SELECT contest, version, votes FROM tally FINAL WHERE level = 'nation' ORDER BY contest
"""


class Input(NamedTuple):
    """What is counted: the forms, how many there are, and the election and register that they belong to."""

    election: Election
    registry: Registry
    source: Source
    forms: int | None


def main() -> int:
    """Measure each mix in a process of its own, so that the memory is its own; 1 when sums are wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedded", description=__doc__)
    parser.add_argument(
        "--events",
        type=int,
        default=NATIONAL_FORMS,
        help=f"forms of the national mix (default: {NATIONAL_FORMS:,}); of the other mix it is always all",
    )
    mix.add_option(parser)
    asked = parser.parse_args()
    mixes = mix.chosen(asked.mix)
    mix.real_data(mixes)
    if len(mixes) == 1:
        return measure(mixes[0], asked.events, asked.provinces)
    each = [sys.executable, "-m", "benchmarks.embedded", "--events", str(asked.events)]
    each += ["--provinces", asked.provinces, "--mix"]
    return max(subprocess.run([*each, one], check=False).returncode for one in mixes)


def measure(of: Mix, events: int, provinces: str) -> int:
    """Measure one mix, print, and return 1 when the sums are wrong."""
    print(f"-- {of.forms}", flush=True)
    election, registry, source, forms = _input(of, events, provinces)
    spent: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        directory = DataDirectory.create(Path(place) / "count", election, registry)
        with Runner.open(directory, command="init", workers=0):
            pass
        empty = _sizes(directory.path)
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
        full = _sizes(directory.path)
        client = connect(directory.clickhouse_url, readonly=True)
        totals = client.query(NATION_TOTALS).result_rows
        client.close()
    print(f"{report.accepted} forms in {seconds:.1f} s: {report.accepted / seconds:.0f}/s")
    for step, wall in spent.most_common():
        print(f"  {step:20} {wall:6.1f} s wall")
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = own.ru_utime - idle.ru_utime + own.ru_stime - idle.ru_stime
    theirs = workers.ru_utime + workers.ru_stime
    print(
        f"processor: owner {used:.1f} s, workers {theirs:.1f} s, "
        f"{(used + theirs) / report.accepted * 1e6:.0f} us a form"
    )
    for name, size in full.items():
        print(f"disk: {name} {(size - empty[name]) / report.accepted:.0f} bytes a form")
    print(
        f"largest memory: owner {own.ru_maxrss / 1024:.0f} MiB, a worker {workers.ru_maxrss / 1024:.0f} MiB"
    )
    _steps_alone(election, registry, source)
    counted = sum(version for _, version, _ in totals)
    right = totals[0][2] == NATION if of is Mix.PRESIDENTIAL else counted == forms == report.accepted
    if not right:
        print(f"the sums are wrong: {counted} of {forms} forms counted", file=sys.stderr)
    return 0 if right else 1


def _input(of: Mix, events: int, provinces: str) -> Input:
    if of is Mix.NATIONAL:
        nation = NationalNight.load(provinces)
        _ = nation.night  # planned before the clock runs
        return Input(nation.election, nation.registry, Sample(nation, events), events)
    folder = mix.real_data([of])
    assert folder is not None  # real_data has ended this process otherwise
    data = folder / "pilpres2019"
    election = load_election("pilpres2019")
    registry = read_registry(election, data / "regions.csv", data / "tps.parquet")
    return Input(election, registry, open_source([data / "tps.parquet"], election), None)


def _sizes(directory: Path) -> dict[str, int]:
    """Bytes of the log's file, and of the whole directory."""
    files = {path: path.stat().st_size for path in directory.rglob("*") if path.is_file()}
    logs = sum(size for path, size in files.items() if path.name.startswith("log."))
    return {"log": logs, "log and projections": sum(files.values())}


def _steps_alone(election: Election, registry: Registry, source: Source) -> None:
    gc.disable()  # as workers do
    assessor = Assessor(election, registry, Ballots(election, registry))
    chunks, forms = [], 0
    for chunk in source.chunks(lambda *_: {}):
        chunks.append(chunk)
        forms += chunk.size
        if forms >= SAMPLE_FORMS:
            break
    raws: list[list[bytes]] = []

    def read() -> None:
        for chunk in chunks:
            raws.append([one.raw for one in chunk.records() if isinstance(one, Message)])

    _alone("read and encode", read, forms)
    _alone("decode, check, assess", lambda: [assess_batch(assessor, some) for some in raws], forms)
    sizes = [len(raw) for raw in chain.from_iterable(raws)]
    print(f"an event has {sum(sizes) / len(sizes):.0f} bytes on average")


def _time(owner: Any, name: str, spent: Counter[str], step: str) -> None:
    original = getattr(owner, name)

    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return original(*arguments)
        finally:
            spent[step] += time.perf_counter() - began  # type: ignore[assignment]

    setattr(owner, name, timed)


def _alone(step: str, work: Callable[[], Any], forms: int) -> None:
    began = time.process_time()
    work()
    cost = (time.process_time() - began) / forms
    print(f"{step} alone: {cost * 1e6:.1f} us a form, {1 / cost:.0f}/s in one process")


if __name__ == "__main__":
    sys.exit(main())
