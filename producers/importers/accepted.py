"""Events that the log has accepted, as an importer looks at them: what is in force, who said what, and when.

They are read as far as they are asked only. Whether they were rightly accepted is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from pydantic import TypeAdapter

from schemas.decode import Decoded, decode
from schemas.events import (
    AnnulmentReason,
    CountAnnulled,
    CountCorrected,
    CountKind,
    CountSubmitted,
    SubmittedPayload,
)
from schemas.forms import CHasil

Document = dict[str, Any]

_FORM: Final = TypeAdapter(CHasil)


class Accepted:
    """One event of the lineage, read only as far as it is asked."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def decoded(self) -> Decoded:
        """The event; what was accepted can be read."""
        return decode(self.raw)

    @property
    def event_id(self) -> str:
        """The id that a later event names it by."""
        return self.decoded.event_id

    @property
    def supersedes(self) -> str | None:
        """The id of the event that it replaces or annuls; None for a first count."""
        payload = self.decoded.event.payload
        return None if isinstance(payload, SubmittedPayload) else payload.supersedes

    @cached_property
    def annulment(self) -> AnnulmentReason | None:
        """Why it took a count's force away, if that is what it did."""
        event = self.decoded.event
        return event.payload.reason if isinstance(event, CountAnnulled) else None

    @cached_property
    def count(self) -> tuple[Document, CountKind] | None:
        """The form without nulls and the kind of count; None for an annulment."""
        event = self.decoded.event
        if not isinstance(event, CountSubmitted | CountCorrected):
            return None
        return without_nulls(_FORM.dump_python(event.payload.form, mode="json")), event.payload.kind

    @property
    def has_votes(self) -> bool:
        """Whether it is a count with any option filled in."""
        return self.count is not None and bool(self.count[0].get("votes"))

    @property
    def source(self) -> str | None:
        """The source it was imported from, if it was."""
        origin = self.decoded.event.payload.origin
        return origin.source if origin else None

    @property
    def observed_at(self) -> datetime | None:
        """When it was seen at that source."""
        origin = self.decoded.event.payload.origin
        return moment(origin.observed_at if origin else None)


def in_force(events: Sequence[Accepted]) -> Accepted | None:
    """The count in force after `events`: the last of them, unless that is an annulment."""
    return events[-1] if events and events[-1].annulment is None else None


def without_nulls(value: Document) -> Document:
    """`value` without members that are null or hold nothing, at any depth: what was not read is absent."""
    kept: Document = {}
    for key, inner in value.items():
        said = without_nulls(inner) if isinstance(inner, dict) else inner
        if said is not None and said != {}:
            kept[key] = said
    return kept


def moment(time: str | None) -> datetime | None:
    """The point in time that an event writes as `time`."""
    return None if time is None else datetime.fromisoformat(time)
