"""ClickHouse for a system, and the races that end there: when a reader sees what was counted.

It is the engine that our sink has open, in a process of its own, at the same interface. Run as a program, it
serves the directory and the port that are named until it is ended.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.stream import feed
from benchmarks.stream.deployment import LOOK_S
from benchmarks.stream.forms import NATION
from benchmarks.stream.programs import Program, RaceFailed, running
from benchmarks.stream.races import SETTLE_S, STALL_S, SYSTEMS, Measured, Run
from benchmarks.stream.stage import Stage
from clickhouse.client import SinkUnavailable, connect
from clickhouse.interface.server import Server
from devtools.brokers import free_ports

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_UNIT: Final = """
CREATE TABLE unit (unit String, forms UInt32, votes_1 UInt32, votes_2 UInt32, valid UInt32, invalid UInt32,
    voters UInt32)
ENGINE = ReplacingMergeTree(forms) ORDER BY unit
"""

_FORMS: Final = "SELECT max(forms) FROM unit WHERE unit = {nation:String}"

_STATIONS: Final = "SELECT uniqExact(unit) FROM unit WHERE position(unit, '-') > 0"
"""A station of 2019 is named after its village, with a hyphen. This reads the whole table, and is only asked
for when the nation's total is whole."""

_NATION: Final = """
SELECT forms, votes_1, votes_2, valid, invalid, voters FROM unit FINAL WHERE unit = {nation:String}
"""


def rollup_to_database(script: str, processes: int = 1) -> Run:
    """A program that adds up from behind, until a reader sees all stations and the nation's total."""

    def run(stage: Stage) -> Measured:
        count = len(stage.forms.raws)
        feed.send(stage.broker, stage.topic("count-events"), stage.forms.events)
        with _database(stage.folder) as (database, url, reader):
            reader.command(_UNIT)
            before = database.used()
            command = [stage.python, SYSTEMS / script]
            environment = {**stage.environment(), "BENCH_DATABASE": url}
            with running(Path(script).stem, command, stage.folder, environment, processes) as program:
                ended = _wait(reader, count, program)
                used = program.used() + database.used()
                time.sleep(SETTLE_S)
            figures = [list(row) for row in reader.query(_NATION, parameters={"nation": NATION}).result_rows]
            if figures != [stage.forms.nation]:
                raise program.failed(f"counted {figures} instead of {stage.forms.nation}")
        seconds = ended - stage.first_written()
        return Measured(count, seconds, used.processor_s - before.processor_s, used.memory_mib)

    return run


def _wait(reader: Client, count: int, program: Program) -> float:
    """When all of it could be seen, in seconds since 1970. Raises RaceFailed when it does not come."""
    held, changed = None, time.monotonic()
    while True:
        seen = _asked(reader, _FORMS)
        if seen >= count:
            seen = _asked(reader, _STATIONS)
        now = time.time()
        if seen >= count:
            return now
        program.check()
        if seen != held:
            held, changed = seen, time.monotonic()
        elif time.monotonic() - changed > STALL_S:
            raise program.failed(f"wrote nothing for {STALL_S} s; there are {held} forms")
        time.sleep(LOOK_S)


def _asked(reader: Client, query: str) -> int:
    ((answer,),) = reader.query(query, parameters={"nation": NATION}).result_rows
    return int(answer)


@contextmanager
def _database(folder: Path) -> Iterator[tuple[Program, str, Client]]:
    """An empty one that is running, where it is, and a client of it."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", __spec__.name, str(folder / "clickhouse"), str(port)]
    # Programs run in folders of their own.
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with running("database", command, folder, environment) as program:
        url = f"http://127.0.0.1:{port}"
        with closing(_reached(url, program)) as reader:
            yield program, url, reader


def _reached(url: str, program: Program) -> Client:
    deadline = time.monotonic() + STALL_S
    while True:
        try:
            return connect(url)
        except SinkUnavailable as error:
            program.check()
            if time.monotonic() > deadline:
                raise RaceFailed(f"No database: {error}") from error
            time.sleep(LOOK_S)


def main() -> None:
    """Serve until it is ended."""
    directory, port = sys.argv[1:]
    with Server(f"chdb://{directory}", allow_writes=True, port=int(port)):
        signal.pause()


if __name__ == "__main__":
    main()
