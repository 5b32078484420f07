"""Ours, as an operator runs it on one machine: topics, `rekap worker`, and `rekap sink` with a database.

The sink has the database in the data directory open (chDB) and serves it on loopback, which is what readers
ask and what is asked here. How far it is, is read from two small tables, so that looking costs little.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from benchmarks.stream.forms import Forms, Total
from benchmarks.stream.programs import Program, RaceFailed, running
from clickhouse.client import connect
from clickhouse.ownership import find_owner
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, open_topics
from event_log.kafka.topics import COUNT_EVENTS, SINK_GROUP
from schemas.data_directory import DataDirectory

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

TIMEOUT_S: Final = 120
"""Without anything new for so long a race is given up."""

BEGIN_S: Final = 600
"""How long a sink may take to begin: at first it writes a total for each region and contest."""

LOOK_S: Final = 0.1
"""Between two looks at what can be seen; a race ends so much late at the most."""

READ_LOG_S: Final = 0.25
"""Between two looks at what a program wrote, or at its group."""

_POSITIONS: Final = """
SELECT partition, max(position) + 1 FROM sink_position WHERE election = {election:String} GROUP BY partition
"""

_VERSIONS: Final = """
SELECT sum(newest) FROM (
    SELECT max(version) AS newest FROM tally
    WHERE election = {election:String} AND level = 'nation' GROUP BY contest
)
"""

_NATION: Final = """
SELECT contest, version, votes, valid, invalid, voters FROM tally FINAL
WHERE election = {election:String} AND level = 'nation'
"""

_ROWS: Final = """
SELECT (SELECT count() FROM event FINAL WHERE outcome = 'accepted'),
    (SELECT count() FROM station_history FINAL)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader sees: entries of the log by partition whose rows are all there, and how many forms the
    nation's totals of all contests hold."""

    ends: dict[int, int]
    nation: int

    @property
    def entries(self) -> int:
        """Of all partitions."""
        return sum(self.ends.values())


@dataclass(frozen=True, slots=True)
class Deployment:
    """One count on one broker. `folder` takes what the programs write."""

    connection: Connection
    directory: DataDirectory
    folder: Path
    forms: Forms

    @contextmanager
    def worker(
        self, name: str = "worker", options: Sequence[str] = (), processes: int = 1
    ) -> Iterator[Program]:
        """So many of `rekap worker`, with these options besides, just started."""
        with running(name, self._command("worker", *options), self.folder, {}, processes) as program:
            yield program

    @contextmanager
    def sink(self, name: str = "sink") -> Iterator[tuple[Program, Client]]:
        """`rekap sink`, ready and a member of its group, and a client of the readers'."""
        with running(name, self._command("sink"), self.folder, {}) as program:
            self._wait_for_group(program)
            owner = find_owner(self.directory.path)
            if owner is None or owner.url is None:
                raise program.failed("does not say where it can be read")
            with closing(connect(owner.url, readonly=True)) as client:
                yield program, client

    def _wait_for_group(self, program: Program) -> None:
        """Until the sink has its partitions, as the broker sees it."""
        name, deadline = self.connection.group(SINK_GROUP), time.monotonic() + BEGIN_S
        with closing(KafkaAdminClient(**self.connection.client_settings())) as admin:
            while True:
                with suppress(KafkaError):  # a new broker's coordinator takes its time
                    groups = admin.list_groups()
                    if any(
                        one["group_id"].startswith(name) for one in groups if one["group_state"] == "Stable"
                    ):
                        return
                program.check()
                if time.monotonic() > deadline:
                    raise program.failed(f"has not joined its group within {BEGIN_S} s")
                time.sleep(READ_LOG_S)

    def _command(self, name: str, *options: str) -> list[str | Path]:
        data = str(self.directory.path)
        command = [sys.executable, "-m", "rekap", "--lang", "en", "--data", data, name]
        reach = ["--broker", str(self.connection), "--topic-prefix", self.connection.prefix]
        return [*command, *reach, *options]

    def seen(self, client: Client) -> Seen:
        """What can be seen now."""
        asked = {"election": self.forms.election.id}
        ends = {row[0]: row[1] for row in client.query(_POSITIONS, parameters=asked).result_rows}
        ((nation,),) = client.query(_VERSIONS, parameters=asked).result_rows
        return Seen(ends, nation)

    def wait(self, client: Client, count: int, *programs: Program) -> float:
        """When the rows of `count` entries, and the nation's totals over as many forms, could be seen:
        seconds since 1970. Raises RaceFailed when they don't come."""
        held, changed = None, time.monotonic()
        while True:
            seen = self.seen(client)
            now = time.time()
            if seen.entries >= count and seen.nation >= count:
                return now
            if seen != held:
                held, changed = seen, time.monotonic()
            elif time.monotonic() - changed > TIMEOUT_S:
                raise programs[0].failed(f"brought nothing for {TIMEOUT_S} s; there is {held}")
            for program in programs:
                program.check()
            time.sleep(LOOK_S)

    def check(self, client: Client, count: int) -> None:
        """Raises RaceFailed when a row is missing or doubled, a total is not the fold's, or totals and parts
        don't fit together."""
        asked = {"election": self.forms.election.id}
        found = client.query(_NATION, parameters=asked).result_rows
        totals = {
            contest: Total(forms, Counter({key: n for key, n in votes.items() if n}), *figures)
            for contest, forms, votes, *figures in found
        }
        if wrong := [contest for contest, total in self.forms.totals.items() if totals.get(contest) != total]:
            raise RaceFailed(f"ours counted other totals of the nation than the fold: {', '.join(wrong)}")
        rows = client.query(_ROWS).result_rows
        if list(rows) != [(count, count)]:
            raise RaceFailed(f"ours has {rows} accepted events and versions instead of {count} each")
        if torn := client.query("SELECT * FROM inconsistency LIMIT 3").result_rows:
            raise RaceFailed(f"ours has totals that are not the sum of their parts: {torn}")


@contextmanager
def deployed(broker: str, prefix: str, folder: Path, forms: Forms) -> Iterator[Deployment]:
    """A count on that broker whose topics begin with `prefix`, and which nothing has been sent to."""
    connection = Connection.of(broker, prefix=prefix)
    create(connection, replication=1)
    open_topics(connection, Opened.of(forms.election, forms.registry, COUNT_EVENTS.partitions))
    directory = DataDirectory.create(folder / "count", forms.election, forms.registry)
    yield Deployment(connection, directory, folder, forms)
