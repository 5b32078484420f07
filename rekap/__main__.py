"""The entry point of the command `rekap`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line with the process's arguments; ends the process with its exit code."""
    from rekap.application import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
