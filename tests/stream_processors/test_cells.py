"""What one station adds: its cells against a plain definition, form by form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Status
from schemas.forms import CHasil
from schemas.tallies import CELL, FIRST_VOTE, FIXED_CELLS, OUTSTANDING
from schemas.tally_cells import cell_count
from stream_processors.cells import (
    COMPLETE,
    FIGURES_BEFORE_VOTES,
    MISSING,
    STATUS_CODE,
    STATUSES,
    Cells,
    figure_count,
    figures_of,
    no_figures,
    station_cells,
)
from stream_processors.checks.votes import read_votes
from tests.logs import UNHURRIED, ballot_of
from tests.worlds import BLANK, DPR, PPWP, form, pairs, world

STATION = "1101012001001"
BALLOT = ballot_of(world(), PPWP, STATION)
PARTIES = ballot_of(world(), DPR, STATION)


def plain_cells(version: int, status: Status, unlisted: bool, figures: tuple[int, ...]) -> list[int]:
    """The cells of one station by their names, as the columns of a row say what they mean."""
    registered, voters, valid, invalid, papers_received, papers_used, complete, *votes = [
        None if figure == MISSING else figure for figure in figures
    ]
    received = status is not Status.ANNULLED
    clean = status is Status.CLEAN
    said = {
        **{"voters": voters, "valid": valid, "invalid": invalid},
        **{"ballots_received": papers_received, "ballots_used": papers_used},
    }
    named = dict.fromkeys((*FIXED_CELLS, *OUTSTANDING), 0)
    named |= {
        "received": int(received),
        "annulled": int(not received),
        "unlisted": int(unlisted and received),
        "registered_received": 0 if unlisted else registered or 0,
        "registered_forms": int(received and not unlisted and registered is not None),
    }
    named[status.value] = 1
    shared = [figure or 0 if complete else 0 for figure in votes]
    for prefix in ("", "clean_") if clean else ("",):
        for name, figure in said.items():
            if f"{prefix}{name}" in named:
                named[f"{prefix}{name}"] = figure or 0
                named[f"{prefix}{name}_forms"] = int(figure is not None)
        named[f"{prefix}share_forms"] = complete or 0
        named[f"{prefix}share_total"] = sum(shared)
    if not clean:
        named["clean"] = 0
    by_option = ([figure or 0 for figure in votes], [int(figure is not None) for figure in votes], shared)
    both = [[*some, *(figure if clean else 0 for figure in some)] for some in by_option]
    return [version, *named.values(), *(figure for some in both for figure in some)]


def cells_of(*stations: tuple[int, Status, bool, tuple[int, ...]]) -> Cells:
    """`station_cells` of some stations."""
    versions, statuses, unlisted, figures = zip(*stations, strict=True)
    return station_cells(
        BALLOT,
        np.array(versions),
        np.array([STATUS_CODE[status] for status in statuses]),
        np.array(unlisted, np.int64),
        np.array(figures, np.int64),
    )


def figures(said: dict[str, Any], registered: int | None = 201) -> tuple[int, ...]:
    """The figures of a form of PPWP."""
    read = CHasil(**said)
    votes, complete = read_votes(read, BALLOT)
    return figures_of(read, votes, registered, complete=complete)


@st.composite
def stations(draw: st.DrawFn) -> tuple[int, Status, bool, tuple[int, ...]]:
    """A station in any state. Annulled ones have no figures: that is what no_figures is for."""
    status = draw(st.sampled_from(STATUSES))
    figure = st.one_of(st.integers(0, 9_999_999), st.just(MISSING))
    before, votes = st.tuples(*[figure] * COMPLETE), st.tuples(*[figure] * len(BALLOT.options))
    said = st.tuples(before, st.tuples(st.integers(0, 1)), votes).map(lambda parts: sum(parts, ()))
    shown = no_figures(BALLOT) if status is Status.ANNULLED else draw(said)
    return draw(st.integers(1, 60_000)), status, draw(st.booleans()), shown


@UNHURRIED
@given(st.lists(stations(), min_size=1, max_size=8))
def test_cells_are_those_of_the_plain_definition(
    some: list[tuple[int, Status, bool, tuple[int, ...]]],
) -> None:
    assert cells_of(*some).tolist() == [plain_cells(*station) for station in some]


@pytest.mark.parametrize("ballot", [BALLOT, PARTIES])
def test_a_row_is_as_long_as_its_ballot_says(ballot: Any) -> None:
    assert figure_count(ballot) == FIGURES_BEFORE_VOTES + len(ballot.options) == len(no_figures(ballot))
    one = station_cells(
        ballot, np.array([1]), np.array([0]), np.array([0]), np.zeros((1, figure_count(ballot)), np.int64)
    )
    assert one.shape == (1, cell_count(ballot))
    assert cell_count(ballot) == FIRST_VOTE + 4 * len(ballot.options) + 2 * len(ballot.top)


def test_every_status_has_its_own_cell_and_only_an_annulled_station_is_not_received() -> None:
    """One station of each status: clean + flagged + blank are received, and annulled is beside them."""
    shown = cells_of(*[(1, status, False, no_figures(BALLOT)) for status in Status])
    by_name = dict(zip(FIXED_CELLS, shown[:, 1:].sum(axis=0).tolist(), strict=False))
    assert {name: by_name[name] for name in (*Status, "received")} == {
        Status.CLEAN: 1,
        Status.FLAGGED: 1,
        Status.BLANK: 1,
        Status.ANNULLED: 1,
        "received": 3,
    }


def test_an_annulled_station_adds_its_version_and_its_place_in_the_funnel_only() -> None:
    (shown,) = cells_of((3, Status.ANNULLED, True, no_figures(BALLOT))).tolist()
    assert {name: n for name, n in zip(("version", *FIXED_CELLS), shown, strict=False) if n} == {
        "version": 3,
        "annulled": 1,
    }
    assert not any(shown[FIRST_VOTE:])


@pytest.mark.parametrize("status", [Status.FLAGGED, Status.BLANK])
def test_only_a_clean_form_adds_to_the_clean_totals(status: Status) -> None:
    (shown,) = cells_of((1, status, False, figures(pairs(5, 6, 7)))).tolist()
    named = dict(zip(("version", *FIXED_CELLS), shown, strict=False))
    assert (named["valid"], named["voters"], named["invalid"]) == (18, 20, 2)
    assert (named["clean_valid"], named["clean_voters"], named["clean_invalid"]) == (0, 0, 0)
    recorded, nothing = [5, 6, 7], [0, 0, 0]
    assert shown[FIRST_VOTE:] == [*recorded, *nothing, *[1, 1, 1], *nothing, *recorded, *nothing]
    assert (named["share_forms"], named["share_total"]) == (1, 18)
    assert (named["clean_share_forms"], named["clean_share_total"]) == (0, 0)


@pytest.mark.parametrize(
    ("said", "complete"),
    [
        (pairs(5, 6, 7), True),
        (pairs(0, 0, 0), True),
        (pairs(5, 6, None), False),
        (BLANK, False),
        ({"valid": 200}, False),
    ],
)
def test_only_a_form_with_every_option_enters_shares(said: dict[str, Any], complete: bool) -> None:
    (shown,) = cells_of((1, Status.CLEAN, False, figures(said))).tolist()
    named = dict(zip(("version", *FIXED_CELLS), shown, strict=False))
    assert named["share_forms"] == named["clean_share_forms"] == int(complete)
    layout = BALLOT.layout
    votes = shown[layout.votes] if complete else [0, 0, 0]
    assert shown[layout.share_votes] == shown[layout.clean_share_votes] == votes
    assert named["share_total"] == sum(votes)


def test_an_unlisted_station_neither_adds_to_the_registered_voters_nor_takes_from_them() -> None:
    (shown,) = cells_of((1, Status.CLEAN, True, figures(pairs(5, 6, 7), registered=300))).tolist()
    assert (shown[CELL["registered_received"]], shown[CELL["registered_forms"]]) == (0, 0)


def test_figures_stand_in_their_order_and_votes_in_the_ballots() -> None:
    said = pairs(5, 6, 7, invalid=3, ballots={"received": 90, "used": 80})
    assert figures(said) == (201, 21, 18, 3, 90, 80, 1, 5, 6, 7)


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ({}, {}),
        (BLANK, {}),
        ({"voters": {}, "ballots": {}}, {}),
        ({"voters": {"total": {"l": 9}}}, {}),
        ({"votes": {"2": 9}}, {8: 9}),
        ({"valid": 0, "invalid": None}, {2: 0}),
        ({"ballots": {"used": 80}}, {5: 80}),
    ],
)
def test_a_missing_figure_is_told_apart_from_zero_and_made_up_from_nothing(
    said: dict[str, Any], given: dict[int, int]
) -> None:
    nothing = dict(enumerate(no_figures(BALLOT)))
    assert figures(said) == tuple({**nothing, 0: 201, **given}.values())


def test_registered_voters_that_nobody_knows_are_missing() -> None:
    assert figures(pairs(1, 2, 3), registered=None)[0] == MISSING


def test_a_party_counts_with_its_total_and_with_the_parts_that_are_given() -> None:
    read = CHasil(**form({"1.0": 5, "1.1": 3, "2": 4}))
    found, complete = read_votes(read, PARTIES)
    figures = figures_of(read, found, 0, complete=complete)[FIGURES_BEFORE_VOTES:]
    votes = dict(zip(PARTIES.options, figures, strict=True))
    given = {option: n for option, n in votes.items() if n != MISSING}
    assert given == {"1": 8, "1.0": 5, "1.1": 3, "2": 4}
    assert not complete
