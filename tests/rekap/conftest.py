"""A count to ask, and a way to run command lines as a shell would see them."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rekap.application import run
from schemas.data_directory import DataDirectory
from schemas.directory_identity import adopt
from stream_processors.embedded.runner import Runner
from tests.rekap.messages import messages
from tests.worlds import election, registry


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout, which is one JSON document."""
        return json.loads(self.out)


Rekap = Callable[..., Ran]
Count = Callable[[Sequence[bytes]], Path]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests; English."""
    clear_environment(monkeypatch)


def clear_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `plain_environment` promises, for fixtures that outlast a test."""
    for name in [name for name in os.environ if name.startswith("REKAP_")] + ["LC_ALL", "LC_MESSAGES"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


def run_rekap(*arguments: object) -> Ran:
    """Runs `rekap ARGUMENTS` in this process, on pipes."""
    gc.collect()  # an earlier test's forgotten client would hold the engine
    streams = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(stream, encoding="utf-8") for stream in streams)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
        out.flush()
        err.flush()
    return Ran(code, *(stream.getvalue().decode() for stream in streams))


@pytest.fixture
def rekap() -> Rekap:
    """`run_rekap`."""
    return run_rekap


@pytest.fixture(scope="session")
def kept_count(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory in which the messages of tests/rekap/messages.py were counted. Never change it."""
    gc.collect()
    path = tmp_path_factory.mktemp("counted") / "data"
    directory = DataDirectory.create(path, election(count_unlisted_stations=True), registry())
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit(messages())
    return path


@pytest.fixture
def counted(kept_count: Path, plain_environment: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The counted directory to read from, named by REKAP_DATA."""
    assert plain_environment is None  # asked for, so that it has run before
    monkeypatch.setenv("REKAP_DATA", str(kept_count))
    return kept_count


@pytest.fixture
def own_count(kept_count: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the counted directory, to change."""
    gc.collect()
    path = tmp_path / "data"
    shutil.copytree(kept_count, path, symlinks=True)
    adopt(path)
    yield path
    gc.collect()


@pytest.fixture
def empty_count(tmp_path: Path) -> Path:
    """A directory that is set up, and in which nothing was counted."""
    gc.collect()
    directory = DataDirectory.create(tmp_path / "empty", election(), registry())
    Runner.open(directory, command="test", workers=0).close()
    return directory.path


@pytest.fixture
def count(tmp_path: Path) -> Count:
    """Counts these messages in a directory of its own."""

    def made(messages: Sequence[bytes]) -> Path:
        directory = DataDirectory.create(tmp_path / "data", election(), registry())
        with Runner.open(directory, command="test", workers=0) as runner:
            assert runner.submit(messages).accepted == len(messages)
        return directory.path

    return made
