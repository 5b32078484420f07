"""The rows of a batch: what is kept of one assessed message, by name.

A batch holds them as columns (stream_processors.partition.batch). The fields of EventRow and StationRow are
columns of the projections' tables; those of MessageRow are for deciding and adding up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from struct import Struct
from typing import Any, Final, NamedTuple

import pyarrow as pa

from schemas.authority import UNSTATED
from schemas.events import CountAnnulled, CountCorrected
from schemas.forms import CHasil
from schemas.named_rows import RecapCells, columns_of
from schemas.partial_event import partial_event
from schemas.regions import DEPTH, Level, Registry
from stream_processors.assess import (
    Assessed,
    AssessedControl,
    AssessedCount,
    AssessedReason,
    AssessedRecap,
    AssessedRejection,
)
from stream_processors.cells import STATUS_CODE
from stream_processors.signatures import Claim

COUNT: Final = 0
RECAP: Final = 1
REJECTED: Final = 2
REASON: Final = 3
CONTROL: Final = 4
"""The kinds of messages, by what the state keeps of them; the numbers are stored."""
STATEFUL: Final = (COUNT, RECAP, REASON)
"""Kinds whose units have a state."""


class MessageRow(NamedTuple):
    """What deciding and adding up need of a message. The fields from `contest` on are of counts, recaps and
    reasons, those from `annuls` on of counts only; the others have the defaults there. `claim` is of all
    three, and None in an election without keys."""

    raw: bytes
    id: bytes
    kind: int  # one of the kinds above
    contest: int = -1  # its index
    unit: str = ""
    region: int = -1  # the index of the village, or of the recap's region
    supersedes: bytes | None = None
    annuls: bool = False
    ballot: int = 0  # its index
    status: int = 0  # see STATUS_CODE
    unlisted: bool = False
    figures: bytes = b""  # packed, uint32 little-endian
    station_row: int = -1  # the index of its StationRow
    claim: Claim | None = None


class EventRow(NamedTuple):
    """What the mirror of the log shows of an event beside its bytes and outcome."""

    event_id: str
    type: str
    contest: str
    unit: str
    occurred_at: datetime | None


class StationRow(NamedTuple):
    """The form in force as the projection shows it: a missing figure stays null, a missing option is absent;
    an annulment has no form."""

    kind: str = ""
    votes: Sequence[tuple[str, int | None]] = ()
    valid: int | None = None
    invalid: int | None = None
    voters: int | None = None
    registered: int | None = None
    rules: Sequence[str] = ()
    complete: bool = False


class Correction(NamedTuple):
    """Who corrected or annulled, why, and in which province: as the worker's metric counts it."""

    role: str
    reason: str
    province: str


EVENT_COLUMNS: Final = pa.schema(
    [
        ("event_id", pa.string()),
        ("type", pa.string()),
        ("contest", pa.string()),
        ("unit", pa.string()),
        ("occurred_at", pa.timestamp("ms", tz="UTC")),
    ]
)
"""The types of an EventRow's fields."""

STATION_COLUMNS: Final = pa.schema(
    [
        ("kind", pa.string()),
        ("votes", pa.map_(pa.string(), pa.uint32())),
        ("valid", pa.uint32()),
        ("invalid", pa.uint32()),
        ("voters", pa.uint32()),
        ("registered", pa.uint32()),
        ("rules", pa.list_(pa.string())),
        ("complete", pa.bool_()),
    ]
)
"""The types of a StationRow's fields."""


def count_row(one: AssessedCount, station_row: int) -> MessageRow:
    """The row of a count; `station_row` is the index of its StationRow."""
    proposal, figures = one.proposal, one.figures
    return MessageRow(
        one.raw,
        proposal.id,
        COUNT,
        one.contest,
        proposal.unit,
        one.village,
        proposal.supersedes,
        proposal.annuls,
        one.ballot.index,
        STATUS_CODE[one.status],
        one.unlisted,
        _packer(len(figures))(*figures),
        station_row,
        one.claim,
    )


@cache
def _packer(count: int) -> Callable[..., bytes]:
    return Struct(f"<{count}I").pack


def recap_row(one: AssessedRecap) -> MessageRow:
    """The row of a certified recapitulation."""
    return _region_row(one, RECAP)


def reason_row(one: AssessedReason) -> MessageRow:
    """The row of a reason for a recapitulation's differences. What it supersedes is what it is about."""
    return _region_row(one, REASON)


def _region_row(one: AssessedRecap | AssessedReason, kind: int) -> MessageRow:
    proposal = one.proposal
    return MessageRow(
        one.raw,
        proposal.id,
        kind,
        one.contest,
        proposal.unit,
        one.region,
        proposal.supersedes,
        claim=one.claim,
    )


def control_row(one: AssessedControl) -> MessageRow:
    """The row of a control event."""
    return MessageRow(one.raw, one.id, CONTROL)


def rejected_row(one: AssessedRejection) -> MessageRow:
    """The row of a rejected message."""
    return MessageRow(one.raw, one.id, REJECTED)


def event_row(one: Assessed) -> EventRow:
    """What the mirror of the log shows of a message, which may be no event."""
    if one.decoded is None:
        told = partial_event(one.raw)
        return EventRow("", told.type, told.contest, told.unit, None)
    event = one.decoded.event
    moment = datetime.fromisoformat(event.occurred_at) if event.occurred_at else None
    return EventRow(one.decoded.event_id, event.type, event.contest, event.unit, moment)


def station_row(one: AssessedCount) -> StationRow:
    """The form of a count."""
    event = one.decoded.event
    if isinstance(event, CountAnnulled):
        return StationRow(registered=one.registered)
    form: CHasil = event.payload.form  # type: ignore[union-attr]  # a recap is no count
    voters = form.voters.total.j if form.voters is not None and form.voters.total is not None else None
    votes = [pair for pair in zip(one.ballot.keys, one.votes, strict=True) if pair[1] is not None]
    rules = sorted({finding.rule for finding in one.findings}) if one.findings else ()
    kind = event.payload.kind  # type: ignore[union-attr]
    return StationRow(kind, votes, form.valid, form.invalid, voters, one.registered, rules, one.complete)


def correction_of(event: CountCorrected | CountAnnulled, registry: Registry, village: int) -> Correction:
    """What the worker's metric counts of a correction or annulment in this village."""
    role = event.submitted_by.role.value if event.submitted_by is not None else UNSTATED
    province = int(registry.ancestors[DEPTH[Level.PROVINCE]][village])
    return Correction(role, event.payload.reason.value, registry.ids[province])


def recap_cells(one: AssessedRecap) -> RecapCells:
    """The figures of a certified recapitulation."""
    payload = one.decoded.event.payload
    cells = payload.cells  # type: ignore[union-attr]  # a count is no recap
    return RecapCells(
        payload.document,  # type: ignore[union-attr]
        list(one.votes.items()),
        cells.valid,
        cells.invalid,
        cells.voters,
    )


def record_batch(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows whose fields are the columns of `schema`, as columns."""
    columns = columns_of(schema.names, rows)
    return pa.RecordBatch.from_arrays(
        [pa.array(columns[field.name], field.type) for field in schema], schema=schema
    )
