"""What is small on the broker and large unpacked, or larger than any message of ours, in every topic that a
worker or a sink reads: they go on, in little memory, and every total is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from kafka import KafkaProducer

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
    Topic,
)
from schemas.references import as_reference
from schemas.rejections import Reason
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster
from tests.distributed.nights import night
from tests.distributed.processes import Process
from tests.sinks.delivery.engine import Engine

MIB: Final = 1024 * 1024
BOMB_BYTES: Final = 64 * MIB
BOMBS: Final = 8
"""Together 512 MiB, of which a reader that unpacks all would keep all."""

PEAK_MIB: Final = 600
"""A worker and a sink of this count take 250 each."""

READ: Final = (COUNT_ROWS, DISTRICT_TALLIES, PROVINCE_TALLIES, NATION_TALLIES, ELECTION_CONTROL)


class Unreadable(str):
    """A header's name that is no text."""

    __slots__ = ()

    def encode(self, *_: Any) -> bytes:
        return b"\xff\xfe\x1b"


@contextmanager
def sender(cluster: Cluster, codec: str | None) -> Iterator[Callable[..., None]]:
    """Sends as anybody may who has the right to write: (topic, value, key, headers, partition)."""
    settings = {
        "acks": "all",
        "compression_type": codec,
        "max_request_size": 1 << 30,
        "batch_size": 1,
        "linger_ms": 0,
    }
    with closing(KafkaProducer(**cluster.connection.client_settings(), **settings)) as producer:

        def send(topic: Topic, value: bytes | None, key: bytes | None = None, headers: Any = ()) -> None:
            name = cluster.connection.topic(topic)
            producer.send(name, value, key, list(headers), 0).get(timeout=120)

        yield send


def peak_mib(process: Process) -> float:
    """The most memory that it has had."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def poison(cluster: Cluster) -> None:
    """Into each topic what no reader must unpack, and what is no message."""
    assert set(READ) | {COUNT_EVENTS, REJECTED} == set(ALL_TOPICS)
    with sender(cluster, "zstd") as send:
        for _ in range(BOMBS):
            send(COUNT_EVENTS, bytes(BOMB_BYTES))
        send(COUNT_EVENTS, bytes(3 * MIB))  # unpacked, but more than an entry may have
        send(COUNT_EVENTS, b"{}", b"k" * (12 * MIB))
        for topic in READ:
            send(topic, bytes(20 * MIB), b"31|PPWP")
            send(topic, bytes(3 * MIB), b"31|PPWP")
    for codec in ("gzip", "lz4"):
        with sender(cluster, codec) as send:
            send(COUNT_EVENTS, bytes(BOMB_BYTES))
            send(COUNT_ROWS, bytes(20 * MIB))
    with sender(cluster, None) as send:
        send(COUNT_EVENTS, b"{}", b"k" * 900_000)
        for topic in (COUNT_EVENTS, *READ):
            send(topic, b"{}", b"31|PPWP", [(Unreadable("x"), b"1")])
            send(topic, None, b"31|PPWP", [("format", b""), ("tables", b""), ("after", b"")])
            old = [("tables", b"sink_position:1"), ("format", b"6"), ("after", b"9" * 5_000)]
            send(topic, b'{"version": 1}', b"\xff" * 100_000, old)


REJECTED_ENTRIES: Final = BOMBS + 2 + 2 + 1 + 3


@pytest.mark.parametrize("mode", ["catch-up", "streaming"])
def test_readers_go_past_all_of_it_in_little_memory(
    clusters: Callable[..., Cluster], broker: str, engine: Engine, mode: str
) -> None:
    cluster = clusters(broker, engine.url)
    cluster.send(night()[:100])
    if mode == "streaming":
        cluster.worker()
        cluster.sink()
        cluster.drain()
    poison(cluster)
    cluster.send(night()[100:200])
    if mode == "catch-up":
        cluster.worker()
        cluster.sink()
    folded = cluster.drain()
    assert_right(cluster, folded)
    assert cluster.restarts == 0
    assert folded.rejected[Reason.MALFORMED] >= REJECTED_ENTRIES
    for process in (*cluster.workers(), *cluster.sinks()):
        assert process.code is None
        assert peak_mib(process) < PEAK_MIB, process.name
    with KafkaLog(cluster.connection, REJECTED) as log:
        kept = [record.raw for some in log.read(0, 0) for record in some]
    references = [found for found in map(as_reference, kept) if found is not None]
    assert sum(one.reason == "too_large" for one in references) == BOMBS + 1 + 2
    assert sum(one.reason == "unreadable" for one in references) == 1
    with closing(cluster.look()) as client:
        longest = client.command("SELECT max(length(sentence_en)) FROM rejected")
        assert int(str(longest)) < 1_000
