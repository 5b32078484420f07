"""What a race is, and that of a program which adds up: all events are in the topic before it starts.

Its clock runs from the first record that it writes anywhere to the last total of the nation, so that starting
up costs nobody anything. A race in which the nation's figures are not those of the fold is no measurement.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.stream import feed
from benchmarks.stream.programs import Program, running
from benchmarks.stream.stage import Stage

SYSTEMS: Final = Path(__file__).with_name("systems")

WARM_UP: Final = 2_000
"""Events before a live race, so that connections stand and code has been run."""

STALL_S: Final = 120
"""Without anything new for so long a race is given up. Groups and topics of Faust take some 10 s at first."""

LOOK_S: Final = 0.5
"""Between two looks at how far a program is; the times that count are not taken by looking."""

SETTLE_S: Final = 2
"""After the last total: what would still come is an event counted twice."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One race: so many events in so many seconds, and what the program's processes took in all."""

    events: int
    seconds: float
    processor_s: float
    memory_mib: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


Run = Callable[[Stage], Measured]
"""Runs one race at its place. Raises RaceFailed; then nothing was measured."""


@dataclass(frozen=True, slots=True)
class Race:
    """One line of the report. `kind` is what systems are compared by; `events`: how many are measured."""

    name: str
    kind: str
    fed: str
    what: str
    events: int
    run: Run


def rollup(script: str, arguments: Sequence[str], topics: Sequence[str], processes: int = 1) -> Run:
    """A program that adds up from behind; `topics` are those between its levels that it does not create."""

    def run(stage: Stage) -> Measured:
        stage.create("nation-totals", *topics)
        feed.send(stage.broker, stage.topic("count-events"), stage.forms.events)
        command: list[str | Path] = [stage.python, SYSTEMS / script, *arguments]
        with running(Path(script).stem, command, stage.folder, stage.environment(), processes) as program:
            ended = _wait_for_totals(stage, program)
            used = program.used()
        seconds = ended - stage.first_written()
        return Measured(len(stage.forms.raws), seconds, used.processor_s, used.memory_mib)

    return run


def _wait_for_totals(stage: Stage, program: Program) -> float:
    """When the last total was written. Raises RaceFailed when it is not the fold's."""
    wanted = stage.forms.nation
    held: tuple[float, bytes] | None = None
    changed = time.monotonic()
    while held is None or json.loads(held[1])[0] < wanted[0]:
        time.sleep(LOOK_S)
        program.check()
        newest = stage.newest("nation-totals")
        if newest != held:
            held, changed = newest, time.monotonic()
        elif time.monotonic() - changed > STALL_S:
            raise program.failed(f"wrote nothing for {STALL_S} s; its last total is {held}")
    time.sleep(SETTLE_S)
    if stage.newest("nation-totals") != held or json.loads(held[1]) != wanted:
        raise program.failed(f"counted {held[1].decode()} instead of {wanted}")
    return held[0]
