"""Folds the log again from its beginning and compares everything that is shown with what it gives.

Compared are all rows of all tables (audit.row_audit), every total as the fold adds it up from the bottom, the
register, and the definition of every table and view. The fold is the plain specification
(stream_processors.fold); it shares no totals with the runner. The comparison is made at the positions that
the projections had of each partition at its beginning, so that a running count can be verified too. On Kafka
this holds up to the district; totals of provinces and the nation add up partitions and have no such position:
while the count goes on, those that include other entries are not compared, and are reported.

It does not prove that the log itself is the one that was published.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from audit.arrival import POLL_S, Progress, entries_in, wait_for
from audit.bounded_rows import few_rows, most_of
from audit.comparison import DIFFERENCES_KEPT, ROW, Comparison, Difference, NotCompared
from audit.definitions import Definition, compare_definitions
from audit.garbage_collection import gc_disabled
from audit.register_rows import compare_register
from audit.row_audit import SUMMED, RowAudit
from event_log.leaf import leaf_hash
from event_log.reading import ReadableLog, behind
from queries.all_rows import (
    KEYS,
    POSITIONED,
    Foreign,
    Part,
    columns_of,
    not_the_newest,
    rows_beyond,
)
from queries.cells import Key, inconsistent_regions, keys_of_sums, region_cells, sink_positions, sum_cells
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import REGION_LEVELS, Level, Registry
from schemas.tallies import Tally
from stream_processors.fold import Folded, PlacedMessage, fold

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PROGRESS_EVERY: Final = 2_000
"""Entries between two calls of `on_progress`: a few dozen milliseconds."""

UNSETTLED_S: Final = 10.0
"""How long sums may differ from their parts while a count goes on: many times the delay of a batch."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether what is shown equals what the log gives: True where all entries that the log had at the start
    and all that is shown were compared and are equal, False where anything differs, None where not everything
    could be compared. `as_far_as_shown`: it was asked only about entries that have arrived, and those that
    have not are no reason for None.

    Compared are the first `events` entries, by `values` values; `not_verified` is the number of entries that
    the log had and the projections had not, `not_compared` names what else was not compared, and why.
    `earlier_sums` are totals of several partitions that newer ones have replaced: which entries were in them
    nobody can tell, so that they are compared with nothing. `differences` are the first of
    `difference_count`; `state_digest` names the results that the log gives.

    `resting`: the projections have all of the log, and nothing came in meanwhile. Then every total has to be
    the sum of those below it too: `inconsistent_regions` are not. Otherwise inconsistencies may pass.
    """

    equal: bool | None
    as_far_as_shown: bool
    values: int
    events: int
    state_digest: str
    difference_count: int
    differences: list[Difference]
    resting: bool
    not_verified: int
    not_compared: list[NotCompared]
    earlier_sums: int
    inconsistent_regions: int

    def as_dict(self) -> dict[str, Any]:
        """As the command line prints it."""
        document = asdict(self)
        return {"cells" if name == "values" else name: value for name, value in document.items()}


def not_verified(reason: str, detail: str, *, as_far_as_shown: bool) -> dict[str, Any]:
    """`Verification.as_dict` of a comparison that did not begin: what nobody looked at is None."""
    return {
        "equal": None,
        "as_far_as_shown": as_far_as_shown,
        "cells": 0,
        "events": 0,
        "state_digest": None,
        "difference_count": None,
        "differences": [],
        "resting": None,
        "not_verified": None,
        "not_compared": [asdict(NotCompared("", reason, detail=detail))],
        "earlier_sums": None,
        "inconsistent_regions": None,
    }


@gc_disabled()
def verify(
    log: ReadableLog,
    election: Election,
    registry: Registry,
    client: Client,
    migrated: Sequence[Definition],
    on_progress: Progress | None = None,
    *,
    wait_s: float = 0.0,
    on_wait: Progress | None = None,
    as_far_as_shown: bool = False,
) -> Verification:
    """Compare the log of `election` with the projections behind `client`, whose tables and views should be as
    `migrated`. Raises LogUnavailable and SinkUnavailable.

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
    compare_definitions(client, migrated, comparison)
    compare_register(client, election.id, registry, comparison)
    ballots = Ballots(election, registry)
    partitioned = log.partition_of is not None
    rows = RowAudit(client, election.id, registry, ballots, known, comparison, partitioned=partitioned)
    rows.baseline()
    messages = _messages(log, known, comparison, rows, on_progress)
    folded = fold(messages, election, registry, log.partition_of, rows.on_entry)
    rows.finish()
    with comparison.reading("sink_position"):
        projections.compare_position_rows(rows.recorded, known, comparison)
    del rows, messages  # a fifth of the memory, which what follows needs
    before = {partition: end for partition, end in enumerate(known) if end}
    for level in projections.exact:
        with comparison.reading("tally_history"):
            comparison.totals(_of(folded, level), level, region_cells(client, election.id, level, before))
    resting, earlier_sums = projections.resting(known), 0
    with comparison.reading("tally_history"):
        resting = projections.compare_sums(folded, known, comparison, wait_s)
        earlier_sums = projections.compare_earlier_sums(folded, comparison)
    projections.compare_rows_beyond(comparison)
    for table in ("station", "tally"):
        with comparison.reading(table):
            projections.compare_newest(table, known, comparison)
    inconsistent = 0
    with comparison.reading("inconsistent_region"):
        inconsistent = projections.inconsistent(known)
    if inconsistent:
        resting = resting and projections.resting(known)
    not_verified = behind(ends, arrived)
    is_moving_only = all(one.reason != "unreadable" for one in comparison.not_compared)
    equal: bool | None = None
    if comparison.count or (resting and inconsistent):
        equal = False
    elif (not comparison.not_compared and not not_verified) or (as_far_as_shown and is_moving_only):
        equal = True
    return Verification(
        equal=equal,
        as_far_as_shown=as_far_as_shown,
        values=comparison.values,
        events=folded.messages,
        state_digest=folded.state_digest(),
        difference_count=comparison.count,
        differences=comparison.differences,
        resting=resting,
        not_verified=not_verified,
        not_compared=comparison.not_compared,
        earlier_sums=earlier_sums,
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
            theirs = {
                # What is more than that are rows of no region, which compare_earlier_sums counts.
                level: list(sum_cells(self._client, self._election, level, most_of(len(ours[level]))))
                for level in self._summed
            }
            resting = self.resting(known)
            on_its_way = any(
                shown["version"] < ours[level][key].version
                for level, cells in theirs.items()
                for key, shown in cells
                if key in ours[level]
            )
            if not (resting and on_its_way) or time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        for level, cells in theirs.items():
            comparison.totals(ours[level], level, cells, moving=not resting)
        return resting

    def compare_earlier_sums(self, folded: Folded, comparison: Comparison) -> int:
        """The totals that add up several partitions, of every version: whether there can be such a total at
        all. How many there are beside the newest: of those nobody can tell which entries are in them."""
        earlier = 0
        for contest, level, parent, unit, version, position in keys_of_sums(self._client, self._election):
            key = {"contest": contest, "level": level, "parent": parent, "unit": unit, "version": version}
            tally = folded.regions.get((contest, unit))
            if tally is None or level not in self._summed or (tally.level, tally.parent) != (level, parent):
                comparison.differ("tally_history", key, ROW, None, key | {"position": position})
            elif position or version < 1:
                comparison.differ("tally_history", key, "position", 0, position)
            elif version < tally.version:
                earlier += 1
        return earlier

    def inconsistent(self, known: list[int]) -> int:
        """How many totals are not the sum of those below; of a running count, after UNSETTLED_S."""
        deadline = time.monotonic() + UNSETTLED_S
        while (count := inconsistent_regions(self._client, self._election)) and not self.resting(known):
            if time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        return count

    def compare_position_rows(
        self, recorded: Mapping[int, tuple[int, int]], known: Sequence[int], comparison: Comparison
    ) -> None:
        """The times at the positions that had arrived: that of the last entry, or of a newer one in its
        batch."""
        names = columns_of("sink_position")
        shown_rows = few_rows(self._client, Part.of("sink_position", self._election), len(known))
        for row in shown_rows.rows:
            shown = dict(zip(names, row, strict=True))
            partition = shown["partition"]
            if partition < len(known) and partition in recorded and shown["position"] == known[partition] - 1:
                comparison.values += len(names)
                last, newest = recorded[partition]
                if not last <= shown["recorded_at"] <= newest:
                    key = {"partition": partition}
                    comparison.differ("sink_position", key, "recorded_at", last, shown["recorded_at"])

    def compare_rows_beyond(self, comparison: Comparison) -> None:
        """Rows at positions that the log does not have: nothing gives them."""
        for table in (*POSITIONED, "tally_history", "station", "tally"):
            with comparison.reading(table):
                ends = self._log.ends()  # after the rows are there, so is the log
                _differ(rows_beyond(self._client, table, self._election, ends, DIFFERENCES_KEPT), comparison)

    def compare_newest(self, table: str, known: list[int], comparison: Comparison) -> None:
        """That `station` and `tally` have the newest version of their history, which was compared with the
        log. Of a running count, after UNSETTLED_S: a view fills them, a moment later."""
        deadline = time.monotonic() + UNSETTLED_S
        while True:
            found = not_the_newest(self._client, table, self._election, DIFFERENCES_KEPT)
            if not found.count or self.resting(known) or time.monotonic() >= deadline:
                break
            time.sleep(POLL_S)
        names = [name for name in columns_of(table) if name not in KEYS[table]]
        for key, contents in found.rows:
            place = dict(zip(KEYS[table], key, strict=True))
            given = {side: _named(names, content) for side, content in contents.items()}
            if len(given) == 2:
                comparison.columns(table, place, given["log"], given["shown"])
            else:
                comparison.differ(table, place, ROW, given.get("log"), given.get("shown"))
        comparison.count += found.count - len(found.rows)


def _of(folded: Folded, level: Level) -> dict[Key, Tally]:
    return {key: tally for key, tally in folded.regions.items() if tally.level is level}


def _differ(found: Foreign, comparison: Comparison) -> None:
    """Rows that nothing gives."""
    for shown in found.rows:
        key = {name: shown[name] for name in KEYS[found.table]}
        comparison.differ(found.table, key, ROW, None, shown)
    comparison.count += found.count - len(found.rows)


def _named(names: Sequence[str], content: str) -> dict[str, Any]:
    """A row that came as JSON, whether the engine names the columns or not."""
    values = json.loads(content)
    return values if isinstance(values, dict) else dict(zip(names, values, strict=True))


def _compare_positions(log: ReadableLog, arrived: Mapping[int, int], comparison: Comparison) -> None:
    """Projections with more entries than the log are of another log, or the log was truncated."""
    ends = log.ends()
    for partition, position in arrived.items():
        end = ends[partition] if partition < log.partitions else 0
        if position >= end:
            comparison.differ("sink_position", {"partition": partition}, "position", end - 1, position)


def _messages(
    log: ReadableLog,
    ends: Sequence[int],
    comparison: Comparison,
    rows: RowAudit,
    on_progress: Progress | None,
) -> Iterator[bytes | PlacedMessage]:
    """The entries of each partition before its end, each checked against its leaf hash on the way."""
    done, total = 0, sum(ends)
    for partition, end in enumerate(ends):
        for entry in log.entries(partition, 0, end) if end else ():
            if leaf_hash(entry.raw) != entry.leaf:
                place = {"partition": partition, "position": entry.position}
                comparison.differ("log", place, "leaf", leaf_hash(entry.raw).hex(), entry.leaf.hex())
            if on_progress is not None and done % PROGRESS_EVERY == 0:
                on_progress(done, total)
            done += 1
            rows.expect(partition, entry)
            yield entry.raw if log.partition_of is None else PlacedMessage.of(entry.raw, entry.key, partition)
    if on_progress is not None:
        on_progress(total, total)
