"""A batch of assessed messages as columns: what assessing processes send to the process that decides.

Objects would cost more to serialize than to make. Columns of plain values and Arrow arrays cost little, and
most of them are inserted into the projections unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import chain
from struct import Struct
from typing import Any, Final

import pyarrow as pa

from schemas.authority import UNSTATED
from schemas.events import CountAnnulled, CountCorrected
from schemas.findings import Finding
from schemas.forms import CHasil
from schemas.place_in_bytes import place_in
from schemas.regions import DEPTH, Level, Registry
from schemas.rejections import Rejection
from stream_processors.assess import (
    Assessed,
    AssessedControl,
    AssessedCount,
    AssessedReason,
    AssessedRecap,
    AssessedRejection,
    Assessor,
)
from stream_processors.cells import STATUS_CODE
from stream_processors.rejections import Placement
from stream_processors.signatures import Claim

COUNT: Final = 0
RECAP: Final = 1
REJECTED: Final = 2
REASON: Final = 3
CONTROL: Final = 4
"""The kinds of messages, by what the state keeps of them; the numbers are stored."""
STATEFUL: Final = (COUNT, RECAP, REASON)
"""Kinds whose units have a state."""

IN_CACHE: Final = 50
"""Messages assessed together: what is made of them, some 3 kB of a presidential form, then fits the
processor's cache."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in their order, with a value in each column for each.

    `kinds` is one of the kinds above; a column that a kind does not use holds zero or None there.
    `claims` are None in an election without keys.
    `stations` has a row for counts only: `station_rows` finds it. Findings, recaps, rejections and controls
    are keyed by the index of the message in the batch, and so are `corrections`: the role, the reason and the
    province of corrections and annulments. A batch assessed without rows has none in `events` and `stations`.
    """

    raws: Sequence[bytes]
    ids: Sequence[bytes]
    kinds: Sequence[int]
    contests: Sequence[int]
    units: Sequence[str]
    regions: Sequence[int]
    supersedes: Sequence[bytes | None]
    annuls: Sequence[bool]
    ballots: Sequence[int]
    statuses: Sequence[int]
    unlisted: Sequence[bool]
    figures: Sequence[bytes]
    station_rows: Sequence[int]
    claims: Sequence[Claim | None]
    events: pa.RecordBatch
    stations: pa.RecordBatch
    findings: list[tuple[int, tuple[Finding, ...]]]
    recaps: dict[int, dict[str, Any]]
    rejections: dict[int, Rejection]
    corrections: dict[int, tuple[str, str, str]]
    controls: dict[int, AssessedControl]

    def __len__(self) -> int:
        return len(self.ids)

    def to_decide(self) -> Batch:
        """The batch without the messages' bytes, which are most of it: enough for deciding."""
        return replace(self, raws=())


def assess_batch(
    assessor: Assessor,
    messages: Sequence[bytes],
    placements: Sequence[Placement] | None = None,
    *,
    with_rows: bool = True,
) -> Batch:
    """The messages assessed, as columns; `placements` as for Assessor.assess. Without `with_rows` they are
    only enough for deciding and adding up, not for the projections' rows: a fifth less work."""
    rows: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    stations: list[tuple[Any, ...]] = []
    findings: list[tuple[int, tuple[Finding, ...]]] = []
    recaps: dict[int, dict[str, Any]] = {}
    rejections: dict[int, Rejection] = {}
    corrections: dict[int, tuple[str, str, str]] = {}
    controls: dict[int, AssessedControl] = {}
    slices = range(0, len(messages), IN_CACHE)
    assessed = chain.from_iterable(
        assessor.assess(
            messages[start : start + IN_CACHE], placements and placements[start : start + IN_CACHE]
        )
        for start in slices
    )
    for index, one in enumerate(assessed):
        if with_rows:
            events.append(_event_row(one))
        if isinstance(one, AssessedCount):
            rows.append(_count_row(one, len(stations)))
            if with_rows:
                stations.append(_station_row(one))
            if isinstance(one.decoded.event, CountCorrected | CountAnnulled):
                corrections[index] = _correction(one.decoded.event, assessor.registry, one.village)
            if with_rows and one.findings:
                findings.append((index, one.findings))
        elif isinstance(one, AssessedRecap):
            rows.append(_recap_row(one))
            recaps[index] = _recap(one)
        elif isinstance(one, AssessedReason):
            rows.append(_reason_row(one))
        elif isinstance(one, AssessedControl):
            rows.append((one.raw, one.id, CONTROL, *_NO_UNIT))
            controls[index] = one
        else:
            rows.append(_rejected_row(one))
            rejections[index] = one.rejection
    columns: dict[str, Any] = dict(zip(ROW, _columns(rows, len(ROW)), strict=True))
    return Batch(
        **columns,
        events=_record_batch(events, EVENT_COLUMNS),
        stations=_record_batch(stations, STATION_COLUMNS),
        findings=findings,
        recaps=recaps,
        rejections=rejections,
        corrections=corrections,
        controls=controls,
    )


