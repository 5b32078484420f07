"""Folds the log again from its beginning and compares every cell with what the projections show.

The fold is the plain specification (stream_processors.fold); it shares no totals with the runner. The
comparison is made at the positions that the projections had of each partition at its beginning, so that a
running count can be verified too. On Kafka this holds up to the district; totals of provinces and the nation
add up partitions and have no such position: while the count goes on, those that include other entries are not
compared, and are reported.

It does not prove that the log itself is the one that was published.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from audit.arrival import POLL_S, Progress, entries_in, wait_for
from audit.comparison import Comparison, Difference, NotCompared
from audit.garbage_collection import gc_disabled
from event_log.leaf import leaf_hash
from event_log.reading import ReadableLog, behind
from queries.cells import Cells, Key, inconsistent_regions, region_cells, sink_positions, station_cells
from schemas.elections import Election
from schemas.regions import REGION_LEVELS, Level, Registry
from schemas.tallies import Tally
from stream_processors.fold import Folded, PlacedMessage, fold

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PROGRESS_EVERY: Final = 2_000
"""Entries between two calls of `on_progress`: a few dozen milliseconds."""

SUMMED: Final = (Level.PROVINCE, Level.NATION)
"""The levels that add up several partitions, on a log that has them."""

UNSETTLED_S: Final = 10.0
"""How long sums may differ from their parts while a count goes on: many times the delay of a batch."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether what the projections show equals what the log gives: True where all entries that the log had at
    the start were compared and all `cells` are equal, False where any differs, None where not everything
    could be compared. `as_far_as_shown`: it was asked only about what is shown, and None is not an answer.

    Compared are the first `events` entries; `not_verified` is the number of entries that the log had and the
    projections had not, `not_compared` names totals that are of other entries. `differences` are the first of
    `difference_count`; `state_digest` names the results that the log gives.

    `resting`: the projections have all of the log, and nothing came in meanwhile. Then every total has to be
    the sum of those below it too: `inconsistent_regions` are not. Otherwise inconsistencies may pass.
    """

    equal: bool | None
    as_far_as_shown: bool
    cells: int
    events: int
    state_digest: str
    difference_count: int
    differences: list[Difference]
    resting: bool
    not_verified: int
    not_compared: list[NotCompared]
    inconsistent_regions: int

    def as_dict(self) -> dict[str, Any]:
        """As the command line prints it."""
        return asdict(self)


@gc_disabled()
def verify(
    log: ReadableLog,
    election: Election,
    registry: Registry,
    client: Client,
    on_progress: Progress | None = None,
    *,
    wait_s: float = 0.0,
    on_wait: Progress | None = None,
    as_far_as_shown: bool = False,
) -> Verification:
    """Compare the log of `election` with the projections behind `client`. Raises LogUnavailable and
    SinkUnavailable.

    It waits up to `wait_s` seconds for the projections to have what the log had when it began, and later as
    long for sums that are in flight; `on_wait` is called with (done, total) entries meanwhile. With
    `as_far_as_shown` entries that have not arrived by then do not keep it from an answer.
    """
    comparison = Comparison()
    projections = _Projections(client, election.id, log)
    ends = log.ends()
    arrived = wait_for(projections.positions, ends, wait_s, on_wait)
    known = entries_in(arrived, log.partitions)
    _compare_positions(log, arrived, comparison)
    folded = fold(_messages(log, known, comparison, on_progress), election, registry, log.partition_of)
    before = {partition: end for partition, end in enumerate(known) if end}
    stations = {(tally.contest, tally.unit): tally for tally in folded.stations()}
    comparison.compare(stations, "station", station_cells(client, election.id, before))
    for level in projections.exact:
        comparison.compare(_of(folded, level), level, region_cells(client, election.id, level, before))
    resting = projections.compare_sums(folded, known, comparison, wait_s)
    inconsistent = projections.inconsistent(known)
    if inconsistent:
        resting = resting and projections.resting(known)
    not_verified = behind(ends, arrived)
    equal: bool | None = None
    if comparison.count or (resting and inconsistent):
        equal = False
    elif as_far_as_shown or not (not_verified or comparison.not_compared):
        equal = True
    return Verification(
        equal=equal,
        as_far_as_shown=as_far_as_shown,
        cells=comparison.cells,
        events=folded.messages,
        state_digest=folded.state_digest(),
        difference_count=comparison.count,
        differences=comparison.differences,
        resting=resting,
        not_verified=not_verified,
        not_compared=comparison.not_compared,
        inconsistent_regions=inconsistent,
    )


class _Projections:
    """The projections, which may advance at any moment."""

    def __init__(self, client: Client, election: str, log: ReadableLog) -> None:
        self._client = client
        self._election = election
        self._log = log
        self._summed = () if log.partition_of is None else SUMMED
        self.exact = [level for level in REGION_LEVELS if level not in self._summed]

    def positions(self) -> dict[int, int]:
        """The last position of each partition that has arrived."""
        return sink_positions(self._client, self._election)

    def resting(self, known: list[int]) -> bool:
        """Whether projections and log are at the positions of the beginning: then so were all queries in
        between."""
        return entries_in(self.positions(), self._log.partitions) == known == self._log.ends()

    def compare_sums(self, folded: Folded, known: list[int], comparison: Comparison, wait_s: float) -> bool:
        """Compare the levels that add up partitions, as they are shown at one moment; whether the count was
        resting then."""
        deadline = time.monotonic() + wait_s
        ours = {level: _of(folded, level) for level in self._summed}
        while True:
            theirs = {level: self._newest(level) for level in self._summed}
            resting = self.resting(known)
            on_its_way = any(
                shown["version"] < ours[level][key].version
                for level, cells in theirs.items()
                for key, shown in cells.items()
                if key in ours[level]
            )
            if not (resting and on_its_way) or time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        for level, cells in theirs.items():
            comparison.compare(ours[level], level, cells.items(), moving=not resting)
        return resting

    def inconsistent(self, known: list[int]) -> int:
        """How many totals are not the sum of those below; of a running count, after UNSETTLED_S."""
        deadline = time.monotonic() + UNSETTLED_S
        while (count := inconsistent_regions(self._client, self._election)) and not self.resting(known):
            if time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        return count

    def _newest(self, level: Level) -> dict[Key, Cells]:
        return dict(region_cells(self._client, self._election, level, {}))


def _of(folded: Folded, level: Level) -> dict[Key, Tally]:
    return {key: tally for key, tally in folded.regions.items() if tally.level is level}


def _compare_positions(log: ReadableLog, arrived: Mapping[int, int], comparison: Comparison) -> None:
    """Projections with more entries than the log are of another log, or the log was truncated."""
    ends = log.ends()
    for partition, position in arrived.items():
        end = ends[partition] if partition < log.partitions else 0
        if position >= end:
            comparison.differ(Difference("", "log", str(partition), "entries", end, position + 1))


def _messages(
    log: ReadableLog, ends: Sequence[int], comparison: Comparison, on_progress: Progress | None
) -> Iterator[bytes | PlacedMessage]:
    """The entries of each partition before its end, each checked against its leaf hash on the way."""
    done, total = 0, sum(ends)
    for partition, end in enumerate(ends):
        for entry in log.entries(partition, 0, end) if end else ():
            if leaf_hash(entry.raw) != entry.leaf:
                place = f"{partition}/{entry.position}" if log.partitions > 1 else str(entry.position)
                ours, theirs = leaf_hash(entry.raw).hex(), entry.leaf.hex()
                comparison.differ(Difference("", "log", place, "leaf", ours, theirs))
            if on_progress is not None and done % PROGRESS_EVERY == 0:
                on_progress(done, total)
            done += 1
            yield entry.raw if log.partition_of is None else PlacedMessage.of(entry.raw, entry.key, partition)
    if on_progress is not None:
        on_progress(total, total)
