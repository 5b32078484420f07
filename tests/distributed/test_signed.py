"""A signed night on Kafka: what one machine and the fold give, and nothing changes for who has no key.

Whoever has all rights on the broker writes to the log what they like, wherever they like: every message of
the log again, in any partition and order, changed, without its signature, or with keys of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

import orjson
import pytest

from audit.verify import verify
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from producers.simulator.night_keys import identity_of_night, key_of_night
from producers.simulator.signed_night import SignedNight
from schemas.control_events import CONTROL_TYPES
from schemas.data_directory import DataDirectory
from schemas.decode import encode
from schemas.identity import SUBMITTING, Identity
from schemas.sources import Message
from sinks.definitions import migrated_definitions
from stream_processors.fold import fold
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster, Raw
from tests.distributed.nights import FAULTS, nation
from tests.sinks.delivery.engine import Engine

SEED: Final = 11
PARTITIONS: Final = 3


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    """The small nation with the keys of the night."""
    election, registry = nation()
    signed = election.with_identity(identity_of_night(SEED))
    return DataDirectory.create(tmp_path / "signed", signed, registry)


def night(directory: DataDirectory) -> tuple[SignedNight, list[bytes]]:
    """A signed night of one contest, and its messages."""
    one = SignedNight(
        *(directory.election, directory.registry, SEED), contests=["PPWP"], faults=FAULTS, chunk_messages=100
    )
    records = (record for chunk in one.chunks() for record in chunk.records())
    return one, [record.raw for record in records if isinstance(record, Message)]


def hostile(entries: list[tuple[int, bytes | None, bytes]]) -> Iterator[Raw]:
    """What somebody without a key makes of a log with these entries (partition, key, bytes)."""
    draw = Random("no key")
    for partition, key, raw in reversed(entries):
        yield Raw(raw, key, partition)
        if draw.random() < 0.5:
            yield Raw(raw, key, (partition + 1) % PARTITIONS)
    mine = key_of_night(0, "not of this night")
    for partition, key, raw in draw.sample(entries, len(entries) // 3):
        try:
            document: dict[str, Any] = orjson.loads(raw)
            document.pop("event_id", None)
            kind = document["type"]
        except (ValueError, KeyError, AttributeError):
            continue
        if kind in CONTROL_TYPES:
            again = {**document, "occurred_at": "2024-02-15T00:00:00+07:00"}
            for one in (again, mine.cosigned(again) if "signatures" in document else mine.signed(again)):
                yield Raw(encode(one), key, partition)
            continue
        document["payload"] = (
            {**document["payload"], "note": "x"} if "note" in document["payload"] else {**document["payload"]}
        )
        if "form" in document["payload"]:
            document["payload"]["form"] = {"votes": {"1": 300}}
        without = {name: value for name, value in document.items() if name not in ("signature", "key_id")}
        for one in (document, without, mine.signed(document), {**without, "submitted_by": None}):
            yield Raw(encode(one), key, partition)


def test_a_signed_night_gives_the_answer_of_the_fold_and_nobody_without_a_key_changes_it(
    directory: DataDirectory, broker: str, engine: Engine, tmp_path: Path
) -> None:
    expected, messages = night(directory)
    on_one_machine = fold(messages, directory.election, directory.registry)
    assert on_one_machine.accepted == expected.expected.accepted
    with Cluster(directory, broker, engine.url, tmp_path, partitions=PARTITIONS) as cluster:
        cluster.sink()
        half = len(messages) // 2
        cluster.send(messages[:half])
        snapshots = ("--assessors", "0", "--snapshots", str(tmp_path / "snapshots"))
        worker = cluster.worker(*snapshots)  # in catch-up mode
        cluster.drain()
        assert cluster.dismiss(worker) == 0  # saves its state, who may submit included
        cluster.worker(*snapshots)
        cluster.send(messages[half:])  # streaming
        before = cluster.drain()
        assert_right(cluster, before)
        assert before.state_digest() == on_one_machine.state_digest()
        assert dict(before.rejected) == dict(on_one_machine.rejected)
        with KafkaLog(cluster.connection, COUNT_EVENTS) as log:
            entries = [
                (partition, entry.key, entry.raw)
                for partition in range(PARTITIONS)
                for entry in log.entries(partition)
            ]
        cluster.send_as_is(hostile(entries))
        after = cluster.drain()
        assert after.messages > 2 * before.messages
        assert_right(cluster, after)
        assert after.state_digest() == before.state_digest()
        assert after.accepted == before.accepted
        with closing(cluster.look()) as client, KafkaLog(cluster.connection, COUNT_EVENTS) as log:
            found = verify(log, directory.election, directory.registry, client, migrated_definitions())
        assert found.equal
        assert cluster.restarts == 0


def test_the_keys_of_another_root_open_nothing(directory: DataDirectory) -> None:
    """The same night under another root: its signatures hold, and nobody who made them is known."""
    _, messages = night(directory)
    other = Identity(roots=(key_of_night(0, "root").key_id,), threshold=1, signed_roles=SUBMITTING)
    folded = fold(messages, directory.election.with_identity(other), directory.registry)
    assert folded.accepted == 0
