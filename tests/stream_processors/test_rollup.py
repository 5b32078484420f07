"""Adding up: merge as the join that redelivery can't break, and parents that equal their children's sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.ballots import Ballots
from schemas.regions import UNKNOWN, VILLAGE_DEPTH, Level
from schemas.registry_build import RegionRow, build_registry
from schemas.tallies import FIXED_CELLS
from schemas.tally_cells import cell_count
from stream_processors.assess import AssessedCount
from stream_processors.cells import STATUS_CODE, station_cells
from stream_processors.fold import fold
from stream_processors.outstanding import DECIDED, decided
from stream_processors.rollup import FIRST_CAPACITY, Merge, RegionTotals, Rollup, merge, total
from stream_processors.station import NOTHING_YET, Accepted, Lineage, decide
from tests.logs import UNHURRIED, Sent, messy_logs
from tests.worlds import DPD, DPR, NATION, PPWP, election, form, submitted, world

WORLD = world(count_unlisted_stations=True)
UNIT = "1101012001001"


# merge


def totals_at(version: int, figure: int = 0) -> RegionTotals:
    """A value of one unit: its cells beside the version are some function of it."""
    return RegionTotals(UNIT, {0: (version, 10 * version + figure), 1: (0, version % 3)})


@st.composite
def histories(draw: st.DrawFn) -> list[RegionTotals]:
    """A unit's values as one lawful history gives them: a version has one set of cells, which may be less."""
    versions = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6, unique=True))
    return [
        RegionTotals(
            UNIT,
            {
                0: (version, *draw(st.tuples(st.integers(0, 99), st.integers(0, 99)))),
                1: (0, draw(st.integers(0, 9)), 0),
            },
        )
        for version in versions
    ]


def join(held: RegionTotals, came: RegionTotals) -> RegionTotals:
    """The totals that are held afterwards."""
    return merge(held, came)[1]


def held_after(came: Iterable[RegionTotals]) -> RegionTotals | None:
    """What is held after these came in this order."""
    held = None
    for one in came:
        held = merge(held, one)[1]
    return held


some_of = histories().flatmap(lambda history: st.lists(st.sampled_from(history), min_size=1, max_size=8))
three_of = histories().flatmap(lambda history: st.tuples(*[st.sampled_from(history)] * 3))


@UNHURRIED
@given(three_of)
def test_merging_is_idempotent_commutative_and_associative(three: tuple[RegionTotals, ...]) -> None:
    a, b, c = three
    assert join(a, a) == a
    assert join(a, b) == join(b, a)
    assert join(join(a, b), c) == join(a, join(b, c))


@UNHURRIED
@given(some_of)
def test_any_order_with_any_repetition_ends_with_the_highest_version(came: list[RegionTotals]) -> None:
    highest = max(came, key=lambda one: one.version)
    for order in islice(permutations(came), 24):
        assert held_after(order) == highest
        assert held_after([*order, *order]) == highest


@UNHURRIED
@given(st.lists(st.builds(totals_at, st.integers(1, 9), st.integers(0, 1)), max_size=12))
def test_the_held_version_never_falls_even_among_conflicting_values(came: list[RegionTotals]) -> None:
    held = None
    for one in came:
        before = held.version if held else 0
        held = merge(held, one)[1]
        assert held.version == max(before, one.version)


@pytest.mark.parametrize("held", [None, totals_at(1)])
def test_a_higher_version_is_stored(held: RegionTotals | None) -> None:
    assert merge(held, totals_at(2)) == (Merge.ADVANCED, totals_at(2))


def test_a_new_value_of_a_unit_is_stored_even_when_nothing_was_accepted_below_it() -> None:
    empty = RegionTotals(UNIT, {})
    assert merge(None, empty) == (Merge.ADVANCED, empty)


def test_the_same_value_again_is_told_apart_from_an_older_one() -> None:
    """Repeated: the parent is emitted again, because its first emission may have been lost."""
    assert merge(totals_at(2), totals_at(2)) == (Merge.REPEATED, totals_at(2))
    assert merge(totals_at(2), totals_at(1)) == (Merge.STALE, totals_at(2))


def test_the_same_version_with_other_cells_is_a_conflict_and_the_held_one_stays() -> None:
    held = totals_at(2)
    outcome, kept = merge(held, totals_at(2, figure=1))
    assert outcome is Merge.CONFLICT
    assert kept is held


