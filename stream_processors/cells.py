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
from schemas.tallies import FIRST_VOTE

Figures = tuple[int, ...]
"""registered, voters, valid, invalid, ballots received, ballots used, then votes in the ballot's order."""

Cells = NDArray[np.int64]
"""A row for each unit: version, FIXED_CELLS, votes, clean votes (`cell_count` columns)."""

STATUSES: Final = (Status.CLEAN, Status.FLAGGED, Status.BLANK, Status.ANNULLED)
"""Statuses by the code that stands for them in arrays and records."""
STATUS_CODE: Final = {status: code for code, status in enumerate(STATUSES)}

FIGURES_BEFORE_VOTES: Final = 6

# received, clean, flagged, blank, annulled: by status code
_STATUS_CELLS: Final = np.array([[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 0, 0, 1, 0], [0, 0, 0, 0, 1]])


def figures_of(form: CHasil, votes: Sequence[int | None], registered: int | None) -> Figures:
    """The figures of a form in force with these `votes` (in the ballot's order); `registered` is the
    register's number of voters of its station."""
    voters = form.voters.total.j if form.voters is not None and form.voters.total is not None else None
    ballots = form.ballots
    return (
        registered or 0,
        voters or 0,
        form.valid or 0,
        form.invalid or 0,
        (ballots.received or 0) if ballots is not None else 0,
        (ballots.used or 0) if ballots is not None else 0,
        *[figure or 0 for figure in votes],
    )


def no_figures(ballot: Ballot) -> Figures:
    """The figures of a station without a count in force."""
    return (0,) * figure_count(ballot)


def figure_count(ballot: Ballot) -> int:
    """How many figures a station with that ballot has."""
    return FIGURES_BEFORE_VOTES + len(ballot.options)


def cell_count(ballot: Ballot) -> int:
    """How many cells a unit with that ballot has, its version included."""
    return FIRST_VOTE + 2 * len(ballot.options)


def station_cells(
    versions: NDArray[np.int64],
    statuses: NDArray[np.int64],
    unlisted: NDArray[np.int64],
    figures: NDArray[np.int64],
) -> Cells:
    """The cells of stations with one ballot: a row for each, of their version, status code, whether they
    are missing from the list (0 or 1), and figures (a row of `figure_count`)."""
    status_cells = _STATUS_CELLS[statuses]
    received = status_cells[:, :1]
    is_clean = status_cells[:, 1:2]
    votes = figures[:, FIGURES_BEFORE_VOTES:]
    return np.hstack(
        [
            versions[:, None],
            status_cells,
            unlisted[:, None] * received,
            figures[:, :FIGURES_BEFORE_VOTES],
            figures[:, 1:4] * is_clean,  # voters, valid, invalid
            votes,
            votes * is_clean,
        ]
    )
