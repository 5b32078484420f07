"""Each message has an outcome of its own, and none larger than an event may be gets into the log."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from event_log.sqlite import SqliteLog
from schemas.data_directory import DataDirectory
from schemas.decode import MAX_BYTES
from schemas.outcomes import MessageOutcome, Status
from schemas.rejections import Reason
from stream_processors.embedded import runner as embedded
from stream_processors.embedded.runner import Runner
from stream_processors.partition import source_records
from tests.worlds import all_stations, pairs, submitted, world

FIRST, SECOND = (submitted(station, pairs(1, 2, 3)) for station in all_stations()[:2])
OTHER = submitted(all_stations()[0], pairs(3, 2, 1))
LARGE = b"x" * (MAX_BYTES + 1)


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    """A count without a message."""
    return DataDirectory.create(tmp_path / "count", world().election, world().registry)


def append(directory: DataDirectory, *messages: bytes) -> list[MessageOutcome]:
    """The outcomes that a runner of its own gives."""
    with Runner.open(directory, command="test", workers=0) as runner:
        return runner.append(messages)


def in_log(directory: DataDirectory) -> list[bytes]:
    """The bytes of each entry."""
    with closing(SqliteLog.open(directory.log_path, readonly=True)) as log:
        return [entry.raw for entry in log.read()]


def test_each_message_of_one_append_has_one_outcome_in_its_order(directory: DataDirectory) -> None:
    outcomes = append(directory, FIRST, LARGE, FIRST, OTHER, OTHER, b"no event", SECOND)
    assert [(outcome.status, outcome.position) for outcome in outcomes] == [
        (Status.ACCEPTED, 0),
        (Status.TOO_LARGE, None),
        (Status.REPEATED, None),
        (Status.REJECTED, 1),
        (Status.REJECTED, None),  # it is there already
        (Status.REJECTED, 2),
        (Status.ACCEPTED, 3),
    ]
    assert [outcome.partition for outcome in outcomes] == [0, None, None, 0, None, 0, 0]
    reasons = [outcome.rejection.reason for outcome in outcomes if outcome.rejection is not None]
    assert reasons == [Reason.ALREADY_COUNTED, Reason.ALREADY_COUNTED, Reason.MALFORMED]
    assert outcomes[1].said is not None
    assert "65536 bytes" in outcomes[1].said.en
    assert in_log(directory) == [FIRST, OTHER, b"no event", SECOND]
    assert append(directory) == []


def test_a_source_s_message_that_is_too_large_is_unreadable_and_the_others_are_counted(
    directory: DataDirectory,
) -> None:
    with Runner.open(directory, command="test", workers=0) as runner:
        report = runner.submit([FIRST, LARGE, SECOND])
    assert (report.read, report.accepted, report.unreadable) == (3, 2, 1)
    assert report.unreadable_records[0].place == "2"
    assert in_log(directory) == [FIRST, SECOND]


def test_a_larger_entry_that_an_older_version_took_is_still_read(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(embedded, "MAX_BYTES", 2**20)
        older.setattr(source_records, "require_entry_size", lambda _: None)
        assert append(directory, FIRST, LARGE)[1].status is Status.REJECTED
    shutil.rmtree(directory.path / "clickhouse")  # all is made from the log again
    assert [outcome.status for outcome in append(directory, LARGE, SECOND)] == [
        Status.TOO_LARGE,
        Status.ACCEPTED,
    ]
    assert in_log(directory) == [FIRST, LARGE, SECOND]
