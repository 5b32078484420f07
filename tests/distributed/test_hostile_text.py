"""Hostile keys, messages and headers on a real broker: workers, sinks and commands write them as text."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import orjson
import pytest
from kafka import KafkaProducer

from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_ROWS, REJECTED
from tests.distributed.cluster import Cluster, Raw
from tests.distributed.nights import night
from tests.distributed.processes import Process
from tests.hostile import FORGED, HOSTILE, hidden_in
from tests.sinks.delivery.engine import Engine

LONG_KEY = HOSTILE.encode() + b"k" * 60_000


def messages() -> list[Raw]:
    """A count under hostile keys, and messages that are none for hostile content."""
    count = night()[0]
    document = orjson.loads(count)
    document.pop("event_id")
    return [
        Raw(count, HOSTILE.encode(), 0),
        Raw(count, LONG_KEY, 1, headers=((HOSTILE, HOSTILE.encode()),)),
        Raw(count, b"\xff\x1b[31m", 2),
        Raw(orjson.dumps({**document, "type": HOSTILE}), b"1101", 0),
        Raw(orjson.dumps({**document, HOSTILE: 1}), b"1101", 1),
        Raw(HOSTILE.encode(), HOSTILE.encode(), 3),
    ]


@pytest.fixture
def cluster(clusters: Callable[..., Cluster], broker: str, engine: Engine) -> Cluster:
    """A count with a worker and a sink, at rest after the hostile messages."""
    cluster = clusters(broker, engine.url)
    cluster.sink()
    cluster.worker()
    cluster.send(night()[:20])
    cluster.send_as_is(messages())
    cluster.drain()
    return cluster


def assert_lines_are_text(process: Process) -> None:
    """Its log is JSON lines without anything that a terminal obeys."""
    assert hidden_in(process.said) == ""
    assert not any(line.startswith(FORGED) for line in process.said.splitlines())


def test_what_was_rejected_is_kept_and_shown_as_text(cluster: Cluster, engine: Engine) -> None:
    with closing(cluster.look()) as client:
        shown = client.query("SELECT sentence_id, sentence_en FROM rejected FINAL").result_rows
    kept = []
    with KafkaLog(cluster.connection, REJECTED) as log:
        for partition in range(log.partitions):
            for records in log.read(partition, 0):
                for record in records:
                    headers = dict(record.headers)
                    kept.append((headers["sentence_id"].decode(), headers["sentence_en"].decode()))
    assert sorted(kept) == sorted(map(tuple, shown))
    assert len(kept) >= len(messages())
    for sentence in (one for pair in kept for one in pair):
        assert hidden_in(sentence) == ""
        assert "\n" not in sentence
        assert len(sentence) < 1_000
    assert any(f"/{len(LONG_KEY)}]" in english for _, english in kept)

    where = ["--broker", ",".join(cluster.connection.servers), "--topic-prefix", cluster.connection.prefix]
    database = ["--clickhouse", engine.url]
    for command in (
        ["rejected", *database],
        ["log", "--limit", "1000", *where, *database],
        ["log", *database],
    ):
        for written in ("table", "json", "csv"):
            ended = subprocess.run(
                [
                    *(sys.executable, "-m", "rekap", "--data", str(cluster.directory.path)),
                    *(*command, "--format", written),
                ],
                capture_output=True,
                check=True,
            )
            assert hidden_in(ended.stdout.decode().replace("\r\n", "\n") + ended.stderr.decode()) == ""
    for process in (*cluster.workers(), *cluster.sinks()):
        assert process.code is None
        assert_lines_are_text(process)


def test_a_sink_names_rows_that_are_none_as_text(cluster: Cluster) -> None:
    (sink,) = cluster.sinks()
    cluster.forget(sink)
    topic = cluster.connection.topic(COUNT_ROWS)
    headers = [("format", HOSTILE.encode() + b"x" * 100_000), ("tables", HOSTILE.encode())]
    with closing(KafkaProducer(**cluster.connection.client_settings(), acks="all")) as producer:
        producer.send(topic, HOSTILE.encode(), HOSTILE.encode(), headers, 0).get(timeout=60)
    cluster.until(lambda: "count-rows" in sink.said, "a word about the message")
    assert_lines_are_text(sink)
    assert max(map(len, sink.said.splitlines())) < 20_000
    lines = [line for line in sink.said.splitlines() if line.startswith("{")]
    assert all(json.loads(line) for line in lines)
