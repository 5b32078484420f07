"""The whole of a count on Kafka, as an operator runs it: topics, workers, sinks, a database, and who sends.

Processes that are wanted and end by themselves are started again, as a service manager does it; how often,
`restarts` says. `drain` waits until everything that was sent has arrived everywhere: minutes at the most,
since a killed process is missed for its session timeout before others take over.

What should come out is not known here: see tests.distributed.answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple, Self
from uuid import uuid4

from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from audit.garbage_collection import gc_disabled
from clickhouse.client import connect
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, open_topics
from event_log.kafka.log import KafkaLog
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_EVENTS
from producers.publisher import Publisher
from queries.cells import sink_positions
from schemas.data_directory import DataDirectory
from stream_processors.fold import Folded, PlacedMessage, fold
from tests.distributed.processes import Process
from tests.waiting import wait_until

DRAIN_S: Final = 300
"""Until everything has arrived; as a rule it takes a second, or twenty after a kill."""

LOOK_S: Final = 0.25
"""How often it is looked."""

FEWER: Final = {"district-tallies": 2, "province-tallies": 2}
"""Partitions of the totals' topics: several of each, so that they are divided, and few to wait for."""

SUMMED: Final = ("province", "nation")
"""Levels whose totals come on topics of their own: no position says that they have arrived."""


