"""What a worker tells its metrics (monitoring.metrics) of the entries and values that it took in."""

from __future__ import annotations

from collections import Counter

from monitoring.metrics import (
    BATCH_EVENTS,
    EVENTS_ACCEPTED,
    EVENTS_FOLDED,
    EVENTS_REJECTED,
    EVENTS_REPEATED,
    TALLIES_MERGED,
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
    for reason, count in Counter(rejection.reason for rejection in outcome.rejected.values()).items():
        EVENTS_REJECTED.labels(reason.value).inc(count)


def merged(level: Level, what: Merge) -> None:
    """A value from a level was held against the one there was."""
    TALLIES_MERGED.labels(level.value, what.value).inc()
