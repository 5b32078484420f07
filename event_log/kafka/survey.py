"""What topics are like on the cluster: partitions, copies, who is up to date, settings.

It only looks. What ought to be there is in event_log.kafka.topics. Brokers hear of new topics one after
another, so one that is not found is looked for again, for HEARD_S, before it counts as missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import NoError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

from event_log.kafka.admin import ask
from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topics import Topic

Seen = TypeVar("Seen")

HEARD_S: Final = 3.0
"""How long a broker may take to hear of a topic that another one has told to be ready."""

PAUSE_S: Final = 0.1
"""Between looks."""


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
    found = _all_heard_of(
        [topic], lambda: ask(connection, lambda admin: described(admin, connection, [topic]))
    )
    if topic not in found:
        raise broker_unavailable(connection, UnknownTopicOrPartitionError(), connection.topic(topic))
    return len(found[topic]["partitions"])


def survey(connection: Connection, topics: Sequence[Topic]) -> dict[Topic, Found]:
    """Those of the topics that are there. Raises LogUnavailable."""
    return _all_heard_of(topics, lambda: ask(connection, lambda admin: _survey(admin, connection, topics)))


def _all_heard_of(topics: Sequence[Topic], look: Callable[[], dict[Topic, Seen]]) -> dict[Topic, Seen]:
    """What `look` finds once it finds all topics, or when HEARD_S are over."""
    deadline = time.monotonic() + HEARD_S
    while len(found := look()) < len(topics) and time.monotonic() < deadline:
        time.sleep(PAUSE_S)
    return found


def _survey(admin: KafkaAdminClient, connection: Connection, topics: Sequence[Topic]) -> dict[Topic, Found]:
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
    deadline = time.monotonic() + HEARD_S
    while True:
        answer = admin.describe_configs(asked, config_filter="all").get("topic", {})
        silent = [name for name in names.values() if not answer.get(name)]
        if not silent:
            break
        if time.monotonic() > deadline:  # the library leaves out why; a broker would have heard of it by now
            raise TopicAuthorizationFailedError(silent[0])
        time.sleep(PAUSE_S)
    return {
        topic: {setting: one["value"] for setting, one in answer[name].items()}
        for topic, name in names.items()
    }
