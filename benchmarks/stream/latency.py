"""How long an event takes from its sender to whoever asks ClickHouse, at the rate of the busiest hour.

Worker and sink run as on any evening, and a part of the count is in already. Another process sends so many
events a second; some of them are followed until (a) all rows of theirs can be seen, by the position that the
sink writes after them, and (b) the nation's totals count as many forms as had been sent with this one: as one
partition may be a flush ahead of another, that is how long a form takes, not which. With it comes what an
event takes on disks. Each mix of forms is measured by itself (benchmarks.mix); needs Java and Kafka's jars,
and REKAP_REAL_DATA for the presidential mix.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks import mix
from benchmarks.stream import feed, machine, sizes
from benchmarks.stream.deployment import TIMEOUT_S, deployed
from benchmarks.stream.following import look, milliseconds, nation_latencies, rows_latencies
from benchmarks.stream.forms import Forms, load
from benchmarks.stream.paced import pacing
from benchmarks.stream.programs import RaceFailed
from benchmarks.stream.races import WARM_UP
from benchmarks.stream.stage import CLOCK
from benchmarks.stream.worker_logs import caught_up
from devtools.brokers import Broker, why_not
from event_log.kafka.topics import (
    COUNT_EVENTS,
    COUNT_ROWS,
    DISTRICT_TALLIES,
    NATION_TALLIES,
    PROVINCE_TALLIES,
)

RATE: Final = 1_132
"""Events a second: every first form of five contests within one hour (docs/scaling.md)."""

FOLLOWED: Final = 20
"""Every so manyth event is followed."""

BAR_MS: Final = 1_000
"""Within which 99 of 100 must be seen."""

TOPIC: Final = COUNT_EVENTS.name
TALLIES: Final = (DISTRICT_TALLIES.name, PROVINCE_TALLIES.name, NATION_TALLIES.name)


def main() -> int:
    """Measure and print; 1 when the count is wrong or the bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream.latency", description=__doc__)
    parser.add_argument("--before", type=int, default=50_000, help="forms counted before (default: 50,000)")
    parser.add_argument("--seconds", type=float, default=60, help="how long events are sent (default: 60)")
    parser.add_argument("--rate", type=float, default=RATE, help=f"events a second (default: {RATE:,})")
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
        stock = load(one, folder, asked.provinces)
        forms = stock.take(asked.before + WARM_UP + round(asked.seconds * asked.rate))
        _ = forms.events, forms.totals  # worked out before anything runs
        try:
            found[one] = measured(forms, asked.before, asked.rate)
        except RaceFailed as error:
            print(f"{one} mix: {error}", file=sys.stderr)
    mix.tell(found, asked.format)
    return 0 if len(found) == len(mixes) and all(one["ok"] for one in found.values()) else 1


def measured(forms: Forms, before: int, rate: float) -> dict[str, Any]:
    """One run with `before` forms counted before. Raises RaceFailed."""
    count, before_paced = len(forms.raws), before + WARM_UP
    paced = forms.events[before_paced:]
    with (
        tempfile.TemporaryDirectory(prefix="rekap-latency-") as place,
        Broker.start(properties=CLOCK) as broker,
        deployed(broker.bootstrap, "", Path(place), forms) as ours,
    ):
        with ours.sink("first-sink"):
            pass
        database = ours.directory.path / "clickhouse"
        register = sizes.clickhouse(database)
        feed.send(broker.bootstrap, TOPIC, forms.events[:before])
        with ours.sink() as (sink, reader), ours.worker() as worker:
            caught_up(worker)
            ours.wait(reader, before, worker, sink)
            feed.send(broker.bootstrap, TOPIC, forms.events[before:before_paced])
            ours.wait(reader, before_paced, worker, sink)
            stored, spent = sizes.topics(ours.connection), worker.used() + sink.used()
            brokers = [process.pid for process in broker.processes.values()]
            longest_s = len(paced) / rate + TIMEOUT_S
            with (
                machine.Others([*brokers, *worker.members(), *sink.members()]) as others,
                pacing(broker.bootstrap, TOPIC, Path(place), paced, rate, FOLLOWED) as sender,
            ):
                looks = look(partial(ours.seen, reader), count, longest_s)
                sent = sender.sent()
            if min(looks[-1].seen.entries, looks[-1].seen.nation) < count:
                raise worker.failed(f"and the sink brought {looks[-1].seen} of {count} in time")
            grown, used = sizes.topics(ours.connection), worker.used() + sink.used()
            ours.check(reader, count)
        full = sizes.clickhouse(database)
    each = {name: (grown[name] - stored[name]) / len(paced) for name in grown}
    latencies = {
        "rows_ms": milliseconds(rows_latencies(looks, sent)),
        "nation_ms": milliseconds(nation_latencies(looks, sent, before_paced)),
    }
    return {
        **latencies,
        "bar_p99_ms": BAR_MS,
        "ok": all(one["p99"] <= BAR_MS for one in latencies.values()),
        "events": len(paced),
        "events_per_second": round((sent[-1].number - sent[0].number) / (sent[-1].at - sent[0].at)),
        "followed": len(sent),
        "looks": len(looks),
        "processor_seconds": round(used.processor_s - spent.processor_s, 1),
        "others": round(others.share, 3),
        "event_bytes": round(each[TOPIC]),
        "row_bytes": round(each[COUNT_ROWS.name]),
        "tally_bytes": round(sum(each[name] for name in TALLIES)),
        "clickhouse_bytes": round((full - register) / count),
        "machine": machine.described(),
    }


if __name__ == "__main__":
    sys.exit(main())
