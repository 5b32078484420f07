"""Inserts the baseline of the projections: the register, and every region at zero.

Without it a region without any form would be absent instead of outstanding. It is inserted once; after a
crash in the middle it is inserted again, which is idempotent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from schemas.ballots import Ballots
from schemas.regions import Registry
from schemas.tally_cells import cell_count, tally_of
from sinks.rows import Rows
from sinks.writer import Writer

MAX_ROWS: Final = 5_000
"""Rows of one insert, some 50 MB of the widest ballots. There are a thousand ballots in a general election;
an insert for each would take ten times as long as all the rest."""

BEFORE_ALL_TIME = 0
"""1970: a baseline row is older than every event, so that `as of` any time finds one."""


def insert_baseline(rows: Rows, writer: Writer, registry: Registry, ballots: Ballots) -> None:
    """Insert the register and the regions at zero unless they are there. Raises SinkUnavailable."""
    if not writer.is_empty("region"):
        return
    writer.insert({"register_station": rows.register_stations()})
    waiting: list[pa.Table] = []
    for table in _tallies(rows, registry, ballots):
        waiting.append(table)
        if sum(one.num_rows for one in waiting) >= MAX_ROWS:
            writer.insert({"tally_history": pa.concat_tables(waiting)})
            waiting.clear()
    if waiting:
        writer.insert({"tally_history": pa.concat_tables(waiting)})
    # Last, because its presence says that all the rest is there.
    writer.insert({"region": rows.regions()})


def _tallies(rows: Rows, registry: Registry, ballots: Ballots) -> Iterator[pa.Table]:
    """Every region at zero, a table for each ballot and one for regions with several."""
    for contest in range(len(ballots.contests)):
        alone: dict[int, list[int]] = {}
        several = []
        for region, held in ballots.held(contest):
            if len(held) == 1:
                alone.setdefault(held[0], []).append(region)
            else:
                zeros = [(ballots.ballots[index], [0] * cell_count(ballots.ballots[index])) for index in held]
                several.append(tally_of(registry, ballots, contest, region, zeros))
        for index, regions in alone.items():
            ballot = ballots.ballots[index]
            zero = np.zeros((len(regions), cell_count(ballot)), np.int64)
            yield rows.tallies(ballot, np.array(regions), zero, 0, BEFORE_ALL_TIME)
        if several:
            yield rows.whole_tallies(several, 0, BEFORE_ALL_TIME)
