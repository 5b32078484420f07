"""Creates an election's missing topics as declared; existing topics are not changed.

Whether existing topics are as declared is checked by event_log.kafka.admin.check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import NoError, TopicAlreadyExistsError, for_code

from event_log.errors import LogUnavailable
from event_log.kafka.admin_client import ask
from event_log.kafka.connection import Connection
from event_log.kafka.topic_state import described
from event_log.kafka.topics import ALL_TOPICS
from schemas.language import Text

READY_MS: Final = 30_000
"""How long new topics may take until each partition has a leader."""

MOST_COPIES: Final = 3
"""With two that must have a message (IN_SYNC), one machine may be lost at any time."""

CHOOSABLE: Final = tuple(topic.name for topic in ALL_TOPICS if topic.may_differ and topic.like is None)
"""Topics whose number of partitions can be another than the declared one."""


def numbers_of_partitions(chosen: Mapping[str, int] | None = None) -> dict[str, int]:
    """How many partitions each topic gets, by its name without prefix, when some are `chosen` (>= 1 each).

    Raises ValueError for a topic that is not CHOOSABLE.
    """
    chosen = chosen or {}
    for name, number in chosen.items():
        if name not in CHOOSABLE or number < 1:
            raise ValueError(f"{name}={number}: choose a number >= 1 for {', '.join(CHOOSABLE)}")
    return {topic.name: chosen.get(topic.like or topic.name, topic.partitions) for topic in ALL_TOPICS}


def create(
    connection: Connection, *, partitions: Mapping[str, int] | None = None, replication: int | None = None
) -> list[str]:
    """Create the missing topics, and wait until they have leaders; their names.

    `partitions`: numbers other than the declared ones, by name without prefix. Topics that go by the number
    of another one get the number which that one really has. `replication`: copies of each partition; without
    it one on each broker, MOST_COPIES at most. Raises ValueError as `numbers_of_partitions` does, and
    LogUnavailable, also where a topic is there with another number than the one asked for.
    """
    numbers = numbers_of_partitions(partitions)
    there = ask(connection, lambda admin: described(admin, connection, ALL_TOPICS))
    for topic, seen in there.items():
        if (asked := (partitions or {}).get(topic.name)) not in (None, len(seen["partitions"])):
            raise _fixed(connection.topic(topic), len(seen["partitions"]), asked)
    numbers |= {topic.name: len(seen["partitions"]) for topic, seen in there.items()}
    copies = replication or ask(connection, _copies)
    missing = {
        connection.topic(topic): {
            "num_partitions": numbers[topic.like or topic.name],
            "replication_factor": copies,
            "configs": topic.settings(copies),
        }
        for topic in ALL_TOPICS
        if topic not in there
    }
    if missing:
        ask(connection, lambda admin: _make(admin, missing))
    names = [connection.topic(topic) for topic in ALL_TOPICS]
    ask(connection, lambda admin: admin.wait_for_topics(names, timeout_ms=READY_MS))
    return list(missing)


def _copies(admin: KafkaAdminClient) -> int:
    """How many copies the cluster has brokers for."""
    return min(len(admin.describe_cluster()["brokers"]), MOST_COPIES)


def _make(admin: KafkaAdminClient, topics: Mapping[str, dict[str, Any]]) -> None:
    """Make topics; one that exists by now was made by another process. Raises KafkaError."""
    for one in admin.create_topics(topics, raise_errors=False)["topics"]:
        error = for_code(one["error_code"])
        if error not in (NoError, TopicAlreadyExistsError):
            raise error(f"{one['name']}: {one['error_message']}")


def _fixed(topic: str, number: int, asked: int | None) -> LogUnavailable:
    return LogUnavailable(
        Text(
            id=f"Topik {topic} sudah ada dengan {number} partisi, bukan {asked}; jumlahnya tetap selama "
            "pemilu. Hapus --partitions, atau pakai awalan baru (--topic-prefix).",
            en=f"The topic {topic} is there with {number} partitions, not {asked}; their number is fixed "
            "for an election. Leave out --partitions, or use a new prefix (--topic-prefix).",
        )
    )
