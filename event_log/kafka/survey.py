"""What topics are like on the cluster: partitions, copies, who is up to date, settings.

It only looks. What ought to be there is in event_log.kafka.topics.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import NoError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

from event_log.kafka.admin import ask
from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topics import Topic


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is. `replication`: copies of each partition, the fewest; `in_sync`: copies that are up to
    date, by partition; `led`: whether somebody serves it, by partition; `settings`: Kafka's, by name."""

    replication: int
    in_sync: tuple[int, ...]
    led: tuple[bool, ...]
    settings: Mapping[str, str]

    @property
    def partitions(self) -> int:
        """How many there are."""
        return len(self.led)


def partitions_of(connection: Connection, topic: Topic) -> int:
    """How many partitions a topic has. Raises LogUnavailable, also where there is no such topic."""
    found = ask(connection, lambda admin: described(admin, connection, [topic]))
    if topic not in found:
        name = connection.topic(topic)
        raise broker_unavailable(connection, UnknownTopicOrPartitionError(), name)
    return len(found[topic]["partitions"])


def survey(admin: KafkaAdminClient, connection: Connection, topics: Iterable[Topic]) -> dict[Topic, Found]:
    """Those of the topics that are there. Raises KafkaError."""
    here = described(admin, connection, topics)
    settings = _settings(admin, connection, here)
    return {
        topic: Found(
            replication=min(len(one["replica_nodes"]) for one in seen["partitions"]),
            in_sync=tuple(len(one["isr_nodes"]) for one in seen["partitions"]),
            led=tuple(one["leader_id"] >= 0 for one in seen["partitions"]),
            settings=settings[topic],
        )
        for topic, seen in here.items()
    }


def described(
    admin: KafkaAdminClient, connection: Connection, topics: Iterable[Topic]
) -> dict[Topic, dict[str, Any]]:
    """Kafka's metadata of those of the topics that are there. Raises KafkaError."""
    names = {connection.topic(topic): topic for topic in topics}
    found: dict[Topic, dict[str, Any]] = {}
    for seen in admin.describe_topics(list(names)):
        error = for_code(seen["error_code"])
        if error is NoError:
            found[names[seen["name"]]] = seen
        elif error is not UnknownTopicOrPartitionError:
            raise error(seen["name"])
    return found


def _settings(
    admin: KafkaAdminClient, connection: Connection, topics: Iterable[Topic]
) -> dict[Topic, dict[str, str]]:
    """Kafka's settings of topics that are there. Raises KafkaError."""
    names = {topic: connection.topic(topic) for topic in topics}
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names.values()]
    answer = admin.describe_configs(asked, config_filter="all").get("topic", {})
    for name in names.values():
        if not answer.get(name):
            raise TopicAuthorizationFailedError(name)  # the library leaves out what it was refused
    return {
        topic: {setting: one["value"] for setting, one in answer[name].items()}
        for topic, name in names.items()
    }
