"""A batch of assessed messages as columns: what assessing processes send to the process that decides.

Objects would cost more to serialize than to make. Columns of plain values and Arrow arrays cost little, and
most of them are inserted into the projections unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import pyarrow as pa

from schemas.events import CountAnnulled, CountCorrected
from schemas.findings import Finding
from schemas.named_rows import RecapCells, columns_of
from schemas.rejections import Rejection
from stream_processors.assess import (
    AssessedControl,
    AssessedCount,
    AssessedReason,
    AssessedRecap,
    Assessor,
)
from stream_processors.partition.message_rows import (
    EVENT_COLUMNS,
    STATION_COLUMNS,
    Correction,
    EventRow,
    MessageRow,
    StationRow,
    control_row,
    correction_of,
    count_row,
    event_row,
    reason_row,
    recap_cells,
    recap_row,
    record_batch,
    rejected_row,
    station_row,
)
from stream_processors.rejections import Placement
from stream_processors.signatures import Claim

IN_CACHE: Final = 50
"""Messages assessed together: what is made of them, some 3 kB of a presidential form, then fits the
processor's cache."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in their order: `raws` to `claims` are the columns of their MessageRows.

    `events` has an EventRow for each message, `stations` a StationRow for counts only: `station_rows` finds
    it. Findings, recaps, rejections, controls and corrections (annulments too) are keyed by the index of the
    message in the batch. `claims` are None in an election without keys. A batch assessed without rows has
    none in `events` and `stations`.
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
    recaps: dict[int, RecapCells]
    rejections: dict[int, Rejection]
    corrections: dict[int, Correction]
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
    rows: list[MessageRow] = []
    events: list[EventRow] = []
    stations: list[StationRow] = []
    findings: list[tuple[int, tuple[Finding, ...]]] = []
    recaps: dict[int, RecapCells] = {}
    rejections: dict[int, Rejection] = {}
    corrections: dict[int, Correction] = {}
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
            events.append(event_row(one))
        if isinstance(one, AssessedCount):
            rows.append(count_row(one, len(stations)))
            if with_rows:
                stations.append(station_row(one))
            if isinstance(one.decoded.event, (CountCorrected, CountAnnulled)):
                corrections[index] = correction_of(one.decoded.event, assessor.registry, one.village)
            if with_rows and one.findings:
                findings.append((index, one.findings))
        elif isinstance(one, AssessedRecap):
            rows.append(recap_row(one))
            recaps[index] = recap_cells(one)
        elif isinstance(one, AssessedReason):
            rows.append(reason_row(one))
        elif isinstance(one, AssessedControl):
            rows.append(control_row(one))
            controls[index] = one
        else:
            rows.append(rejected_row(one))
            rejections[index] = one.rejection
    columns = columns_of(MessageRow._fields, rows)
    return Batch(
        raws=columns["raw"],
        ids=columns["id"],
        kinds=columns["kind"],
        contests=columns["contest"],
        units=columns["unit"],
        regions=columns["region"],
        supersedes=columns["supersedes"],
        annuls=columns["annuls"],
        ballots=columns["ballot"],
        statuses=columns["status"],
        unlisted=columns["unlisted"],
        figures=columns["figures"],
        station_rows=columns["station_row"],
        claims=columns["claim"],
        events=record_batch(events, EVENT_COLUMNS),
        stations=record_batch(stations, STATION_COLUMNS),
        findings=findings,
        recaps=recaps,
        rejections=rejections,
        corrections=corrections,
        controls=controls,
    )