# total


@UNHURRIED
@given(st.lists(some_of, max_size=4), st.randoms(use_true_random=False))
def test_a_total_is_the_sum_of_its_children_cell_by_cell_in_any_order(
    groups: list[list[RegionTotals]], random: Any
) -> None:
    children = [one for group in groups for one in group]
    summed = total("parent", children)
    assert summed.unit == "parent"
    assert summed.version == sum(child.version for child in children)
    for ballot in (0, 1):
        columns = zip(*(child.cells[ballot] for child in children), strict=True)
        assert summed.cells.get(ballot, ()) == tuple(map(sum, columns))
    random.shuffle(children)
    assert total("parent", children) == summed


def test_a_total_keeps_ballots_apart() -> None:
    one, other = RegionTotals("a", {0: (1, 5)}), RegionTotals("b", {7: (2, 6, 8)})
    assert total("p", [one, other]).cells == {0: (1, 5), 7: (2, 6, 8)}
    assert total("p", []).cells == {}


# Rollup


@dataclass
class Plain:
    """What stations below a village hold: nothing is added up until somebody asks."""

    stations: dict[tuple[int, int, int], list[int]] = field(default_factory=dict)  # ballot, village, which

    def sum_below(self, ballot: int, region: int) -> list[int]:
        """The sum over the stations of every village in the region, one by one."""
        rows = [
            cells
            for (of, village, _), cells in self.stations.items()
            if of == ballot and region in WORLD.registry.chain(village)
        ]
        # What is decided for each village, and added up from there.
        contest = WORLD.ballots.contest_of[ballot]
        for village in {village for of, village, _ in self.stations if of == ballot}:
            if region in WORLD.registry.chain(village) and WORLD.ballots.of(contest, village):
                own = [cells for (of, at, _), cells in self.stations.items() if (of, at) == (ballot, village)]
                summed = np.array(own).sum(axis=0)[None, :]
                row = np.zeros(summed.shape[1], np.int64)
                row[DECIDED] = decided(WORLD.registry, np.array([village]), summed)[0]
                rows.append(row.tolist())
        width = cell_count(WORLD.ballots.ballots[ballot])
        return reduce(lambda a, b: [x + y for x, y in zip(a, b, strict=True)], rows, [0] * width)


def villages_of(ballot: int) -> list[int]:
    """The villages that have that ballot."""
    contest = WORLD.ballots.contest_of[ballot]
    return [
        village
        for village in np.flatnonzero(WORLD.registry.depth == VILLAGE_DEPTH).tolist()
        if (found := WORLD.ballots.of(contest, village)) is not None and found.index == ballot
    ]


def undecided(cells: list[int]) -> list[int]:
    """Cells as stations have them: nothing where villages decide."""
    return [0 if place in DECIDED else figure for place, figure in enumerate(cells)]


def without_decided(cells: np.ndarray) -> np.ndarray:
    """Rows of cells that are only added up."""
    return np.delete(cells, DECIDED, axis=1)


@st.composite
def changes(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, list[int]]]]:
    """New cells of some stations (village, which of its stations) with one ballot."""
    ballot = draw(st.integers(0, len(WORLD.ballots.ballots) - 1))
    width = cell_count(WORLD.ballots.ballots[ballot])
    one = st.tuples(
        st.sampled_from(villages_of(ballot)),
        st.integers(0, 2),
        st.lists(st.integers(0, 999), min_size=width, max_size=width).map(undecided),
    )
    return ballot, draw(st.lists(one, max_size=5, unique_by=lambda new: new[:2]))


