"""Reads the state of topics from the cluster: partitions, replicas, in-sync replicas, settings.

Nothing is changed. What the topics should be is in event_log.kafka.topics. Metadata of new topics reaches the
brokers one after another, so a topic that is not found is asked for again, for METADATA_PROPAGATION_S, before
it counts as missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import NoError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

from event_log.kafka.admin_client import ask
from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topics import Topic

Metadata = TypeVar("Metadata")

METADATA_PROPAGATION_S: Final = 3.0
"""How long the metadata of a new topic may take to reach all brokers."""

RETRY_S: Final = 0.1
"""Pause between two requests for metadata."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is on the cluster. `replication`: replicas of each partition, the fewest; `in_sync`:
    in-sync replicas by partition; `led`: whether it has a leader, by partition; `settings`: Kafka's, by
    name."""

    replication: int
    in_sync: tuple[int, ...]
    led: tuple[bool, ...]
    settings: Mapping[str, str]

    @property
    def partitions(self) -> int:
        """How many there are."""
        return len(self.led)


def partitions_of(connection: Connection, topic: Topic) -> int:
    """The number of partitions of a topic. Raises LogUnavailable, also where there is no such topic."""
    found = _until_known(
        [topic], lambda: ask(connection, lambda admin: described(admin, connection, [topic]))
    )
    if topic not in found:
        raise broker_unavailable(connection, UnknownTopicOrPartitionError(), connection.topic(topic))
    return len(found[topic]["partitions"])


def topic_states(connection: Connection, topics: Sequence[Topic]) -> dict[Topic, TopicState]:
    """The states of those topics that exist. Raises LogUnavailable."""
    return _until_known(topics, lambda: ask(connection, lambda admin: _states(admin, connection, topics)))


def _until_known(topics: Sequence[Topic], look: Callable[[], dict[Topic, Metadata]]) -> dict[Topic, Metadata]:
    """What `look` returns once it has all topics, or after METADATA_PROPAGATION_S."""
    deadline = time.monotonic() + METADATA_PROPAGATION_S
    while len(found := look()) < len(topics) and time.monotonic() < deadline:
        time.sleep(RETRY_S)
    return found


def _states(
    admin: KafkaAdminClient, connection: Connection, topics: Sequence[Topic]
) -> dict[Topic, TopicState]:
    here = described(admin, connection, topics)
    settings = _settings(admin, connection, here)
    return {
        topic: TopicState(
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
    """Kafka's metadata of those topics that exist. Raises KafkaError."""
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
    """Kafka's settings of topics that exist. Raises KafkaError."""
    names = {topic: connection.topic(topic) for topic in topics}
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names.values()]
    deadline = time.monotonic() + METADATA_PROPAGATION_S
    while True:
        answer = admin.describe_configs(asked, config_filter="all").get("topic", {})
        silent = [name for name in names.values() if not answer.get(name)]
        if not silent:
            break
        if time.monotonic() > deadline:  # the library leaves out why; the metadata is known by now
            raise TopicAuthorizationFailedError(silent[0])
        time.sleep(RETRY_S)
    return {
        topic: {setting: one["value"] for setting, one in answer[name].items()}
        for topic, name in names.items()
    }
