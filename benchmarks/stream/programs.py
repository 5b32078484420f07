"""Other programs as processes: started, watched for what they take, and ended whatever happens.

What a program writes goes to a file in its folder, and its end is shown when it fails.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.stream.machine import memory_mib, processor_s

END_S: Final = 10
"""How long a program may take to end by itself."""

SHOWN_LINES: Final = 25
"""Of what a program wrote, when it failed."""


class RaceFailed(Exception):
    """A program ended, stalled or counted wrong; the text says which and shows what it wrote."""


@dataclass(frozen=True, slots=True)
class Used:
    """What programs took by now: seconds of processor time, and their largest resident memory together."""

    processor_s: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Program:
    """Some processes of one program, which share their work among themselves."""

    processes: Sequence[subprocess.Popen[bytes]]
    folders: Sequence[Path]
    output: Path

    def check(self) -> None:
        """Raises RaceFailed when one has ended: none does so by itself."""
        for process in self.processes:
            if process.poll() is not None:
                raise self.failed(f"ended with code {process.returncode}")

    def failed(self, why: str) -> RaceFailed:
        """The exception that says so."""
        lines = self.output.read_text(errors="replace").splitlines()[-SHOWN_LINES:]
        return RaceFailed("\n".join([f"{self.output.stem} {why}. It wrote:", *lines]))

    def used(self) -> Used:
        """What they took by now. Their own children are not in it."""
        ids = [process.pid for process in self.processes]
        return Used(sum(map(processor_s, ids)), sum(map(memory_mib, ids)))


@contextmanager
def running(
    name: str, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], processes: int = 1
) -> Iterator[Program]:
    """`processes` of that command, each with BENCH_FOLDER of its own under `folder`, until the block ends."""
    output = folder / f"{name}.log"
    own_folders = [folder / f"{name}-{number}" for number in range(processes)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        with output.open("ab") as log:
            for own in own_folders:
                own.mkdir()
                surroundings = {**os.environ, **environment, "BENCH_FOLDER": str(own)}
                started.append(subprocess.Popen(command, cwd=own, env=surroundings, stdout=log, stderr=log))
        yield Program(started, own_folders, output)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
