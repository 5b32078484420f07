"""`rekap sink` as a process: it is killed, ended and asked, and its rows are read beside it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from clickhouse.ownership import find_owner, own
from devtools.brokers import free_ports
from event_log.kafka.connection import Connection
from event_log.kafka.topics import COUNT_ROWS
from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import Runner
from tests.sinks.delivery.engine import Engine
from tests.sinks.delivery.support import WORLD, Publisher, assert_arrived, positions, reaches, total
from tests.waiting import wait_until

ROUNDS = 5
"""Kills in a row, at moments drawn by chance; each takes a start and a rebalance."""


@pytest.fixture
def directory(tmp_path: Path, migrated_directory: Path) -> Path:
    """What `rekap init` makes, with an empty database that need not be migrated again."""
    path = tmp_path / "count"
    DataDirectory.create(path, WORLD.election, WORLD.registry)
    shutil.copytree(migrated_directory, path / "clickhouse", symlinks=True)
    return path


class Process:
    """`rekap --data DIR sink` with a /health; a context manager that kills what is left of it."""

    def __init__(self, directory: Path, topics: Connection, *options: str) -> None:
        self._health = f"http://127.0.0.1:{free_ports(1)[0]}/health"
        address = self._health.removeprefix("http://").removesuffix("/health")
        arguments = ["--lang", "en", "--data", str(directory), "sink", "--broker", str(topics)]
        arguments += ["--topic-prefix", topics.prefix, "--metrics", address, *options]
        self._errors = (directory / f"sink-{os.urandom(4).hex()}.log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rekap", *arguments], stderr=self._errors, stdin=subprocess.DEVNULL
        )

    def health(self) -> tuple[int, dict[str, Any]]:
        """What /health says; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(self._health, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def metrics(self) -> dict[str, float]:
        """What /metrics says, by name and labels; nothing while nobody answers."""
        try:
            with urllib.request.urlopen(self._health.replace("/health", "/metrics"), timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    @property
    def said(self) -> list[str]:
        """The lines on stderr."""
        self._errors.seek(0)
        return self._errors.read().decode().splitlines()

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and the exit code that follows."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            print(self.process.poll(), self.health(), *self.said, sep="\n")
        self.process.kill()
        self.process.wait()
        self._errors.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_fills_the_database_of_its_directory_which_is_read_meanwhile_and_ends_when_told(
    topics: Connection, publisher: Publisher, directory: Path, number: signal.Signals
) -> None:
    publisher.rows(0, 0, 10)
    publisher.total(total("0", 7))
    with Process(directory, topics) as sink:
        wait_until(lambda: (owner := find_owner(directory)) is not None and owner.url is not None)
        asked = [sys.executable, "-m", "rekap", "--data", str(directory), "results", "--format", "json"]

        def version() -> int:
            answer = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
            return int(json.loads(answer)[0]["version"])

        wait_until(lambda: version() == 7)
        assert sink.health() == (200, {"healthy": True, "troubles": {}})
        for check in ("sums", "topics"):  # which it makes by itself; no number is less than nothing
            name = f'rekap_check_differences{{check="{check}"}}'
            wait_until(lambda name=name: sink.metrics().get(name, -1.0) >= 0)  # type: ignore[misc]
        assert sink.end(number) == 0
        assert sink.said[0].startswith("Filling http://127.0.0.1:")
        assert sink.said[-1] == "Done."
        lines = [json.loads(line) for line in sink.said if line.startswith("{")]
        assert {line["process"] for line in lines} == {"sink"}
    assert find_owner(directory) is None


def test_another_owner_of_the_directory_is_waited_for(
    topics: Connection, publisher: Publisher, directory: Path
) -> None:
    """A command that sets up or reads a directory owns it for some seconds."""
    publisher.total(total("0", 7))
    with ExitStack() as owned:
        owned.enter_context(own(directory, "import"))
        with Process(directory, topics) as sink:
            wait_until(lambda: "troubles" in sink.health()[1])  # it is at work, and would have ended by now
            time.sleep(1)
            assert (sink.process.poll(), sink.said) == (None, [])
            owned.close()
            wait_until(lambda: version(directory) == 7)


def version(directory: Path) -> int:
    """The version of the nation's total that readers of the directory's owner see; 0 while there is none."""
    if (owner := find_owner(directory)) is None or owner.url is None:
        return 0
    asked = [sys.executable, "-m", "rekap", "--data", str(directory), "results", "--format", "json"]
    rows = json.loads(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    return int(rows[0]["version"] or 0)


def test_a_copy_beside_its_original_is_refused_and_once_adopted_gets_everything(
    topics: Connection, publisher: Publisher, directory: Path
) -> None:
    publisher.total(total("0", 7))
    with Process(directory, topics) as sink:
        wait_until(lambda: version(directory) == 7)
        assert sink.end(signal.SIGTERM) == 0
    copy = directory.with_name("copy")
    shutil.copytree(directory, copy, symlinks=True)
    with Process(copy, topics) as refused:
        assert refused.process.wait(60) == 2
        assert f"{copy} is a copy" in refused.said[-1]
    adopted = [sys.executable, "-m", "rekap", "--data", str(copy), "adopt"]
    subprocess.run(adopted, capture_output=True, check=True)
    with Process(directory, topics) as first, Process(copy, topics) as second:
        wait_until(lambda: all(process.health()[0] == 200 for process in (first, second)))
        publisher.total(total("0", 8))
        wait_until(lambda: version(directory) == version(copy) == 8)


def test_the_region_nothing_has_reached_is_there_before_the_first_row(
    topics: Connection, directory: Path
) -> None:
    with Process(directory, topics) as sink:
        wait_until(lambda: sink.health()[0] == 200 and len(sink.said) > 0)
        asked = [sys.executable, "-m", "rekap", "--data", str(directory), "results", "--level", "province"]
        answer = subprocess.run([*asked, "--format", "json"], capture_output=True, text=True, check=True)
        assert [row["stations"]["expected"] for row in json.loads(answer.stdout)] == [24, 24, 2]


def test_killed_at_any_moment_it_loses_and_doubles_nothing(
    topics: Connection, publisher: Publisher, directory: Path, engine: Engine, database: Client
) -> None:
    chance = random.Random(4)
    end = 0
    for _ in range(ROUNDS):
        with Process(directory, topics, "--clickhouse", engine.url) as sink:
            if end:
                wait_until(partial(reaches, database, {0: end - 1, 1: end - 1}))
            for _ in range(chance.randrange(5, 15)):
                publisher.rows(0, end, 7)
                publisher.rows(1, end, 7)
                end += 7
            time.sleep(chance.random() / 2)
            assert sink.end(signal.SIGKILL) == -signal.SIGKILL
    with Process(directory, topics, "--clickhouse", engine.url) as sink:
        wait_until(lambda: positions(database) == {0: end - 1, 1: end - 1})
        wait_until(lambda: sink.health() == (200, {"healthy": True, "troubles": {}}))
    assert_arrived(database, {0: end, 1: end})


def test_health_says_that_clickhouse_is_away_and_when_it_is_back(
    topics: Connection, publisher: Publisher, directory: Path, tmp_path: Path, migrated_directory: Path
) -> None:
    shutil.copytree(migrated_directory, tmp_path / "server", symlinks=True)
    with Engine(tmp_path / "server") as engine:
        url = engine.url.replace("http://", "http://default:@")
        with Process(directory, topics, "--clickhouse", url) as sink:
            wait_until(lambda: any("Filling" in line for line in sink.said))
            engine.kill()
            publisher.rows(0, 0, 10)
            wait_until(lambda: "clickhouse" in sink.health()[1]["troubles"])
            assert "once ClickHouse answers" in sink.health()[1]["troubles"]["clickhouse"]
            engine.start()
            wait_until(lambda: sink.health()[0] == 200)
            with closing(connect(engine.url)) as database:
                wait_until(lambda: positions(database) == {0: 9})
            assert sink.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--clickhouse", "http://127.0.0.1:1"), "ClickHouse does not answer at 127.0.0.1:1"),
        (("--metrics", "no-such-host.invalid:1"), "Metrics can't be served at no-such-host.invalid:1"),
    ],
    ids=["no server", "no address"],
)
def test_what_can_not_begin_ends_with_a_sentence(
    topics: Connection, directory: Path, options: tuple[str, ...], said: str
) -> None:
    with Process(directory, topics, *options) as sink:
        assert sink.process.wait(60) == 3
        assert said in " ".join(sink.said)


def test_a_message_that_is_none_is_named_with_its_place_and_the_sink_goes_on(
    topics: Connection, publisher: Publisher, directory: Path
) -> None:
    publisher.raw(COUNT_ROWS, b"not ours", 1)
    with Process(directory, topics) as sink:
        wait_until(lambda: any("set aside" in line for line in sink.said))
        (line,) = (json.loads(line) for line in sink.said if "set aside" in line)
        assert (line["topic"], line["partition"], line["offset"]) == ("count-rows", 1, 0)
        assert sink.process.poll() is None


def test_a_directory_that_counts_by_itself_takes_no_other_log(topics: Connection, directory: Path) -> None:
    with Runner.open(DataDirectory.open(directory), command="test", workers=0) as runner:
        runner.submit([b"one entry"])
    with Process(directory, topics) as sink:
        assert sink.process.wait(60) == 2
        assert "has a log of its own, with 1 events" in " ".join(sink.said)


def test_metrics_tell_how_far_it_is_and_what_it_did(
    topics: Connection, publisher: Publisher, directory: Path
) -> None:
    publisher.rows(0, 0, 10)
    publisher.total(total("0", 7))
    with Process(directory, topics) as sink:

        def shown(name: str) -> float | None:
            return sink.metrics().get(name)

        wait_until(lambda: shown('rekap_position{partition="0"}') == 9)
        wait_until(lambda: shown('rekap_lag_messages{partition="0",topic="count-rows"}') == 0)
        wait_until(lambda: shown('rekap_rows_inserted_total{table="tally_history"}') == 1)
        assert shown('rekap_rows_inserted_total{table="event"}') == 10
        assert shown("rekap_insert_failures_total") == 0
        assert shown("rekap_delivery_seconds_count") == 1
        assert (shown("rekap_insert_seconds_count") or 0) >= 1


def test_topics_of_another_election_are_refused(topics: Connection, tmp_path: Path) -> None:
    other = tmp_path / "other"
    changed = WORLD.election.model_copy(update={"id": "other2024"})
    DataDirectory.create(other, changed, WORLD.registry)
    with Process(other, topics) as sink:
        assert sink.process.wait(60) == 3
        assert "were opened for tiny2024, not other2024" in " ".join(sink.said)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset the variables of the environment in which the tests run."""
    for name in ("REKAP_BROKER", "REKAP_CLICKHOUSE", "REKAP_METRICS", "REKAP_DATA", "REKAP_TOPIC_PREFIX"):
        monkeypatch.delenv(name, raising=False)
