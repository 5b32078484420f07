"""A directory of an earlier version: state and projections are made again from its log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from clickhouse.client import connect
from event_log.sqlite import SqliteLog
from queries.results import results
from schemas.data_directory import DataDirectory
from stream_processors.embedded.decisions import Decisions
from stream_processors.embedded.runner import Runner
from tests.stream_processors.embedded.conftest import verified
from tests.worlds import DPD, PPWP, all_stations, annulled, corrected, form, pairs, submitted, world

FIRST, SECOND, THIRD, FOURTH = all_stations()[:4]


def messages() -> list[bytes]:
    """Counts with missing figures, a correction, an annulment, a rejected message."""
    first, second = submitted(FIRST, pairs(10, 20, 30)), submitted(SECOND, pairs(1, None, 3, valid=None))
    return [
        *(first, second, submitted(THIRD, pairs(5, 5, 5))),
        *(corrected(FIRST, first, pairs(11, 20, 30)), annulled(SECOND, second)),
        submitted(THIRD, pairs(6, 6, 6)),
        submitted(FOURTH, form({"21": 3, "22": None}), DPD),
    ]


@pytest.fixture
def earlier(tmp_path: Path) -> DataDirectory:
    """A directory without the format of its records, whose records and totals are of another version."""
    directory = DataDirectory.create(tmp_path / "count", world().election, world().registry)
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit(messages())
    with closing(SqliteLog.open(directory.log_path)) as log, log.transaction():
        log.connection.execute("DELETE FROM checkpoint WHERE name = 'format'")
        log.connection.execute("UPDATE decision SET record = substr(record, 1, length(record) - 8)")
    with closing(connect(directory.clickhouse_url)) as client:
        for table in ("tally", "tally_history"):
            client.command(
                f"ALTER TABLE {table} UPDATE valid_forms = 0, votes_forms = [], "
                "registered_outstanding = NULL WHERE true SETTINGS mutations_sync = 2"
            )
    assert not verified(directory).equal
    return directory


def is_whole(directory: DataDirectory) -> None:
    """Everything is as the log gives it, and the next start finds nothing to do."""
    found = verified(directory)
    assert found.equal, found.differences[:5]
    with closing(SqliteLog.open(directory.log_path)) as log:
        assert not Decisions(log, {}).is_outdated
    with closing(connect(directory.clickhouse_url, readonly=True)) as client:
        (row,) = results(client, directory.election.id, PPWP, "village", FIRST[:10])
    assert (row["valid"], row["outstanding"]["registered"]) == (61 + 15, 202)


def test_state_and_projections_are_made_again(earlier: DataDirectory) -> None:
    with Runner.open(earlier, command="test", workers=0) as runner:
        report = runner.submit([corrected(FIRST, messages()[3], pairs(11, 20, 30)), *messages()])
        assert (report.accepted, report.repeated, report.rejected) == (1, 6, 1)
    is_whole(earlier)


@pytest.mark.parametrize("step", ["rewrite", "upgraded"])
def test_what_was_interrupted_begins_again(
    earlier: DataDirectory, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Decisions, step, fail)
        with pytest.raises(RuntimeError, match="killed"):
            Runner.open(earlier, command="test", workers=0)
    Runner.open(earlier, command="test", workers=0).close()
    is_whole(earlier)


def test_a_new_directory_is_of_this_version(opened: Callable[[], Runner], directory: DataDirectory) -> None:
    opened().close()
    with closing(SqliteLog.open(directory.log_path)) as log:
        assert not Decisions(log, {}).is_outdated
