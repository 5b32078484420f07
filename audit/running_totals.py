"""The totals of every region after each entry, for comparison with the snapshots that are shown.

They are kept by adding what stations give and taking away what they gave before, village by village; at the
end they have to be what the fold adds up from the bottom (audit.verify compares both with what is shown).
What is decided village by village, surplus and voters outstanding, is decided by the fold's own rule.

Memory is that of one row of numbers for each region with an accepted event.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audit.expected import parent_of
from schemas.ballots import Ballots
from schemas.findings import Status
from schemas.regions import REGION_LEVELS, UNKNOWN, Registry
from schemas.tallies import BY_OPTION, FIXED_CELLS, FORMS_BY_OPTION, FUNNEL
from stream_processors.fold import to_come
from stream_processors.in_force import InForce

Unit = tuple[int, int]
"""(contest index, region index)"""

_SURPLUS: Final = 1 + FIXED_CELLS.index("surplus")
_FIXED: Final = tuple(f"stations_{name}" if name in FUNNEL else name for name in FIXED_CELLS)
_FIRST_OPTION: Final = 1 + len(FIXED_CELLS)

ADDED_TOGETHER: Final = 2_000
"""Counts that are added to the regions above at once: a hundredth of the additions one by one, and 40 MB with
the widest ballots."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a row of numbers has which option: `names` are (figure, option), after the fixed cells."""

    names: tuple[tuple[str, str], ...]
    place: dict[tuple[str, str], int]
    width: int


@dataclass(slots=True)
class _Register:
    """What the register tells of a region in a contest, and which of its voters are outstanding."""

    expected: int = 0
    registered: int | None = None
    known: int = 0  # voters outstanding in villages where that is known
    unknown: int = 0  # villages where it is not


@dataclass(slots=True)
class _Village:
    """The stations of a village whose count is in force, and the village's own figures as last decided."""

    in_force: dict[str, InForce] = field(default_factory=dict)
    surplus: int = 0
    outstanding: int | None = 0


