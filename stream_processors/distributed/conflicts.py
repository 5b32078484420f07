"""Tells, in a worker's health, that totals contradicted each other, and what the likely cause is."""

from __future__ import annotations

from typing import Final, NamedTuple

from event_log.kafka.watch import PROGRAM_PART
from monitoring.health import Health
from schemas.text import quoted

CONFLICTS: Final = "conflicts"
"""The part of Health that is in trouble after totals contradicted each other."""

SHOWN_S: Final = 600.0
"""How long after the last conflict: until all totals have been published once more."""

UNKNOWN_CAUSE: Final = (
    "a worker of another version or with changed code, or something else that writes to the topics of "
    "totals. Compare the versions of all workers, then who may write (rekap topics acls)."
)


class Conflict(NamedTuple):
    """Two totals of one region, contest and version with different figures; `at` is when they met, in seconds
    of time.monotonic."""

    at: float
    unit: str
    contest: str
    version: int


def tell(conflict: Conflict | None, health: Health, now: float) -> None:
    """Set the health of CONFLICTS by the last conflict."""
    if conflict is None or now - conflict.at > SHOWN_S:
        health.well(CONFLICTS)
        return
    cause = health.reason(PROGRAM_PART) or UNKNOWN_CAUSE
    health.trouble(
        CONFLICTS,
        f"Two totals of {quoted(conflict.unit)} in {quoted(conflict.contest)} have version "
        f"{conflict.version} and different figures. Likely cause: {cause}",
    )
