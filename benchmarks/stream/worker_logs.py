"""Reads the logs of our workers, a JSON document a line: when they caught up, and since when.

A line that is still being written is not read.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from benchmarks.stream.deployment import READ_LOG_S, TIMEOUT_S
from benchmarks.stream.programs import Program


def lines(program: Program, message: str, count: int = 1) -> list[dict[str, Any]]:
    """All lines of a program's log with that message, once `count` are there. Raises RaceFailed when they
    don't come."""
    deadline = time.monotonic() + TIMEOUT_S
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
            raise program.failed(f"did not log {message!r} within {TIMEOUT_S} s")
        time.sleep(READ_LOG_S)


def caught_up(program: Program) -> list[dict[str, Any]]:
    """The lines of its workers that they caught up with the log, once there is one for each."""
    return lines(program, "Caught up with the log.", len(program.processes))


def began(line: dict[str, Any]) -> float:
    """When the worker of that line had begun to catch up, in seconds since 1970."""
    return datetime.fromisoformat(line["time"]).timestamp() - float(line["seconds"])
