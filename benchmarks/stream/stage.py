"""Where a race is run: one broker, topics of its own, events in them, and a folder that goes afterwards.

The broker stays the same for all races of a run. Each race's topics are removed after it, so that no
system pays for what another left behind. Every time that counts is the broker's (see CLOCK).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from benchmarks.stream.forms import Forms
from event_log.kafka.topics import COUNT_EVENTS

PARTITIONS: Final = 12
"""Of every topic: what `rekap topics create` gives count-events."""

CLOCK: Final = {"log.message.timestamp.type": "LogAppendTime"}
"""For the whole broker: records carry the time at which it appended them, whoever wrote them."""

GROUPS: Final = {"group.initial.rebalance.delay.ms": "3000"}
"""Kafka's own default: processes started together get their partitions together. Without it the second joins
while the first is at work; in the one race run so, two textbook processes stopped at 2,949 of 3,000."""

POLL_MS: Final = 5_000
"""How long to wait for a record that is known to be there."""

_number = count(1)


@dataclass(frozen=True, slots=True)
class Stage:
    """One race's place. Topics begin with `prefix`; `folder` is empty at first."""

    broker: str
    prefix: str
    folder: Path
    forms: Forms
    parents: Path
    python: Path
    admin: KafkaAdminClient
    consumer: KafkaConsumer

    def topic(self, name: str) -> str:
        """The whole name of a topic of this race."""
        return f"{self.prefix}{name}"

    def create(self, *names: str) -> None:
        """Create topics of PARTITIONS partitions; that of the events as it is declared: a worker refuses one
        that forgets."""
        settings = {COUNT_EVENTS.name: COUNT_EVENTS.settings(1)}
        topics = [
            NewTopic(self.topic(name), PARTITIONS, 1, topic_configs=settings.get(name, {})) for name in names
        ]
        self.admin.create_topics(topics, wait_for_metadata=True)

    def environment(self) -> dict[str, str]:
        """What systems.task reads from the environment."""
        return {
            "BENCH_BROKER": self.broker,
            "BENCH_PREFIX": self.prefix,
            "BENCH_PARTITIONS": str(PARTITIONS),
            "BENCH_FOLDER": str(self.folder),
            "BENCH_PARENTS": str(self.parents),
        }

    def newest(self, name: str) -> tuple[float, bytes] | None:
        """The newest record of a topic whose records are all on one partition: seconds since 1970 and value.
        None while it is empty. It reads no other record, so a race can be watched for next to nothing."""
        partitions = [TopicPartition(self.topic(name), number) for number in range(PARTITIONS)]
        ends = self.consumer.end_offsets(partitions)
        filled = [(partition, end) for partition, end in ends.items() if end]
        if not filled:
            return None
        ((partition, end),) = filled
        self.consumer.assign([partition])
        self.consumer.seek(partition, end - 1)
        records = self.consumer.poll(timeout_ms=POLL_MS, max_records=1)[partition]
        return records[0].timestamp / 1e3, records[0].value

    def first_written(self) -> float:
        """When any topic of this race but the events' got its first record, in seconds since 1970."""
        partitions = [
            TopicPartition(topic, number)
            for topic in self._topics()
            if topic != self.topic("count-events")
            for number in self.consumer.partitions_for_topic(topic)
        ]
        first = self.consumer.offsets_for_times(dict.fromkeys(partitions, 0))
        return float(min(found.timestamp for found in first.values() if found is not None) / 1e3)

    def clear(self) -> None:
        """Remove this race's topics, those that a system made for itself included."""
        self.consumer.assign([])
        self.admin.delete_topics(self._topics())

    def _topics(self) -> list[str]:
        return [name for name in self.admin.list_topics() if self.prefix in name]


@contextmanager
def stage(broker: str, forms: Forms, parents: Path, python: Path) -> Iterator[Stage]:
    """A fresh place with an empty topic of events; `python` is the systems' interpreter."""
    admin = KafkaAdminClient(bootstrap_servers=broker)
    consumer = KafkaConsumer(bootstrap_servers=broker)
    try:
        with tempfile.TemporaryDirectory(prefix="rekap-race-") as folder:
            prefix = f"race{next(_number)}-"
            place = Stage(broker, prefix, Path(folder), forms, parents, python, admin, consumer)
            place.create("count-events")
            try:
                yield place
            finally:
                place.clear()
    finally:
        consumer.close()
        admin.close()
