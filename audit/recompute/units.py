"""What is kept of each unit while its events are decided, and where the decisions are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pyarrow as pa

from audit.recompute.engine import Engine

REPEATED: Final = "repeated"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"


class Claim(NamedTuple):
    """What an event wants: to replace `supersedes` (None: nothing is in force), or only to annul it."""

    partition: int
    at: int
    id: str
    supersedes: str | None
    annuls: bool


class Decided(NamedTuple):
    """What became of an event; `version` is its unit's after it, 0 where it was not accepted."""

    partition: int
    at: int
    outcome: str
    version: int
    reason: str


@dataclass(slots=True)
class Unit:
    """What was accepted of one unit so far."""

    accepted: set[str] = field(default_factory=set)
    in_force: str | None = None

    def would_accept(self, claim: Claim, document: Unit | None = None) -> bool:
        """Whether the event is accepted next. `document`: of a reason, the documents that it is about."""
        of = self if document is None else document
        return claim.id not in self.accepted and claim.supersedes == of.in_force

    def decide(self, claim: Claim, document: Unit | None = None) -> tuple[str, int, str]:
        """Outcome, version and reason of the next event."""
        if claim.id in self.accepted:
            return REPEATED, 0, ""
        if not self.would_accept(claim, document):
            return REJECTED, 0, "already_counted" if claim.supersedes is None else "superseded_mismatch"
        self.accepted.add(claim.id)
        self.in_force = None if claim.annuls else claim.id
        return ACCEPTED, len(self.accepted), ""


def decide_unit(claims: Iterable[Claim]) -> Iterable[Decided]:
    """The events of one unit in their order."""
    unit = Unit()
    for claim in claims:
        outcome, version, reason = unit.decide(claim)
        yield Decided(claim.partition, claim.at, outcome, version, reason)


def insert(engine: Engine, decided: Sequence[tuple[Decided, str, str, str]]) -> None:
    """Add decisions, each with the event's id, contest and unit, to the table `decision`."""
    if not decided:
        return
    table = pa.table(
        {
            "partition": pa.array([one.partition for one, *_ in decided], pa.uint32()),
            "at": pa.array([one.at for one, *_ in decided], pa.uint64()),
            "id": pa.array([event_id for _, event_id, _, _ in decided], pa.string()),
            "contest": pa.array([contest for _, _, contest, _ in decided], pa.string()),
            "unit": pa.array([unit for _, _, _, unit in decided], pa.string()),
            "outcome": pa.array([one.outcome for one, *_ in decided], pa.string()),
            "version": pa.array([one.version for one, *_ in decided], pa.uint32()),
            "reason": pa.array([one.reason for one, *_ in decided], pa.string()),
        }
    )
    engine.run(f"INSERT INTO decision SELECT * FROM {engine.file(table)}")
