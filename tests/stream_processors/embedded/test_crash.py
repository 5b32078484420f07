"""A failure at any step that writes, before it took effect or after, is cured by starting again.

The steps are those of the runner's docstring: append + state + checkpoint, rows, position. Each is made to
fail once without having persisted and once after having persisted; the process is then abandoned, started
again, and sent the same messages once more.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from clickhouse.client import SinkUnavailable
from event_log.sqlite import LogUnavailable, SqliteLog
from producers.simulator.night import Night
from schemas.data_directory import DataDirectory
from schemas.directory_identity import adopt
from schemas.elections import Election
from schemas.language import Text
from schemas.regions import Registry
from sinks.writer import Writer
from stream_processors.embedded.decisions import Decisions
from stream_processors.embedded.runner import Runner
from tests.stream_processors.embedded.conftest import digest_of, messages_of, verified

OpenRunner = Callable[[], Runner]
FEW = 40
"""Messages at the least: four batches, in which every kind of outcome comes."""
BATCH = 10
STATION = re.compile(rb'"station":"([^"]+)"')


@pytest.fixture(scope="module")
def messages(night: Night) -> list[bytes]:
    """Of that night all messages of a few stations, those that sent most: corrections, annulments and what is
    rejected are among them."""
    whole = messages_of(night)
    station = {raw: found[1] for raw in whole if (found := STATION.search(raw))}
    chosen: set[bytes] = set()
    for name, _ in Counter(station.values()).most_common():
        chosen.add(name)
        few = [raw for raw in whole if station.get(raw) in chosen]
        if len(few) >= FEW:
            return few
    raise AssertionError("the night is too small")


@pytest.fixture(scope="module")
def prepared(small_nation: tuple[Election, Registry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A count of that nation, set up and opened once, in which nothing was counted yet."""
    directory = DataDirectory.create(tmp_path_factory.mktemp("prepared") / "count", *small_nation)
    Runner.open(directory, command="test", workers=0).close()
    return directory.path


@pytest.fixture
def directory(prepared: Path, tmp_path: Path) -> DataDirectory:
    """A copy of it, to count in."""
    copied = Path(shutil.copytree(prepared, tmp_path / "count", symlinks=True))
    adopt(copied)
    return DataDirectory.open(copied)


def test_the_few_messages_have_every_outcome(opened: OpenRunner, messages: list[bytes]) -> None:
    runner = opened()
    reports = [runner.submit(messages[start : start + BATCH]) for start in range(0, len(messages), BATCH)]
    assert len(reports) > 3
    assert min(sum(report.accepted for report in reports), sum(report.rejected for report in reports)) > 0
    assert sum(report.repeated for report in reports) > 0
    assert all(any(kind in raw for raw in messages) for kind in (b"CountCorrected", b"CountAnnulled"))


class Fault:
    """Lets `calls` calls pass and makes the next one fail, before or after it takes effect."""

    def __init__(self, error: Exception, *, calls: int, persists: bool) -> None:
        self._error = error
        self._calls = calls
        self._persists = persists
        self.happened = False

    def __call__(self, effect: Callable[[], Any]) -> Any:
        self._calls -= 1
        if self._calls != -1:
            return effect()
        self.happened = True
        if self._persists:
            effect()
        raise self._error


