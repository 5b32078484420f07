"""The election that topics are opened for: written once, and a process with another one does not start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
import pytest
from kafka import KafkaAdminClient, KafkaProducer

from event_log.errors import LogUnavailable
from event_log.kafka.admin.create import create
from event_log.kafka.bounds import UNPACKED_BYTES
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, announce, announced, open_topics, read_control, require
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import COUNT_EVENTS, ELECTION_CONTROL
from schemas.canonical import dumps
from schemas.elections import Election
from schemas.program import Program
from schemas.regions import Registry
from tests.event_log.kafka.test_setup import SMALL
from tests.waiting import wait_until
from tests.worlds import election, registry


@pytest.fixture(scope="module")
def mine() -> tuple[Election, Registry]:
    return election(), registry()


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """The topics are there, for no election yet."""
    create(connection, partitions=SMALL)
    return connection


def opened(partitions: int = 2) -> Opened:
    return Opened.of(election(), registry(), partitions)


def write(connection: Connection, value: bytes) -> None:
    """Write to the control topic as another program might."""
    producer = KafkaProducer(**connection.client_settings())
    producer.send(connection.topic(ELECTION_CONTROL), value=value).get(timeout=30)
    producer.close()


def test_what_was_opened_is_read_back(topics: Connection, mine: tuple[Election, Registry]) -> None:
    assert read_control(topics) is None
    assert open_topics(topics, opened())
    assert read_control(topics) == opened() == require(topics, *mine)


def test_opening_again_for_the_same_changes_nothing(topics: Connection) -> None:
    assert open_topics(topics, opened())
    assert not open_topics(topics, opened())
    assert read_control(topics) == opened()


def test_of_several_that_open_at_once_all_come_to_the_same(topics: Connection) -> None:
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: open_topics(topics, opened()), range(4)))
    assert any(said)
    assert read_control(topics) == opened()


def test_unopened_topics_turn_everybody_away(topics: Connection, mine: tuple[Election, Registry]) -> None:
    with pytest.raises(LogUnavailable, match=r"have not been opened for any election.*topics create"):
        require(topics, *mine)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("election", "pilpres2019", "opened for pilpres2019, not tiny2024"),
        ("definition_hash", "0" * 64, "tiny2024 with another definition or other candidates"),
        ("registry_hash", "0" * 64, "tiny2024 with another register"),
        ("partitions", 12, "opened with 12 partitions and have 2 now"),
    ],
)
def test_any_difference_turns_away_and_is_named(
    topics: Connection, mine: tuple[Election, Registry], field: str, value: Any, sentence: str
) -> None:
    open_topics(topics, replace(opened(), **{field: value}))
    for attempt in (lambda: require(topics, *mine), lambda: open_topics(topics, opened())):
        with pytest.raises(LogUnavailable) as refused:
            attempt()
        assert sentence in str(refused.value)
        assert "--topic-prefix" in str(refused.value)


def test_partitions_that_were_added_later_turn_everybody_away(
    topics: Connection, mine: tuple[Election, Registry]
) -> None:
    open_topics(topics, opened())
    admin = KafkaAdminClient(**topics.client_settings())
    admin.create_partitions({topics.topic(COUNT_EVENTS): 5})
    admin.close()
    wait_until(lambda: partitions_of(topics, COUNT_EVENTS) == 5)
    with pytest.raises(LogUnavailable, match="opened with 2 partitions and have 5 now"):
        require(topics, *mine)


def test_only_the_first_record_counts(topics: Connection, mine: tuple[Election, Registry]) -> None:
    open_topics(topics, opened())
    write(topics, replace(opened(), registry_hash="0" * 64).encode())
    assert require(topics, *mine) == opened()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"nothing",
        b"[]",
        b"{}",
        opened().encode().replace(b"ElectionOpened", b"ElectionClosed"),
        opened().encode().replace(b'"partitions":2', b'"partitions":"2"'),
        opened().encode()[:-1] + b',"more":1}',
        opened().encode() + b" ",
    ],
)
def test_a_record_that_is_no_opening_is_never_taken_for_one(topics: Connection, value: bytes) -> None:
    write(topics, value)
    with pytest.raises(LogUnavailable, match="is no ElectionOpened that this version knows"):
        read_control(topics)


def test_topics_that_are_missing_are_said_to_be(connection: Connection) -> None:
    with pytest.raises(LogUnavailable, match=r"has no such topic.*topics create"):
        read_control(connection)


@pytest.mark.parametrize(
    "change",
    [
        {"election": 5},
        {"definition_hash": None},
        {"registry_hash": ["a"]},
        {"partitions": True},
        {"partitions": 2.0},
    ],
)
def test_an_opening_with_values_of_other_types_is_none(topics: Connection, change: dict[str, Any]) -> None:
    write(topics, dumps({**orjson.loads(opened().encode()), **change}))
    for attempt in (lambda: read_control(topics), lambda: open_topics(topics, opened())):
        with pytest.raises(LogUnavailable, match="is no ElectionOpened that this version knows"):
            attempt()


def test_a_batch_that_can_not_be_unpacked_is_no_opening(topics: Connection) -> None:
    size = UNPACKED_BYTES + 1_000
    producer = KafkaProducer(**topics.client_settings(), compression_type="gzip", max_request_size=2 * size)
    producer.send(topics.topic(ELECTION_CONTROL), value=b"0" * size).get(timeout=30)
    producer.close()
    with pytest.raises(LogUnavailable, match="is no ElectionOpened that this version knows"):
        read_control(topics)


def test_the_program_that_was_announced_last_counts(topics: Connection) -> None:
    open_topics(topics, opened())
    assert announced(topics) is None
    first, second = Program("1.0", "a" * 64), Program("1.1", "b" * 64)
    assert announce(topics, first)
    assert not announce(topics, first)
    assert announce(topics, second)
    for junk in (b"", b"{", b"[1]", b'{"type":"ProgramAnnounced","version":"2"}', second_as_number()):
        write(topics, junk)
    assert announced(topics) == second
    assert read_control(topics) == opened()


def second_as_number() -> bytes:
    """An announcement with a version that is no text."""
    return b'{"type":"ProgramAnnounced","version":2,"rules_hash":"c"}'
