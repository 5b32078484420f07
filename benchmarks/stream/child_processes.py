"""Runs a command that is killed when the process that started it ends, however that one ends (on Linux).

A benchmark that is killed must leave no process behind that would slow the next one. Processes that the
command starts are not included. The kernel watches the thread that starts it: use the main thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""prctl's number for it, from linux/prctl.h."""


def ends_with_parent(command: Sequence[str | os.PathLike[str]]) -> list[str | os.PathLike[str]]:
    """The command that runs `command` so, in the same process."""
    return [sys.executable, "-IS", __file__, str(os.getpid()), *command]


def main(parent: str, *command: str) -> None:
    """Become the command, unless the parent is gone by now."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("The process that wanted this is gone.")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
