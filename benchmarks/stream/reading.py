"""What an entry of the log costs to read: with aiokafka, as rekap reads, and with kafka-python; and to send.

Both read the same forms from the same broker in one process, in ranges as a worker does, by turns and in
several rounds. Nothing is done with what was read. Each mix of forms is measured by itself (benchmarks.mix);
needs Java and Kafka's jars, and REKAP_REAL_DATA for the presidential mix.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition

from benchmarks import mix
from benchmarks.stream import feed, machine
from benchmarks.stream.forms import Forms, load
from devtools.brokers import Broker, why_not
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.consumer import FETCH_BYTES, FETCH_WAIT_MS
from event_log.kafka.log import POLL_MS, KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from stream_processors.distributed.ranges import Range, ranges

OURS: Final = "aiokafka (KafkaLog)"
THEIRS: Final = "kafka-python"


class Cost(NamedTuple):
    """Microseconds of this process's processor time for an entry, and entries a second."""

    processor_us: float
    rate: float


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream.reading", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="forms in the log (default: 100,000)")
    parser.add_argument("--rounds", type=int, default=5, help="times that each reads all (default: 5)")
    mix.add_option(parser)
    asked = parser.parse_args()
    mixes = mix.chosen(asked.mix)
    folder = mix.real_data(mixes)
    if (reason := why_not()) is not None:
        print(reason, file=sys.stderr)
        return 2
    for mixed in mixes:
        sent, found = measured(load(mixed, folder, asked.provinces).take(asked.events), asked.rounds)
        cheapest = statistics.median(one.processor_us for one in found[OURS])
        print(f"-- {mixed.forms}")
        print(f"one idempotent producer: {sent:,.0f} entries/s sent and acknowledged")
        for name, rounds in found.items():
            middle = statistics.median(one.processor_us for one in rounds)
            rate = statistics.median(one.rate for one in rounds)
            print(f"{name}: {middle:.1f} µs of processor time an entry, {middle / cheapest:.1f} x", end=" ")
            print(f"({', '.join(f'{one.processor_us:.1f}' for one in rounds)}); {rate:,.0f} entries/s")
    print(", ".join(f"{name} {value}" for name, value in machine.described().items()))
    return 0


def measured(forms: Forms, rounds: int) -> tuple[float, dict[str, list[Cost]]]:
    """How many entries a second were sent, and what reading costs, by reader and round."""
    found: dict[str, list[Cost]] = {OURS: [], THEIRS: []}
    with Broker.start() as broker:
        connection = Connection.of(broker.bootstrap)
        create(connection, replication=1)
        _ = forms.events  # worked out before the clock runs
        began = time.monotonic()
        feed.send(broker.bootstrap, connection.topic(COUNT_EVENTS), forms.events, idempotent=True)
        sent = len(forms.events) / (time.monotonic() - began)
        with KafkaLog(connection, COUNT_EVENTS) as log, closing(_consumer(connection)) as consumer:
            spans = {partition: (0, end) for partition, end in enumerate(log.ends())}
            parts = list(ranges(connection, spans, dict.fromkeys(spans, -1)))
            for _ in range(rounds):
                found[OURS].append(_cost(parts, lambda part: _read(log, part)))
                found[THEIRS].append(_cost(parts, lambda part: _read_there(consumer, part)))
    return sent, found


def _cost(parts: list[Range], read: Callable[[Range], int]) -> Cost:
    began, used = time.monotonic(), time.process_time()
    for part in parts:
        if read(part) != part.end - part.start:
            raise RuntimeError(f"Not all of {part} was read.")
    count = sum(part.end - part.start for part in parts)
    return Cost((time.process_time() - used) / count * 1e6, count / (time.monotonic() - began))


def _read(log: KafkaLog, part: Range) -> int:
    return sum(map(len, log.read(part.partition, part.start, part.end)))


def _consumer(connection: Connection) -> KafkaConsumer:
    """As KafkaLog's own, with the same settings."""
    return KafkaConsumer(
        **connection.client_settings(),
        group_id=None,
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        metrics_enabled=False,
    )


def _read_there(consumer: KafkaConsumer, part: Range) -> int:
    place = TopicPartition(part.connection.topic(COUNT_EVENTS), part.partition)
    consumer.assign([place])
    consumer.seek(place, part.start)
    count = 0
    while count < part.end - part.start:
        count += len(consumer.poll(POLL_MS, part.end - part.start - count).get(place, ()))
    return count


if __name__ == "__main__":
    sys.exit(main())
