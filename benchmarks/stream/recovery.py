"""How long a worker that knows nothing takes to know all forms of a log, from the log or with snapshots.

Another worker has counted them before and sent their rows, so that the new one has only to fold; that one is
all workers' successor at once, the worst that a night can bring. Seconds of folding are what the worker says
itself, from having its partitions to having re-published all totals; the whole is from its start, with its
register loaded and its group joined. What it takes in memory comes with it. Each mix of forms is
measured by itself (benchmarks.mix); needs Java and Kafka's jars, and REKAP_REAL_DATA for the presidential
mix.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks import mix
from benchmarks.mix import Mix
from benchmarks.stream import feed, machine
from benchmarks.stream.deployment import Deployment, deployed
from benchmarks.stream.forms import Forms, load
from benchmarks.stream.programs import RaceFailed
from benchmarks.stream.stage import CLOCK
from benchmarks.stream.worker_logs import caught_up
from devtools.brokers import Broker, why_not
from event_log.kafka.topics import COUNT_EVENTS

EVENTS: Final = {Mix.PRESIDENTIAL: 806_583, Mix.NATIONAL: 200_000}
"""All forms of 2019; of the other mix so many that it takes some minutes."""

BAR_S: Final = 30
"""Within which a worker must have folded those of 2019 without a snapshot."""

MIB: Final = 1024 * 1024


class Start(NamedTuple):
    """A worker from its start until it had caught up: the seconds it says, those of the clock, processor
    seconds, and memory (MiB)."""

    folding_s: float
    whole_s: float
    processor_s: float
    memory_mib: float
    others: float


def main() -> int:
    """Measure and print; 1 when the bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream.recovery", description=__doc__)
    sizes = ", ".join(f"{number:,} of the {one} mix" for one, number in EVENTS.items())
    parser.add_argument("--events", type=int, help=f"forms in the log (default: {sizes})")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    mix.add_option(parser)
    asked = parser.parse_args()
    mixes = mix.chosen(asked.mix)
    folder = mix.real_data(mixes)
    if (reason := why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    found = {}
    for one in mixes:
        try:
            found[one] = measured(load(one, folder, asked.provinces).take(asked.events or EVENTS[one]))
        except RaceFailed as error:
            print(f"{one} mix: {error}", file=sys.stderr)
    mix.tell(found, asked.format)
    return 0 if len(found) == len(mixes) and all(one["ok"] for one in found.values()) else 1


def measured(forms: Forms) -> dict[str, Any]:
    """One run. Raises RaceFailed."""
    events = forms.events
    with (
        tempfile.TemporaryDirectory(prefix="rekap-recovery-") as place,
        Broker.start(properties=CLOCK) as broker,
        deployed(broker.bootstrap, "", Path(place), forms) as ours,
    ):
        brokers = [process.pid for process in broker.processes.values()]
        snapshots = ("--snapshots", str(Path(place) / "snapshots"))
        empty = _start("empty", ours, brokers, (), 0)
        feed.send(broker.bootstrap, COUNT_EVENTS.name, events)
        first = _start("first", ours, brokers, snapshots, len(events))  # keeps them at its end
        fold = _start("without-snapshots", ours, brokers, (), len(events))
        restored = _start("with-snapshots", ours, brokers, snapshots, len(events))
    return {
        "events": len(events),
        "recovery_s": fold.folding_s,
        "bar_s": BAR_S if forms.mix is Mix.PRESIDENTIAL else None,
        "ok": forms.mix is not Mix.PRESIDENTIAL or fold.folding_s <= BAR_S,
        "with_rows": first._asdict(),
        "without_snapshots": fold._asdict(),
        "with_snapshots": restored._asdict(),
        "worker_bytes": round(empty.memory_mib * MIB),
        "state_bytes": round((fold.memory_mib - empty.memory_mib) * MIB / len(events)),
        "machine": machine.described(),
    }


def _start(name: str, ours: Deployment, brokers: list[int], options: Sequence[str], count: int) -> Start:
    """Start a worker, and end it when it has caught up with `count` entries."""
    began = time.monotonic()
    with machine.Others(brokers) as others, ours.worker(name, options) as worker:
        line = caught_up(worker)[0]
        whole, used = time.monotonic() - began, worker.used()
        if line["entries"] > count:
            raise worker.failed(f"read {line['entries']} entries of {count}")
    figures = (line["seconds"], whole, used.processor_s, used.memory_mib, others.share)
    print(f"{name}: {line['seconds']} s, {line['entries']} entries read", file=sys.stderr)
    return Start(*(round(figure, 2) for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
