"""The entry point of the command `rekap`."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Final

FLUSH_FAILED: Final = 120
"""The exit code of Python itself when what was printed could not be written at the end."""


def main() -> None:
    """Run the command line with the process's arguments; ends the process with its exit code."""
    ended = [1]
    atexit.register(_leave, ended)  # the first to be registered is the last to run
    from rekap.application import run

    ended[0] = run(sys.argv[1:])
    sys.exit(ended[0])


def _leave(ended: list[int]) -> None:
    """End without the destructors of native libraries, once Python has ended its own part.

    Arrow's and the engine's threads may still run then, and a destructor that meets one of them aborts the
    process: the exit code would be that of the abort, after a command that succeeded.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        os._exit(ended[0] or FLUSH_FAILED)
    os._exit(ended[0])


if __name__ == "__main__":
    main()