class RunningTotals:
    """The totals of all regions at one moment of a fold. `add` moves it on."""

    def __init__(self, registry: Registry, ballots: Ballots) -> None:
        self._registry = registry
        self._ballots = ballots
        self._totals: dict[Unit, NDArray[np.int64]] = {}
        self._villages: dict[Unit, _Village] = {}
        self._pending: dict[Unit, list[tuple[InForce, InForce | None]]] = {}  # by village: not added yet
        self._waiting = 0  # how many these are
        self._changed: set[Unit] = set()  # villages, since they were asked for
        self._layouts: dict[tuple[int, ...], _Layout] = {}
        self._into: dict[tuple[int, tuple[int, ...]], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._register: dict[Unit, _Register] = {}
        for contest in range(len(ballots.contests)):
            for region, _ in ballots.held(contest):
                self._register.setdefault((contest, region), _Register())
                if ballots.of(contest, region) is not None:
                    self._register_village(contest, region)

    @property
    def units(self) -> Collection[Unit]:
        """Every region in which a contest is held."""
        return self._register.keys()

    def add(self, contest: int, unit: str, here: InForce, before: InForce | None) -> None:
        """A station's count that was accepted, in place of the one before it."""
        key = contest, here.village
        self._pending.setdefault(key, []).append((here, before))
        in_force = self._villages[key].in_force
        if here.status is Status.ANNULLED:
            in_force.pop(unit, None)
        else:
            in_force[unit] = here
        self._waiting += 1
        if self._waiting >= ADDED_TOGETHER:
            self._settle()

    def changed(self) -> set[Unit]:
        """The regions that changed since this was asked for."""
        self._settle()
        found = {
            (contest, region)
            for contest, village in self._changed
            for region in self._registry.chain(village)
        }
        self._changed.clear()
        return found

    def row(self, contest: int, region: int) -> dict[str, Any] | None:
        """The columns of a region's row in `tally_history`, but for time and place; None where the contest is
        not held. Figures by option are dicts."""
        self._settle()
        register = self._register.get((contest, region))
        if register is None:
            return None
        layout = self._layout(contest, region)
        held = self._totals.get((contest, region))
        numbers = [0] * layout.width if held is None else held.tolist()
        by_option: dict[str, dict[str, int]] = {name: {} for name in BY_OPTION}
        for (name, option), figure in zip(layout.names, numbers[_FIRST_OPTION:], strict=True):
            by_option[name][option] = figure
        return {
            "contest": self._ballots.contests[contest],
            "level": REGION_LEVELS[self._registry.depth[region]].value,
            "parent": parent_of(self._registry, region),
            "unit": self._registry.ids[region],
            "version": numbers[0],
            "registered": register.registered,
            "stations_expected": register.expected,
            "registered_outstanding": None if register.unknown else register.known,
            **dict(zip(_FIXED, numbers[1:_FIRST_OPTION], strict=True)),
            **by_option,
        }

    def _register_village(self, contest: int, village: int) -> None:
        registry = self._registry
        own = self._villages[contest, village] = _Village()
        own.outstanding = self._outstanding(own, village)
        voters = int(registry.registered[village])
        for region in registry.chain(village):
            held = self._register.setdefault((contest, region), _Register())
            held.expected += int(registry.stations[village])
            if voters != UNKNOWN:
                held.registered = (held.registered or 0) + voters
            held.known += own.outstanding or 0
            held.unknown += own.outstanding is None

    def _outstanding(self, own: _Village, village: int) -> int | None:
        received = [one for one in own.in_force.values() if not one.unlisted]
        listed = self._registry.listed_in(village)
        absent = [voters for unit, voters in listed if unit not in own.in_force]
        return to_come(self._registry, village, received, absent)

    def _settle(self) -> None:
        """Add what is pending to the regions above, and decide again the villages in which it is."""
        by_ballot: dict[int, list[Unit]] = {}
        for key, changes in self._pending.items():
            by_ballot.setdefault(changes[0][0].ballot.index, []).append(key)
        for index, villages in by_ballot.items():
            self._add_villages(index, villages)
        for contest, village in self._pending:
            own = self._villages[contest, village]
            received = sum(not one.unlisted for one in own.in_force.values())
            surplus = max(received - int(self._registry.stations[village]), 0)
            outstanding = self._outstanding(own, village)
            for region in self._registry.chain(village):
                self._of(contest, region)[_SURPLUS] += surplus - own.surplus
                register = self._register[contest, region]
                register.known += (outstanding or 0) - (own.outstanding or 0)
                register.unknown += (outstanding is None) - (own.outstanding is None)
            own.surplus, own.outstanding = surplus, outstanding
        self._changed.update(self._pending)
        self._pending.clear()
        self._waiting = 0

    def _add_villages(self, index: int, villages: Sequence[Unit]) -> None:
        """What is pending in these villages, all with that ballot."""
        here = [one for key in villages for one, _ in self._pending[key]]
        before = [one for key in villages for _, one in self._pending[key]]
        firsts = np.cumsum([0, *(len(self._pending[key]) for key in villages[:-1])])
        change = _numbers(here)
        replaced = [place for place, one in enumerate(before) if one is not None]
        if replaced:
            change[replaced] -= _numbers([one for one in before if one is not None])
        for (contest, village), sums in zip(villages, np.add.reduceat(change, firsts), strict=True):
            for region in self._registry.chain(village):
                source, target = self._places(index, contest, region)
                self._of(contest, region)[target] += sums[source]

    def _of(self, contest: int, region: int) -> NDArray[np.int64]:
        held = self._totals.get((contest, region))
        if held is None:
            width = self._layout(contest, region).width
            held = self._totals[contest, region] = np.zeros(width, np.int64)
        return held

    def _layout(self, contest: int, region: int) -> _Layout:
        held = tuple(self._ballots.of_region(contest, region))
        found = self._layouts.get(held)
        if found is None:
            ballots = [self._ballots.ballots[index] for index in held]
            options = list(dict.fromkeys(key for ballot in ballots for key in ballot.keys))
            # Only where all voters could vote for it has an option a share.
            top_keys = ballots[0].top_keys if ballots else ()
            shared = [key for key in options if key in top_keys and all(key in one.keys for one in ballots)]
            names = tuple(
                (name, option) for name in BY_OPTION for option in (shared if "share" in name else options)
            )
            place = {name: _FIRST_OPTION + number for number, name in enumerate(names)}
            found = self._layouts[held] = _Layout(names, place, _FIRST_OPTION + len(names))
        return found

    def _places(self, ballot: int, contest: int, region: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which numbers of a station with that ballot go where in the region's row."""
        held = tuple(self._ballots.of_region(contest, region))
        found = self._into.get((ballot, held))
        if found is None:
            layout = self._layout(contest, region)
            pairs = [(place, place) for place in range(_FIRST_OPTION)]
            for number, name in enumerate(_names_of(self._ballots, ballot)):
                if name in layout.place:
                    pairs.append((_FIRST_OPTION + number, layout.place[name]))
            source, target = np.array(pairs, np.int64).T
            found = self._into[ballot, held] = (source, target)
        return found


def _names_of(ballots: Ballots, ballot: int) -> list[tuple[str, str]]:
    """The figures by option of a station with that ballot, in the order of `_numbers`."""
    of = ballots.ballots[ballot]
    top = [of.keys[place] for place in of.top]
    return [(name, key) for name in BY_OPTION for key in (top if "share" in name else of.keys)]


def _numbers(stations: Sequence[InForce]) -> NDArray[np.int64]:
    """What stations with one ballot add, a row for each: version, fixed cells, then for each of BY_OPTION the
    ballot's options."""
    fixed = np.array([(one.version, *one.fixed) for one in stations], np.int64)
    votes = np.array([one.votes for one in stations], np.float64)  # None becomes NaN; figures are exact
    given = ~np.isnan(votes)
    figures, forms = np.where(given, votes, 0).astype(np.int64), given.astype(np.int64)
    clean = np.array([one.status is Status.CLEAN for one in stations], np.int64)[:, None]
    complete = np.array([one.complete for one in stations], np.int64)[:, None]
    recorded = {
        "votes": figures,
        "votes_forms": forms,
        "share_votes": figures[:, list(stations[0].ballot.top)] * complete,
    }
    by_option = [
        recorded[name.removeprefix("clean_")] * (clean if name.startswith("clean_") else 1)
        for name in BY_OPTION
    ]
    return np.hstack([fixed, *by_option])


def by_option(row: dict[str, Any]) -> dict[str, Any]:
    """A row of `tally_history` as it is read, with its numbers of forms by option too."""
    named = dict(row)
    for name in FORMS_BY_OPTION:
        options, forms = row[name.removesuffix("_forms")], row[name]
        if len(options) == len(forms):
            named[name] = dict(zip(options, forms, strict=True))
    return named
