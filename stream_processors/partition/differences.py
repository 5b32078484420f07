"""Which cells of a count differ from the one in force, for the sentence of a rejected first count.

Named are the cells that a unit's state has: options, sums and ballot papers. It has no others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from schemas.ballots import Ballot
from schemas.language import Said
from schemas.rejections import Rejection
from stream_processors.cells import FIGURES_BEFORE_VOTES, figure_count
from stream_processors.partition import unit_states

_CELLS: Final = ("", "voters.total.j", "valid", "invalid", "ballots.received", "ballots.used", "")
"""The cells of the figures before the votes; the first is the register's, the last whether all options are
filled."""

CELLS_NAMED: Final = 20
"""A sentence names no more: a ballot of a party contest has hundreds of cells."""


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
    shown = ", ".join(differing[:CELLS_NAMED])
    if len(differing) > CELLS_NAMED:
        shown += ", ..."
    if differing:
        more = Said(id=f" Sel yang berbeda: {shown}.", en=f" Cells that differ: {shown}.")
    else:
        more = Said(
            id=" Suara dan jumlahnya sama; yang berbeda isian lain, jenis, atau waktunya.",
            en=" Votes and sums are the same; what differs are other cells, the kind or the time.",
        )
    return replace(rejection, said=Said(rejection.said.id + more.id, rejection.said.en + more.en))
