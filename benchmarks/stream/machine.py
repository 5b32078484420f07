"""The machine that races run on: what it is, and how much of it others took while a race was on.

A shared machine makes everyone slower by turns. A race during which others took more than QUIET of the
processors is shown like any other, and marked.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import resource
import time
from pathlib import Path
from typing import Any, Final, Self

QUIET: Final = 0.05
"""Share of all processors that others may take in a race before its rate is marked as disturbed."""

TICKS: Final = os.sysconf("SC_CLK_TCK")


class Others:
    """How much of the processors went to processes that are no part of the race, while the block ran.

    Of the race are this process, those that it started and that ended in the block, and `running`, which
    go on.
    """

    share: float
    """Of all processors' time, 0 to 1, other guests of the host included; known once the block is left."""

    def __init__(self, running: list[int]) -> None:
        """`running`: process ids."""
        self._running = running

    def __enter__(self) -> Self:
        self._began, self._busy, self._own = time.monotonic(), _busy_s(), self._own_s()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.monotonic() - self._began
        others = (_busy_s() - self._busy) - (self._own_s() - self._own)
        self.share = max(others, 0.0) / (seconds * (os.cpu_count() or 1))

    def _own_s(self) -> float:
        spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        ended = sum(one.ru_utime + one.ru_stime for one in spent)
        return ended + sum(processor_s(process) for process in self._running)


def members(leader: int) -> list[int]:
    """The processes of the group that this one leads: itself, and what it started in it."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with contextlib.suppress(OSError):  # it ended meanwhile
                if int(_after_name(int(place.name))[2]) == leader:
                    found.append(int(place.name))
    return found


def processor_s(process: int) -> float:
    """Seconds of processor time that a process took by now, its children that have ended included."""
    return sum(map(int, _after_name(process)[11:15])) / TICKS


def memory_mib(process: int) -> float:
    """The largest resident memory that a process had by now."""
    return _kibibytes(f"/proc/{process}/status", "VmHWM") / 1024


def own_memory_mib(process: int) -> float:
    """Resident memory that no other process shares with this one, as a child shares its parent's."""
    place = f"/proc/{process}/smaps_rollup"
    return (_kibibytes(place, "Private_Clean") + _kibibytes(place, "Private_Dirty")) / 1024


def described() -> dict[str, Any]:
    """What it is, for a report."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {
        "cores": os.cpu_count(),
        "processor": cpu[1] if cpu else platform.machine(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _after_name(process: int) -> list[str]:
    """What the kernel says of a process, from its state on. Raises OSError when it is gone."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _kibibytes(place: str, name: str) -> int:
    text = Path(place).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    return int(found)


def _busy_s() -> float:
    """Seconds that all processors were busy or taken away since the start."""
    first = Path("/proc/stat").read_text(encoding="utf-8").partition("\n")[0].split()
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, first[1:9])
    return (user + nice + system + interrupts + soft + stolen) / TICKS
