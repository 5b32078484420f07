"""Counts applied entries, and rows and totals that were published, in the metrics of a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from monitoring.metrics import (
    BATCH_EVENTS,
    CORRECTIONS_ACCEPTED,
    EVENTS_ACCEPTED,
    EVENTS_FOLDED,
    EVENTS_REJECTED,
    EVENTS_REPEATED,
    ROWS_PUBLISHED,
    TALLIES_MERGED,
    TALLIES_PUBLISHED,
)
from schemas.regions import Level
from stream_processors.partition.changes import Changes
from stream_processors.rollup import Merge

CATCH_UP = "catch_up"
STREAMING = "streaming"


def count_folded(changes: Changes, mode: str) -> None:
    """Count a batch of applied events; `mode` is CATCH_UP or STREAMING."""
    outcome = changes.outcome
    EVENTS_FOLDED.labels(mode).inc(len(changes.batch))
    EVENTS_ACCEPTED.inc(len(outcome.accepted) + len(outcome.controls))
    EVENTS_REPEATED.inc(len(outcome.repeated))
    BATCH_EVENTS.observe(len(changes.batch))
    corrections = changes.batch.corrections
    for accepted in outcome.accepted if corrections else ():
        if accepted in corrections:
            CORRECTIONS_ACCEPTED.labels(*corrections[accepted]).inc()
    for reason, count in Counter(rejection.reason for rejection in outcome.rejected.values()).items():
        EVENTS_REJECTED.labels(reason.value).inc(count)


def count_merged(level: Level, what: Merge) -> None:
    """Count applied totals of a level, and how they compare with those held."""
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
