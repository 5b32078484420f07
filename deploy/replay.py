"""Sends every message of one election's log again, in order, to a new one: the beginning of a new epoch.

    docker compose run --rm -T --entrypoint python setup - --from OLD --to NEW < deploy/replay.py

A new register or another number of partitions need new topics (docs/operations.md, "A new epoch"). OLD and
NEW are the prefixes of their names. Each message is placed where it belongs by the register in the data
directory, so one that was rejected for its key may be accepted now. All of a station's messages stay in their
order. The log's times are those of the new log. The old log is only read. Sending twice is harmless: what is
there already is repeated and counts once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection, ConnectionInvalid
from event_log.kafka.control import require
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from producers.publisher import Publisher
from stream_processors.embedded.directory import DataDirectory, DirectoryMissing


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay as the arguments and variables say; the exit code."""
    given = os.environ.get
    parser = argparse.ArgumentParser(prog="replay.py", description="Send a log's messages to a new log.")
    parser.add_argument("--data", type=Path, default=given("REKAP_DATA"), metavar="DIR")
    parser.add_argument("--broker", default=given("REKAP_BROKER"), metavar="HOST:PORT")
    parser.add_argument("--broker-config", type=Path, default=given("REKAP_BROKER_CONFIG"), metavar="FILE")
    parser.add_argument("--from", dest="old", required=True, metavar="PREFIX")
    parser.add_argument("--to", dest="new", required=True, metavar="PREFIX")
    asked = parser.parse_args(arguments)
    if not asked.data or not asked.broker:
        parser.error("name --data and --broker, or set REKAP_DATA and REKAP_BROKER")
    if asked.old == asked.new:
        parser.error("--from and --to are the same log")
    try:
        directory = DataDirectory.open(Path(asked.data))
        old, new = (Connection.of(asked.broker, asked.broker_config, one) for one in (asked.old, asked.new))
        count = replay(old, new, directory)
    except (LogUnavailable, ConnectionInvalid, DirectoryMissing) as error:
        print(error, file=sys.stderr)
        return 3
    print(f"{count} messages were sent again, and acknowledged.")
    return 0


def replay(old: Connection, new: Connection, directory: DataDirectory) -> int:
    """Send everything that is in the old log now; how many messages were acknowledged.

    Raises LogUnavailable, also when the new log was not opened for this data directory.
    """
    require(new, directory.election, directory.registry)
    with KafkaLog(old, COUNT_EVENTS) as log, Publisher(new, directory.registry) as publisher:
        ends = log.ends()
        for partition, (begin, end) in enumerate(zip(log.begins(), ends, strict=True)):
            for records in log.read(partition, begin, end):
                for record in records:
                    publisher.publish(record.raw)
            print(f"partition {partition + 1} of {len(ends)} read", file=sys.stderr)
        return publisher.flush().sent


if __name__ == "__main__":
    sys.exit(main())
