"""Sending to the log: each message to its place, and only what is there is called sent, whatever breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain
from threading import Event
from uuid import uuid4

import pytest

from event_log.errors import LogUnavailable
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog, KafkaRecord
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_EVENTS
from producers.addressing import NO_UNIT
from producers.publisher import DeliveryReport, Publisher
from schemas.decode import MAX_BYTES
from schemas.entry_size import EntryTooLarge
from schemas.outcomes import MessageOutcome, Status
from tests.relay import RelayedBroker
from tests.worlds import all_stations, annulled, corrected, pairs, recap, submitted, world

PARTITIONS = 4
SHORT_S = 5.0
"""A delivery timeout that a test can wait for."""

REGISTER = world().registry
COUNT = submitted("1101012001001", pairs(1, 2, 3))


def many(number: int) -> list[bytes]:
    """Different first counts of all stations in turn."""
    stations = all_stations()
    return [submitted(stations[place % len(stations)], pairs(place, 0, 0)) for place in range(number)]


def in_log(connection: Connection) -> list[list[KafkaRecord]]:
    """Everything in the log, by partition."""
    with KafkaLog(connection, COUNT_EVENTS) as log:
        return [list(chain.from_iterable(log.read(partition, 0))) for partition in range(log.partitions)]


def bodies(connection: Connection) -> list[bytes]:
    return [record.raw for record in chain.from_iterable(in_log(connection))]


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """The shared broker, with this test's own topics."""
    create(connection, partitions={COUNT_EVENTS.name: PARTITIONS})
    return connection


@pytest.fixture(scope="module")
def relayed(startable: None) -> Iterator[RelayedBroker]:  # noqa: ARG001
    """A broker of this module's own, to be killed and restarted, and its answers lost."""
    with RelayedBroker.start() as broker:
        yield broker


@pytest.fixture
def frail(relayed: RelayedBroker) -> Connection:
    """This test's own topics on the broker that may be killed."""
    if not relayed.processes:
        relayed.restart()
    connection = Connection.of(relayed.bootstrap, prefix=f"test-{uuid4().hex[:12]}.")
    create(connection, partitions={COUNT_EVENTS.name: PARTITIONS})
    return connection


@pytest.mark.parametrize(
    ("message", "key"),
    [
        (COUNT, b"1101"),
        (corrected("1202012001003", COUNT, pairs(3, 2, 1)), b"1202"),
        (annulled("9901012001001", COUNT), b"9901"),
        (recap("110101", {"1": 1, "2": 2, "3": 3}), b"1101"),
        (recap("1101", {"1": 1, "2": 2, "3": 3}), b"1101"),
        (recap("11", {"1": 1, "2": 2, "3": 3}), b"11"),
        (recap("0", {"1": 1, "2": 2, "3": 3}), b"0"),
        (submitted("1101012001999", pairs(1, 2, 3)), b"1101"),  # no list has it, its id tells its village
        (submitted("3171012001001", pairs(1, 2, 3)), NO_UNIT),
        (recap("31", {"1": 1, "2": 2, "3": 3}), NO_UNIT),
        (b"\xff\xfe no JSON", NO_UNIT),
        (b"[1, 2]", NO_UNIT),
        (b'{"station": 1101012001001}', NO_UNIT),
        (b"", NO_UNIT),
        (COUNT.ljust(MAX_BYTES), b"1101"),
    ],
)
def test_a_message_goes_where_the_events_of_its_unit_stand(
    topics: Connection, message: bytes, key: bytes
) -> None:
    with Publisher(topics, REGISTER) as publisher:
        publisher.publish(message)
    found = in_log(topics)
    (record,) = found[partition_of(key, PARTITIONS)]
    assert (record.key, record.raw) == (key, message)
    assert sum(map(len, found)) == 1


def test_everything_is_there_once_and_in_the_order_of_each_district(topics: Connection) -> None:
    messages = many(3_000)
    with Publisher(topics, REGISTER, buffer_bytes=100_000) as publisher:
        for raw in messages:
            publisher.publish(raw)
        delivery = publisher.flush()
    assert (delivery.sent, delivery.not_sent) == (len(messages), [])
    assert delivery.sent_bytes == sum(map(len, messages))
    found = in_log(topics)
    place = {raw: place for place, raw in enumerate(messages)}
    by_partition = [[place[one.raw] for one in some] for some in found]
    assert sorted(chain.from_iterable(by_partition)) == list(range(len(messages)))
    assert [sorted(some) for some in by_partition] == by_partition


def test_a_message_too_large_for_the_log_is_refused_by_name_and_the_others_go_on(topics: Connection) -> None:
    fits = b'{"station":"x"}'.ljust(MAX_BYTES)
    with Publisher(topics, REGISTER) as publisher:
        publisher.publish(COUNT)
        with pytest.raises(EntryTooLarge, match=r"^The message [0-9a-f]{16} was not .* it has 65536 bytes"):
            publisher.publish(fits + b" ")
        publisher.publish(fits)
    assert publisher.delivery.sent == 2
    assert sorted(bodies(topics), key=len) == [COUNT, fits]


def test_each_message_has_one_outcome_in_its_order(relayed: RelayedBroker, frail: Connection) -> None:
    *before, after = many(300)
    outcomes: list[tuple[bytes, MessageOutcome]] = []
    publisher = Publisher(
        frail, REGISTER, timeout_s=SHORT_S, on_outcome=lambda raw, outcome: outcomes.append((raw, outcome))
    )
    for raw in before:
        publisher.publish(raw)
    publisher.flush()
    assert [raw for raw, _ in outcomes] == before
    assert {outcome.status for _, outcome in outcomes} == {Status.RECORDED}
    found = in_log(frail)
    for raw, outcome in outcomes:
        assert outcome.partition is not None
        assert outcome.position is not None
        assert found[outcome.partition][outcome.position].raw == raw
    relayed.kill()
    publisher.publish(after)
    with pytest.raises(LogUnavailable):
        publisher.flush()
    publisher.close()
    relayed.restart()
    assert outcomes[len(before) :] == [(after, MessageOutcome(Status.NOT_ACKNOWLEDGED))]


