"""Commands of rekap as processes that tests end, freeze and look after, each by its own id.

A process writes what it says to a file of its own. Nothing here waits for what a process has to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

TAIL: Final = 40
"""Lines of what a process said that a failing test shows."""

END_S: Final = 60
"""How long a process that was told to end may take on a machine that does ten other things."""


class Process:
    """`rekap` with these arguments, running from now on in the directory `home`. What it starts itself ends
    with it."""

    def __init__(self, name: str, arguments: list[str], output: Path, home: Path) -> None:
        self.name = name
        self.arguments = arguments
        self._output = output
        with output.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rekap", "--lang", "en", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                cwd=home,
                env={**os.environ, "REKAP_DEBUG": "1"},
            )

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended; None: it runs, or is frozen."""
        return self._process.poll()

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._output.read_text("utf-8", errors="replace")

    @property
    def tail(self) -> str:
        """The last lines of that, for people."""
        lines = self.said.splitlines()[-TAIL:]
        return "\n".join([f"--- {self.name} (ended with {self.code})", *lines])

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Take its time away: it does nothing and does not know it."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Give its time back."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        """Tell it to end, and how it did."""
        self._process.terminate()
        return self._process.wait(END_S)

    def remove(self) -> None:
        """End it and what it has started, whatever state they are in."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
