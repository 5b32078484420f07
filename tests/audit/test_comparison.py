"""Comparing cells: what differs is found wherever it is, and what may move on is set aside by its reason."""

from __future__ import annotations

from typing import Any

import pytest

from audit.comparison import DIFFERENCES_KEPT, Comparison, Difference, NotCompared, comparable, reason
from queries.cells import Cells, Key
from schemas.regions import Level
from schemas.tallies import FIXED_CELLS, Tally

CONTEST = "PPWP"


def tally(unit: str, level: Level = Level.PROVINCE, version: int = 5) -> Tally:
    """Some unit's totals."""
    fixed = tuple(range(len(FIXED_CELLS)))
    votes = {"1": 10, "2": 0}
    return Tally(CONTEST, level, unit, "0", version, fixed, votes, votes, expected=3, registered=None)


def compared(
    ours: list[Tally], shown: dict[str, Cells], level: str = "province", *, moving: bool = False
) -> Comparison:
    """The comparison of a level."""
    comparison = Comparison()
    theirs: list[tuple[Key, Cells]] = [((CONTEST, unit), cells) for unit, cells in shown.items()]
    comparison.compare({(CONTEST, one.unit): one for one in ours}, level, theirs, moving=moving)
    return comparison


def test_every_cell_that_is_equal_counts() -> None:
    found = compared([tally("11"), tally("12")], {"11": tally("11").cells(), "12": tally("12").cells()})
    assert (found.cells, found.count, found.not_compared) == (2 * len(tally("11").cells()), 0, [])


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"valid": 99}, ("valid", tally("11").cells()["valid"], 99)),
        ({"registered": 0}, ("registered", None, 0)),  # missing is not zero
        ({"votes.3": 0}, ("votes.3", None, 0)),  # an option that is on no ballot
    ],
)
def test_a_cell_that_differs_is_named_or_set_aside(
    change: dict[str, Any], difference: tuple[Any, ...], moving: bool
) -> None:
    cells = tally("11").cells()
    found = compared([tally("11")], {"11": cells | change}, moving=moving)
    if moving:
        assert (found.count, found.cells) == (0, 0)
        assert found.not_compared == [NotCompared("province", "mixed", 1, len(cells))]
    else:
        assert found.differences == [Difference(CONTEST, "province", "11", *difference)]
        assert (found.count, found.cells, found.not_compared) == (1, len(cells), [])


def test_a_cell_that_is_not_shown_differs() -> None:
    cells = tally("11").cells()
    del cells["votes.2"]
    (found,) = compared([tally("11")], {"11": cells}).differences
    assert (found.cell, found.log, found.projection) == ("votes.2", 0, None)


def test_a_station_s_row_may_leave_out_options_and_has_no_ballots() -> None:
    station = tally("11", Level.STATION)
    cells = comparable(station)
    assert set(station.cells()) - set(cells) == {
        f"ballots_{name}" for name in ("received", "used", "received_forms", "used_forms")
    }
    del cells["votes.2"]
    assert compared([station], {"11": cells}, "station").count == 0
    del cells["votes.1"]
    (found,) = compared([station], {"11": cells}, "station").differences
    assert (found.cell, found.log, found.projection) == ("votes.1", 10, 0)


@pytest.mark.parametrize("moving", [False, True])
def test_a_unit_that_one_side_lacks_differs_in_every_cell(moving: bool) -> None:
    cells = tally("11").cells()
    lacking = compared([tally("11")], {}, moving=moving)
    assert (lacking.count, lacking.cells) == (len(cells), len(cells))
    foreign = compared([], {"11": cells}, moving=moving)
    # Voters whose number nobody knows, in all and outstanding, are missing on both sides.
    assert (foreign.count, foreign.cells) == (len(cells) - 2, 0)


def test_units_that_moved_on_are_counted_by_level_and_reason() -> None:
    shown = {unit: tally(unit, version=version).cells() for unit, version in (("11", 7), ("12", 4))}
    found = compared([tally("11"), tally("12"), tally("13")], shown | {"13": shown["11"]}, moving=True)
    cells = len(tally("11").cells())
    assert found.not_compared == [
        NotCompared("province", "ahead", 2, 2 * cells),
        NotCompared("province", "behind", 1, cells),
    ]
    assert found.count == 0


@pytest.mark.parametrize(("shown", "why"), [(6, "ahead"), (4, "behind"), (5, "mixed")])
def test_the_version_tells_why(shown: int, why: str) -> None:
    assert reason(5, shown) == why


def test_all_differences_are_counted_and_the_first_are_kept() -> None:
    ours = [tally(str(number)) for number in range(DIFFERENCES_KEPT)]
    found = compared(ours, {one.unit: one.cells() | {"valid": -1, "voters": -1} for one in ours})
    assert found.count == 2 * DIFFERENCES_KEPT
    assert len(found.differences) == DIFFERENCES_KEPT
