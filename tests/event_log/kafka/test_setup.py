"""Topics on a real broker: made as declared, never changed, and every difference found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from event_log.errors import LogUnavailable
from event_log.kafka.admin.check import TopicDifference, check
from event_log.kafka.admin.create import CHOOSABLE, create, numbers_of_partitions
from event_log.kafka.connection import Connection
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import (
    ALL_TOPICS,
    COUNT_EVENTS,
    COUNT_ROWS,
    DISTRICT_TALLIES,
    ELECTION_CONTROL,
    NATION_TALLIES,
    REJECTED,
    Topic,
)
from tests.waiting import wait_until

SMALL = {"count-events": 2, "district-tallies": 2, "province-tallies": 1}

Set = Callable[[Topic, str, str], None]


@pytest.fixture
def admin(connection: Connection) -> Iterator[KafkaAdminClient]:
    """A client of Kafka's own."""
    client = KafkaAdminClient(**connection.client_settings())
    yield client
    client.close()


@pytest.fixture
def set_to(admin: KafkaAdminClient, connection: Connection) -> Set:
    """Sets a setting of a topic behind our back, until the broker acts by it."""

    def set_to(topic: Topic, setting: str, value: str) -> None:
        name = connection.topic(topic)
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {setting: value})])
        asked = ConfigResource(ConfigResourceType.TOPIC, name)
        wait_until(lambda: admin.describe_configs([asked])["topic"][name][setting]["value"] == value)

    return set_to


def only(differences: list[TopicDifference]) -> TopicDifference:
    (difference,) = differences
    return difference


def test_what_is_missing_is_made_as_declared(connection: Connection) -> None:
    made = create(connection, partitions=SMALL)
    assert made == [connection.prefix + topic.name for topic in ALL_TOPICS]
    assert check(connection) == []
    assert partitions_of(connection, COUNT_EVENTS) == partitions_of(connection, REJECTED) == 2


def test_making_again_makes_nothing_and_changes_nothing(connection: Connection, set_to: Set) -> None:
    create(connection, partitions=SMALL)
    set_to(COUNT_ROWS, "retention.ms", "1000")
    assert create(connection) == []
    assert [one.setting for one in check(connection)] == ["retention.ms"]


def test_a_topic_that_was_lost_is_made_again_with_its_former_number(
    connection: Connection, admin: KafkaAdminClient
) -> None:
    create(connection, partitions=SMALL)
    admin.delete_topics([connection.topic(COUNT_ROWS)])
    wait_until(lambda: check(connection) != [])
    assert only(check(connection)).found == "missing"
    assert create(connection) == [connection.topic(COUNT_ROWS)]
    assert partitions_of(connection, COUNT_ROWS) == 2


def test_a_number_that_is_not_the_topic_s_is_refused_and_nothing_made(connection: Connection) -> None:
    create(connection, partitions=SMALL)
    with pytest.raises(LogUnavailable, match="there with 2 partitions, not 4"):
        create(connection, partitions={"count-events": 4})
    assert check(connection) == []


@pytest.mark.parametrize(
    ("topic", "setting", "value"),
    [
        (COUNT_EVENTS, "retention.ms", "604800000"),
        (COUNT_EVENTS, "cleanup.policy", "compact"),
        (COUNT_EVENTS, "message.timestamp.type", "CreateTime"),
        (REJECTED, "retention.bytes", "1000000"),
        (DISTRICT_TALLIES, "min.compaction.lag.ms", "0"),
        (NATION_TALLIES, "max.message.bytes", "1000"),
        (ELECTION_CONTROL, "unclean.leader.election.enable", "true"),
    ],
)
def test_a_setting_that_could_lose_something_is_found(
    connection: Connection, set_to: Set, topic: Topic, setting: str, value: str
) -> None:
    create(connection, partitions=SMALL)
    set_to(topic, setting, value)
    found = only(check(connection))
    assert (found.topic, found.setting, found.found) == (connection.topic(topic), setting, value)
    assert found.expected == topic.settings(1)[setting]


def test_fewer_copies_than_must_be_in_sync_are_found(connection: Connection, set_to: Set) -> None:
    create(connection, partitions=SMALL)
    set_to(COUNT_EVENTS, "min.insync.replicas", "2")
    assert [one.setting for one in check(connection)] == ["min.insync.replicas", "replication"]


@pytest.mark.parametrize(("topic", "wanted"), [(COUNT_ROWS, 2), (REJECTED, 2), (NATION_TALLIES, 1)])
def test_a_number_of_partitions_that_breaks_the_layout_is_found(
    connection: Connection, admin: KafkaAdminClient, topic: Topic, wanted: int
) -> None:
    name = connection.topic(topic)
    admin.create_topics(
        {name: {"num_partitions": 3, "replication_factor": 1, "configs": topic.settings(1)}},
        wait_for_metadata=True,
    )
    create(connection, partitions=SMALL)
    found = only(check(connection))
    assert (found.topic, found.setting) == (name, "partitions")
    assert (found.expected, found.found) == (str(wanted), "3")
    assert "new prefix" in found.said.en


def test_two_elections_share_a_cluster_by_their_prefixes(connection: Connection) -> None:
    other = Connection(connection.servers, connection.prefix + "other.")
    create(connection, partitions=SMALL)
    assert len(check(other)) == len(ALL_TOPICS)
    create(other, partitions={**SMALL, "count-events": 3})
    assert (partitions_of(connection, COUNT_EVENTS), partitions_of(other, COUNT_EVENTS)) == (2, 3)


def test_topics_that_follow_another_can_t_be_given_a_number_of_their_own() -> None:
    numbers = numbers_of_partitions({"count-events": 5})
    assert (numbers["count-rows"], numbers["count-events.rejected"], numbers["nation-tallies"]) == (5, 5, 1)
    for name in {topic.name for topic in ALL_TOPICS} - set(CHOOSABLE):
        with pytest.raises(ValueError, match="choose a number >= 1 for count-events"):
            numbers_of_partitions({name: 2})
    with pytest.raises(ValueError, match="count-events=0"):
        numbers_of_partitions({"count-events": 0})


def test_only_what_can_be_made_again_from_the_log_may_ever_go() -> None:
    kept = {topic.name for topic in ALL_TOPICS if topic.retention_ms == -1 and not topic.compacted}
    assert kept == {"count-events", "count-events.rejected", "election-control"}
