"""Run the races one after the other on one broker, round by round, and say who was how fast.

Needs REKAP_REAL_DATA, Java and Kafka's jars (`make kafka-jars`); the systems are installed into an
environment of their own on the first run. Ends with 1 when somebody failed or counted wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import defaultdict
from itertools import product
from pathlib import Path

from benchmarks.stream import environment, machine, report
from benchmarks.stream.forms import Forms, Stock
from benchmarks.stream.programs import RaceFailed
from benchmarks.stream.races import WARM_UP, Race
from benchmarks.stream.schedule import all_races
from benchmarks.stream.stage import CLOCK, GROUPS, stage
from benchmarks.stream.warm_up import warm_up
from devtools.brokers import JARS, Broker, why_not


def main() -> int:
    """Run what was asked for, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="forms a race (default: 100,000)")
    parser.add_argument("--textbook-events", type=int, default=5_000, help="of the textbook (default: 5,000)")
    parser.add_argument("--rounds", type=int, default=1, help="times that each race is run (default: 1)")
    parser.add_argument("--only", default="", help="races by name, separated by commas (default: all)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    chosen = list(all_races(asked.events, asked.textbook_events))
    if min(asked.events, asked.textbook_events, asked.rounds) < 1 or asked.events <= WARM_UP + 1:
        parser.error(
            f"--events must be above {WARM_UP + 1} (the first warm up a live race), the others above 0"
        )
    if asked.only:
        names = set(asked.only.split(","))
        if unknown := names - {one.name for one in chosen}:
            known = ", ".join(one.name for one in chosen)
            parser.error(f"no race {', '.join(sorted(unknown))}; there are: {known}")
        chosen = [one for one in chosen if one.name in names]
    folder = os.environ.get("REKAP_REAL_DATA")
    if not folder:
        print("Set REKAP_REAL_DATA to the folder that holds pilpres2019/tps.parquet.", file=sys.stderr)
        return 2
    if (reason := why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    lines, failed = run(chosen, asked.rounds, Stock.load(Path(folder)))
    (clients,) = JARS.glob("kafka-clients-*.jar")
    facts = machine.described() | {"kafka": clients.stem.rpartition("-")[2]}
    if asked.format == "json":
        print(json.dumps(report.as_json(lines, facts, failed), indent=2))
    else:
        print(report.as_text(lines, facts, failed))
    return 1 if failed else 0


def run(chosen: list[Race], rounds: int, stock: Stock) -> tuple[list[report.Line], list[str]]:
    """Each race `rounds` times, taking turns, so that a slow minute of the machine is nobody's own.

    A race that failed is told on stderr; the names of these come second, one a failed round.
    """
    python = environment.python()
    forms: dict[int, Forms] = {events: stock.take(events) for events in {one.events for one in chosen}}
    for each in forms.values():
        _ = each.events, each.nation  # worked out before anybody races
    measured: dict[str, list[report.Round]] = defaultdict(list)
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder, Broker.start(properties=CLOCK | GROUPS) as broker:
        parents = Path(folder) / "parents.json"
        parents.write_text(json.dumps(stock.parents()), encoding="utf-8")
        brokers = [process.pid for process in broker.processes.values()]
        warm_up(broker.bootstrap, forms[max(forms)].events)
        for number, race in product(range(1, rounds + 1), chosen):
            told = f"round {number}, {race.name}"
            try:
                place = stage(broker.bootstrap, forms[race.events], parents, python)
                with place as here, machine.Others(brokers) as others:
                    one = race.run(here)
            except RaceFailed as error:
                failed.append(race.name)
                print(f"{told}: {error}", file=sys.stderr)
                continue
            measured[race.name].append(report.Round(one, others.share))
            print(f"{told}: {one.rate:,.0f} events/s, others {others.share:.0%}", file=sys.stderr)
    return [report.Line(one, measured[one.name]) for one in chosen if measured[one.name]], failed


if __name__ == "__main__":
    sys.exit(main())
