"""What fails outside ends with 3 and a sentence; our own mistakes say so; a trace is shown only if asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest

import rekap.reading
from clickhouse.ownership import own
from rekap.session import Session
from tests.rekap.conftest import Rekap
from tests.waiting import wait_until


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Any question fails like this."""

    def reader(*_: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(rekap.reading, "reader", reader)


@pytest.mark.usefixtures("counted")
def test_a_mistake_of_ours_asks_to_be_reported(rekap: Rekap, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, ZeroDivisionError("division by zero"))
    ran = rekap("results")
    assert (ran.code, ran.out) == (3, "")
    assert "ZeroDivisionError: division by zero" in ran.err
    assert "report" in ran.err
    assert "Traceback" not in ran.err
    monkeypatch.setenv("REKAP_DEBUG", "1")
    assert "Traceback" in rekap("results").err


@pytest.mark.usefixtures("counted")
def test_a_full_disk_is_one_sentence(rekap: Rekap, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, OSError(28, "No space left on device", "/data/rows.csv"))
    ran = rekap("results")
    assert ran.code == 3
    assert ran.err.splitlines() == [
        "/data/rows.csv: No space left on device. Put that right and run the same command again."
    ]


@pytest.mark.usefixtures("counted")
def test_an_interrupted_command_says_that_it_is_safe(rekap: Rekap, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    ran = rekap("results")
    assert ran.code == 130
    assert ran.err == "Stopped. Nothing is lost: the same command continues from here.\n"


def test_a_second_writer_is_told_who_the_first_is(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("station,vote_1\n1101012002001,5\n")
    with own(own_count, "import"):
        ran = rekap("--data", own_count, "import", file)
    assert ran.code == 3
    assert f"process {os.getpid()} (import)" in ran.err
    assert "Traceback" not in ran.err


def test_a_reader_waits_for_a_short_reader_and_then_names_it(
    rekap: Rekap, own_count: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekap.reading.OWNER_TIMEOUT_S", 0.3)
    began = time.monotonic()
    with own(own_count, "results"):
        ran = rekap("--data", own_count, "results")
    assert ran.code == 3
    assert f"process {os.getpid()} (results)" in ran.err
    assert time.monotonic() - began > 0.3
    assert rekap("--data", own_count, "results").code == 0


def test_a_log_of_a_newer_version_is_told(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(own_count / "log.sqlite") as log:
        log.execute("PRAGMA user_version = 99")
    file = tmp_path / "counts.csv"
    file.write_text("station,vote_1\n1101012002001,5\n")
    for command in (("import", file), ("verify",)):
        ran = rekap("--data", own_count, *command)
        assert ran.code == 3
        assert "newer version" in ran.err


def test_a_pipe_that_is_closed_early_is_no_failure(counted: Path) -> None:
    script = f"{sys.executable} -m rekap --data {counted} log --format jsonl; echo code $? >&2"
    ran = subprocess.run(
        ["bash", "-c", f"({script}) | true"], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stderr == "code 0\n"


def test_ctrl_c_while_counting_ends_with_130_and_the_same_command_goes_on(own_count: Path) -> None:
    command = [sys.executable, "-m", "rekap", "--data", str(own_count), "simulate", "--speed", "0.001"]
    counting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: bool(_url(own_count)))
    time.sleep(0.3)
    counting.send_signal(signal.SIGINT)
    out, err = counting.communicate(timeout=30)
    assert counting.returncode == 130
    assert out == ""
    assert err == "Stopped. Nothing is lost: the same command continues from here.\n"
    again = subprocess.run(command[:-2], capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 0


def _url(directory: Path) -> str | None:
    from clickhouse.ownership import find_owner

    owner = find_owner(directory)
    return owner.url if owner else None


def test_who_is_interrupted_in_indonesian_reads_indonesian() -> None:
    from rekap.failures import INTERRUPTED_SAID

    assert Session(language="id").text(INTERRUPTED_SAID).startswith("Dihentikan.")