def fail_append(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """The transaction of log, state and checkpoint: at its commit."""
    original = SqliteLog.transaction

    @contextmanager
    def transaction(self: SqliteLog) -> Iterator[None]:
        whole = original(self)
        whole.__enter__()
        try:
            yield
            fault(lambda: whole.__exit__(None, None, None))
        except Exception as error:
            if self.connection.in_transaction:
                whole.__exit__(type(error), error, None)
            raise

    monkeypatch.setattr(SqliteLog, "transaction", transaction)


def fail_state(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """The state, inside that transaction, after the events were appended."""
    original = Decisions.write
    monkeypatch.setattr(Decisions, "write", lambda self, *columns: fault(lambda: original(self, *columns)))


def fail_rows(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """The insert of a batch's rows: of its first table only, as a server that dies leaves it."""
    original = Writer.insert

    def insert(self: Writer, tables: Mapping[str, pa.Table]) -> None:
        first = dict(list(tables.items())[:1])
        if "event" in tables:
            fault(lambda: original(self, first))
        original(self, tables)

    monkeypatch.setattr(Writer, "insert", insert)


def fail_position(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """The projections' checkpoint."""
    original = Writer.move
    monkeypatch.setattr(Writer, "move", lambda self, *place: fault(lambda: original(self, *place)))


@pytest.mark.parametrize("persists", [False, True], ids=["not persisted", "persisted"])
@pytest.mark.parametrize("calls", [0, 2])
@pytest.mark.parametrize(
    ("step", "error"),
    [
        (fail_append, LogUnavailable(Text("disknya penuh", "the disk is full"))),
        (fail_state, LogUnavailable(Text("disknya penuh", "the disk is full"))),
        (fail_rows, SinkUnavailable(id="hilang", en="gone")),
        (fail_position, SinkUnavailable(id="hilang", en="gone")),
    ],
    ids=["append", "state", "rows", "position"],
)
def test_a_failed_step_is_cured_by_sending_again(
    directory: DataDirectory,
    opened: OpenRunner,
    messages: list[bytes],
    step: Callable[[pytest.MonkeyPatch, Fault], None],
    error: Exception,
    calls: int,
    persists: bool,
) -> None:
    runner = opened()
    fault = Fault(error, calls=calls, persists=persists)
    with pytest.MonkeyPatch.context() as patch:
        step(patch, fault)
        with pytest.raises(type(error)):
            send(runner, messages)
    assert fault.happened
    send(opened(), messages)
    opened().close()
    verification = verified(directory)
    assert verification.equal, verification.differences[:5]
    assert verification.state_digest == digest_of(directory, messages)


@pytest.mark.parametrize("persists", [False, True], ids=["not persisted", "persisted"])
def test_what_was_not_committed_never_enters_the_state(
    directory: DataDirectory, opened: OpenRunner, messages: list[bytes], persists: bool
) -> None:
    runner = opened()
    fault = Fault(LogUnavailable(Text("disknya penuh", "the disk is full")), calls=0, persists=persists)
    with pytest.MonkeyPatch.context() as patch:
        fail_append(patch, fault)
        with pytest.raises(LogUnavailable):
            send(runner, messages[:BATCH])
    log = SqliteLog.open(directory.log_path, readonly=True)
    assert (log.end > 0) == persists
    log.close()
    # The log alone decides what had happened: sent again, the batch is either new or repeated.
    again = opened().submit(messages[:BATCH])
    assert (again.accepted == 0) == persists


def test_a_crash_while_catching_up_is_cured_by_catching_up_again(
    directory: DataDirectory, opened: OpenRunner, messages: list[bytes]
) -> None:
    for step, persists in ((fail_rows, False), (fail_rows, True), (fail_position, False)):
        runner = opened()
        with pytest.MonkeyPatch.context() as patch:
            step(patch, Fault(SinkUnavailable(id="hilang", en="gone"), calls=0, persists=persists))
            with pytest.raises(SinkUnavailable):
                send(runner, messages)
        with pytest.MonkeyPatch.context() as patch:
            step(patch, Fault(SinkUnavailable(id="hilang", en="gone"), calls=0, persists=persists))
            with pytest.raises(SinkUnavailable):
                opened()
    send(opened(), messages)
    opened().close()
    assert verified(directory).state_digest == digest_of(directory, messages)


def send(runner: Runner, messages: list[bytes]) -> None:
    """The night in several batches, each through all steps."""
    for start in range(0, len(messages), BATCH):
        runner.submit(messages[start : start + BATCH])
