"""Which cells of a count differ from the one in force, for the sentence of a rejected first count.

Named are the cells that a unit's state has: options, sums and ballot papers. It has no others.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from schemas.ballots import Ballot
from schemas.rejections import Rejection
from stream_processors.cells import FIGURES_BEFORE_VOTES, figure_count
from stream_processors.partition import unit_states
from stream_processors.rejections import naming_cells

_CELLS: Final = ("", "voters.total.j", "valid", "invalid", "ballots.received", "ballots.used", "")
"""The cells of the figures before the votes; the first is the register's, the last whether all options are
filled."""


def with_cells(rejection: Rejection, held: bytes, ballot: Ballot, figures: bytes) -> Rejection:
    """`rejection` of a count with these figures, naming the cells in which it differs from that in force,
    whose record is `held`."""
    here = np.frombuffer(figures, "<u4").astype(np.int64)
    there = unit_states.figures([held], figure_count(ballot))[0]
    if here.size != there.size:
        return rejection
    names = [
        *_CELLS[:FIGURES_BEFORE_VOTES],
        *(f"votes.{option}" for option in ballot.options),
    ]
    differing = [names[place] for place in np.flatnonzero(here != there).tolist() if names[place]]
    return naming_cells(rejection, differing)
