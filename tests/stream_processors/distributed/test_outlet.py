"""What goes out arrives in order, or everybody is told: nothing follows a message that was lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random
from uuid import uuid4

import pytest

from event_log.errors import LogUnavailable
from event_log.kafka import connection as connection_module
from event_log.kafka.connection import Connection
from event_log.kafka.partitioner import partition_of
from event_log.kafka.setup import create
from event_log.kafka.topics import COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, REJECTED
from schemas.language import Said
from schemas.regions import Level
from schemas.rejections import Reason, Rejection
from schemas.tally_messages import TallyMessage, decode_tally
from sinks.row_messages import decode, goes_on_from
from stream_processors.distributed import outlet as outlet_module
from stream_processors.distributed.outlet import KafkaOutlet
from tests.relay import RelayedBroker
from tests.stream_processors.distributed.running import opened, records
from tests.stream_processors.distributed.test_sent import ROWS, send_rows
from tests.worlds import PPWP

SHORT_MS = 4_000
"""How long a message is tried where a test has to see the end of that."""

PATIENCE_S = 60.0
"""How long a test waits for what must come."""

WHY = Rejection(Reason.MALFORMED, Said(id="Bukan peristiwa.", en="No event."))


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
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are given up soon."""
    for name in ("delivery_timeout_ms", "max_block_ms"):
        monkeypatch.setitem(outlet_module._SETTINGS, name, SHORT_MS)
    monkeypatch.setattr(connection_module, "REQUEST_MS", SHORT_MS // 2)


def until(true: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def total(unit: str, parent: str, version: int = 1) -> TallyMessage:
    """A district's totals."""
    return TallyMessage(
        "tiny2024", PPWP, Level.DISTRICT, unit, parent, version, {0: (version,)}, {0: 1}, 1_000
    )


def test_each_message_goes_to_its_topic_and_place(topics: Connection) -> None:
    with closing(KafkaOutlet(topics)) as outlet:
        send_rows(outlet, 1, 1)
        outlet.rows(1, {"sink_position": ROWS.position(1, 4, 1_000)}, after=2)
        outlet.rejected(1, 3, b"1101", b"raw", WHY)
        outlet.rejected(0, 8, None, b"", WHY)
        outlet.tally(total("1101", "11"))
        outlet.flush()
        assert outlet.handed_over == 5
        assert outlet.has_sent(5)
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


def test_all_parts_of_one_sum_are_on_one_partition(connection: Connection) -> None:
    create(connection, partitions={DISTRICT_TALLIES.name: 5, PROVINCE_TALLIES.name: 1}, replication=1)
    with closing(KafkaOutlet(connection)) as outlet:
        for province in range(11, 31):
            for district in ("01", "02", "03"):
                outlet.tally(total(f"{province}{district}", str(province)))
        outlet.flush()
    found = {
        (decode_tally(one.raw).parent, partition)
        for partition in range(5)
        for one in records(connection, DISTRICT_TALLIES, partition)
    }
    assert found == {
        (str(province), partition_of(f"{province}|{PPWP}".encode(), 5)) for province in range(11, 31)
    }


@pytest.mark.usefixtures("impatient")
def test_what_failed_and_did_not_persist_ends_everything(relayed: RelayedBroker, frail: Connection) -> None:
    with closing(KafkaOutlet(frail)) as outlet:
        outlet.rejected(0, 0, b"1101", b"kept", WHY)
        outlet.flush()
        relayed.kill()
        outlet.rejected(0, 1, b"1101", b"lost", WHY)
        assert not outlet.has_sent(2)
        with pytest.raises(LogUnavailable):
            outlet.flush()
        relayed.restart()
        for late in (
            lambda: send_rows(outlet, 0, 1),
            lambda: outlet.tally(total("1101", "11")),
            lambda: outlet.has_sent(1),
            outlet.flush,
        ):
            with pytest.raises(LogUnavailable):
                late()
    assert [one.raw for one in records(frail, REJECTED, 0)] == [b"kept"]
    assert records(frail, COUNT_ROWS, 0) == records(frail, DISTRICT_TALLIES, 0) == []


@pytest.mark.usefixtures("impatient")
def test_what_failed_but_did_persist_ends_everything_too(relayed: RelayedBroker, frail: Connection) -> None:
    with closing(KafkaOutlet(frail)) as outlet:
        outlet.rejected(0, 0, b"1101", b"known", WHY)
        outlet.flush()
        relayed.relay.lose_answers()
        try:
            outlet.rejected(0, 1, b"1101", b"kept", WHY)
            with pytest.raises(LogUnavailable):
                outlet.flush()
        finally:
            relayed.relay.carry_answers()
        with pytest.raises(LogUnavailable):
            outlet.has_sent(2)
    assert [one.raw for one in records(frail, REJECTED, 0)] == [b"known", b"kept"]


def test_what_is_too_large_for_its_topic_ends_everything(topics: Connection) -> None:
    with closing(KafkaOutlet(topics)) as outlet:
        outlet.rejected(0, 1, b"1101", Random(1).randbytes(REJECTED.largest + 1), WHY)
        with pytest.raises(LogUnavailable):
            outlet.flush()


def test_while_the_broker_is_away_messages_wait_and_then_who_sends(
    relayed: RelayedBroker, frail: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [bytes([number]) * 1_000 for number in range(100)]
    monkeypatch.setattr(outlet_module, "BUFFER_BYTES", 10_000)
    monkeypatch.setitem(outlet_module._SETTINGS, "compression_type", None)
    with closing(KafkaOutlet(frail)) as outlet:
        outlet.rejected(0, 0, b"1101", bodies[0], WHY)  # it knows where that topic is from here on
        outlet.flush()
        relayed.kill()

        def send() -> None:
            for number in range(1, 100):
                outlet.rejected(0, number, b"1101", bodies[number], WHY)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        until(lambda: outlet.handed_over == 11)
        assert sender.is_alive()
        assert not outlet.has_sent(2)
        relayed.restart()
        sender.join(PATIENCE_S)
        outlet.flush()
        assert outlet.has_sent(100)
    assert [one.raw for one in records(frail, REJECTED, 0)] == bodies
