"""The demo: counts, shows, verifies, and suggests command lines that work; again, it continues."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import time
from pathlib import Path

import pytest

from tests.rekap.conftest import Ran, Rekap, clear_environment, run_rekap

STATIONS = 120
TERMINAL_S = 240
"""How long a demo on a terminal may take on a machine that does ten other things; it takes some seconds."""


def make_small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Demos count few stations, and are called in that folder."""
    monkeypatch.setattr("rekap.commands.demo.STATIONS", STATIONS)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [str(folder / "rekap")])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo of this module is."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(folder: Path) -> Ran:
    """That demo, the first time."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        clear_environment(monkeypatch)
        make_small(folder, monkeypatch)
        return run_rekap("demo")


@pytest.fixture
def small(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test is called where that demo is."""
    make_small(folder, monkeypatch)


def suggestions(out: str) -> list[str]:
    _, _, after = out.partition("What to try next\n")
    return [line.strip() for line in after.splitlines() if line.strip()]


@pytest.mark.usefixtures("small")
def test_the_demo_counts_verifies_and_suggests_what_works(first: Ran, rekap: Rekap) -> None:
    ran = first
    assert (ran.code, ran.err) == (0, "")
    assert "120 stations, 5 contests" in ran.out
    assert re.search(r"Stations: 1\d\d of 120 in", ran.out)
    assert "Findings by rule (PPWP)" in ran.out
    assert "Equal: " in ran.out
    lines = suggestions(ran.out)
    assert 3 <= len(lines) <= 6
    for line in lines:
        called, *arguments = line.split()
        assert called == "rekap"
        if arguments[-1] != "serve":  # which does not end by itself
            assert rekap(*arguments).code == 0, line


@pytest.mark.usefixtures("small")
def test_the_demo_again_continues_and_says_so(first: Ran, rekap: Rekap) -> None:
    second = rekap("demo")
    assert second.code == 0
    assert "holds a demo already: it is continued" in second.out
    digest = re.compile(r"State digest: (\w+)")
    assert digest.findall(first.out) == digest.findall(second.out) != []
    assert ": 0 accepted" in second.out


def test_the_demo_is_not_mixed_into_another_count(rekap: Rekap, tmp_path: Path) -> None:
    other = tmp_path / "other"
    rekap("--data", other, "init", "--election", "pemilu2024", "--provinces", "31", "--size", "10")
    ran = rekap("--data", other, "demo")
    assert ran.code == 2
    assert "holds another count" in ran.err


SCRIPT = """
import rekap.commands.demo as demo
from rekap.application import run
demo.STATIONS = {stations}
raise SystemExit(run({arguments!r}))
"""


def on_a_terminal(arguments: list[str], columns: int) -> tuple[int, str]:
    """The exit code and everything that is written on a terminal of that width."""
    script = SCRIPT.format(stations=STATIONS * 2, arguments=arguments)
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"COLUMNS": str(columns), "LINES": "50", "TERM": "xterm", "LANG": "C.UTF-8"}
        os.execv(sys.executable, [sys.executable, "-c", script])
    written = b""
    deadline = time.monotonic() + TERMINAL_S
    shown = select.poll()  # select() takes no descriptor beyond 1,023, and a whole run of tests has more open
    shown.register(terminal, select.POLLIN)
    while time.monotonic() < deadline:
        if shown.poll(100):
            try:
                written += os.read(terminal, 65_536)
            except OSError:  # the terminal is closed when its last process ends
                break
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), written.decode()


def test_on_a_terminal_the_demo_is_watched_and_nothing_is_wider_than_it(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    code, shown = on_a_terminal(["--data", data, "demo"], 90)
    assert code == 0
    assert "messages, " in shown  # the live view's first line
    assert "━" in shown or "─" in shown  # bars, full or empty: it may be counted before the second look
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    lines = [line for line in re.split(r"[\r\n]+", plain) if not line.lstrip().startswith(sys.argv[0])]
    commands = [line for line in lines if data in line]  # a command line is never broken
    assert max(len(line) for line in lines if line not in commands) <= 90
    code, shown = on_a_terminal(["--data", data, "results", "--level", "province"], 80)
    assert code == 0
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) <= 80