ROW: Final = (
    "raws",
    "ids",
    "kinds",
    "contests",
    "units",
    "regions",
    "supersedes",
    "annuls",
    "ballots",
    "statuses",
    "unlisted",
    "figures",
    "station_rows",
    "claims",
)
"""The columns of plain values, as the rows below fill them."""


def _count_row(one: AssessedCount, station_row: int) -> tuple[Any, ...]:
    proposal, figures = one.proposal, one.figures
    return (
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


def _recap_row(one: AssessedRecap) -> tuple[Any, ...]:
    unit, supersedes = one.proposal.unit, one.proposal.supersedes
    fixed = (one.raw, one.proposal.id, RECAP, one.contest, unit, one.region, supersedes)
    return (*fixed, False, 0, 0, False, b"", -1, one.claim)


_NO_UNIT: Final = (-1, "", -1, None, False, 0, 0, False, b"", -1, None)


def _reason_row(one: AssessedReason) -> tuple[Any, ...]:
    unit, about = one.proposal.unit, one.proposal.supersedes
    fixed = (one.raw, one.proposal.id, REASON, one.contest, unit, one.region, about)
    return (*fixed, False, 0, 0, False, b"", -1, one.claim)


def _rejected_row(one: AssessedRejection) -> tuple[Any, ...]:
    return (one.raw, one.id, REJECTED, *_NO_UNIT)


EVENT_COLUMNS = pa.schema(
    [
        ("event_id", pa.string()),
        ("type", pa.string()),
        ("contest", pa.string()),
        ("unit", pa.string()),
        ("occurred_at", pa.timestamp("ms", tz="UTC")),
    ]
)
"""What the mirror of the log shows of an event beside its bytes and outcome."""

STATION_COLUMNS = pa.schema(
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
"""The form in force as the projection shows it: a missing figure stays null, a missing option is absent."""


def _event_row(one: Assessed) -> tuple[Any, ...]:
    if one.decoded is None:
        return "", *place_in(one.raw), None
    event = one.decoded.event
    moment = datetime.fromisoformat(event.occurred_at) if event.occurred_at else None
    return one.decoded.event_id, event.type, event.contest, event.unit, moment


def _station_row(one: AssessedCount) -> tuple[Any, ...]:
    event = one.decoded.event
    if isinstance(event, CountAnnulled):
        return "", (), None, None, None, one.registered, (), False
    form: CHasil = event.payload.form  # type: ignore[union-attr]  # a recap is no count
    voters = form.voters.total.j if form.voters is not None and form.voters.total is not None else None
    votes = [pair for pair in zip(one.ballot.keys, one.votes, strict=True) if pair[1] is not None]
    rules = sorted({finding.rule for finding in one.findings}) if one.findings else ()
    kind = event.payload.kind  # type: ignore[union-attr]
    return kind, votes, form.valid, form.invalid, voters, one.registered, rules, one.complete


def _correction(
    event: CountCorrected | CountAnnulled, registry: Registry, village: int
) -> tuple[str, str, str]:
    role = event.submitted_by.role.value if event.submitted_by is not None else UNSTATED
    province = int(registry.ancestors[DEPTH[Level.PROVINCE]][village])
    return role, event.payload.reason.value, registry.ids[province]


def _recap(one: AssessedRecap) -> dict[str, Any]:
    payload = one.decoded.event.payload
    cells = payload.cells  # type: ignore[union-attr]
    return {
        "document": payload.document,  # type: ignore[union-attr]
        "votes": list(one.votes.items()),
        "valid": cells.valid,
        "invalid": cells.invalid,
        "voters": cells.voters,
    }


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _record_batch(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(_columns(rows, len(schema)), schema, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array(column, kind.type) for column, kind in columns], schema=schema
    )