class Raw(NamedTuple):
    """A message as Kafka takes it. Without a partition it goes to the one of its key."""

    value: bytes | None
    key: bytes | None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Cluster:
    """One count; a context manager, at whose end its processes are gone, with nothing left where they were
    started. `clickhouse`: the database's URL for the sinks; `eyes`: for those who look."""

    def __init__(
        self,
        directory: DataDirectory,
        broker: str,
        clickhouse: str,
        folder: Path,
        *,
        partitions: int = 4,
        replication: int = 1,
        eyes: str | None = None,
        session_s: int | None = None,
        config: Path | None = None,
        configs: Mapping[str, Path] | None = None,
    ) -> None:
        """`config`: how the tests log in; `configs`: how each command does. `session_s`: the session timeout
        of workers and sinks, if not theirs by default."""
        self.directory = directory
        self.partitions = partitions
        self.restarts = 0
        self._broker = broker
        self._configs = configs or {}
        self._clickhouse = clickhouse
        self._eyes = eyes or clickhouse
        self._session_s = session_s
        self._folder = folder
        self._home = folder / "home"
        self._home.mkdir(exist_ok=True)
        self._wanted: list[Process] = []
        self._all: list[Process] = []
        self._options: dict[Process, Sequence[str]] = {}
        self._prefix = f"test-{uuid4().hex[:12]}."
        self.connection = Connection.of(broker, config, self._prefix)
        create(self.connection, partitions={COUNT_EVENTS.name: partitions, **FEWER}, replication=replication)
        open_topics(self.connection, Opened.of(directory.election, directory.registry, partitions))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._all:
            process.remove()
        assert not list(self._home.iterdir())

    # Processes

    def worker(self, *options: str) -> Process:
        """Start a worker. By default it has no assessing processes: two cores are shared by everything."""
        return self._start("worker", options or ("--assessors", "0"))

    def sink(self) -> Process:
        """A sink more."""
        return self._start("sink", ("--clickhouse", self._clickhouse))

    def workers(self) -> list[Process]:
        """The workers that are wanted."""
        return [process for process in self._wanted if process.name.startswith("worker")]

    def sinks(self) -> list[Process]:
        """The sinks that are wanted."""
        return [process for process in self._wanted if process.name.startswith("sink")]

    def replace(self, process: Process) -> Process:
        """Kill a process without warning, and start another one in its place at once."""
        self._wanted.remove(process)
        process.kill()
        return self._again(process)

    def dismiss(self, process: Process) -> int:
        """Let a process end as it should, and how it did."""
        self._wanted.remove(process)
        return process.end()

    def forget(self, process: Process) -> None:
        """Do not start it again when it ends."""
        self._wanted.remove(process)

    def look_after(self) -> None:
        """Start again what has ended by itself."""
        for process in list(self._wanted):
            if process.code is not None:
                self._wanted.remove(process)
                self.restarts += 1
                self._again(process)

    def said(self) -> str:
        """The last words of all processes."""
        return "\n".join(process.tail for process in self._all)

    def run(self, command: str, *options: str) -> None:
        """A command of rekap on the log, until its end."""
        process = self._start(command, options)
        self._wanted.remove(process)
        self.until(lambda: process.code is not None, f"the end of {command}")
        assert process.code == 0, process.tail

    def _start(self, command: str, options: Sequence[str]) -> Process:
        arguments = ["--data", str(self.directory.path), command, "--broker", self._broker]
        arguments += ["--topic-prefix", self._prefix]
        if command in self._configs:
            arguments += ["--broker-config", str(self._configs[command])]
        if self._session_s is not None and command in ("worker", "sink"):
            arguments += ["--session-timeout", str(self._session_s)]
        name = f"{command}-{len(self._all)}"
        process = Process(
            name, [*arguments, *options], self._folder / f"{self._prefix}{name}.log", self._home
        )
        self._options[process] = options
        self._wanted.append(process)
        self._all.append(process)
        return process

    def _again(self, process: Process) -> Process:
        return self._start(process.arguments[2], self._options[process])

    # What is sent

    def send(self, messages: Iterable[bytes]) -> None:
        """Into the log, as field systems do it; everything is there when it returns."""
        with Publisher(self.connection, self.directory.registry) as publisher:
            for message in messages:
                publisher.publish(message)

    def send_as_is(self, sent: Iterable[Raw]) -> None:
        """Into the log in any way that Kafka allows, in their order; everything is there when it returns."""
        topic = self.connection.topic(COUNT_EVENTS)
        with closing(KafkaProducer(**self.connection.client_settings(), acks="all")) as producer:
            for one in sent:
                partition = one.partition
                if partition is None:
                    partition = partition_of(one.key or b"", self.partitions)
                producer.send(topic, one.value, one.key, list(one.headers), partition).get(timeout=DRAIN_S)

    # What comes out

    def until(self, true: Callable[[], bool], what: str, longest_s: float = DRAIN_S) -> None:
        """Wait for something that must come, and look after the processes meanwhile."""

        def is_true() -> bool:
            if true():
                return True
            self.look_after()
            return False

        wait_until(
            is_true,
            timeout_s=longest_s,
            poll_s=LOOK_S,
            explain=lambda: f"{what} did not come\n{self.said()}",
        )

    def ends(self) -> dict[int, int]:
        """By partition that holds anything where the log ends."""
        with KafkaLog(self.connection, COUNT_EVENTS) as log:
            return {partition: end for partition, end in enumerate(log.ends()) if end}

    def entries(self) -> Iterator[PlacedMessage]:
        """The entries of the log now, partition by partition."""
        with KafkaLog(self.connection, COUNT_EVENTS) as log:
            for partition in range(log.partitions):
                for records in log.read(partition, log.begins()[partition]):
                    for record in records:
                        yield PlacedMessage.of(record.raw, record.key, partition)

    def folded(self) -> Folded:
        """The fold of the log now."""
        election, registry = self.directory.election, self.directory.registry
        with gc_disabled():  # of a whole nation it keeps millions of objects
            return fold(self.entries(), election, registry, lambda key: partition_of(key, self.partitions))

    def look(self) -> Client:
        """A client to look into the database with; close it."""
        return connect(self._eyes)

    def drain(self) -> Folded:
        """Wait until everything that was sent has arrived everywhere; what the specification makes of it."""
        ends, folded = self.ends(), self.folded()
        sums = {
            (tally.contest, tally.unit): tally.version
            for tally in folded.regions.values()
            if tally.level in SUMMED and tally.version
        }
        with closing(self.look()) as client:
            self.until(
                lambda: {p: last + 1 for p, last in self._positions(client).items()} == ends,
                f"the rows of {ends}",
            )
            self.until(lambda: self._sums(client) == sums, f"the versions of {len(sums)} sums")
        return folded

    def _positions(self, client: Client) -> dict[int, int]:
        return sink_positions(client, self.directory.election.id)

    def _sums(self, client: Client) -> dict[tuple[str, str], int]:
        found = client.query(
            "SELECT contest, unit, version FROM tally FINAL WHERE level IN {levels:Array(String)} "
            "AND version > 0",
            parameters={"levels": list(SUMMED)},
        ).result_rows
        return {(contest, unit): version for contest, unit, version in found}


class Feed:
    """Sends messages from a thread of its own, so many a second, until they are all in the log."""

    def __init__(self, cluster: Cluster, messages: Iterable[bytes], per_second: float) -> None:
        self._cluster = cluster
        self._messages = list(messages)
        self._pause_s = 1 / per_second
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for its end. Raises what it failed with."""
        self._thread.join(DRAIN_S)
        assert not self._thread.is_alive(), "the messages could not be sent"
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._cluster.send(self._paced())
        except BaseException as error:
            self._failure = error

    def _paced(self) -> Iterator[bytes]:
        for message in self._messages:
            time.sleep(self._pause_s)
            yield message
