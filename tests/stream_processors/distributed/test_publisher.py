"""Messages are published in order, or an error is raised: nothing is published after a lost message."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from random import Random
from uuid import uuid4

import pytest

from event_log.errors import LogUnavailable
from event_log.kafka import connection as connection_module
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, REJECTED
from monitoring.metrics import ROWS_PUBLISHED, TALLIES_PUBLISHED
from schemas.language import Text
from schemas.regions import Level
from schemas.rejections import Reason, Rejection
from schemas.tally_messages import TallyMessage, decode_tally
from sinks.row_messages import decode, goes_on_from
from stream_processors.distributed import publisher as publisher_module
from stream_processors.distributed.publisher import KafkaPublisher
from tests.relay import RelayedBroker
from tests.stream_processors.distributed.running import opened, records
from tests.stream_processors.distributed.test_published import ROWS, publish_rows_only
from tests.waiting import wait_until
from tests.worlds import PPWP

SHORT_MS = 4_000
"""The delivery timeout where a test waits for it."""

TIMEOUT_S = 60.0
"""How long a test waits."""

WHY = Rejection(Reason.MALFORMED, Text(id="Bukan peristiwa.", en="No event."))


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """This test's own topics on the shared broker."""
    return opened(connection)


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
    return opened(Connection.of(relayed.bootstrap, prefix=f"test-{uuid4().hex[:12]}."))


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages time out soon."""
    monkeypatch.setattr(publisher_module, "DELIVERY_TIMEOUT_MS", SHORT_MS)
    monkeypatch.setattr(connection_module, "REQUEST_MS", SHORT_MS // 2)


def total(unit: str, parent: str, version: int = 1) -> TallyMessage:
    """A district's totals."""
    return TallyMessage(
        "tiny2024", PPWP, Level.DISTRICT, unit, parent, version, {0: (version,)}, {0: 1}, 1_000
    )


def test_each_message_is_published_to_its_topic_and_partition(topics: Connection) -> None:
    with closing(KafkaPublisher(topics)) as publisher:
        publish_rows_only(publisher, 1, 1)
        publisher.publish_rows(1, {"sink_position": ROWS.position(1, 4, 1_000)}, after=2)
        publisher.publish_rejected(1, 3, b"1101", b"raw", WHY)
        publisher.publish_rejected(0, 8, None, b"", WHY)
        publisher.publish_tally(total("1101", "11"))
        publisher.flush()
        assert publisher.submitted == 5
        assert publisher.has_acknowledged(5)
    rows, position = records(topics, COUNT_ROWS, 1)
    names = [name for one in (rows, position) for name, _ in decode(one.headers, one.raw)]
    assert names == ["region", "sink_position"]
    assert (goes_on_from(rows.headers), goes_on_from(position.headers)) == (None, 2)
    (rejected,) = records(topics, REJECTED, 1)
    assert (rejected.key, rejected.raw) == (b"1101", b"raw")
    assert dict(rejected.headers) == {
        "reason": b"malformed",
        "sentence_id": WHY.said.id.encode(),
        "sentence_en": WHY.said.en.encode(),
        "partition": b"1",
        "position": b"3",
    }
    (empty,) = records(topics, REJECTED, 0)
    assert (empty.key, empty.raw) == (None, b"")
    (tally,) = records(topics, DISTRICT_TALLIES, 0)
    assert (tally.key, decode_tally(tally.raw)) == (f"1101|{PPWP}".encode(), total("1101", "11"))


def published() -> Counter[str]:
    """Rows by table and totals by level that the metrics say were acknowledged."""
    return Counter(
        {
            label: int(sample.value)
            for metric in (ROWS_PUBLISHED, TALLIES_PUBLISHED)
            for family in metric.collect()
            for sample in family.samples
            for label in sample.labels.values()
            if sample.name.endswith("_total")
        }
    )


def test_what_is_acknowledged_is_counted_by_table_and_level(topics: Connection) -> None:
    before = published()
    with closing(KafkaPublisher(topics)) as publisher:
        publish_rows_only(publisher, 1, 2)
        publisher.publish_rows(1, {"sink_position": ROWS.position(1, 4, 1_000)}, after=2)
        publisher.publish_tally(total("1101", "11"))
        publisher.flush()
    assert published() - before == Counter(region=2 * ROWS.regions().num_rows, district=1)


