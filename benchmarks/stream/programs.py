"""Other programs as processes: started, watched for what they take, and ended whatever happens.

What a program writes goes to a file in its folder, and its end is shown when it fails. Each process leads a
group of its own, which is ended with it; if the benchmark is killed, they end too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.stream.child_processes import ends_with_parent
from benchmarks.stream.machine import members, memory_mib, own_memory_mib, processor_s

END_S: Final = 20
"""How long a program may take to end by itself."""

SHOWN_LINES: Final = 25
"""Of what a program wrote, when it failed."""


class RaceFailed(Exception):
    """A program ended, stalled or counted wrong; the text says which and shows what it wrote."""


@dataclass(frozen=True, slots=True)
class Used:
    """What programs took by now, with what they started themselves: seconds of processor time, and memory
    (the largest resident one of each process, and what those that it forked have now and do not share)."""

    processor_s: float
    memory_mib: float

    def __add__(self, other: Used) -> Used:
        return Used(self.processor_s + other.processor_s, self.memory_mib + other.memory_mib)


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

    def members(self) -> set[int]:
        """The ids of all of them, and of what they started themselves."""
        return {one for process in self.processes for one in members(process.pid)}

    def used(self) -> Used:
        """What they took by now."""
        leaders = [process.pid for process in self.processes]
        started = self.members().difference(leaders)
        processor = sum(map(processor_s, [*leaders, *started]))
        return Used(processor, sum(map(memory_mib, leaders)) + sum(map(own_memory_mib, started)))


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
                variables = {**os.environ, **environment, "BENCH_FOLDER": str(own)}
                started.append(
                    subprocess.Popen(
                        ends_with_parent(command),
                        cwd=own,
                        env=variables,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,  # a group of its own
                    )
                )
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
            with contextlib.suppress(ProcessLookupError):  # what it left behind, if anything
                os.killpg(process.pid, signal.SIGKILL)