class Counting(RuleBasedStateMachine):
    """Stations change in any order, in batches of any size, with totals looked at in between or not."""

    def __init__(self) -> None:
        super().__init__()
        self.rollup = Rollup(WORLD.registry, WORLD.ballots)
        self.plain = Plain()
        self.changed: dict[int, set[int]] = {}
        self.settled = True

    @rule(batch=changes())
    def add(self, batch: tuple[int, list[tuple[int, int, list[int]]]]) -> None:
        ballot, new = batch
        rows = []
        for village, which, cells in new:
            old = self.plain.stations.get((ballot, village, which), [0] * len(cells))
            rows.append([after - before for after, before in zip(cells, old, strict=True)])
            self.plain.stations[ballot, village, which] = cells
            self.changed.setdefault(ballot, set()).update(WORLD.registry.chain(village))
        width = cell_count(WORLD.ballots.ballots[ballot])
        villages = np.array([village for village, _, _ in new], np.int64)
        self.rollup.add(ballot, villages, np.array(rows, np.int64).reshape(len(new), width))
        self.settled = False

    @rule()
    def settle(self) -> None:
        touched = self.rollup.settle()
        assert {ballot: sorted(regions.tolist()) for ballot, regions in touched.items()} == {
            ballot: sorted(regions) for ballot, regions in self.changed.items()
        }
        self.changed = {}
        self.settled = True

    @invariant()
    def every_level_is_the_sum_of_what_is_below(self) -> None:
        if not self.settled:
            return
        every = np.arange(len(WORLD.registry.ids))
        for ballot in range(len(WORLD.ballots.ballots)):
            expected = [self.plain.sum_below(ballot, region) for region in every.tolist()]
            assert self.rollup.cells(ballot, every).tolist() == expected

    @invariant()
    def every_parent_is_the_total_of_its_children(self) -> None:
        if not self.settled:
            return
        for contest in range(len(WORLD.ballots.contests)):
            for region, below in enumerate(WORLD.registry.children):
                if below:
                    children = [self.rollup.region_totals(contest, child) for child in below]
                    summed = total(WORLD.registry.ids[region], children)
                    assert merge(self.rollup.region_totals(contest, region), summed)[0] is Merge.REPEATED


TestCounting = Counting.TestCase
TestCounting.settings = settings(UNHURRIED, max_examples=12, stateful_step_count=12)


def test_changes_show_only_after_settling_and_only_once() -> None:
    rollup = Rollup(WORLD.registry, WORLD.ballots)
    (village, *_) = villages_of(0)
    row = np.array(undecided(list(range(1, cell_count(WORLD.ballots.ballots[0]) + 1))))[None, :]
    rollup.add(0, np.array([village]), row)
    assert not rollup.cells(0, np.array([village, 0])).any()
    rollup.settle()
    shown = rollup.cells(0, np.array([village, 0]))
    assert without_decided(shown).tolist() == without_decided(row).tolist() * 2
    assert rollup.settle() == {}
    assert rollup.cells(0, np.array([0])).tolist() == shown[:1].tolist()


def test_no_change_at_all_touches_nothing() -> None:
    rollup = Rollup(WORLD.registry, WORLD.ballots)
    rollup.add(0, np.array([], np.int64), np.zeros((0, cell_count(WORLD.ballots.ballots[0])), np.int64))
    assert rollup.settle() == {}


def test_cells_given_away_are_a_copy() -> None:
    rollup = Rollup(WORLD.registry, WORLD.ballots)
    rollup.cells(0, np.array([0]))[:] = 99
    assert not rollup.cells(0, np.array([0])).any()


@pytest.mark.parametrize("at_once", [1, 7, 5 * FIRST_CAPACITY], ids=lambda size: f"{size} at once")
def test_a_table_that_grows_beyond_its_first_capacity_keeps_every_row(at_once: int) -> None:
    """One village after the other, some together, or all in one batch that needs several doublings."""
    count = 5 * FIRST_CAPACITY
    rows = [
        RegionRow("1", None, Level.PROVINCE, "P"),
        RegionRow("11", "1", Level.DISTRICT, "D"),
        RegionRow("111", "11", Level.SUBDISTRICT, "S"),
        *(RegionRow(f"111{number:04d}", "111", Level.VILLAGE, "V", 1) for number in range(count)),
    ]
    registry = build_registry(rows, root=(NATION, "N"))
    ballots = Ballots(election(), registry)
    rollup = Rollup(registry, ballots)
    villages = np.flatnonzero(registry.depth == VILLAGE_DEPTH)
    width = cell_count(ballots.ballots[0])
    for start in range(0, count, at_once):
        some = villages[start : start + at_once]
        changes = np.tile(some[:, None], (1, width))
        changes[:, DECIDED] = 0
        rollup.add(0, some, changes)
        rollup.settle()
    width -= len(DECIDED)
    shown = without_decided(rollup.cells(0, villages))
    assert shown.tolist() == [[village] * width for village in villages.tolist()]
    above = without_decided(rollup.cells(0, np.arange(4)))
    assert above.tolist() == [[int(villages.sum())] * width] * 4


# From events to totals


