"""Decodes the totals of provinces and the nation and makes rows of `tally_history` of them.

A message is compared with the election and the register before it becomes a row: one that does not fit them
is an error, because it comes from another election or another version. The figures are not changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import DEPTH, UNKNOWN, Registry
from schemas.tables import MANY_PARTITIONS
from schemas.tallies import Tally
from schemas.tally_messages import TallyMalformed, TallyMessage, decode_tally
from schemas.text import quoted
from sinks.rows import Rows
from stream_processors.cells import cell_count
from stream_processors.rollup import tally_of

NO_POSITION: Final = 0
"""The position of totals of several partitions: see schemas.tables.MANY_PARTITIONS."""


class TallyRows:
    """Makes rows of the total messages of one election."""

    def __init__(self, election: Election, registry: Registry, ballots: Ballots, rows: Rows) -> None:
        self._election = election.id
        self._registry = registry
        self._ballots = ballots
        self._rows = rows
        self._contests = {contest: number for number, contest in enumerate(ballots.contests)}

    def decode(self, raw: bytes) -> TallyMessage:
        """The message in `raw`. Raises TallyMalformed, also when it does not fit the election."""
        message = decode_tally(raw)
        contest = self._contests.get(message.contest)
        region = self._registry.index.get(message.unit)
        if message.election != self._election or contest is None or region is None:
            raise _unfit(message, "which is not in this election")
        parent = int(self._registry.parent[region])
        above = "" if parent == UNKNOWN else self._registry.ids[parent]
        if DEPTH[message.level] != self._registry.depth[region] or message.parent != above:
            raise _unfit(message, "whose place in the register is another")
        held = self._ballots.of_region(contest, region)
        for ballot, cells in message.cells.items():
            if ballot not in held or len(cells) != cell_count(self._ballots.ballots[ballot]):
                raise _unfit(message, f"with a ballot {ballot} that is another here")
        return message

    def table(self, messages: Iterable[TallyMessage]) -> pa.Table:
        """A row for each message that `decode` returned."""
        several = list(messages)
        times = np.array([message.recorded_at for message in several], np.int64)
        tallies = [self._tally(message) for message in several]
        return self._rows.whole_tallies(tallies, NO_POSITION, times, MANY_PARTITIONS)

    def _tally(self, message: TallyMessage) -> Tally:
        contest, region = self._contests[message.contest], self._registry.index[message.unit]
        parts = []
        for index in self._ballots.of_region(contest, region):
            ballot = self._ballots.ballots[index]
            # Messages leave out a ballot without any count: its options get zeros.
            cells = message.cells.get(index)
            parts.append((ballot, [0] * cell_count(ballot) if cells is None else list(cells)))
        return tally_of(self._registry, self._ballots, contest, region, parts)


def _unfit(message: TallyMessage, why: str) -> TallyMalformed:
    return TallyMalformed(
        f"It holds totals of {message.level} {quoted(repr(message.unit))}, "
        f"{quoted(repr(message.contest))} of {quoted(repr(message.election))}, "
        f"{why}. Workers and sinks of an election must have the same data directory and version: stop the "
        "one that has not."
    )
