"""Documents held against sums: nothing differs from itself, each changed cell is found; shifts add to 0."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from determination.reconcile import (
    Difference,
    Reason,
    ShiftKind,
    differences,
    differences_of_documents,
    shifts,
    sum_of,
)

NAMES = (
    "votes.1",
    "votes.2",
    "votes.10",
    "votes.1.1",
    "votes.1.2",
    "votes.A:3",
    "valid",
    "invalid",
    "voters",
)
CELLS = st.dictionaries(st.sampled_from(NAMES), st.none() | st.integers(0, 10_000))


@given(CELLS)
def test_a_roll_up_does_not_differ_from_itself(cells: dict[str, int | None]) -> None:
    assert differences(cells, cells) == ()
    assert shifts(cells, cells) == ()


@given(st.lists(CELLS, max_size=5))
def test_the_sum_of_documents_does_not_differ_from_their_sum(parts: list[dict[str, int | None]]) -> None:
    assert differences_of_documents(sum_of(parts), parts) == ()


@given(CELLS, st.integers(1, 500), st.data())
def test_each_single_changed_cell_is_found(
    cells: dict[str, int | None], more: int, data: st.DataObject
) -> None:
    known = sorted(cell for cell, figure in cells.items() if figure is not None)
    if not known:
        return
    cell = data.draw(st.sampled_from(known))
    figure = cells[cell] or 0
    changed = cells | {cell: figure + more}
    assert differences(changed, cells) == (Difference(cell, figure + more, figure),)
    assert differences(cells, changed) == (Difference(cell, figure, figure + more),)
    assert differences(cells, changed)[0].difference == -more


def test_a_cell_that_one_side_does_not_give_is_not_compared() -> None:
    assert differences({"votes.1": 5, "valid": None}, {"votes.1": None, "valid": 5, "votes.2": 0}) == ()


def test_a_reason_belongs_to_its_cell() -> None:
    found = differences(
        {"votes.1": 5, "votes.2": 7}, {"votes.1": 4, "votes.2": 8}, {"votes.2": Reason.COURT_RULING}
    )
    assert [(one.cell, one.reason) for one in found] == [("votes.1", None), ("votes.2", Reason.COURT_RULING)]


def test_cells_are_in_the_order_of_the_ballot() -> None:
    found = differences(
        {"votes.10": 1, "votes.2": 1, "votes.1": 1}, {"votes.10": 2, "votes.2": 2, "votes.1": 2}
    )
    assert [one.cell for one in found] == ["votes.1", "votes.2", "votes.10"]


@given(CELLS, CELLS)
def test_shifts_add_up_to_nothing(one: dict[str, int | None], other: dict[str, int | None]) -> None:
    for shift in shifts(one, other):
        assert sum(shift.differences.values()) == 0
        assert shift.moved > 0
        assert 0 not in shift.differences.values()


@given(st.integers(1, 100), st.integers(0, 500), st.integers(0, 500))
def test_votes_that_moved_between_options_are_a_shift(moved: int, one: int, two: int) -> None:
    computed = {"votes.1": one + moved, "votes.2": two, "votes.3": 7}
    certified = {"votes.1": one, "votes.2": two + moved, "votes.3": 7}
    (shift,) = shifts(certified, computed)
    assert (shift.kind, shift.moved) == (ShiftKind.BETWEEN_OPTIONS, moved)
    assert shift.differences == {"1": -moved, "2": moved}
    assert shifts(certified | {"votes.3": None}, computed)[0].kind is ShiftKind.BETWEEN_TWO


def test_two_options_that_differ_by_the_opposite_are_named_beside_other_differences() -> None:
    computed = {"votes.11": 100, "votes.17": 6000, "votes.1": 50}
    certified = {"votes.11": 5100, "votes.17": 1000, "votes.1": 51}
    (shift,) = shifts(certified, computed)
    assert (shift.kind, shift.differences) == (ShiftKind.BETWEEN_TWO, {"11": 5000, "17": -5000})


@pytest.mark.parametrize(
    ("computed", "certified", "moved"),
    [
        ((100, 40, 30), (100, 50, 20), {"4.1": 10, "4.2": -10}),
        ((100, 40, 30), (100, 55, 30), {"4": -15, "4.1": 15}),  # from the party alone to a candidate
        ((100, 40, 30), (110, 50, 30), None),  # the party has more: no shift within it
        ((100, 40, 30), (100, 50, None), None),
    ],
)
def test_votes_that_moved_within_a_party(
    computed: tuple[int, int, int], certified: tuple[int, int, int | None], moved: dict[str, int] | None
) -> None:
    names = ("votes.4", "votes.4.1", "votes.4.2")
    found = [
        one
        for one in shifts(dict(zip(names, certified, strict=True)), dict(zip(names, computed, strict=True)))
        if one.kind is ShiftKind.WITHIN_PARTY
    ]
    assert [dict(one.differences) for one in found] == ([moved] if moved else [])
    assert all(one.party == "4" for one in found)


def test_candidates_of_a_constituency_are_on_the_list_of_the_party_of_all() -> None:
    computed = {"votes.4": 100, "votes.A:4.1": 40, "votes.A:4.2": 30, "votes.A:14.1": 5}
    (shift,) = shifts(computed | {"votes.A:4.1": 50, "votes.A:4.2": 20}, computed)
    assert (shift.party, shift.differences) == ("4", {"A:4.1": 10, "A:4.2": -10})
