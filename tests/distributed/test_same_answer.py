"""The same log gives the same answer: added up plainly, on one machine, and by workers of any number.

Compared is everything that readers see: every cell and version, findings, recapitulations, and rejected
messages with their reasons. Only positions and times of arrival differ between two logs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import pytest
from clickhouse_connect.driver.client import Client

from audit.verify import verify
from clickhouse.client import connect
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from schemas.data_directory import DataDirectory
from sinks.definitions import migrated_definitions
from stream_processors.embedded.runner import Runner
from tests.distributed.answers import assert_right
from tests.distributed.cluster import Cluster
from tests.distributed.nights import nation, night, recaps, untidy
from tests.sinks.delivery.engine import Engine

PLACE: Final = ("partition", "position", "recorded_at")
"""Position and time of an entry: they are of the log, not of the count."""

TABLES: Final = ("station_history", "station", "finding", "recap", "rejected")
"""The tables whose rows are the same whatever the log is; totals have more versions the smaller the batches,
and of those the newest is compared."""

DAILY: Final = ((1, 4), (3, 12))
"""Workers and partitions of every day: nothing is divided, or everything is, unevenly."""

OTHERS: Final = ((1, 12), (2, 4), (2, 12), (3, 4))
SLOW: Final = pytest.mark.slow

Rows = dict[str, set[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Embedded:
    """What the embedded runner makes of the messages: its rows, and how many messages were repeated."""

    rows: Rows
    repeated: int


@pytest.fixture(scope="module")
def messages() -> list[bytes]:
    """A night with all its faults, garbage, and messages that are sent again."""
    sent = untidy(night(), Random("same answer"))
    for document in recaps():
        sent.insert(len(sent) // 3, document)
    return sent


@pytest.fixture(scope="module")
def embedded(messages: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    """What the embedded runner makes of them."""
    directory = DataDirectory.create(tmp_path_factory.mktemp("embedded") / "count", *nation())
    with Runner.open(directory, command="test", workers=0) as runner:
        report = runner.submit(messages)
        with closing(connect(runner.url, readonly=True)) as client:
            rows = shown(client)
    assert all(rows.values())
    return Embedded(rows, report.repeated)


def shown(client: Client) -> Rows:
    """Every row that readers see, without its place in the log."""
    rows = {}
    for table in TABLES:
        found = client.query(f"SELECT * EXCEPT ({', '.join(PLACE)}) FROM {table} FINAL")
        rows[table] = set(map(_hashable, found.result_rows))
        # A rejected message that was sent twice is twice in the log on Kafka.
        assert table == "rejected" or len(rows[table]) == len(found.result_rows)
    found = client.query(f"SELECT * EXCEPT ({', '.join(PLACE)}) FROM tally FINAL")
    rows["tally"] = set(map(_hashable, found.result_rows))
    return rows


def _hashable(row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(map(_plain, row))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(sorted(value.items()))
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("workers", "partitions"), [*DAILY, *(pytest.param(*one, marks=SLOW) for one in OTHERS)]
)
def test_workers_of_any_number_give_the_answer_of_one_machine_and_of_the_fold(
    clusters: Callable[..., Cluster],
    broker: str,
    engine: Engine,
    messages: list[bytes],
    embedded: Embedded,
    workers: int,
    partitions: int,
) -> None:
    cluster = clusters(broker, engine.url, partitions=partitions)
    cluster.sink()
    half = len(messages) // 2
    cluster.send(messages[:half])  # in catch-up mode
    for number in range(workers):
        cluster.worker("--assessors", str(min(number, 1)))
    cluster.drain()
    cluster.send(messages[half:])  # streaming
    folded = cluster.drain()
    assert_right(cluster, folded)
    election, registry = cluster.directory.election, cluster.directory.registry
    with closing(cluster.look()) as client, KafkaLog(cluster.connection, COUNT_EVENTS) as log:
        found = shown(client)
        verification = verify(log, election, registry, client, migrated_definitions())
    for table, rows in embedded.rows.items():
        assert found[table] == rows, table
    assert folded.repeated == embedded.repeated > 0
    assert verification.equal
    assert verification.resting
    assert verification.state_digest == folded.state_digest()
    assert cluster.restarts == 0
