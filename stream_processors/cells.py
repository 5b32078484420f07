"""What stations add to the totals above them: their figures as cells, a missing figure adding nothing.

A station's figures are kept short and are spread out into cells only to be added or subtracted, because a
national count holds 823,236 of them for each contest. Cells are computed for many stations at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.ballots import Ballot
from schemas.findings import Status
from schemas.forms import CHasil

Figures = tuple[int, ...]
"""registered, voters, valid, invalid, ballots received, ballots used (MISSING where not given), whether every
option has a figure (0 or 1), then votes in the ballot's order (MISSING where not given)."""

Cells = NDArray[np.int64]
"""A row for each unit: version, FIXED_CELLS, OUTSTANDING, then what the ballot has (`cell_count` columns, see
schemas.tallies)."""

STATUSES: Final = (Status.CLEAN, Status.FLAGGED, Status.BLANK, Status.ANNULLED)
"""Statuses by the code that stands for them in arrays and records."""
STATUS_CODE: Final = {status: code for code, status in enumerate(STATUSES)}

MISSING: Final = 2**32 - 1
"""A figure that the form does not give, or the register does not tell; figures of forms have seven digits."""

FIGURES_BEFORE_VOTES: Final = 7
COMPLETE: Final = 6
"""The place that says whether every option has a figure: only then do its votes enter shares."""

# received, clean, flagged, blank, annulled: by status code
_STATUS_CELLS: Final = np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 0, 0, 1, 0], [0, 0, 0, 0, 1]])


def figures_of(
    form: CHasil, votes: Sequence[int | None], registered: int | None, *, complete: bool
) -> Figures:
    """The figures of a form in force with these `votes` (in the ballot's order); `registered` is the
    register's number of voters of its station, `complete` whether every option has a figure."""
    voters = form.voters.total.j if form.voters is not None and form.voters.total is not None else None
    ballots = form.ballots
    return (
        _or_missing(registered),
        _or_missing(voters),
        _or_missing(form.valid),
        _or_missing(form.invalid),
        _or_missing(ballots.received) if ballots is not None else MISSING,
        _or_missing(ballots.used) if ballots is not None else MISSING,
        int(complete),
        *[MISSING if figure is None else figure for figure in votes],
    )


def no_figures(ballot: Ballot) -> Figures:
    """The figures of a station without a count in force."""
    return (*[MISSING] * COMPLETE, 0, *[MISSING] * len(ballot.options))


def figure_count(ballot: Ballot) -> int:
    """How many figures a station with that ballot has."""
    return FIGURES_BEFORE_VOTES + len(ballot.options)


def station_cells(
    ballot: Ballot,
    versions: NDArray[np.int64],
    statuses: NDArray[np.int64],
    unlisted: NDArray[np.int64],
    figures: NDArray[np.int64],
) -> Cells:
    """The cells of stations with this ballot: a row for each, of their version, status code, whether they
    are missing from the list (0 or 1), and figures (a row of `figure_count`)."""
    status_cells = _STATUS_CELLS[statuses]
    received = status_cells[:, :1]
    is_clean = status_cells[:, 1:2]
    is_listed = 1 - unlisted[:, None]
    given = (figures != MISSING).astype(np.int64)
    known = figures * given
    votes, filled = known[:, FIGURES_BEFORE_VOTES:], given[:, FIGURES_BEFORE_VOTES:]
    complete = known[:, COMPLETE : COMPLETE + 1]
    shared = votes[:, list(ballot.top)] * complete
    of_shares = np.hstack([complete, shared.sum(axis=1, keepdims=True)])
    decided = np.zeros_like(received)  # by village: see stream_processors.outstanding
    return np.hstack(
        [
            versions[:, None],
            status_cells,
            unlisted[:, None] * received,
            decided,
            known[:, :1] * is_listed,
            known[:, 1:COMPLETE],
            given[:, 1:COMPLETE],
            known[:, 1:4] * is_clean,  # voters, valid, invalid
            given[:, 1:4] * is_clean,
            of_shares,
            of_shares * is_clean,
            given[:, :1] * is_listed * received,
            *[decided] * 3,
            votes,
            votes * is_clean,
            filled,
            filled * is_clean,
            shared,
            shared * is_clean,
        ]
    )


def _or_missing(figure: int | None) -> int:
    return MISSING if figure is None else figure
