"""The exit code of a command is its own, whatever native libraries do when the process ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ABORT_AT_EXIT = """
import ctypes, sys
libc = ctypes.CDLL(None)
libc.__cxa_atexit(libc.abort, None, None)
sys.argv = ["rekap", *sys.argv[1:]]
from rekap.__main__ import main
main()
"""
"""As a destructor of a native library that meets a thread of its own which still runs."""


@pytest.mark.parametrize(
    ("arguments", "code", "printed"),
    [
        (["--version"], 0, "rekap "),
        (["--help"], 0, "rekap"),
        (["--lang", "en", "no-such-command"], 2, "no-such-command"),
        (["--lang", "en", "--data", "absent", "results"], 2, "absent"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="reaches into the C library of Linux")
def test_an_abort_in_a_destructor_does_not_replace_the_exit_code(
    arguments: list[str], code: int, printed: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ABORT_AT_EXIT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == code, ran.stderr
    assert printed in ran.stdout + ran.stderr


def test_output_that_can_not_be_written_is_a_failure() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "rekap", "--help"],
            stdout=full,
            check=False,
            timeout=60,
            stderr=subprocess.PIPE,
        )
    assert ran.returncode != 0
