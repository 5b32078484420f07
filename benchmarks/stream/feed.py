"""Sends prepared events to a topic as fast as it can, until the broker has acknowledged all of them.

As a process (`python -m benchmarks.stream.feed BROKER TOPIC FILE`) it is the other side of a live race.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kafka import KafkaProducer

from benchmarks.stream.child_processes import ends_with_parent
from benchmarks.stream.forms import Event
from benchmarks.stream.programs import RaceFailed
from benchmarks.stream.stage import Stage

ROOT: Final = Path(__file__).parents[2]

STALL_S: Final = 60
"""How long the sender may still be busy when everything has arrived."""

BATCH_BYTES: Final = 262_144
LINGER_MS: Final = 5
"""Batches that spare the broker: what is measured is who reads, not who writes."""


def send(broker: str, topic: str, events: Iterable[Event], *, idempotent: bool = False) -> None:
    """Send all of them; `idempotent`: as senders do. Raises KafkaError when one was not acknowledged."""
    settings = {"acks": "all", "enable_idempotence": True} if idempotent else {}
    producer = KafkaProducer(
        bootstrap_servers=broker, batch_size=BATCH_BYTES, linger_ms=LINGER_MS, **settings
    )
    try:
        sent = [producer.send(topic, key=key, value=value) for key, value in events]
        producer.flush()
        for one in sent:
            one.get(0)
    finally:
        producer.close()


def write(path: Path, events: Iterable[Event]) -> None:
    """Events as a file that this module sends as a process: neither a key nor a form holds a line break."""
    path.write_bytes(b"".join(key + b"\t" + value + b"\n" for key, value in events))


def read(path: Path) -> list[Event]:
    """What `write` wrote."""
    events = []
    for line in path.read_bytes().splitlines():
        key, _, value = line.partition(b"\t")
        events.append((key, value))
    return events


@contextmanager
def sending(stage: Stage, events: Iterable[Event]) -> Iterator[None]:
    """Another process sends these as fast as it can; once the block is left it has sent them all.

    Raises RaceFailed when it could not.
    """
    path = stage.folder / "events.tsv"
    write(path, events)
    arguments = [stage.broker, stage.topic("count-events"), str(path)]
    command = ends_with_parent([sys.executable, "-m", "benchmarks.stream.feed", *arguments])
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield
        if process.wait(STALL_S) != 0:
            raise RaceFailed("The events could not be sent: see above.")
    except subprocess.TimeoutExpired:
        raise RaceFailed(f"The events could not be sent within {STALL_S} s.") from None
    finally:
        process.kill()
        process.wait()


def main(broker: str, topic: str, path: str) -> None:
    """Send a file."""
    send(broker, topic, read(Path(path)))


if __name__ == "__main__":
    main(*sys.argv[1:])
