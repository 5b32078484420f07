"""What a worker tells its metrics (monitoring.metrics) of what it took in and what it published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from monitoring.metrics import (
    BATCH_EVENTS,
    EVENTS_ACCEPTED,
    EVENTS_FOLDED,
    EVENTS_PARKED,
    EVENTS_REPEATED,
    ROWS_PUBLISHED,
    TALLIES_MERGED,
    TALLIES_PUBLISHED,
)
from schemas.regions import Level
from stream_processors.partition.changes import Changes
from stream_processors.rollup import Merge

BULK = "bulk"
LIVE = "live"


def folded(changes: Changes, gear: str) -> None:
    """A batch of events was taken in, in that gear."""
    outcome = changes.outcome
    EVENTS_FOLDED.labels(gear).inc(len(changes.batch))
    EVENTS_ACCEPTED.inc(len(outcome.accepted))
    EVENTS_REPEATED.inc(len(outcome.repeated))
    BATCH_EVENTS.observe(len(changes.batch))
    for reason, count in Counter(rejection.reason for rejection in outcome.parked.values()).items():
        EVENTS_PARKED.labels(reason.value).inc(count)


def merged(level: Level, what: Merge) -> None:
    """A value from a level was held against the one there was."""
    TALLIES_MERGED.labels(level.value, what.value).inc()


def rows_published(counts: Mapping[str, int]) -> None:
    """So many rows of each table were acknowledged by the broker. Positions are not counted, as the sink does
    not count them: rows published and rows inserted compare."""
    for name, count in counts.items():
        if name != "sink_position":
            ROWS_PUBLISHED.labels(name).inc(count)


def tally_published(level: Level) -> None:
    """A region's totals were acknowledged by the broker."""
    TALLIES_PUBLISHED.labels(level.value).inc()
