"""What the projections show before the first form has come: the register, and every region at zero.

Without it a region that nothing has reached would be absent instead of outstanding. Inserted once; a crash
in the middle means that it is inserted again, which changes nothing.
"""

from __future__ import annotations

import numpy as np

from schemas.ballots import Ballots
from schemas.regions import Registry
from sinks.rows import Rows
from sinks.writer import Writer
from stream_processors.cells import cell_count
from stream_processors.rollup import tally_of

BEFORE_ALL_TIME = 0
"""1970: a baseline row is older than every event, so that `as of` any time finds one."""


def insert_baseline(rows: Rows, writer: Writer, registry: Registry, ballots: Ballots) -> None:
    """Insert the register and the regions at zero unless they are there. Raises SinkUnavailable."""
    if not writer.is_empty("region"):
        return
    writer.insert({"register_station": rows.register_stations()})
    for contest in range(len(ballots.contests)):
        alone: dict[int, list[int]] = {}
        several = []
        for region in range(len(registry.ids)):
            held = ballots.of_region(contest, region)
            if len(held) == 1:
                alone.setdefault(held[0], []).append(region)
            elif held:
                zeros = [(ballots.ballots[index], [0] * cell_count(ballots.ballots[index])) for index in held]
                several.append(tally_of(registry, ballots, contest, region, zeros))
        for index, regions in alone.items():
            ballot = ballots.ballots[index]
            zero = np.zeros((len(regions), cell_count(ballot)), np.int64)
            table = rows.tallies(ballot, np.array(regions), zero, 0, BEFORE_ALL_TIME)
            writer.insert({"tally_history": table})
        if several:
            writer.insert({"tally_history": rows.whole_tallies(several, 0, BEFORE_ALL_TIME)})
    # Last, because its presence says that all the rest is there.
    writer.insert({"region": rows.regions()})
