"""What our workers say in their logs, which are JSON a line: when they have caught up, and since when.

A line that is still being written is not taken for one.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from benchmarks.stream.deployment import PATIENCE_S, READ_LOG_S
from benchmarks.stream.programs import Program


def lines(program: Program, message: str, count: int = 1) -> list[dict[str, Any]]:
    """All lines of a program's log with that message, once `count` are there. Raises RaceFailed when they
    don't come."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        text = program.output.read_text(encoding="utf-8", errors="replace")
        whole = [
            json.loads(line) for line in text.splitlines(keepends=True) if line[0] == "{" and line[-1] == "\n"
        ]
        found = [line for line in whole if line["message"] == message]
        if len(found) >= count:
            return found
        program.check()
        if time.monotonic() > deadline:
            raise program.failed(f"did not say {message!r} within {PATIENCE_S} s")
        time.sleep(READ_LOG_S)


def caught_up(program: Program) -> list[dict[str, Any]]:
    """What its workers said whenever they had caught up with the log, once there is a line for each."""
    return lines(program, "Caught up with the log.", len(program.processes))


def began(line: dict[str, Any]) -> float:
    """When the worker that said so had begun to catch up, in seconds since 1970."""
    return datetime.fromisoformat(line["time"]).timestamp() - float(line["seconds"])
