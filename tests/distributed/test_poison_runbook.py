"""The page "One poisoned message" of docs/operations.md, done: found, passed, and nothing else was lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS, DISTRICT_TALLIES
from schemas.references import as_reference
from tests.distributed.cluster import Cluster
from tests.distributed.hostile import newest
from tests.distributed.nights import night
from tests.distributed.test_poison_sizes import MIB, sender
from tests.distributed.test_poison_values import lines, send
from tests.sinks.delivery.engine import Engine


def test_one_poisoned_message_is_found_and_nothing_else_was_lost(
    clusters: Callable[..., Cluster], broker: str, engine: Engine
) -> None:
    cluster = clusters(broker, engine.url)
    where = ["--broker", broker, "--topic-prefix", cluster.connection.prefix]

    def rekap(*arguments: str) -> Any:
        command = [sys.executable, "-m", "rekap", "--data", str(cluster.directory.path), *arguments]
        ended = subprocess.run(command, capture_output=True, check=False)
        assert ended.returncode == 0, (ended.stdout + ended.stderr).decode()
        return json.loads(ended.stdout) if ended.stdout.startswith((b"[", b"{")) else ended.stdout.decode()

    worker = cluster.worker()
    cluster.sink()
    cluster.send(night()[:150])
    cluster.drain()
    with sender(cluster, "zstd") as poison:
        poison(COUNT_EVENTS, bytes(20 * MIB))
    partition, message = next(iter(newest(cluster, DISTRICT_TALLIES).items()))
    forged = replace(message, source={0: 10**6})
    offset = send(cluster, DISTRICT_TALLIES, forged.encode(), message.key, partition)
    cluster.send(night()[150:250])
    cluster.drain()

    # Find it.
    (line,) = lines(worker)
    assert (line["topic"], line["partition"], line["offset"]) == (DISTRICT_TALLIES.name, partition, offset)
    assert "which can't be" in line["message"]
    with KafkaLog(cluster.connection, DISTRICT_TALLIES) as log:
        ((found,),) = log.read(partition, offset, offset + 1)
    assert found.raw == forged.encode()
    with closing(cluster.look()) as client:
        bodies = client.query(
            "SELECT position, hex(body) FROM rejected FINAL WHERE partition = 0"
        ).result_rows
    references = {position: as_reference(bytes.fromhex(body)) for position, body in bodies}
    ((position, reference),) = ((at, one) for at, one in references.items() if one is not None)
    assert reference.position == position
    shown = rekap("rejected", "--reason", "malformed", "--format", "json", "--clickhouse", engine.url)
    assert reference.sha256 in json.dumps(shown)

    # Prove that nothing else was lost.
    assert cluster.restarts == 0
    rekap("verify", "--wait", "60", *where, "--clickhouse", engine.url)
    rekap("topics", "check", *where)
    with closing(cluster.look()) as client:
        assert client.command("SELECT count() FROM inconsistency") == 0
