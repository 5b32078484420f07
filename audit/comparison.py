"""Keeps what a comparison finds: differences, each with its place, and what could not be compared.

While a count goes on, a total of several partitions may include other entries than those that were folded:
such units are not compared, and are counted. Nothing is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import Any, Final

from queries.cells import Cells, Key
from queries.refusals import Unreadable
from schemas.regions import Level
from schemas.tallies import Tally

DIFFERENCES_KEPT: Final = 1_000
"""Differences that are listed; the count of them covers all."""

ROW: Final = "row"
"""The column of a difference that is a whole row: one side has it, and the other one has not."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs: its table, the key of its row and its column; what the log gives and what is
    shown (None: nothing)."""

    table: str
    key: Mapping[str, Any]
    column: str
    log: Any
    shown: Any


@dataclass(frozen=True, slots=True)
class NotCompared:
    """What of a table could not be compared, and why: `reason` is ahead, behind or mixed (totals of more
    entries than were folded, of fewer, or of as many others), unreadable with the database's answer in
    `detail`. `level`, `rows` and `values` say how much, where that is known."""

    table: str
    reason: str
    level: str = ""
    rows: int | None = None
    values: int | None = None
    detail: str = ""


@dataclass(slots=True)
class Comparison:
    """Counts the values compared, and keeps the first differences."""

    values: int = 0
    count: int = 0
    differences: list[Difference] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)  # by table: what the database answered
    _moving: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    @property
    def not_compared(self) -> list[NotCompared]:
        """What was not compared."""
        moving = [
            NotCompared("tally_history", reason, level, len(values), sum(values))
            for (level, reason), values in self._moving.items()
        ]
        return moving + [
            NotCompared(table, "unreadable", detail=answer) for table, answer in self.unreadable.items()
        ]

    @contextmanager
    def reading(self, table: str) -> Iterator[None]:
        """What the database refuses to tell inside the block is not compared, and reported."""
        try:
            yield
        except Unreadable as error:
            self.unreadable[table] = str(error)

    def differ(
        self, table: str, key: Mapping[str, Any], column: str, log: Any, shown: Any, *, count: int = 1
    ) -> None:
        """One difference more; of a row that stands for `count` of them, so many."""
        self.count += count
        if len(self.differences) < DIFFERENCES_KEPT:
            self.differences.append(Difference(table, key, column, log, shown))

    def columns(
        self, table: str, key: Mapping[str, Any], log: Mapping[str, Any], shown: Mapping[str, Any]
    ) -> None:
        """The columns of a row that both sides have; figures by option each for itself."""
        for column, given in log.items():
            found = shown[column]
            if given == found:
                continue
            if isinstance(given, dict) and isinstance(found, dict):
                for option in dict.fromkeys((*given, *found)):
                    if given.get(option) != found.get(option):
                        self.differ(table, key, f"{column}.{option}", given.get(option), found.get(option))
            else:
                self.differ(table, key, column, given, found)

    def rows(
        self,
        table: str,
        names: Sequence[str],
        key: Sequence[str],
        log: Mapping[tuple[Any, ...], tuple[Any, ...]],
        shown: Iterable[tuple[Any, ...]],
        unread: int = 0,
    ) -> None:
        """The rows of a table with the columns `names`: what the log gives, by `key`, and those that are
        shown; `unread` more of them are only counted, as differences. Rows that are missing are not named
        then: they may be among these."""
        identity_of = key_of(names, key)
        rows = iter(shown)
        some = list(islice(rows, len(log) + 1))
        if len(some) == len(log) and dict(zip(map(identity_of, some), some, strict=True)) == log:
            self.values += len(names) * len(log)  # as nearly always: many times faster than row by row
            return
        found = set()
        for row in chain(some, rows):
            identity = identity_of(row)
            given = log.get(identity)
            if given is None:
                self.differ(table, dict(zip(key, identity, strict=True)), ROW, None, _named(names, row))
                continue
            found.add(identity)
            self.values += len(names)
            if given != row:
                self.columns(
                    table, dict(zip(key, identity, strict=True)), _named(names, given), _named(names, row)
                )
        self.count += unread
        for identity, given in log.items() if not unread else ():
            if identity not in found:
                self.values += len(names)
                self.differ(table, dict(zip(key, identity, strict=True)), ROW, _named(names, given), None)

    def totals(
        self, ours: dict[Key, Tally], level: str, theirs: Iterable[tuple[Key, Cells]], *, moving: bool = False
    ) -> None:
        """Every total of a level: what the log gives (taken out of `ours`), beside what is shown. `moving`:
        units whose entries may be others than those of the log are set aside."""
        found: dict[Key, Tally] = {}
        for (contest, unit), shown in theirs:
            tally = found.get((contest, unit)) or ours.pop((contest, unit), None)
            if tally is not None:
                found[contest, unit] = tally
            expected = tally.cells() if tally is not None else {}
            if shown == expected:  # as nearly all are: many times faster than cell by cell
                self.values += len(expected)
                continue
            differing = [
                (cell, expected.get(cell), shown.get(cell))
                for cell in dict.fromkeys((*expected, *shown))
                if expected.get(cell) != shown.get(cell)
            ]
            if moving and differing and expected:
                why = reason(expected["version"], shown["version"])
                self._moving.setdefault((level, why), []).append(len(expected))
                continue
            self.values += len(expected)
            for cell, log, there in differing:
                self.differ("tally_history", _unit(contest, level, unit), cell, log, there)
        for (contest, unit), tally in ours.items():  # no row is shown for them
            cells = tally.cells()
            self.values += len(cells)
            for cell, figure in cells.items():
                self.differ("tally_history", _unit(contest, level, unit), cell, figure, None)


def key_of(names: Sequence[str], key: Sequence[str]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """What gives the key of a row with the columns `names`."""
    places = [names.index(name) for name in key]
    if len(places) == 1:
        (place,) = places
        return lambda row: (row[place],)
    return itemgetter(*places)


def reason(version: int, shown: int) -> str:
    """Why totals of that version are no others than those shown."""
    if shown == version:
        return "mixed"
    return "ahead" if shown > version else "behind"


def _unit(contest: str, level: str | Level, unit: str) -> dict[str, Any]:
    return {"contest": contest, "level": str(level), "unit": unit}


def _named(names: Sequence[str], row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(names, row, strict=True))
