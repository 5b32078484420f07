"""What the tests of simulated nights share: small registers, and a count that decides about every message."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from producers.simulator.faults import NO_FAULTS, Faults
from producers.simulator.nation import builtin_candidates, builtin_registry
from producers.simulator.night import Night
from schemas.ballots import Ballots
from schemas.elections import Election, load_election
from schemas.regions import Registry
from schemas.rejections import Rejection
from schemas.sources import Message
from stream_processors.assess import AssessedCount, AssessedRejection, Assessor
from stream_processors.station import Accepted, Lineage, decide

SEED = 7


@cache
def four_provinces() -> tuple[Election, Registry]:
    """Aceh, Jakarta, the highlands of Papua and overseas: 24 parties, no district legislature, villages that
    vote as one, three time zones, two contests only."""
    election = load_election("pemilu2024")
    registry = builtin_registry(election, provinces=["11", "31", "95", "99"], stations=150)
    return builtin_candidates(election, registry), registry


def only(**rates: float) -> Faults:
    """A night on which nothing goes wrong but what is named."""
    return replace(NO_FAULTS, **rates)


def night(faults: Faults, seed: int = SEED, **arguments: Any) -> Night:
    """A night of `four_provinces`."""
    election, registry = four_provinces()
    return Night(election, registry, seed, faults=faults, **arguments)


def messages(of: Night) -> list[bytes]:
    """The bytes of all messages, in order."""
    return list(raw_of(record for chunk in of.chunks() for record in chunk.records()))


def raw_of(records: Iterable[object]) -> Iterable[bytes]:
    for record in records:
        assert isinstance(record, Message)
        yield record.raw


def read(raw: bytes) -> dict[str, Any]:
    """The document in a message."""
    document: dict[str, Any] = json.loads(raw)
    return document


@dataclass
class Outcome:
    """What a count made of a night; `in_force` has the count in force of each unit."""

    accepted: int = 0
    repeated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    in_force: dict[tuple[str, str], AssessedCount] = field(default_factory=dict)


def counted(raw: list[bytes]) -> Outcome:
    """All messages assessed and decided about, one after the other."""
    election, registry = four_provinces()
    outcome = Outcome()
    lineages: dict[tuple[str, str], Lineage] = {}
    for one in Assessor(election, registry, Ballots(election, registry)).assess(raw):
        if not isinstance(one, AssessedCount):
            assert isinstance(one, AssessedRejection)  # a night has no recapitulations
            outcome.rejected[one.rejection.reason.value] += 1
            continue
        unit = (one.decoded.event.contest, one.decoded.event.unit)
        decision = decide(lineages.get(unit, Lineage()), one.proposal)
        if isinstance(decision, Accepted):
            lineages[unit] = decision.lineage
            outcome.accepted += 1
            outcome.in_force[unit] = one
            outcome.findings.update({finding.rule for finding in one.findings})
        elif isinstance(decision, Rejection):
            outcome.rejected[decision.reason.value] += 1
        else:
            outcome.repeated += 1
    return outcome
