"""Folds the log again from its beginning and compares every cell with what the projections show.

The fold is the plain specification (stream_processors.fold); it shares no totals with the runner. Compared
is what the projections had when the comparison began, so that a count under way can be verified too. It
does not prove that the log itself is the one that was published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from event_log.leaf import leaf_hash
from event_log.sqlite import SqliteLog
from queries.cells import Key, region_cells, sink_positions, station_cells
from schemas.elections import Election
from schemas.regions import REGION_LEVELS, Level, Registry
from schemas.tallies import Tally
from stream_processors.fold import fold

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

DIFFERENCES_KEPT: Final = 1_000
"""Differences that are listed; `equal` and the count of them cover all."""

PROGRESS_EVERY: Final = 2_000
"""Entries between two calls of `on_progress`: a few dozen milliseconds."""

Progress = Callable[[int, int], None]
"""(done, total) entries of the log."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that differs: what the log gives and what the projections show (None: no such row or cell)."""

    contest: str
    level: str
    unit: str
    cell: str
    log: Any
    projection: Any


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether all `cells` compared are equal over the first `events` entries of the log; `differences` are
    the first DIFFERENCES_KEPT of `difference_count`. `state_digest` names the results that the log gives."""

    equal: bool
    cells: int
    events: int
    state_digest: str
    difference_count: int
    differences: list[Difference]

    def as_dict(self) -> dict[str, Any]:
        """As the command line prints it."""
        return asdict(self)


def verify(
    log: SqliteLog,
    election: Election,
    registry: Registry,
    client: Client,
    on_progress: Progress | None = None,
) -> Verification:
    """Compare the log of `election` with the projections behind `client`. Raises LogUnavailable and
    SinkUnavailable."""
    events = sink_positions(client, election.id).get(0, -1) + 1
    comparison = _Comparison()
    folded = fold(_bodies(log, events, comparison, on_progress), election, registry)
    comparison.compare(
        {(tally.contest, tally.unit): tally for tally in folded.stations()},
        "station",
        station_cells(client, election.id, {0: events}),
    )
    for level in REGION_LEVELS:
        ours = {key: tally for key, tally in folded.regions.items() if tally.level is level}
        comparison.compare(ours, level, region_cells(client, election.id, level, {0: events}))
    return Verification(
        equal=comparison.count == 0,
        cells=comparison.cells,
        events=folded.messages,
        state_digest=folded.state_digest(),
        difference_count=comparison.count,
        differences=comparison.differences,
    )


class _Comparison:
    """Counts cells and keeps the first differences."""

    def __init__(self) -> None:
        self.cells = 0
        self.count = 0
        self.differences: list[Difference] = []

    def differ(self, difference: Difference) -> None:
        self.count += 1
        if len(self.differences) < DIFFERENCES_KEPT:
            self.differences.append(difference)

    def compare(
        self, ours: dict[Key, Tally], level: str, theirs: Iterator[tuple[Key, dict[str, Any]]]
    ) -> None:
        """Every cell of a level: what the log gives, beside what the projections show."""
        for (contest, unit), shown in theirs:
            tally = ours.pop((contest, unit), None)
            expected = _comparable(tally) if tally is not None else {}
            self.cells += len(expected)
            for cell in (*expected, *(name for name in shown if name not in expected)):
                # A station's row leaves out options that its form does not fill: nothing, as in any total.
                found = shown.get(cell, 0 if level == Level.STATION and "votes." in cell else None)
                if expected.get(cell) != found:
                    self.differ(Difference(contest, level, unit, cell, expected.get(cell), found))
        for (contest, unit), tally in ours.items():  # the projections have no row for them
            cells = _comparable(tally)
            self.cells += len(cells)
            for cell, figure in cells.items():
                self.differ(Difference(contest, level, unit, cell, figure, None))


def _comparable(tally: Tally) -> dict[str, Any]:
    cells = tally.cells()
    if tally.level is Level.STATION:
        for name in ("ballots_received", "ballots_used"):
            del cells[name]
    return cells


def _bodies(
    log: SqliteLog, events: int, comparison: _Comparison, on_progress: Progress | None
) -> Iterator[bytes]:
    """The first `events` entries of the log, each checked against its leaf hash on the way."""
    for done, entry in enumerate(log.read(0, events)):
        if leaf_hash(entry.raw) != entry.leaf:
            said = Difference(
                "", "log", str(entry.position), "leaf", leaf_hash(entry.raw).hex(), entry.leaf.hex()
            )
            comparison.differ(said)
        if on_progress is not None and done % PROGRESS_EVERY == 0:
            on_progress(done, events)
        yield entry.raw
    if on_progress is not None:
        on_progress(events, events)
