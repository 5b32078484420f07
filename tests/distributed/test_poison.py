"""A rejected message is kept with its reason, for all to see, and the stream goes on.

Where it can't be written to its topic, the worker stops: what it does not know to be kept is never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from hashlib import sha256
from itertools import chain, cycle
from pathlib import Path
from random import Random
from typing import Final

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)

from devtools.broker_settings import ADMIN, PASSWORDS
from devtools.brokers import Broker
from event_log.kafka.admin.access import USERS, set_passwords, set_rights
from event_log.kafka.bounds import LOG_BATCH_BYTES
from event_log.kafka.log import KafkaLog
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_EVENTS, REJECTED
from producers.addressing import Addresses
from schemas.candidates import with_candidates
from schemas.data_directory import DataDirectory
from schemas.decode import MAX_BYTES
from schemas.elections import load_election
from schemas.references import as_reference
from schemas.registry_files import read_registry
from schemas.rejections import Reason
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster, Raw
from tests.distributed.nights import nation, night
from tests.distributed.processes import Process
from tests.schemas.examples import FOLDER, invalid, valid
from tests.sinks.delivery.engine import Engine

Clusters = Callable[..., Cluster]

MODES: Final = ("catch-up", "streaming")
"""Whether the messages were there before the worker, or came to it."""

FAILED: Final = 3
"""How a worker ends that something outside keeps from its work."""


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> DataDirectory:
    """The directory that the examples are written for."""
    register = FOLDER / "register"
    election = with_candidates(load_election("pemilu2024"), register / "candidates.csv")
    registry = read_registry(election, register / "regions.csv", register / "stations.csv")
    return DataDirectory.create(tmp_path_factory.mktemp("examples") / "count", election, registry)


def said_of(cluster: Cluster) -> dict[bytes, set[str]]:
    """The reasons for which each message was rejected, by its bytes: the same in database and topic."""
    with closing(cluster.look()) as client:
        found = client.query(
            "SELECT hex(event.body), rejected.reason, rejected.sentence_id, rejected.sentence_en "
            "FROM rejected FINAL INNER JOIN event FINAL USING (election, partition, position)"
        ).result_rows
    shown = {(bytes.fromhex(body), *said) for body, *said in found}
    kept = set()
    with KafkaLog(cluster.connection, REJECTED) as log:
        for partition in range(log.partitions):
            for records in log.read(partition, 0):
                for record in records:
                    headers = {name: value.decode() for name, value in record.headers}
                    sentences = headers["sentence_id"], headers["sentence_en"]
                    kept.add((record.raw, headers["reason"], *sentences))
    assert kept == shown
    reasons: dict[bytes, set[str]] = {}
    for raw, reason, indonesian, english in kept:
        assert indonesian.endswith(".")
        assert english.endswith(".")
        reasons.setdefault(raw, set()).add(reason)
    return reasons


@pytest.mark.parametrize("mode", MODES)
def test_every_invalid_example_is_rejected_with_its_reason_and_the_stream_goes_on(
    examples: DataDirectory, broker: str, engine: Engine, tmp_path: Path, mode: str
) -> None:
    files = [path for reason in Reason for path in invalid(reason)]
    goods = [path.read_bytes() for path in valid()]
    with Cluster(examples, broker, engine.url, tmp_path) as cluster:
        cluster.sink()
        if mode == "streaming":
            cluster.worker()
            cluster.send(goods[:1])
            cluster.drain()
        addresses = Addresses(examples.registry)
        for_all = zip(files, cycle(goods), strict=False)
        cluster.send_as_is(  # some are larger than rekap's own publisher takes
            Raw(raw, addresses.key_of(raw))
            for raw in chain.from_iterable((path.read_bytes(), good) for path, good in for_all)
        )
        if mode == "catch-up":
            cluster.worker()
        folded = cluster.drain()
        assert_right(cluster, folded)
        assert cluster.restarts == 0
        rejected = said_of(cluster)
    # The first ones of a folder that needs a log are accepted: they are what the last one contradicts.
    alone = [path for path in files if path == sorted(path.parent.iterdir())[-1] or not needs_a_log(path)]
    assert len(alone) > 80
    for path in alone:
        assert path.relative_to(FOLDER / "invalid").parts[0] in rejected[as_read(path.read_bytes(), rejected)]
    assert folded.accepted > 5


def as_read(raw: bytes, rejected: Iterable[bytes]) -> bytes:
    """What readers have of these bytes: a reference where they are larger than an entry may be."""
    if len(raw) <= MAX_BYTES:
        return raw
    references = {found.sha256: one for one in rejected if (found := as_reference(one)) is not None}
    return references[sha256(raw).hexdigest()]


def needs_a_log(path: Path) -> bool:
    """Whether an example is valid by itself."""
    return path.relative_to(FOLDER / "invalid").parts[0] in ("already_counted", "superseded_mismatch")


@pytest.mark.parametrize("mode", MODES)
def test_what_stands_where_it_does_not_belong_is_rejected_and_the_stream_goes_on(
    clusters: Clusters, broker: str, engine: Engine, mode: str
) -> None:
    cluster = clusters(broker, engine.url)
    count, *others = night()[:200]
    _, registry = nation()
    key = Addresses(registry).key_of(count)
    right = partition_of(key, cluster.partitions)
    wrong = (right + 1) % cluster.partitions
    garbage = Random("garbage").randbytes(LOG_BATCH_BYTES - 1_000)
    traced = (("traceparent", b"00-4bf9-00f0-01"), ("", b"\xff"))
    cluster.sink()
    if mode == "streaming":
        cluster.worker()
        cluster.send(others[:1])
        cluster.drain()
    cluster.send_as_is(
        [
            Raw(count, key, wrong),
            Raw(count, b"9999", right),
            Raw(count, None, right),
            Raw(count, key + b" ", right),
            Raw(None, key, right),  # a tombstone
            Raw(None, b"", wrong),
            Raw(garbage, key, right),
            Raw(garbage[:1_000], None, wrong),
        ]
    )
    cluster.send(others[:50])
    if mode == "catch-up":
        cluster.worker()
    folded = cluster.drain()
    assert_right(cluster, folded)
    assert cluster.restarts == 0
    rejected = said_of(cluster)
    assert rejected[count] == {Reason.WRONG_KEY}
    large = as_read(garbage, rejected)
    assert rejected[b""] == rejected[large] == rejected[garbage[:1_000]] == {Reason.MALFORMED}
    cluster.send_as_is([Raw(count, key, right, traced)])  # to its place: now it counts, whatever goes with it
    again = cluster.drain()
    assert_right(cluster, again)
    assert again.accepted == folded.accepted + 1


def test_marks_of_kafka_s_own_among_the_entries_are_no_gap(
    clusters: Clusters, broker: str, engine: Engine
) -> None:
    """Transactions leave control records in the log, which take positions."""
    cluster = clusters(broker, engine.url)
    cluster.sink()
    cluster.worker()
    addresses = Addresses(nation()[1])
    settings = cluster.connection.client_settings()
    producer = KafkaProducer(**settings, transactional_id=f"{cluster.connection.prefix}field", acks="all")
    with closing(producer):
        producer.init_transactions()
        for start in range(0, 120, 20):
            producer.begin_transaction()
            for raw in night()[start : start + 20]:
                key = addresses.key_of(raw)
                partition = partition_of(key, cluster.partitions)
                producer.send(cluster.connection.topic(COUNT_EVENTS), raw, key, partition=partition)
            producer.commit_transaction()
            if start == 40:
                cluster.until(lambda: "Caught up" in cluster.workers()[0].said, "the worker's start")
    cluster.send(night()[120:300])  # the last position of each partition is an entry's
    folded = cluster.drain()
    assert folded.messages == 300 < sum(cluster.ends().values())
    with closing(cluster.look()) as client:
        assert client.command("SELECT count() FROM event FINAL") == 300
        assert client.query("SELECT * FROM inconsistency").result_rows == []
    assert "missing" not in cluster.said()


@pytest.fixture
def guarded(startable: None) -> Iterator[Broker]:  # noqa: ARG001
    """A broker of the test's own, where everybody has to log in."""
    with Broker.start(secure=True) as one:
        yield one


