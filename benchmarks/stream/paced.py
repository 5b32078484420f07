"""Sends events at a steady rate, as an evening brings them, and tells when and where it put some of them.

`python -m benchmarks.stream.paced BROKER TOPIC FILE RATE EACH SAID`: each EACHth event of FILE gets a line in
SAID: its number in FILE, when it was handed over (seconds since 1970), partition and offset. The client is
set as that of producers.publisher, which senders use; what cannot be sent in time comes later, all of it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from kafka import KafkaProducer

from benchmarks.stream.child_processes import ends_with_parent
from benchmarks.stream.feed import ROOT, read, write
from benchmarks.stream.forms import Event
from benchmarks.stream.programs import RaceFailed

START_S: Final = 30
"""How long the sender may take to be at work, and to end."""


TICK_S: Final = 0.01
"""Events go out in steps of so much: waking for each of them took the sender as long as sending it, and on a
night it is not on this machine at all."""


class Sent(NamedTuple):
    """An event: its number among those sent, when it was handed over, and where it stands in the log."""

    number: int
    at: float
    partition: int
    position: int


class Sender:
    """The process that sends."""

    def __init__(self, process: subprocess.Popen[bytes], report: Path) -> None:
        self.process = process
        self._report = report

    def sent(self) -> list[Sent]:
        """What was reported of the events, once it has sent them all. Raises RaceFailed when it could not."""
        if self.process.wait(START_S) != 0:
            raise RaceFailed("The events could not be sent: see above.")
        lines = self._report.read_text(encoding="utf-8").splitlines()
        return [Sent(int(a), float(b), int(c), int(d)) for a, b, c, d in map(str.split, lines)]


@contextmanager
def pacing(
    broker: str, topic: str, folder: Path, events: Sequence[Event], rate: float, each: int
) -> Iterator[Sender]:
    """Another process sends these, so many a second, while the block runs."""
    path, report = folder / "paced.tsv", folder / "paced.txt"
    write(path, events)
    arguments = [broker, topic, str(path), str(rate), str(each), str(report)]
    process = subprocess.Popen(ends_with_parent([sys.executable, "-m", __name__, *arguments]), cwd=ROOT)
    try:
        yield Sender(process, report)
    finally:
        process.kill()
        process.wait()


def main(broker: str, topic: str, path: str, rate: str, each: str, report: str) -> None:
    """Send a file."""
    events, step = read(Path(path)), int(each)
    producer = KafkaProducer(
        bootstrap_servers=broker, acks="all", enable_idempotence=True, batch_size=262_144, linger_ms=5
    )
    producer.partitions_for(topic)
    noted = []
    began = time.time()
    for number, (key, value) in enumerate(events):
        due = began + number / float(rate)
        while (now := time.time()) < due:
            time.sleep(max(due - now, TICK_S))
        future = producer.send(topic, key=key, value=value)
        if number % step == 0:
            noted.append((number, now, future))
    producer.flush()
    lines = []
    for number, at, future in noted:
        record = future.get(0)
        lines.append(f"{number} {at:.6f} {record.partition} {record.offset}\n")
    producer.close()
    Path(report).write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
