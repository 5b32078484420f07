"""From one submission handed over to its row being queryable, as a distribution, on a register of the nation.

Each submission is a transaction of its own on the disk and inserts of its own. `submit` returns when the
projections hold it; a query through a second connection follows and is not part of the time. Each mix is
measured by itself; here both are simulated.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from benchmarks import mix
from benchmarks.mix import Mix, NationalNight
from clickhouse.client import connect
from producers.simulator.nation import builtin_registry
from producers.simulator.night import Night
from schemas.data_directory import DataDirectory
from schemas.elections import load_election
from schemas.sources import Message
from stream_processors.embedded.runner import Runner

BEFORE = 20_000
"""Messages counted before, so that tables and state are not empty."""
SUBMISSIONS = 500
SEED = 2024


def main() -> int:
    """Measure and print; 1 when a submission was not queryable after all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--before", type=int, default=BEFORE, help=f"counted before (default: {BEFORE:,})")
    parser.add_argument("--submissions", type=int, default=SUBMISSIONS, help=f"default: {SUBMISSIONS}")
    mix.add_option(parser)
    asked = parser.parse_args()
    ended = 0
    for one in mix.chosen(asked.mix):
        if one is Mix.PRESIDENTIAL:
            election, contests = load_election("pemilu2024"), ["PPWP"]
            nation = NationalNight(election, builtin_registry(election))
        else:
            nation, contests = NationalNight.load(asked.provinces), None
        night = Night(nation.election, nation.registry, SEED, contests=contests)
        ended = max(ended, measure(nation, night, one, asked.before, asked.submissions))
    return ended


def measure(nation: NationalNight, night: Night, of: Mix, before_them: int, submissions: int) -> int:
    """Measure one mix."""
    count = before_them + submissions
    records = (record for chunk in night.sample(count) for record in chunk.records())
    messages = [r.raw for r in islice(records, count) if isinstance(r, Message)]
    with tempfile.TemporaryDirectory() as place:
        directory = DataDirectory.create(Path(place) / "count", nation.election, nation.registry)
        with Runner.open(directory, command="benchmark", workers=0) as runner:
            runner.submit(messages[:before_them])
            reader = connect(runner.url, readonly=True)
            before = _positions(reader)
            times = []
            accepted = 0
            for raw in messages[before_them:]:
                began = time.perf_counter()
                report = runner.submit([raw])
                times.append(time.perf_counter() - began)
                accepted += report.accepted + report.rejected
            arrived = _positions(reader) - before
            reader.close()
    times.sort()
    print(f"-- {of} mix, simulated")
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        print(f"{name} {times[min(int(len(times) * share), len(times) - 1)] * 1e3:.1f} ms")
    return 0 if arrived == accepted else 1


def _positions(reader: object) -> int:
    rows = reader.query("SELECT count() FROM event FINAL").result_rows  # type: ignore[attr-defined]
    return int(rows[0][0])


if __name__ == "__main__":
    sys.exit(main())
