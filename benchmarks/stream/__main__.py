"""Run the races one after the other on one broker, round by round, and say who was how fast.

The presidential mix is raced by everybody, the national one by ours alone: systems are written for the
forms of two pairs. Needs Java and Kafka's jars (`make kafka-jars`), and REKAP_REAL_DATA for the presidential
mix; the systems are installed into an environment of their own on the first run. Ends with 1 when somebody
failed or counted wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from itertools import product
from pathlib import Path

from benchmarks import mix
from benchmarks.mix import Mix
from benchmarks.stream import environment, machine, report
from benchmarks.stream.forms import Forms, Stock, load
from benchmarks.stream.programs import RaceFailed
from benchmarks.stream.races import WARM_UP, Race
from benchmarks.stream.schedule import OURS, all_races
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
    mix.add_option(parser)
    asked = parser.parse_args()
    races = list(all_races(asked.events, asked.textbook_events))
    if min(asked.events, asked.textbook_events, asked.rounds) < 1 or asked.events <= WARM_UP + 1:
        parser.error(
            f"--events must be above {WARM_UP + 1} (the first warm up a live race), the others above 0"
        )
    if asked.only:
        names = set(asked.only.split(","))
        if unknown := names - {one.name for one in races}:
            known = ", ".join(one.name for one in races)
            parser.error(f"no race {', '.join(sorted(unknown))}; there are: {known}")
        races = [one for one in races if one.name in names]
    mixes = mix.chosen(asked.mix)
    chosen = {one: [race for race in races if one is Mix.PRESIDENTIAL or race.kind == OURS] for one in mixes}
    if not any(chosen.values()):
        parser.error("systems are raced with the presidential mix alone: leave --mix out, or name ours")
    folder = mix.real_data(mixes)
    if (reason := why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    (clients,) = JARS.glob("kafka-clients-*.jar")
    facts = machine.described() | {"kafka": clients.stem.rpartition("-")[2]}
    documents, has_failed = {}, False
    for one, taking_part in chosen.items():
        if not taking_part:
            continue
        lines, failed = run(taking_part, asked.rounds, load(one, folder, asked.provinces))
        has_failed = has_failed or bool(failed)
        documents[one] = report.as_json(lines, facts, failed)
        if asked.format == "text":
            print(f"-- {one.forms}")
            print(report.as_text(lines, facts, failed))
    if asked.format == "json":
        print(json.dumps(documents, indent=2))
    return 1 if has_failed else 0


def run(chosen: list[Race], rounds: int, stock: Stock) -> tuple[list[report.Line], list[str]]:
    """Each race `rounds` times, taking turns, so that a slow minute of the machine is nobody's own.

    A race that failed is told on stderr; the names of these come second, one a failed round.
    """
    # Ours alone need no other environment.
    python = environment.python() if any(one.kind != OURS for one in chosen) else Path(sys.executable)
    forms: dict[int, Forms] = {events: stock.take(events) for events in {one.events for one in chosen}}
    for each in forms.values():
        _ = each.events, each.totals  # worked out before anybody races
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
