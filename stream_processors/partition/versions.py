"""R28: findings of an accepted count compared with the version before it, which the state holds.

A form is checked before it is decided whether it is accepted; these findings are made after that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.ballots import Ballots
from schemas.findings import Finding, Status
from stream_processors.cells import FIGURES_BEFORE_VOTES, MISSING, STATUSES
from stream_processors.checks.replaced import replaced_by_zeros
from stream_processors.partition import unit_states
from stream_processors.partition.batch import Batch
from stream_processors.partition.state import Outcome

WITH_VOTES: Final = (Status.CLEAN, Status.FLAGGED)
"""The statuses of forms on which votes are filled in, be they zero."""


def against_versions_before(
    ballots: Ballots, batch: Batch, outcome: Outcome, counts: Sequence[int]
) -> dict[int, Finding]:
    """R28 of the accepted counts (numbers in the outcome), by index in the batch."""
    found = {}
    for number in counts:
        held, index = outcome.previous[number], outcome.accepted[number]
        if held is None or STATUSES[batch.statuses[index]] not in WITH_VOTES:
            continue
        if _votes(batch.figures[index]).any():
            continue
        before = unit_states.unpack(held)
        votes = _votes(before.figures)
        if STATUSES[before.status] in WITH_VOTES and votes.any():
            top = ballots.ballots[batch.ballots[index]].top
            found[index] = replaced_by_zeros(int(votes[list(top)].sum(dtype=np.int64)))
    return found


def _votes(figures: bytes) -> NDArray[np.uint32]:
    """The votes among figures of a form, zero where it gives none."""
    votes = np.frombuffer(figures, "<u4")[FIGURES_BEFORE_VOTES:]
    return np.where(votes == MISSING, np.uint32(0), votes)


def with_rules(rules: pa.Array, indexes: Sequence[int], found: Mapping[int, Finding]) -> pa.Array:
    """The codes of the rules of each form, with those that `found` adds."""
    codes = rules.to_pylist()
    for row, index in enumerate(indexes):
        if index in found:
            codes[row] = sorted({*codes[row], found[index].rule})
    return pa.array(codes, rules.type)
