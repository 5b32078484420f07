"""Comparing cells: what differs is found wherever it is, and what may move on is set aside by its reason."""

from __future__ import annotations

from typing import Any

import pytest

from audit.comparison import DIFFERENCES_KEPT, ROW, Comparison, Difference, NotCompared, reason
from queries.cells import Cells, Key
from schemas.regions import Level
from schemas.tallies import FIXED_CELLS, Tally

CONTEST = "PPWP"
PLACE = {"contest": CONTEST, "level": "province", "unit": "11"}


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
    comparison.totals({(CONTEST, one.unit): one for one in ours}, level, theirs, moving=moving)
    return comparison


def test_every_cell_that_is_equal_counts() -> None:
    found = compared([tally("11"), tally("12")], {"11": tally("11").cells(), "12": tally("12").cells()})
    assert (found.values, found.count, found.not_compared) == (2 * len(tally("11").cells()), 0, [])


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
        assert (found.count, found.values) == (0, 0)
        assert found.not_compared == [NotCompared("tally_history", "mixed", "province", 1, len(cells))]
    else:
        assert found.differences == [Difference("tally_history", PLACE, *difference)]
        assert (found.count, found.values, found.not_compared) == (1, len(cells), [])


def test_a_cell_that_is_not_shown_differs() -> None:
    cells = tally("11").cells()
    del cells["votes.2"]
    (found,) = compared([tally("11")], {"11": cells}).differences
    assert (found.column, found.log, found.shown) == ("votes.2", 0, None)


@pytest.mark.parametrize("moving", [False, True])
def test_a_unit_that_one_side_lacks_differs_in_every_cell(moving: bool) -> None:
    cells = tally("11").cells()
    lacking = compared([tally("11")], {}, moving=moving)
    assert (lacking.count, lacking.values) == (len(cells), len(cells))
    foreign = compared([], {"11": cells}, moving=moving)
    # Voters whose number nobody knows, in all and outstanding, are missing on both sides.
    assert (foreign.count, foreign.values) == (len(cells) - 2, 0)


def test_units_that_moved_on_are_counted_by_level_and_reason() -> None:
    shown = {unit: tally(unit, version=version).cells() for unit, version in (("11", 7), ("12", 4))}
    found = compared([tally("11"), tally("12"), tally("13")], shown | {"13": shown["11"]}, moving=True)
    cells = len(tally("11").cells())
    assert found.not_compared == [
        NotCompared("tally_history", "ahead", "province", 2, 2 * cells),
        NotCompared("tally_history", "behind", "province", 1, cells),
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


NAMES = ("unit", "version", "votes", "valid")
RIGHT = {("1", 1): ("1", 1, {"1": 5, "2": 0}, None), ("1", 2): ("1", 2, {"1": 6}, 6)}


def rows(*shown: tuple[Any, ...]) -> Comparison:
    """The comparison of these rows with RIGHT."""
    comparison = Comparison()
    comparison.rows("table", NAMES, ("unit", "version"), RIGHT, shown)
    return comparison


def test_rows_are_found_in_any_order_and_may_be_there_twice() -> None:
    first, second = RIGHT.values()
    found = rows(second, first, second)
    assert (found.count, found.values) == (0, 3 * len(NAMES))


@pytest.mark.parametrize(
    ("shown", "column", "log", "there"),
    [
        (("1", 2, {"1": 6}, None), "valid", 6, None),
        (("1", 2, {"1": 6, "3": 0}, 6), "votes.3", None, 0),  # a figure that nobody gave is not zero
        (("1", 2, {}, 6), "votes.1", 6, None),
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_a_column_that_differs_is_named_also_beside_the_right_row(
    shown: tuple[Any, ...], column: str, log: Any, there: Any, beside: bool
) -> None:
    right = list(RIGHT.values()) if beside else [RIGHT["1", 1]]
    found = rows(*right, shown)
    assert found.differences == [Difference("table", {"unit": "1", "version": 2}, column, log, there)]


def test_a_row_that_one_side_lacks_is_one_difference() -> None:
    first, second = RIGHT.values()
    invented: tuple[Any, ...] = ("2", 1, {}, 0)
    found = rows(first, invented)
    assert found.differences == [
        Difference("table", {"unit": "2", "version": 1}, ROW, None, dict(zip(NAMES, invented, strict=True))),
        Difference("table", {"unit": "1", "version": 2}, ROW, dict(zip(NAMES, second, strict=True)), None),
    ]


def test_what_the_database_refuses_to_tell_is_named() -> None:
    comparison = Comparison(unreadable={"rejected": "Table rejected does not exist"})
    assert comparison.not_compared == [
        NotCompared("rejected", "unreadable", detail="Table rejected does not exist")
    ]
