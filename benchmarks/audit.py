"""Measures the recount of a bundle: python -m benchmarks.audit BUNDLE [BUNDLE ...].

Reading the log and its tree, and counting again, each for itself: processor time of this process with its
threads, wall time, and the most memory. Bundles are made by `rekap audit export`. Nothing here compares.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.bundle.report import Report
from audit.bundle.verify import verify_log
from audit.bundle.whole import partitions_of
from audit.recompute.recompute import recompute


@contextmanager
def measured(name: str, into: dict[str, Any]) -> Iterator[None]:
    """The time of the block, by its name."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    yield
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    into[name] = {"cpu_s": round(cpu, 2), "wall_s": round(time.perf_counter() - begun, 2)}


def measure(bundle: Path) -> dict[str, Any]:
    """The figures of one bundle."""
    figures: dict[str, Any] = {"bundle": str(bundle)}
    report = Report()
    with measured("log", figures):
        opened = verify_log(bundle, report, None, [])
    assert opened.manifest is not None
    assert opened.election is not None
    assert opened.registry is not None
    with (
        tempfile.TemporaryDirectory() as folder,
        measured("recount", figures),
        recompute(
            opened.chunks, opened.election, opened.registry, partitions_of(opened.manifest), Path(folder)
        ) as done,
    ):
        figures["state_digest"] = done.units.digest()
    figures["events"] = report.events
    figures["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def main() -> None:
    """Measure each bundle that is named."""
    for bundle in sys.argv[1:]:
        print(json.dumps(measure(Path(bundle))))


if __name__ == "__main__":
    main()
