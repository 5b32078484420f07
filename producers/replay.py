"""Publishes every message of one election's log again, in order, to a new log: the beginning of a new epoch.

Each message is placed where it belongs by the new register, so one that was rejected for its key may be
accepted now. All of a station's messages stay in their order. The log's times are those of the new log. The
old log is only read. Replaying twice is harmless: what is there already is repeated and counts once.
"""

from __future__ import annotations

from collections.abc import Callable

from event_log.kafka.connection import Connection
from event_log.kafka.control import require
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from producers.publisher import Publisher
from schemas.elections import Election
from schemas.regions import Registry


def replay(
    old: Connection,
    new: Connection,
    election: Election,
    registry: Registry,
    on_partition: Callable[[int, int], None],
) -> int:
    """Publish everything that is in the old log now; how many messages were acknowledged.

    `on_partition` is called after each partition with its number from 1, and how many there are. Raises
    LogUnavailable, also when the new log was not opened for this election and register.
    """
    require(new, election, registry)
    with KafkaLog(old, COUNT_EVENTS) as log, Publisher(new, registry) as publisher:
        ends = log.ends()
        for partition, (begin, end) in enumerate(zip(log.begins(), ends, strict=True)):
            for records in log.read(partition, begin, end):
                for record in records:
                    publisher.publish(record.raw)
            on_partition(partition + 1, len(ends))
        return publisher.flush().sent
