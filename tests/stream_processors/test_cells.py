"""What one station adds: its cells against a plain definition, form by form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Status
from schemas.forms import CHasil
from schemas.tallies import FIRST_VOTE, FIXED_CELLS
from stream_processors.cells import (
    FIGURES_BEFORE_VOTES,
    STATUS_CODE,
    STATUSES,
    Cells,
    cell_count,
    figure_count,
    figures_of,
    no_figures,
    station_cells,
)
from stream_processors.checks import votes_of
from tests.logs import UNHURRIED, ballot_of
from tests.worlds import BLANK, DPR, PPWP, form, pairs, world

STATION = "1101012001001"
BALLOT = ballot_of(world(), PPWP, STATION)
PARTIES = ballot_of(world(), DPR, STATION)


def plain_cells(version: int, status: Status, unlisted: bool, figures: tuple[int, ...]) -> list[int]:
    """The cells of one station by their names, as the columns of a row say what they mean."""
    registered, voters, valid, invalid, papers_received, papers_used, *votes = figures
    received = status is not Status.ANNULLED
    clean = status is Status.CLEAN
    named = {
        "received": int(received),
        "clean": int(clean),
        "flagged": int(status is Status.FLAGGED),
        "blank": int(status is Status.BLANK),
        "annulled": int(status is Status.ANNULLED),
        "unlisted": int(unlisted and received),
        "registered_received": registered,
        "voters": voters,
        "valid": valid,
        "invalid": invalid,
        "ballots_received": papers_received,
        "ballots_used": papers_used,
        "clean_voters": voters if clean else 0,
        "clean_valid": valid if clean else 0,
        "clean_invalid": invalid if clean else 0,
    }
    return [version, *(named[name] for name in FIXED_CELLS), *votes, *(n if clean else 0 for n in votes)]


def cells_of(*stations: tuple[int, Status, bool, tuple[int, ...]]) -> Cells:
    """`station_cells` of some stations."""
    versions, statuses, unlisted, figures = zip(*stations, strict=True)
    return station_cells(
        np.array(versions),
        np.array([STATUS_CODE[status] for status in statuses]),
        np.array(unlisted, np.int64),
        np.array(figures, np.int64),
    )


def figures(said: dict[str, Any], registered: int | None = 201) -> tuple[int, ...]:
    """The figures of a form of PPWP."""
    read = CHasil(**said)
    return figures_of(read, votes_of(read, BALLOT), registered)


@st.composite
def stations(draw: st.DrawFn) -> tuple[int, Status, bool, tuple[int, ...]]:
    """A station in any state. Annulled ones have no figures: that is what no_figures is for."""
    status = draw(st.sampled_from(STATUSES))
    said = st.tuples(*[st.integers(0, 9_999_999)] * figure_count(BALLOT))
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
        np.array([1]), np.array([0]), np.array([0]), np.zeros((1, figure_count(ballot)), np.int64)
    )
    assert one.shape == (1, cell_count(ballot))
    assert cell_count(ballot) == FIRST_VOTE + 2 * len(ballot.options)


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
    assert shown[FIRST_VOTE:] == [5, 6, 7, 0, 0, 0]


def test_figures_stand_in_their_order_and_votes_in_the_ballots() -> None:
    said = pairs(5, 6, 7, invalid=3, ballots={"received": 90, "used": 80})
    assert figures(said) == (201, 21, 18, 3, 90, 80, 5, 6, 7)


@pytest.mark.parametrize(
    ("said", "added"),
    [
        ({}, (201, 0, 0, 0, 0, 0, 0, 0, 0)),
        (BLANK, (201, 0, 0, 0, 0, 0, 0, 0, 0)),
        ({"voters": {}, "ballots": {}}, (201, 0, 0, 0, 0, 0, 0, 0, 0)),
        ({"voters": {"total": {"l": 9}}}, (201, 0, 0, 0, 0, 0, 0, 0, 0)),
        ({"votes": {"2": 9}}, (201, 0, 0, 0, 0, 0, 0, 9, 0)),
        ({"valid": 0, "invalid": None}, (201, 0, 0, 0, 0, 0, 0, 0, 0)),
        ({"ballots": {"used": 80}}, (201, 0, 0, 0, 0, 80, 0, 0, 0)),
    ],
)
def test_a_missing_figure_adds_nothing_and_is_made_up_from_nothing(
    said: dict[str, Any], added: tuple[int, ...]
) -> None:
    assert figures(said) == added


def test_registered_voters_that_nobody_knows_add_nothing() -> None:
    assert figures(pairs(1, 2, 3), registered=None)[0] == 0


def test_a_party_counts_with_its_total_and_with_the_parts_that_are_given() -> None:
    read = CHasil(**form({"1.0": 5, "1.1": 3, "2": 4}))
    votes = dict(
        zip(PARTIES.options, figures_of(read, votes_of(read, PARTIES), 0)[FIGURES_BEFORE_VOTES:], strict=True)
    )
    assert {option: n for option, n in votes.items() if n} == {"1": 8, "1.0": 5, "1.1": 3, "2": 4}
