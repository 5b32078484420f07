"""Users on a broker that checks: each may do what its kind of process needs, and nothing else."""

from __future__ import annotations

from contextlib import closing
from itertools import product

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType
from kafka.errors import GroupAuthorizationFailedError, KafkaError

from event_log.errors import LogUnavailable
from event_log.kafka.admin.access import ADMIN, USERS, any_rule, set_passwords, set_rights
from event_log.kafka.admin.check import check
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection, Security
from event_log.kafka.control import open_topics, read_control, require
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import (
    ALL_TOPICS,
    COUNT_EVENTS,
    COUNT_ROWS,
    DISTRICT_TALLIES,
    ELECTION_CONTROL,
    NATION_TALLIES,
    PROVINCE_TALLIES,
    REJECTED,
    SINK_GROUP,
    WORKER_GROUP,
    Topic,
)
from tests.event_log.kafka.conftest import PREFIX, Secured
from tests.event_log.kafka.test_control import opened
from tests.waiting import wait_until
from tests.worlds import election, registry

MAY_WRITE = {
    "field": {COUNT_EVENTS},
    "importer": {COUNT_EVENTS},
    "worker": {COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, NATION_TALLIES, REJECTED},
    "sink": set(),
    "auditor": set(),
}
MAY_READ = {
    "field": {ELECTION_CONTROL},
    "importer": {COUNT_EVENTS, ELECTION_CONTROL},
    "worker": {COUNT_EVENTS, COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, ELECTION_CONTROL},
    "sink": {COUNT_ROWS, PROVINCE_TALLIES, NATION_TALLIES, ELECTION_CONTROL},
    "auditor": set(ALL_TOPICS),
}
OF_A_DATABASE = f"{SINK_GROUP}-0123456789ab"
MAY_JOIN = {
    "field": set(),
    "importer": set(),
    "worker": {WORKER_GROUP},
    "sink": {SINK_GROUP, OF_A_DATABASE},
    "auditor": set(),
}
GROUPS = (WORKER_GROUP, f"{WORKER_GROUP}-2", SINK_GROUP, OF_A_DATABASE, "another")
PAIRS = list(product(MAY_WRITE, ALL_TOPICS))


def named(value: object) -> str:
    """A topic as a part of a test's name."""
    return value.name if isinstance(value, Topic) else str(value)


def write(connection: Connection, topic: Topic) -> None:
    """Add a message as producers here do: with every copy acknowledged, and never twice."""
    producer = KafkaProducer(**connection.client_settings(), acks="all", enable_idempotence=True)
    with closing(producer):
        producer.send(connection.topic(topic), key=b"1101", value=b"{}").get(timeout=30)


def read(connection: Connection, topic: Topic) -> int:
    """Read all partitions from the beginning; how many messages came."""
    with closing(KafkaLog(connection, topic)) as log:
        return sum(
            len(some) for partition, begin in enumerate(log.begins()) for some in log.read(partition, begin)
        )


@pytest.mark.parametrize(("user", "topic"), PAIRS, ids=named)
def test_each_user_writes_what_it_must_and_nothing_else(secured: Secured, user: str, topic: Topic) -> None:
    connection = secured.as_user(user)
    if topic in MAY_WRITE[user]:
        write(connection, topic)
        return
    with pytest.raises(KafkaError) as refused:
        write(connection, topic)
    said = str(broker_unavailable(connection, refused.value, connection.topic(topic)))
    assert f"does not let the user {user} do this ({connection.topic(topic)})" in said


@pytest.mark.parametrize(("user", "topic"), PAIRS, ids=named)
def test_each_user_reads_what_it_must_and_nothing_else(secured: Secured, user: str, topic: Topic) -> None:
    write(secured.as_user(ADMIN), topic)
    connection = secured.as_user(user)
    if topic in MAY_READ[user]:
        assert read(connection, topic) > 0
        return
    with pytest.raises(LogUnavailable, match=f"does not let the user {user} do this"):
        read(connection, topic)


@pytest.mark.parametrize(("user", "group"), list(product(MAY_JOIN, GROUPS)))
def test_each_user_is_in_its_own_group_only(secured: Secured, user: str, group: str) -> None:
    connection = secured.as_user(user)
    consumer = KafkaConsumer(**connection.client_settings(), group_id=connection.group(group))
    with closing(consumer):
        consumer.subscribe([connection.topic(ELECTION_CONTROL)])
        if group in MAY_JOIN[user]:
            wait_until(lambda: consumer.poll(timeout_ms=200) is not None and bool(consumer.assignment()))
            return
        with pytest.raises(GroupAuthorizationFailedError):
            wait_until(lambda: consumer.poll(timeout_ms=200) is not None and bool(consumer.assignment()))


@pytest.mark.parametrize("user", MAY_WRITE)
def test_nobody_but_the_administrator_changes_anything(secured: Secured, user: str) -> None:
    connection = secured.as_user(user)
    other = Connection(connection.servers, "other.", connection.security)
    for forbidden in (
        lambda: create(other, partitions={"count-events": 1}),
        lambda: set_rights(connection),
        lambda: set_passwords(connection, {user: "mine"}),
    ):
        with pytest.raises(LogUnavailable):
            forbidden()
    with closing(KafkaAdminClient(**connection.client_settings())) as client, pytest.raises(KafkaError):
        client.delete_topics([connection.topic(COUNT_EVENTS)])


