"""One sender among many: its own login, its own quota, and an end to both that does not touch the others."""

from __future__ import annotations

import time
from contextlib import closing

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from devtools.broker_settings import ADMIN
from event_log.errors import LogUnavailable
from event_log.kafka.admin.access import set_rights
from event_log.kafka.admin.quotas import OWN_QUOTAS, QUOTA_BYTES, quotas, set_quota, set_quotas
from event_log.kafka.admin.senders import admit, cut_off, user_of
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS
from tests.event_log.kafka.conftest import Secured


def producer(connection: Connection) -> KafkaProducer:
    return KafkaProducer(**connection.client_settings(), acks="all", max_block_ms=20_000)


def send(one: KafkaProducer, connection: Connection, value: bytes = b"{}", topic: str | None = None) -> None:
    one.send(topic or connection.topic(COUNT_EVENTS), value=value, key=b"31").get(timeout=30)


def test_a_sender_that_is_cut_off_ends_at_its_next_message_and_others_go_on(secured: Secured) -> None:
    admin = secured.as_user(ADMIN)
    first, second = (admit(admin, name, f"field-{name}-password") for name in ("kab-1", "kab-2"))
    assert (first, second) == ("field-kab-1", "field-kab-2")
    assert set_rights(admin).withdrawn == []  # setting everybody's rights leaves theirs
    mine, other = secured.as_user(first), secured.as_user(second)
    with closing(producer(mine)) as one, closing(producer(other)) as two:
        send(one, mine)
        send(two, other)
        assert cut_off(admin, "kab-1") > 0
        time.sleep(1)  # brokers learn of rules one after the other
        with pytest.raises(TopicAuthorizationFailedError):  # on the connection that was open
            send(one, mine)
        send(two, other)
    with pytest.raises(KafkaError):
        producer(mine)
    assert cut_off(admin, "kab-1") == 0
    cut_off(admin, "kab-2")


def test_a_sender_may_do_what_field_systems_may_and_no_more(secured: Secured) -> None:
    admin = secured.as_user(ADMIN)
    mine = secured.as_user(admit(admin, "kab-3", "field-kab-3-password"))
    with closing(producer(mine)) as one, pytest.raises(TopicAuthorizationFailedError):
        send(one, mine, topic=mine.topic(COUNT_ROWS))
    with closing(producer(mine)) as one:
        send(one, mine)
    with pytest.raises(LogUnavailable), KafkaLog(mine, COUNT_EVENTS) as log:
        list(log.read(log.partition_of(b"31"), 0))
    cut_off(admin, "kab-3")


def test_above_its_quota_a_sender_is_slowed_down_and_loses_nothing(secured: Secured) -> None:
    admin = secured.as_user(ADMIN)
    quota, message, messages = 20_000, b"x" * 10_000, 30
    mine = secured.as_user(admit(admin, "kab-4", "field-kab-4-password", quota))
    time.sleep(1)  # until the broker has heard of it
    began = time.monotonic()
    with closing(producer(mine)) as one:
        for _ in range(messages):
            send(one, mine, message)
    # A window of Kafka's quotas holds ten seconds: what is above that waits.
    assert time.monotonic() - began > 2
    cut_off(admin, "kab-4")


def test_every_login_has_a_quota_and_setting_them_again_changes_nothing(secured: Secured) -> None:
    admin = secured.as_user(ADMIN)
    admit(admin, "kab-5", "field-kab-5-password", 30_000)
    changed = {one.user: one.bytes_a_second for one in set_quotas(admin)}
    assert changed == {None: QUOTA_BYTES, **OWN_QUOTAS}
    time.sleep(0.5)
    assert quotas(admin) == {**changed, "field-kab-5": 30_000}
    assert set_quotas(admin) == []
    set_quota(admin, "worker", 5)  # somebody changed it: it is set again, and the sender's stays
    time.sleep(0.5)
    assert [one.user for one in set_quotas(admin)] == ["worker"]
    cut_off(admin, "kab-5")
    time.sleep(0.5)
    assert quotas(admin) == changed  # what is cut off falls back to the default, and has no rights


def test_a_login_without_a_quota_of_its_own_is_held_to_the_default(secured: Secured) -> None:
    """The login that is shared in rehearsals, on two connections: a quota is of the user."""
    admin, mine = secured.as_user(ADMIN), secured.as_user("field")
    set_quotas(admin)
    set_quota(admin, None, 20_000)  # as QUOTA_BYTES, in seconds that a test has
    time.sleep(1)
    began = time.monotonic()
    with closing(producer(mine)) as one, closing(producer(mine)) as two:
        for _ in range(15):
            send(one, mine, b"x" * 10_000)
            send(two, mine, b"x" * 10_000)
    assert time.monotonic() - began > 2
    assert [one.user for one in set_quotas(admin)] == [None]


@pytest.mark.parametrize("name", ["", "-a", "A", "a b", "../a", "a" * 51, "é", "a\n"])
def test_a_name_that_can_not_be_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="can't be a sender's name"):
        user_of(name)
