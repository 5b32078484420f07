"""Decodes the totals of provinces and the nation and makes rows of `tally_history` of them.

A message is compared with the election and the register before it becomes a row: one that does not fit them
is an error, because it comes from another election or another version, or can't be. The figures are not
changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.plausible import LogEnds, TotalsCheck
from schemas.regions import Registry
from schemas.tables import MANY_PARTITIONS
from schemas.tallies import Tally
from schemas.tally_cells import cell_count, tally_of
from schemas.tally_messages import TallyMessage, decode_tally
from sinks.rows import Rows

POSITION_OF_SEVERAL: Final = 0
"""The position of totals of several partitions: see schemas.tables.MANY_PARTITIONS."""


class TallyRows:
    """Makes rows of the total messages of one election."""

    def __init__(
        self, election: Election, registry: Registry, ballots: Ballots, rows: Rows, ends: LogEnds
    ) -> None:
        """`ends`: where the log ends, which totals can't be beyond."""
        self.election: Final = election.id
        self._check = TotalsCheck(election, registry, ballots, ends)
        self._registry = registry
        self._ballots = ballots
        self._rows = rows
        self._contests = {contest: number for number, contest in enumerate(ballots.contests)}

    def decode(self, raw: bytes) -> TallyMessage:
        """The message in `raw`. Raises TallyMalformed, also when it does not fit the election or
        can't be, and LogUnavailable."""
        message = decode_tally(raw)
        self._check.check(message)
        return message

    def table(self, messages: Iterable[TallyMessage]) -> pa.Table:
        """A row for each message that `decode` returned."""
        several = list(messages)
        times = np.array([message.recorded_at for message in several], np.int64)
        tallies = [self._tally(message) for message in several]
        return self._rows.whole_tallies(tallies, POSITION_OF_SEVERAL, times, MANY_PARTITIONS)

    def _tally(self, message: TallyMessage) -> Tally:
        contest, region = self._contests[message.contest], self._registry.index[message.unit]
        parts = []
        for index in self._ballots.of_region(contest, region):
            ballot = self._ballots.ballots[index]
            # Messages leave out a ballot without any count: its options get zeros.
            cells = message.cells.get(index)
            parts.append((ballot, [0] * cell_count(ballot) if cells is None else list(cells)))
        return tally_of(self._registry, self._ballots, contest, region, parts)
