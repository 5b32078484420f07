"""Values that are well formed and can't be: totals and positions beyond the log, and what contradicts it.

None is shown, each is named with its place, and what is right comes again by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

import pytest
from kafka import KafkaProducer

from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_ROWS, DISTRICT_TALLIES, NATION_TALLIES, PROVINCE_TALLIES, Topic
from schemas.ballots import Ballots
from schemas.tally_messages import decode_tally
from sinks.row_messages import encode
from sinks.rows import Rows
from tests.corpus.messages import FAR, IMPOSSIBLE, raised
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster
from tests.distributed.hostile import newest
from tests.distributed.nights import nation, night
from tests.distributed.processes import Process
from tests.sinks.delivery.engine import Engine

PPWP: Final = "PPWP"
FIRST, SECOND, THIRD = night()[:150], night()[150:250], night()[250:300]


@pytest.fixture
def cluster(clusters: Callable[..., Cluster], broker: str, engine: Engine) -> Cluster:
    """A count at rest, with a worker and a sink."""
    cluster = clusters(broker, engine.url)
    cluster.worker()
    cluster.sink()
    cluster.send(FIRST)
    cluster.drain()
    return cluster


def send(
    cluster: Cluster, topic: Topic, value: bytes, key: bytes | None, partition: int, headers: Any = ()
) -> int:
    """Send it as anybody may who has the right to; its offset."""
    with closing(KafkaProducer(**cluster.connection.client_settings(), acks="all")) as producer:
        name = cluster.connection.topic(topic)
        sent = producer.send(name, value, key, list(headers), partition).get(timeout=60)
    return int(sent.offset)


def lines(process: Process) -> list[dict[str, Any]]:
    """What it has logged about messages that it set aside."""
    said = [json.loads(line) for line in process.said.splitlines() if line.startswith("{")]
    return [line for line in said if "set aside" in line.get("message", "")]


def tells(process: Process, topic: Topic, partition: int, offset: int) -> Callable[[], bool]:
    """Whether it has named the message at that place."""
    place = {"topic": topic.name, "partition": partition, "offset": offset}
    return lambda: any(place.items() <= line.items() for line in lines(process))


def test_totals_that_can_not_be_are_set_aside_and_nothing_is_added_to_them(cluster: Cluster) -> None:
    (worker,), (sink,) = cluster.workers(), cluster.sinks()
    for topic in (DISTRICT_TALLIES, PROVINCE_TALLIES, NATION_TALLIES):
        reader = sink if topic is NATION_TALLIES else worker
        for partition, message in newest(cluster, topic).items():
            for name, change in IMPOSSIBLE.items():
                offset = send(cluster, topic, change(message).encode(), message.key, partition)
                cluster.until(tells(reader, topic, partition, offset), f"a line about {topic.name} {name}")
    cluster.send(SECOND)
    assert_right(cluster, cluster.drain(), forged=True)
    assert cluster.restarts == 0


def test_totals_that_contradict_the_log_are_replaced_by_those_made_from_it(cluster: Cluster) -> None:
    """A version that the log could have: only what a worker makes from the log shows that it is none."""
    partition, message = next(iter(newest(cluster, DISTRICT_TALLIES).items()))
    contest = message.contest

    def nation_version() -> int:
        with KafkaLog(cluster.connection, NATION_TALLIES) as log:
            found = [decode_tally(one.raw) for records in log.read(0, 0) for one in records]
        return [one.version for one in found if one.contest == contest][-1]

    before = nation_version()
    send(cluster, DISTRICT_TALLIES, raised(message, 5).encode(), message.key, partition)
    cluster.until(lambda: nation_version() == before + 5, "what was forged")
    cluster.send(FIRST)  # nothing new, but the log is longer
    (worker,) = cluster.workers()
    worker = cluster.replace(worker)  # it re-publishes all totals, as any worker does every ten minutes
    cluster.until(lambda: nation_version() == before, "the totals as the log gives them")
    assert "contradict each other" in worker.said


def position_message(partition: int, position: int) -> tuple[bytes, Any]:
    """What says that all rows up to a position have been published."""
    election, registry = nation()
    rows = Rows(election.id, registry, Ballots(election, registry))
    ((headers, value),) = encode({"sink_position": rows.position(partition, position, 1_000)}, -1)
    return value, headers


def test_a_position_far_ahead_keeps_no_rows_away(cluster: Cluster) -> None:
    (sink,) = cluster.sinks()
    for partition in cluster.ends():
        value, headers = position_message(partition, FAR)
        offset = send(cluster, COUNT_ROWS, value, None, partition, headers)
        cluster.until(tells(sink, COUNT_ROWS, partition, offset), "a line about the position")
    cluster.send(SECOND)
    cluster.drain()
    (worker,) = cluster.workers()
    cluster.replace(worker)  # the next one looks for the last position that was published
    cluster.send(THIRD)
    assert_right(cluster, cluster.drain())
    (worker,) = cluster.workers()
    assert {line["topic"] for line in lines(worker)} <= {COUNT_ROWS.name}
    assert cluster.restarts == 0


def test_a_position_of_the_database_that_the_log_does_not_have_is_named_and_not_believed(
    cluster: Cluster,
) -> None:
    with closing(cluster.look()) as client:
        client.command(
            "INSERT INTO sink_position (election, partition, position, recorded_at) "
            f"SELECT election, partition, {FAR}, recorded_at FROM sink_position FINAL LIMIT 1"
        )
        (sink,) = cluster.sinks()
        cluster.replace(sink)
        cluster.send(SECOND)
        count = len(FIRST) + len(SECOND)
        cluster.until(
            lambda: client.command("SELECT count() FROM event FINAL") == count, "the rows of all entries"
        )
        (sink,) = cluster.sinks()
        assert f"up to position {FAR}; the log ends at" in sink.said
        client.command(
            f"ALTER TABLE sink_position DELETE WHERE position >= {FAR} SETTINGS mutations_sync = 1"
        )
    cluster.replace(sink)
    cluster.send(THIRD)
    assert_right(cluster, cluster.drain())
