"""All races in the order in which they run; two of a kind that differ in one thing follow each other.

With two processes a system has both cores, as ours has; it may be compared by its best. That the broker and
the system then compete for them is part of the race: all run on the same machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.stream import empty, ours
from benchmarks.stream.database import rollup_to_database
from benchmarks.stream.races import Race, rollup

WORKER: Final = ("worker", "--without-web", "-l", "warn")
UVLOOP: Final = ("-L", "uvloop", *WORKER)
"""Faust's command line: its worker opens a port to the whole network unless it is told not to."""

OURS: Final = "ours"
"""The kind of our own races."""

LEVELS: Final = ("station", "village", "subdistrict", "district", "province", "nation")

TEXTBOOK_TOPICS: Final = (
    *(f"{level}-changes" for level in LEVELS[1:]),
    *(f"faust-textbook-{level}-figures-changelog" for level in LEVELS),
)
"""Two Faust processes that create a table's topic at the same moment can both miss it: it is there before."""

FETCH_WAIT_MS: Final = 50
"""Instead of Faust's 1,500."""


def all_races(events: int, textbook_events: int) -> Iterator[Race]:
    """Every race. The textbook pipeline takes fewer events: at its rate the others' would take minutes."""
    for processes, mark in ((1, ""), (2, "-2")):
        what = f"rekap worker and sink, {processes} worker(s)"
        yield Race(f"ours-behind{mark}", OURS, "behind", what, events, ours.behind(processes=processes))
    yield Race("ours-live", OURS, "live", "rekap worker and sink", events, ours.live())
    for processes, mark in ((1, ""), (2, "-2")):
        run = rollup("faust_textbook.py", UVLOOP, TEXTBOOK_TOPICS, processes)
        what = f"Faust, an agent and a table a level, {processes} proc."
        yield Race(f"faust-textbook{mark}", "textbook", "behind", what, textbook_events, run)
    for processes, mark in ((1, ""), (2, "-2")):
        run = rollup("quix_rollup.py", (), (), processes)
        what = f"Quix Streams, three stages, {processes} proc."
        yield Race(f"quix{mark}", "quix", "behind", what, events, run)
    for processes, mark in ((1, ""), (2, "-2")):
        run = rollup_to_database("quix_rows.py", processes)
        what = f"Quix Streams, three stages, into ClickHouse, {processes} proc."
        yield Race(f"quix-rows{mark}", "quix-rows", "behind", what, events, run)
    for loop, mark, arguments in (("uvloop", "", UVLOOP), ("standard loop", "-standard", WORKER)):
        what = f"empty Faust agent, {loop}"
        yield Race(f"empty-behind{mark}", "empty", "behind", what, events, empty.behind(arguments))
        yield Race(f"empty-live{mark}", "empty", "live", what, events, empty.live(arguments))
    what = f"empty Faust agent, uvloop, fetch wait {FETCH_WAIT_MS} ms"
    yield Race("empty-live-hurried", "empty", "live", what, events, empty.live(UVLOOP, FETCH_WAIT_MS))