def test_all_parts_of_one_sum_are_on_one_partition(connection: Connection) -> None:
    create(connection, partitions={DISTRICT_TALLIES.name: 5, PROVINCE_TALLIES.name: 1}, replication=1)
    with closing(KafkaPublisher(connection)) as publisher:
        for province in range(11, 31):
            for district in ("01", "02", "03"):
                publisher.publish_tally(total(f"{province}{district}", str(province)))
        publisher.flush()
    found = {
        (decode_tally(one.raw).parent, partition)
        for partition in range(5)
        for one in records(connection, DISTRICT_TALLIES, partition)
    }
    assert found == {
        (str(province), partition_of(f"{province}|{PPWP}".encode(), 5)) for province in range(11, 31)
    }


@pytest.mark.usefixtures("short_timeouts")
def test_a_publish_that_failed_and_did_not_persist_is_final(
    relayed: RelayedBroker, frail: Connection
) -> None:
    with closing(KafkaPublisher(frail)) as publisher:
        publisher.publish_rejected(0, 0, b"1101", b"kept", WHY)
        publisher.flush()
        relayed.kill()
        before = published()
        publisher.publish_tally(total("1102", "11"))
        publisher.publish_rejected(0, 1, b"1101", b"lost", WHY)
        assert not publisher.has_acknowledged(2)
        with pytest.raises(LogUnavailable):
            publisher.flush()
        assert published() == before
        relayed.restart()
        for late in (
            lambda: publish_rows_only(publisher, 0, 1),
            lambda: publisher.publish_tally(total("1101", "11")),
            lambda: publisher.has_acknowledged(1),
            publisher.flush,
        ):
            with pytest.raises(LogUnavailable):
                late()
    assert [one.raw for one in records(frail, REJECTED, 0)] == [b"kept"]
    assert records(frail, COUNT_ROWS, 0) == records(frail, DISTRICT_TALLIES, 0) == []


@pytest.mark.usefixtures("short_timeouts")
def test_a_publish_that_failed_but_did_persist_is_final_too(
    relayed: RelayedBroker, frail: Connection
) -> None:
    with closing(KafkaPublisher(frail)) as publisher:
        publisher.publish_rejected(0, 0, b"1101", b"known", WHY)
        publisher.flush()
        relayed.relay.lose_answers()
        try:
            publisher.publish_rejected(0, 1, b"1101", b"kept", WHY)
            with pytest.raises(LogUnavailable):
                publisher.flush()
        finally:
            relayed.relay.carry_answers()
        with pytest.raises(LogUnavailable):
            publisher.has_acknowledged(2)
    assert [one.raw for one in records(frail, REJECTED, 0)] == [b"known", b"kept"]


def test_a_message_too_large_for_its_topic_is_final(topics: Connection) -> None:
    with closing(KafkaPublisher(topics)) as publisher:
        publisher.publish_rejected(0, 1, b"1101", Random(1).randbytes(REJECTED.largest + 1), WHY)
        with pytest.raises(LogUnavailable):
            publisher.flush()


def test_while_the_broker_is_away_messages_are_buffered_and_then_publishing_blocks(
    relayed: RelayedBroker, frail: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [bytes([number]) * 1_000 for number in range(100)]
    monkeypatch.setattr(publisher_module, "BUFFER_BYTES", 10_000)
    monkeypatch.setattr(publisher_module, "COMPRESSION", None)
    with closing(KafkaPublisher(frail)) as publisher:
        publisher.publish_rejected(0, 0, b"1101", bodies[0], WHY)  # it knows where that topic is from here on
        publisher.flush()
        relayed.kill()

        def send() -> None:
            for number in range(1, 100):
                publisher.publish_rejected(0, number, b"1101", bodies[number], WHY)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        wait_until(lambda: publisher.submitted == 11)
        assert sender.is_alive()
        assert not publisher.has_acknowledged(2)
        relayed.restart()
        sender.join(TIMEOUT_S)
        publisher.flush()
        assert publisher.has_acknowledged(100)
    assert [one.raw for one in records(frail, REJECTED, 0)] == bodies
