"""Settings of topics while a process runs: a log that Kafka shortens is not folded, and drift is named."""

from __future__ import annotations

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from event_log.errors import LogUnavailable
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, announce, open_topics
from event_log.kafka.settings import LogShortened, drifted, is_denied, require_whole_log
from event_log.kafka.topics import ALL_TOPICS, COUNT_EVENTS, COUNT_ROWS, Topic
from event_log.kafka.watch import PROGRAM_PART, TOPICS_PART, ClusterWatch
from schemas.program import Program, this_program
from tests.event_log.kafka.conftest import Secured
from tests.event_log.kafka.test_setup import SMALL
from tests.waiting import wait_until
from tests.worlds import election, registry


@pytest.fixture
def topics(connection: Connection) -> Connection:
    create(connection, partitions=SMALL)
    return connection


def set_to(connection: Connection, topic: Topic, setting: str, value: str) -> None:
    """Change a setting, as somebody with kafka-configs.sh might."""
    admin = KafkaAdminClient(**connection.client_settings())
    name = connection.topic(topic)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {setting: value})])
    admin.close()
    wait_until(lambda: setting in {one.setting for one in drifted(connection, [topic])})


def test_topics_that_were_created_have_not_drifted(topics: Connection) -> None:
    assert drifted(topics, ALL_TOPICS) == []
    require_whole_log(topics)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("cleanup.policy", "compact"), ("cleanup.policy", "compact,delete"), ("retention.ms", "3600000"),
     ("retention.bytes", "1000000")],
)  # fmt: skip
def test_a_log_that_kafka_shortens_is_not_folded(topics: Connection, setting: str, value: str) -> None:
    set_to(topics, COUNT_EVENTS, setting, value)
    with pytest.raises(LogShortened, match=rf"removes entries of the log .*{setting} is {value}"):
        require_whole_log(topics)


def test_another_setting_is_drift_and_no_reason_to_refuse(topics: Connection) -> None:
    set_to(topics, COUNT_EVENTS, "max.message.bytes", "2000000")
    require_whole_log(topics)
    (one,) = drifted(topics, [COUNT_EVENTS, COUNT_ROWS])
    assert (one.topic, one.setting, one.found) == (
        topics.topic(COUNT_EVENTS), "max.message.bytes", "2000000",
    )  # fmt: skip


def test_the_watch_names_drift_and_another_program(topics: Connection) -> None:
    opened = Opened.of(election(), registry(), 2)
    open_topics(topics, opened)
    watch = ClusterWatch(topics, opened, ALL_TOPICS)
    try:
        assert watch.ends(5) == [0, 0]
        assert watch.troubles() == {PROGRAM_PART: None, TOPICS_PART: None}
        announce(topics, Program("0.0.1", this_program().rules_hash))
        set_to(topics, COUNT_ROWS, "retention.ms", "1000")
        found = watch.troubles()
        assert "another version" in str(found[PROGRAM_PART])
        assert "retention.ms is 1000, not 604800000" in str(found[TOPICS_PART])
        announce(topics, Program(this_program().version, "0" * 64))
        assert "another rules" in str(watch.troubles()[PROGRAM_PART])
        announce(topics, this_program())
        assert watch.troubles()[PROGRAM_PART] is None
    finally:
        watch.close()


def test_workers_and_sinks_may_see_settings_and_senders_may_not(secured: Secured) -> None:
    for user in ("worker", "auditor"):
        require_whole_log(secured.as_user(user))
    with pytest.raises(LogUnavailable) as denied:
        require_whole_log(secured.as_user("field"))
    assert is_denied(denied.value)
