"""A log that was put back from an older copy, or cut off: refused, before it mixes with newer projections."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from event_log.sqlite import LogUnavailable, SqliteLog
from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import Runner
from tests.worlds import all_stations, pairs, submitted, world

FIRST, SECOND, THIRD = all_stations()[:3]


def submit(directory: DataDirectory, *messages: bytes) -> int:
    """How many of the messages a runner of its own accepts."""
    with Runner.open(directory, command="test", workers=0) as runner:
        return runner.submit(messages).accepted


@pytest.fixture
def set_back(tmp_path: Path) -> DataDirectory:
    """A count whose log has one entry, and whose projections have three."""
    directory = DataDirectory.create(tmp_path / "count", world().election, world().registry)
    submit(directory, submitted(FIRST, pairs(1, 2, 3)))
    shutil.copy(directory.log_path, tmp_path / "copy")
    submit(directory, submitted(SECOND, pairs(5, 5, 5)), submitted(THIRD, pairs(5, 5, 6)))
    shutil.copy(tmp_path / "copy", directory.log_path)
    return directory


def test_a_log_shorter_than_what_is_projected_is_refused(set_back: DataDirectory) -> None:
    """Otherwise new entries take the positions of the lost ones, and totals of both are published."""
    with pytest.raises(LogUnavailable, match=r"has 1 entries, but 3 are projected.*Put the newer log back"):
        submit(set_back, submitted(SECOND, pairs(7, 7, 7)))
    log = SqliteLog.open(set_back.log_path, readonly=True)
    assert log.end == 1
    log.close()