def test_a_worker_that_can_not_reject_stops_and_the_next_one_loses_nothing(
    count: DataDirectory, guarded: Broker, engine: Engine, tmp_path: Path
) -> None:
    login = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-256\n"
    passwords = {user.name: f"{user.name}-password" for user in USERS}
    files = {}
    for user, password in (passwords | {ADMIN: PASSWORDS[ADMIN]}).items():
        files[user] = tmp_path / f"{user}.properties"
        files[user].write_text(f"{login}sasl.username={user}\nsasl.password={password}\n")
    with Cluster(
        count, guarded.bootstrap, engine.url, tmp_path, config=files[ADMIN], configs=files
    ) as cluster:
        set_passwords(cluster.connection, passwords)
        set_rights(cluster.connection)
        cluster.sink()
        worker = cluster.worker()
        cluster.send(night()[:100])
        cluster.drain()
        revoke_writing_rejected(cluster)
        poisoned = [b"garbage", *night()[100:200]]
        cluster.send(poisoned)
        for _ in range(2):  # it ends, and starting it again does not get it past that message
            cluster.forget(worker)
            cluster.until(partial(has_ended, worker), "the worker's end")
            assert worker.code == FAILED, worker.tail
            assert "does not let the user worker do this" in worker.said
            worker = cluster.worker()
        cluster.forget(worker)
        cluster.until(lambda: worker.code == FAILED, "the worker's end")
        set_rights(cluster.connection)
        cluster.worker()
        folded = cluster.drain()
        assert_right(cluster, folded)
        assert b"garbage" in said_of(cluster)


def has_ended(process: Process) -> bool:
    """Whether it has."""
    return process.code is not None


def revoke_writing_rejected(cluster: Cluster) -> None:
    """Nobody may write to the topic of what was rejected any more."""
    topic = ResourcePatternFilter(
        ResourceType.TOPIC, cluster.connection.topic(REJECTED), ACLResourcePatternType.LITERAL
    )
    rule = ACLFilter("User:worker", None, ACLOperation.WRITE, ACLPermissionType.ANY, topic)
    with closing(KafkaAdminClient(**cluster.connection.client_settings())) as admin:
        deleted = admin.delete_acls([rule])
    assert [found for _, found, _ in deleted if found]
