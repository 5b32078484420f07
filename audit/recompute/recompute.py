"""Recomputes every result of a log from its entries and the register alone.

Nothing here is shared with what counts (stream_processors): two mistakes would have to be the same. What an
event is comes from schemas, as does the register.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from audit.recompute.assess import Assessor
from audit.recompute.decisions import decide
from audit.recompute.engine import Engine
from audit.recompute.in_order import PartitionOf
from audit.recompute.messages import Other, Refused, read_chunk
from audit.recompute.register import load_register
from audit.recompute.totals import Units, add_up
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import Registry


class Recomputed:
    """The results, in tables of the engine."""

    def __init__(self, engine: Engine, ballots: Ballots) -> None:
        self.engine = engine
        self.ballots = ballots
        self.units = Units(engine, ballots)


CHUNK_FILES: Final = 4
"""Files of the log that are parsed and assessed together: some 200,000 entries. What a query costs before its
first row is then little beside its rows."""

WIDE: Final = 50
"""Options of a ballot from which on files are taken one by one: each row of a step holds all of its ballot's
options, hundreds where parties name candidates."""


@contextmanager
def recompute(
    logs: Mapping[int, Sequence[Path]],
    election: Election,
    registry: Registry,
    partition_of: PartitionOf | None = None,
    folder: Path | None = None,
) -> Iterator[Recomputed]:
    """The results of a log whose Parquet files are `logs`, by partition. What is kept meanwhile is below
    `folder`, and goes at the end."""
    ballots = Ballots(election, registry)
    with Engine(folder) as engine:
        load_register(engine, election, registry, ballots)
        widest = max((len(ballot.options) for ballot in ballots.ballots), default=0)
        files_at_once = 1 if widest > WIDE else CHUNK_FILES
        assessor = Assessor(engine, election, registry, ballots)
        others: list[Other] = []
        refused: list[Refused] = []
        for partition, files in logs.items():
            for first in range(0, len(files), files_at_once):
                chunk = read_chunk(engine, partition, files[first : first + files_at_once])
                assessor.add(chunk.source)
                engine.drop(chunk.parsed)
                others += chunk.others
                refused += chunk.refused
        decide(engine, election, registry, ballots, others, refused, partition_of)
        add_up(engine, registry)
        done = Recomputed(engine, ballots)
        done.units.make()
        yield done
