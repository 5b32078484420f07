"""Warms up the broker: Java compiles what it runs often, which would slow the first race.

Of three races of ours in a row the first took a tenth longer than the last, with 1.7 s of the broker's
processor time instead of 1.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from benchmarks.stream import feed
from benchmarks.stream.forms import Event
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS

READINGS: Final = 3
"""How often what was written is read."""


def warm_up(broker: str, events: Sequence[Event]) -> None:
    """Write these events to a topic of no race, read them, and remove the topic. Raises KafkaError."""
    connection = Connection.of(broker, prefix="warm-up-")
    topic = connection.topic(COUNT_EVENTS)
    with closing(KafkaAdminClient(bootstrap_servers=broker)) as admin:
        admin.create_topics([NewTopic(topic, COUNT_EVENTS.partitions, 1)], wait_for_metadata=True)
        feed.send(broker, topic, events)
        with closing(KafkaLog(connection, COUNT_EVENTS)) as log:
            for _ in range(READINGS):
                for partition, end in enumerate(log.ends()):
                    for _records in log.read(partition, 0, end):
                        pass
        admin.delete_topics([topic])
