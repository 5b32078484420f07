"""`rekap notary --broker`: a public log for each partition of the log on Kafka."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
from kafka import KafkaProducer

from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, open_topics
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from schemas.data_directory import DataDirectory
from tests.rekap.conftest import Rekap
from tests.rekap.test_notary import published
from tests.worlds import election, registry
from transparency.tile_reader import TileReader

PARTITIONS = 3
"""The last one stays empty."""


def in_partition(connection: Connection, partition: int) -> list[bytes]:
    """The entries of a partition, byte for byte."""
    with KafkaLog(connection, COUNT_EVENTS) as log:
        return [one.raw for one in chain.from_iterable(log.read(partition, 0))]


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    """A directory for the tiny election, in which nothing is counted."""
    return DataDirectory.create(tmp_path / "data", election(), registry())


def test_each_partition_is_a_log_of_its_own(
    rekap: Rekap, connection: Connection, directory: DataDirectory, tmp_path: Path
) -> None:
    create(connection, partitions={COUNT_EVENTS.name: PARTITIONS})
    open_topics(connection, Opened.of(directory.election, directory.registry, PARTITIONS))
    public = tmp_path / "public"
    where = ("--broker", ",".join(connection.servers), "--topic-prefix", connection.prefix)
    command = ("--data", directory.path, "notary", "--once", "--out", public, *where)
    empty = rekap(*command)
    assert (empty.code, empty.err) == (0, "0 entries signed and published.\n")
    send(connection, 0, [b"%d" % number for number in range(300)])
    send(connection, 1, [b"a", b"", b"x" * 70_000])
    signed = rekap(*command)
    assert (signed.code, signed.err) == (0, "303 entries signed and published.\n")
    for partition, size in enumerate((300, 3, 0)):
        checkpoint = published(public / str(partition))
        assert (checkpoint.origin, checkpoint.size) == (f"{election().id}/{partition}", size)
    read = TileReader(300, lambda path: (public / "0" / path).read_bytes())
    assert read.entries(0) + read.entries(1) == in_partition(connection, 0)
    large = TileReader(3, lambda path: (public / "1" / path).read_bytes()).entries(0)
    assert large == in_partition(connection, 1)  # what readers get is what the leaf is of
    assert large[2].startswith(b"rekap-reference position=3 bytes=70000 sha256=")
    assert len({(public / str(p) / "log.vkey").read_text() for p in range(PARTITIONS)}) == PARTITIONS
    assert rekap(*command, "--origin", "hitung.example/other").code == 2


def send(connection: Connection, partition: int, raws: list[bytes]) -> None:
    """Write entries to a partition, as they are, in two transactions: their marks take offsets too."""
    settings = {**connection.client_settings(), "acks": "all"}
    name = f"{connection.prefix}{partition}"
    with closing(KafkaProducer(**settings, transactional_id=name)) as producer:
        producer.init_transactions()
        for some in (raws[:2], raws[2:]):
            producer.begin_transaction()
            for raw in some:
                producer.send(connection.topic(COUNT_EVENTS), raw, partition=partition)
            producer.commit_transaction()