def test_the_auditor_can_check_the_topics_and_others_are_told_that_they_can_t(secured: Secured) -> None:
    assert check(secured.as_user("auditor")) == []
    with pytest.raises(LogUnavailable, match="does not let the user field do this"):
        check(secured.as_user("field"))


def test_every_user_can_find_out_which_election_it_is(secured: Secured) -> None:
    with closing(KafkaAdminClient(**secured.as_user(ADMIN).client_settings())) as admin:
        name = secured.as_user(ADMIN).topic(ELECTION_CONTROL)
        admin.delete_topics([name])  # other tests have written to it
        wait_until(lambda: name not in admin.list_topics())
    create(secured.as_user(ADMIN))
    open_topics(secured.as_user(ADMIN), opened(2))
    for user in MAY_READ:
        assert require(secured.as_user(user), election(), registry()) == opened(2)


@pytest.mark.usefixtures("short_timeouts")
def test_who_does_not_log_in_gets_no_answer(secured: Secured) -> None:
    with pytest.raises(LogUnavailable, match="does not answer as Kafka with PLAINTEXT"):
        read_control(secured.anonymous)


@pytest.mark.usefixtures("short_timeouts")
@pytest.mark.parametrize(("user", "password"), [("field", "wrong"), ("stranger", "stranger-password")])
def test_a_wrong_password_and_an_unknown_user_are_refused_alike(
    secured: Secured, user: str, password: str
) -> None:
    with pytest.raises(LogUnavailable) as refused:
        read_control(secured.as_user(user, password))
    assert f"refused the user {user}. Check sasl.username, sasl.password" in str(refused.value)
    assert password not in str(refused.value).replace("sasl.password", "")


@pytest.mark.usefixtures("short_timeouts")
def test_a_mechanism_that_the_brokers_do_not_have_is_refused(secured: Secured) -> None:
    security = Security("SASL_PLAINTEXT", "SCRAM-SHA-512", "field", "field-password")
    connection = Connection((secured.broker.bootstrap,), PREFIX, security)
    with pytest.raises(LogUnavailable, match=r"refused the user field.*sasl\.mechanism"):
        read_control(connection)


@pytest.mark.usefixtures("short_timeouts")
def test_a_changed_password_ends_the_former_one(secured: Secured) -> None:
    set_passwords(secured.as_user(ADMIN), {"sink": "another"})
    wait_until(lambda: _logs_in(secured.as_user("sink", "another")))
    assert not _logs_in(secured.as_user("sink"))
    set_passwords(secured.as_user(ADMIN), {"sink": "sink-password"})
    wait_until(lambda: _logs_in(secured.as_user("sink")))


def read_or_refused(connection: Connection) -> bool:
    """Whether the log can be read."""
    try:
        read(connection, COUNT_EVENTS)
    except LogUnavailable as error:
        if "does not let" not in str(error):
            raise
        return False
    return True


def _logs_in(connection: Connection) -> bool:
    try:
        read_control(connection)
    except LogUnavailable as error:
        if "refused the user" not in str(error):
            raise
        return False
    return True


def test_setting_the_rights_again_changes_nothing(secured: Secured) -> None:
    changed = set_rights(secured.as_user(ADMIN))
    assert (changed.granted, changed.withdrawn) == ([], [])


def test_a_right_that_nobody_declared_is_withdrawn_and_those_of_others_stay(secured: Secured) -> None:
    connection = secured.as_user(ADMIN)
    topic = ResourcePattern(ResourceType.TOPIC, connection.topic(COUNT_EVENTS))
    allow = ACLPermissionType.ALLOW
    extra = ACL("User:field", "*", ACLOperation.READ, allow, topic)
    others = [
        ACL("User:exporter", "*", ACLOperation.DESCRIBE, allow, topic),
        ACL("User:field", "*", ACLOperation.READ, allow, ResourcePattern(ResourceType.TOPIC, "elsewhere")),
    ]
    with closing(KafkaAdminClient(**connection.client_settings())) as client:
        client.create_acls([extra, *others])
        wait_until(lambda: read_or_refused(secured.as_user("field")))
        assert set_rights(connection).withdrawn == ["field may read topic secured.count-events"]
        wait_until(lambda: not read_or_refused(secured.as_user("field")))
        kept = [rule for rule in client.describe_acls(any_rule())[0] if rule in others]
        client.delete_acls(others)
    assert len(kept) == 2


def test_a_right_that_was_lost_is_granted_again(secured: Secured) -> None:
    connection = secured.as_user(ADMIN)
    topic = ResourcePattern(ResourceType.TOPIC, connection.topic(COUNT_EVENTS))
    lost = ACL("User:field", "*", ACLOperation.WRITE, ACLPermissionType.ALLOW, topic)
    with closing(KafkaAdminClient(**connection.client_settings())) as client:
        client.delete_acls([lost])
        wait_until(lambda: lost not in client.describe_acls(any_rule())[0])
    assert set_rights(connection).granted == ["field may write topic secured.count-events"]


def test_brokers_that_check_nobody_are_said_to(connection: Connection) -> None:
    with pytest.raises(LogUnavailable, match=r"check nobody's rights.*authorizer\.class\.name"):
        set_rights(connection)


def test_every_user_and_every_topic_stands_in_the_tables_above() -> None:
    assert set(MAY_WRITE) == set(MAY_READ) == set(MAY_JOIN) == {user.name for user in USERS}
