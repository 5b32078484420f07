"""The count events of a station as an importer looks at them: what is in force, and what each source said.

They are read only as far as they are asked. Which of them were accepted is decided by the rule by which the
log is counted (stream_processors.station).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from pydantic import TypeAdapter

from schemas.decode import Decoded, decode
from schemas.events import (
    RULINGS,
    AnnulmentReason,
    CorrectionReason,
    CountAnnulled,
    CountCorrected,
    CountKind,
    CountSubmitted,
    NotCounted,
    Origin,
    RecapReasonStated,
)
from schemas.forms import CHasil
from stream_processors.station import NOTHING_YET, Accepted, decide, proposal_of

Document = dict[str, Any]
Count = tuple[Document, CountKind]
"""A form without nulls, and which lawful count it is."""

_FORM: Final = TypeAdapter(CHasil)


class Known:
    """One count event of a station, read only as far as it is asked."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def decoded(self) -> Decoded:
        """The event; what the log has of a station can be read."""
        return decode(self.raw)

    @property
    def event_id(self) -> str:
        """The id that a later event names it by."""
        return self.decoded.event_id

    @property
    def supersedes(self) -> str | None:
        """The id of the event that it replaces or annuls, or of the document that its reason is about; None
        for a first count."""
        event = self.decoded.report
        if isinstance(event, RecapReasonStated):
            return event.payload.recap
        return None if isinstance(event, CountSubmitted) else event.payload.supersedes

    @property
    def states_reason(self) -> bool:
        """Whether it is a reason about a document: no part of the document's history."""
        return isinstance(self.decoded.event, RecapReasonStated)

    @property
    def annulment(self) -> AnnulmentReason | None:
        """Why it takes a count's force away, if that is what it does."""
        event = self.decoded.report
        return event.payload.reason if isinstance(event, CountAnnulled) else None

    @property
    def reason(self) -> CorrectionReason | AnnulmentReason | None:
        """Why it replaces or annuls a count."""
        event = self.decoded.report
        return event.payload.reason if isinstance(event, CountCorrected | CountAnnulled) else None

    @property
    def is_ruling(self) -> bool:
        """Whether a plenary, a supervisor or a court stands behind it."""
        return self.reason in RULINGS

    @property
    def note(self) -> str | None:
        """The sentence that it was sent with."""
        event = self.decoded.report
        return event.payload.note if isinstance(event, CountCorrected | CountAnnulled) else None

    @cached_property
    def count(self) -> Count | None:
        """Its count; None for an annulment."""
        event = self.decoded.report
        if not isinstance(event, CountSubmitted | CountCorrected):
            return None
        return without_nulls(_FORM.dump_python(event.payload.form, mode="json")), event.payload.kind

    @property
    def has_votes(self) -> bool:
        """Whether it is a count with any option filled in."""
        return self.count is not None and bool(self.count[0].get("votes"))

    @property
    def occurred_at(self) -> str | None:
        """When the form was submitted."""
        return self.decoded.event.occurred_at

    @property
    def origin(self) -> Origin | None:
        """Where it was read, if it was imported."""
        return self.decoded.report.payload.origin

    @property
    def source(self) -> str | None:
        """The source it was imported from, if it was."""
        return self.origin.source if self.origin else None

    @property
    def observed_at(self) -> datetime | None:
        """The time that orders it among the records of its source."""
        return moment(self.origin.observed_at if self.origin else None)

    @property
    def copied_at(self) -> datetime | None:
        """When its page was copied, where that is another time."""
        return moment(self.origin.copied_at if self.origin else None)

    @property
    def not_counted(self) -> NotCounted | None:
        """Why it is only recorded, if it is."""
        return self.origin.not_counted if self.origin else None


class History:
    """The count events of one station and contest, oldest first, and what they come to."""

    def __init__(self, raws: Sequence[bytes]) -> None:
        self.events: list[Known] = []
        self.accepted: list[Known] = []
        self.rejected: list[Known] = []
        self.ids: dict[str, bool] = {}
        """By event id whether it was accepted."""
        self._lineage = NOTHING_YET
        for raw in raws:
            self.add(Known(raw))

    def add(self, event: Known) -> bool:
        """Take in the next event; whether it is accepted now."""
        if event.not_counted is None:
            decision = decide(self._lineage, proposal_of(event.decoded))
            if isinstance(decision, Accepted):
                self._lineage = decision.lineage
                self.events.append(event)
                self.accepted.append(event)
                self.ids[event.event_id] = True
                return True
        if event.event_id not in self.ids:
            self.ids[event.event_id] = False
            self.events.append(event)
            self.rejected.append(event)
        return False

    @property
    def in_force(self) -> Known | None:
        """The count in force; None: annulled, or nothing yet."""
        return self.accepted[-1] if self._lineage.in_force is not None else None

    @property
    def is_ruled(self) -> bool:
        """Whether a ruling was accepted: from then on a source moves nothing."""
        return any(event.is_ruling for event in self.accepted)

    def waiting_for(self, event: Known) -> list[Known]:
        """The rejected events that replace or annul `event`: they can be accepted now."""
        return [
            one
            for one in self.rejected
            if one.supersedes == event.event_id and not self.ids[one.event_id] and one.not_counted is None
        ]


def without_nulls(value: Document) -> Document:
    """`value` without members that are null or hold nothing, at any depth: what was not read is absent."""
    kept: Document = {}
    for key, inner in value.items():
        left = without_nulls(inner) if isinstance(inner, dict) else inner
        if left is not None and left != {}:
            kept[key] = left
    return kept


def moment(time: str | None) -> datetime | None:
    """The point in time that an event writes as `time`."""
    return None if time is None else datetime.fromisoformat(time)
