"""Certified documents held against what was computed, cell by cell, and against each other (L2 to L4).

A cell that one side does not give is not compared. A difference is arithmetic: it says by how much two
figures differ, and which figures differ by the opposite, and nothing about how that came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from determination.order import by_number
from schemas.events import RecapReason

Cells = Mapping[str, int | None]
"""Figures by cell: `votes.2`, `valid`, `invalid`, `voters`. None: the side does not give it."""

VOTES: Final = "votes."
"""Before the option, in the cell of its votes."""


Reason = RecapReason
"""Why a certified figure lawfully differs from the sum of the forms below it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell that differs. `reason`: None while nobody gave one; then it is an open finding."""

    cell: str
    certified: int
    computed: int
    reason: Reason | None = None

    @property
    def difference(self) -> int:
        """What the document has more."""
        return self.certified - self.computed


class ShiftKind(StrEnum):
    """Between what figures moved while their sum stayed."""

    BETWEEN_OPTIONS = "between_options"  # of all options together
    BETWEEN_TWO = "between_two"  # one option has more by exactly what another has less
    WITHIN_PARTY = "within_party"  # the party alone and its candidates


@dataclass(frozen=True, slots=True)
class Shift:
    """A zero-sum shift (L3): cells with their differences, which add up to 0. `party` of a shift within one;
    `party` itself then stands for the votes for the party alone."""

    kind: ShiftKind
    differences: Mapping[str, int]
    party: str | None = None

    @property
    def moved(self) -> int:
        """The votes that are elsewhere."""
        return sum(figure for figure in self.differences.values() if figure > 0)


def differences(
    certified: Cells, computed: Cells, reasons: Mapping[str, Reason] | None = None
) -> tuple[Difference, ...]:
    """The cells that differ (L2), in the order of the ballot; `reasons` by cell."""
    given = reasons or {}
    found = []
    for cell in sorted(certified.keys() & computed.keys(), key=by_number):
        one, other = certified[cell], computed[cell]
        if one is not None and other is not None and one != other:
            found.append(Difference(cell, one, other, given.get(cell)))
    return tuple(found)


def sum_of(parts: Iterable[Cells]) -> dict[str, int | None]:
    """Each cell added up over `parts`; None where one of them does not give it."""
    every = list(parts)
    cells = {cell for part in every for cell in part}
    found: dict[str, int | None] = {}
    for cell in cells:
        figures = [part.get(cell) for part in every]
        known = [figure for figure in figures if figure is not None]
        found[cell] = sum(known) if len(known) == len(figures) else None
    return found


def differences_of_documents(document: Cells, below: Iterable[Cells]) -> tuple[Difference, ...]:
    """Where a certified document is not the sum of the documents right below it (L4); `below` are all of
    them."""
    return differences(document, sum_of(below))


def shifts(certified: Cells, computed: Cells) -> tuple[Shift, ...]:
    """The zero-sum shifts (L3) between certified and computed votes: of all options together, or else of two
    of them; and within each party. Options without a figure on one side make a sum that is not known."""
    differing = {
        cell.removeprefix(VOTES): None if one is None or other is None else one - other
        for cell in sorted(certified.keys() | computed.keys(), key=by_number)
        if cell.startswith(VOTES)
        for one, other in [(certified.get(cell), computed.get(cell))]
    }
    top = {option: figure for option, figure in differing.items() if not _is_candidate(option)}
    found = [*_between_options(top)]
    for party in top:
        if (shift := _within(party, differing)) is not None:
            found.append(shift)
    return tuple(found)


def _between_options(top: Mapping[str, int | None]) -> list[Shift]:
    known = {option: figure for option, figure in top.items() if figure}
    if not known:
        return []
    if not sum(known.values()) and None not in top.values():
        return [Shift(ShiftKind.BETWEEN_OPTIONS, known)]
    more = {option: figure for option, figure in known.items() if figure > 0}
    less = {option: figure for option, figure in known.items() if figure < 0}
    return [
        Shift(ShiftKind.BETWEEN_TWO, {one: gained, other: lost})
        for one, gained in more.items()
        for other, lost in less.items()
        if gained == -lost
    ]


def _within(party: str, differing: Mapping[str, int | None]) -> Shift | None:
    """The votes of a party are those for the party alone and for its candidates (R17): when its total is the
    same and a candidate differs, votes are elsewhere on its list."""
    total = differing[party]
    candidates = {
        option: figure
        for option, figure in differing.items()
        if _is_candidate(option) and _is_on_list(option, party)
    }
    if total is None or total or None in candidates.values():
        return None
    moved = {option: figure for option, figure in candidates.items() if figure}
    if not moved:
        return None
    alone = -sum(moved.values())
    return Shift(ShiftKind.WITHIN_PARTY, ({party: alone} if alone else {}) | moved, party)


def _is_on_list(candidate: str, party: str) -> bool:
    """Whether the candidate is the party's: `11-A:4.2` is of party 4, which stands in all constituencies, and
    of `11-A:4`, where parties stand in one."""
    constituency, _, own = candidate.rpartition(":")
    of_party, _, number = party.rpartition(":")
    return own.partition(".")[0] == number and of_party in ("", constituency)


def _is_candidate(option: str) -> bool:
    return "." in option.rpartition(":")[2]
