"""A stage above the district: the newest totals of each child, and their sum as the totals of the parent.

Totals are whole values, not deltas, so that any of them may be redelivered, late or lost: the newest of each
child is used. Newer is a higher version. Totals contradict others when they include as much of the log or
more and have a lower version, or have the same version and other cells: a version never falls as the log
grows. Then those that include more of the log are used, so that what a worker made from the log replaces what
somebody invented. Nothing is published here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.regions import DEPTH, REGION_LEVELS, UNKNOWN, Level, Registry
from schemas.tally_messages import TallyMalformed, TallyMessage
from schemas.text import quoted
from stream_processors.rollup import Merge, RegionTotals, merge

Key = tuple[str, str]
"""(contest, unit)"""


@dataclass(slots=True)
class _Parent:
    """The sum of the children's cells by ballot, and the log positions that they include."""

    cells: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    source: dict[int, int] = field(default_factory=dict)
    recorded_at: int = 0


class SumStage:
    """The sums at `level` of the totals of the level below."""

    def __init__(self, level: Level, election: str, registry: Registry) -> None:
        self.level = level
        self._child_level = REGION_LEVELS[DEPTH[level] + 1]
        self._election = election
        self._registry = registry
        self._children: dict[Key, RegionTotals] = {}
        self._parents: dict[Key, _Parent] = {}
        self._changed: set[Key] = set()
        self._sources: dict[Key, Mapping[int, int]] = {}  # of each child, as it is held
        self.merged: Counter[Merge] = Counter()

    def apply(self, child: TallyMessage) -> Merge:
        """Apply a child's totals; how they compare with those held. Raises TallyMalformed when they are of
        another election or not of a child of this level."""
        self._check(child)
        key = (child.contest, child.unit)
        held = self._children.get(key)
        came = RegionTotals(child.unit, child.cells)
        what, kept = merge(held, came)
        is_used = what is Merge.ADVANCED
        if what in (Merge.STALE, Merge.CONFLICT) and self._includes_more(child, key, what):
            is_used, kept, what = True, came, Merge.CONFLICT
        self.merged[what] += 1
        parent = (child.contest, child.parent)
        if is_used or (what is Merge.REPEATED and _covers(child.source, self._sources[key])):
            self._sources[key] = child.source
        if is_used:
            self._children[key] = kept
            sums = self._parents.setdefault(parent, _Parent())
            _add(sums.cells, kept, 1)
            if held is not None:
                _add(sums.cells, held, -1)
            for partition, position in child.source.items():
                sums.source[partition] = max(position, sums.source.get(partition, 0))
            sums.recorded_at = max(sums.recorded_at, child.recorded_at)
        if is_used or what is Merge.REPEATED:  # a publish before may have been lost
            self._changed.add(parent)
        return what

    def changed_tallies(self) -> list[TallyMessage]:
        """The sums that changed since the last call, or whose last publish may have been lost."""
        keys, self._changed = sorted(self._changed), set()
        return [self._tally(key) for key in keys]

    def all_tallies(self) -> Iterator[TallyMessage]:
        """Every sum."""
        self._changed.clear()
        return (self._tally(key) for key in sorted(self._parents))

    def _includes_more(self, child: TallyMessage, key: Key, what: Merge) -> bool:
        """Whether these totals, of a lower version than those held or of the same with other cells, include
        more of the log than they do, so that one of both is wrong."""
        before = self._sources[key]
        if child.source == before:
            # Those of a district are a function of its source. In those of a province one district may be
            # older than others of its partition: a worker that lost its partition may publish them late.
            return what is Merge.STALE and child.level is Level.DISTRICT
        return _covers(child.source, before)

    def _check(self, child: TallyMessage) -> None:
        region = self._registry.region(child.unit)
        if child.election != self._election or child.level is not self._child_level:
            raise TallyMalformed(
                f"Totals of {quoted(child.unit)} are of {quoted(child.election)}, {quoted(child.level)}; "
                f"added up here are those of {self._election}, {self._child_level}. Give each election its "
                "own --topic-prefix."
            )
        if region is None or region.level is not child.level or region.parent != child.parent:
            raise TallyMalformed(
                f"The register knows no {quoted(child.level)} {quoted(child.unit)} in "
                f"{quoted(child.parent)}. Use one register for all workers of an election."
            )

    def _tally(self, key: Key) -> TallyMessage:
        contest, unit = key
        sums = self._parents[key]
        cells = {ballot: tuple(row.tolist()) for ballot, row in sums.cells.items() if row.any()}
        parent = int(self._registry.parent[self._registry.index[unit]])
        return TallyMessage(
            election=self._election,
            contest=contest,
            level=self.level,
            unit=unit,
            parent="" if parent == UNKNOWN else self._registry.ids[parent],
            version=sum(row[0] for row in cells.values()),
            cells=cells,
            source=dict(sums.source),
            recorded_at=sums.recorded_at,
        )


def _covers(source: Mapping[int, int], other: Mapping[int, int]) -> bool:
    """Whether totals of `source` include every position of the log that those of `other` do."""
    return all(source.get(partition, -1) >= position for partition, position in other.items())


def _add(sums: dict[int, NDArray[np.int64]], child: RegionTotals, sign: int) -> None:
    for ballot, cells in child.cells.items():
        row = sign * np.array(cells, np.int64)
        held = sums.get(ballot)
        sums[ballot] = row if held is None else held + row