def test_without_topics_nothing_is_sent_and_the_sentence_says_how_to_make_them(
    connection: Connection,
) -> None:
    with pytest.raises(LogUnavailable, match=rf"{connection.prefix}count-events.*topics create"):
        Publisher(connection, REGISTER)


def test_a_broker_killed_in_the_middle_costs_time_and_nothing_else(
    relayed: RelayedBroker, frail: Connection
) -> None:
    messages = many(6_000)
    killed = Event()

    def send() -> DeliveryReport:
        with Publisher(frail, REGISTER, buffer_bytes=50_000) as publisher:
            for number, raw in enumerate(messages):
                if number == 2_000:
                    relayed.kill()
                    killed.set()
                publisher.publish(raw)  # waits while the broker is away, hence a thread of its own
        return publisher.delivery

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        assert killed.wait(SHORT_S)
        relayed.restart()  # by the main thread: a broker ends with the thread that started it
        delivery = sending.result()
    assert (delivery.sent, delivery.not_sent) == (len(messages), [])
    place = {raw: place for place, raw in enumerate(messages)}
    found = [[place[one.raw] for one in some] for some in in_log(frail)]
    assert sorted(chain.from_iterable(found)) == list(range(len(messages)))
    assert [sorted(some) for some in found] == found


def test_what_failed_and_did_not_persist_is_handed_back(relayed: RelayedBroker, frail: Connection) -> None:
    before, after = many(2)
    publisher = Publisher(frail, REGISTER, timeout_s=SHORT_S)
    publisher.publish(before)
    publisher.flush()
    relayed.kill()
    publisher.publish(after)
    with pytest.raises(LogUnavailable, match=r"can't be reached.*run the same command again"):
        publisher.flush()
    assert (publisher.delivery.sent, publisher.delivery.not_sent) == (1, [after])
    with pytest.raises(LogUnavailable, match="can't be reached"):
        publisher.publish(after)  # nothing more is taken: it might overtake what failed
    publisher.close()
    relayed.restart()
    assert bodies(frail) == [before]


def test_what_failed_but_did_persist_is_handed_back_and_may_be_sent_again(
    relayed: RelayedBroker, frail: Connection
) -> None:
    before, after = many(2)
    publisher = Publisher(frail, REGISTER, timeout_s=SHORT_S)
    publisher.publish(before)
    publisher.flush()
    relayed.relay.lose_answers()
    publisher.publish(after)
    with pytest.raises(LogUnavailable, match=r"acknowledged nothing for 5 s.*run the same command again"):
        publisher.flush()
    assert (publisher.delivery.sent, publisher.delivery.not_sent) == (1, [after])
    publisher.close()
    relayed.relay.carry_answers()
    assert bodies(frail).count(after) == 1
    with Publisher(frail, REGISTER) as another:
        for raw in publisher.delivery.not_sent:
            another.publish(raw)
    assert another.delivery.sent == 1
    assert bodies(frail).count(after) == 2  # the same event: whoever counts takes it in once


def test_an_acknowledgement_lost_on_its_way_is_asked_for_again_and_nothing_stands_twice(
    relayed: RelayedBroker, frail: Connection
) -> None:
    before, after = many(2)
    with Publisher(frail, REGISTER) as publisher:
        publisher.publish(before)
        publisher.flush()
        relayed.relay.lose_answers()
        publisher.publish(after)
        wait_until_on_disk(relayed, frail, after)
        relayed.relay.carry_answers()
        assert publisher.flush().sent == 2
    assert sorted(bodies(frail)) == sorted([before, after])


def wait_until_on_disk(broker: RelayedBroker, connection: Connection, raw: bytes) -> None:
    """Until a broker that can't answer has taken `raw` in."""
    while True:
        for file in broker.directory.glob(f"data-0/{connection.topic(COUNT_EVENTS)}-*/*.log"):
            if raw in file.read_bytes():
                return
        time.sleep(0.05)


def test_who_sends_faster_than_the_broker_takes_waits_and_memory_stays_bounded(
    relayed: RelayedBroker, frail: Connection
) -> None:
    messages = many(1_000)
    bound = 20_000
    publisher = Publisher(frail, REGISTER, timeout_s=SHORT_S, buffer_bytes=bound)
    publisher.publish(messages[0])
    publisher.flush()
    relayed.kill()
    taken: list[bytes] = []

    def send_all() -> None:
        for raw in messages[1:]:
            publisher.publish(raw)
            taken.append(raw)

    with pytest.raises(LogUnavailable):
        send_all()
    assert 0 < sum(map(len, taken)) <= bound
    assert publisher.delivery.not_sent == taken
    publisher.close()


def test_broken_off_it_ends_soon_and_says_what_was_not_sent(
    relayed: RelayedBroker, frail: Connection
) -> None:
    before, after = many(2)
    with suppress(KeyboardInterrupt), Publisher(frail, REGISTER) as publisher:
        publisher.publish(before)
        publisher.flush()
        relayed.kill()
        publisher.publish(after)
        raise KeyboardInterrupt
    assert (publisher.delivery.sent, publisher.delivery.not_sent) == (1, [after])
    relayed.restart()
    assert bodies(frail) == [before]