def rolled_up(sent: Iterable[Sent]) -> tuple[Rollup, int]:
    """The totals after these messages, kept current one by one, and how many counts were accepted."""
    rollup = Rollup(WORLD.registry, WORLD.ballots)
    lineages: dict[tuple[int, str], Lineage] = {}
    shown: dict[tuple[int, str], np.ndarray] = {}
    accepted = 0
    for one in WORLD.assessor.assess([one.raw for one in sent]):
        if not isinstance(one, AssessedCount):
            continue
        key = one.contest, one.proposal.unit
        decision = decide(lineages.get(key, NOTHING_YET), one.proposal)
        if isinstance(decision, Accepted):
            accepted += 1
            lineages[key] = decision.lineage
            cells = station_cells(
                one.ballot,
                np.array([decision.lineage.version]),
                np.array([STATUS_CODE[one.status]]),
                np.array([int(one.unlisted)]),
                np.array([one.figures]),
            )
            rollup.add(one.ballot.index, np.array([one.village]), cells - shown.get(key, 0))
            shown[key] = cells
    rollup.settle()
    return rollup, accepted


@settings(UNHURRIED, max_examples=50)
@given(messy_logs(WORLD))
def test_totals_kept_current_equal_the_fold_in_every_region(sent: list[Sent]) -> None:
    rollup, _ = rolled_up(sent)
    specified = fold([one.raw for one in sent], WORLD.election, WORLD.registry)
    contests = {contest: number for number, contest in enumerate(WORLD.ballots.contests)}
    for (contest, region), tally in specified.regions.items():
        assert rollup.tally(contests[contest], WORLD.registry.index[region]) == tally


@settings(UNHURRIED, max_examples=30)
@given(messy_logs(WORLD))
def test_the_nations_version_is_the_number_of_accepted_events(sent: list[Sent]) -> None:
    rollup, accepted = rolled_up(sent)
    assert sum(rollup.tally(contest, 0).version for contest in range(3)) == accepted
    assert sum(rollup.region_totals(contest, 0).version for contest in range(3)) == accepted


@settings(UNHURRIED, max_examples=30)
@given(messy_logs(WORLD))
def test_tally_and_totals_of_a_region_agree(sent: list[Sent]) -> None:
    rollup, _ = rolled_up(sent)
    for contest, name in enumerate((PPWP, DPR, DPD)):
        for region in range(len(WORLD.registry.ids)):
            tally, totals = rollup.tally(contest, region), rollup.region_totals(contest, region)
            assert (tally.contest, tally.unit, tally.version) == (name, totals.unit, totals.version)
            width = 1 + len(FIXED_CELLS)
            sums = _sums([cells[:width] for cells in totals.cells.values()], width)
            assert [tally.version, *tally.fixed] == sums
            layouts = {index: WORLD.ballots.ballots[index].layout for index in totals.cells}
            for by_option in ("votes", "clean_votes", "votes_forms", "clean_votes_forms"):
                below = (cells[getattr(layouts[of], by_option)] for of, cells in totals.cells.items())
                assert sum(getattr(tally, by_option).values()) == sum(map(sum, below))


def test_a_value_leaves_out_ballots_from_which_nothing_came() -> None:
    said = form({"1": 5, "1.0": 5, "2": 0, "2.0": 0})
    rollup, _ = rolled_up([Sent(submitted("1201012001001", said, DPR))])
    assert len(WORLD.ballots.of_region(1, 0)) == 3
    (ballot,) = rollup.region_totals(1, 0).cells
    assert WORLD.ballots.ballots[ballot].constituency == "12-A"


def test_a_region_where_a_contest_is_not_held_has_an_empty_value() -> None:
    rollup, _ = rolled_up([])
    abroad = WORLD.registry.index["99"]
    assert rollup.region_totals(2, abroad) == RegionTotals("99", {})
    nothing = rollup.tally(2, abroad)
    assert (nothing.version, dict(nothing.votes), nothing.expected, nothing.registered) == (0, {}, 0, None)


def test_the_nation_has_no_parent_and_every_other_region_the_registers() -> None:
    rollup, _ = rolled_up([])
    for region, parent in enumerate(WORLD.registry.parent.tolist()):
        expected = "" if parent == UNKNOWN else WORLD.registry.ids[parent]
        assert rollup.tally(0, region).parent == expected


def _sums(rows: Sequence[Sequence[int]], width: int) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)] or [0] * width
