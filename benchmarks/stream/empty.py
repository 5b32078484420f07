"""The races of an agent that does nothing, which is the most that Faust's live path can take.

Behind: the topic is full when it starts. Live: it has taken WARM_UP events and waits; then another process
sends as fast as it can, which is faster than any agent takes. The agent itself says what it took when.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.stream import feed
from benchmarks.stream.programs import Program, running
from benchmarks.stream.races import LOOK_S, STALL_S, SYSTEMS, WARM_UP, Measured, Run
from benchmarks.stream.stage import Stage

SLOWEST: Final = 1_000
"""Events a second: an agent that takes fewer is given up, for it says nothing between its marks."""


def behind(arguments: Sequence[str]) -> Run:
    """From its first event to its last."""

    def run(stage: Stage) -> Measured:
        count = len(stage.forms.raws)
        feed.send(stage.broker, stage.topic("count-events"), stage.forms.events)
        with _agent(stage, arguments, (1, count)) as program:
            first, last = _marks(program, 2, count)
            used = program.used()
        return Measured(count - 1, last - first, used.processor_s, used.memory_mib)

    return run


def live(arguments: Sequence[str], fetch_wait_ms: int | None = None) -> Run:
    """From the first event after warming up to the last. `fetch_wait_ms`: see the agent; None: Faust's."""

    def run(stage: Stage) -> Measured:
        topic, events = stage.topic("count-events"), stage.forms.events
        count = len(events)
        marks = (WARM_UP, WARM_UP + 1, count)
        with _agent(stage, arguments, marks, fetch_wait_ms) as program:
            feed.send(stage.broker, topic, events[:WARM_UP])
            _marks(program, 1, WARM_UP)
            before = program.used()
            with feed.sending(stage, events[WARM_UP:]):
                _, first, last = _marks(program, 3, count)
            used = program.used()
        return Measured(
            count - WARM_UP - 1, last - first, used.processor_s - before.processor_s, used.memory_mib
        )

    return run


@contextmanager
def _agent(
    stage: Stage, arguments: Sequence[str], marks: Sequence[int], fetch_wait_ms: int | None = None
) -> Iterator[Program]:
    command: list[str | Path] = [stage.python, SYSTEMS / "faust_empty.py", *arguments]
    environment = {**stage.environment(), "BENCH_MARKS": ",".join(map(str, marks))}
    if fetch_wait_ms is not None:
        environment["BENCH_FETCH_WAIT_MS"] = str(fetch_wait_ms)
    with running("faust_empty", command, stage.folder, environment) as program:
        yield program


def _marks(program: Program, marks: int, count: int) -> list[float]:
    """When the agent had taken each of its first `marks` marks, the last of which is `count`."""
    (folder,) = program.folders
    path = folder / "marks.jsonl"
    deadline = time.monotonic() + STALL_S + count / SLOWEST
    lines: list[str] = []
    while len(lines) < marks:
        time.sleep(LOOK_S)
        program.check()
        if time.monotonic() > deadline:
            raise program.failed(f"did not take {count} events in time")
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line)["at"] for line in lines]
