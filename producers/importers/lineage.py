"""What a record changes: the one place that compares what a source shows with what the log has accepted.

A record that was imported before gives the very same bytes again; one that says nothing new gives none.
Nothing is accepted here: a message that contradicts what is in force is still sent, and the log rejects it.
It can't tell a second import of an old snapshot from a source that went back to its old numbers unless the
record says when it was seen (`observed_at`). And what said nothing new left no trace in the log: snapshots
imported in another order than they were taken are put right by importing them all again in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producers.importers.accepted import Accepted, in_force, moment
from producers.sources import Message, NothingNew
from schemas.decode import decode, encode
from schemas.events import (
    SCHEMA_VERSION,
    AnnulmentReason,
    CorrectionReason,
    CountKind,
    Role,
)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a source shows of one station and contest at one time.

    `form` is a C.Hasil as plain data without nulls; None: the source shows no form (any more). `origin` is
    the event's origin, with `source` and, where known, `observed_at`.
    """

    election: str
    contest: str
    station: str
    form: Document | None
    kind: CountKind
    origin: Document

    @property
    def has_votes(self) -> bool:
        """Whether any option is filled in."""
        return self.form is not None and bool(self.form.get("votes"))

    @property
    def source(self) -> str:
        """The id of the source."""
        source: str = self.origin["source"]
        return source

    @property
    def observed_at(self) -> datetime | None:
        """When it was seen."""
        return moment(self.origin.get("observed_at"))


Build = Callable[[Sequence[Accepted]], bytes | None]
"""The event that a record gives after these; None where it gives none."""


class StationLine:
    """The accepted events of one station and contest, oldest first, and those that this import adds.

    Records of one import are put in time order. Each is compared with what follows the place where the
    one before it was found, so that two equal corrections with another between them stay two.
    """

    def __init__(self, accepted: Sequence[bytes]) -> None:
        self._events = [Accepted(raw) for raw in accepted]
        self._cursor = 0
        self._sent: bytes | None = None

    def put(self, shown: Shown, place: str) -> Message | NothingNew:
        """The message to send for `shown`, or that there is none. `place` names the record in reports."""
        self._settle()
        known = self._sent_before(lambda before: _message(shown, before))
        if known is not None:
            return Message(known, place)
        seen_later = self._seen_later(shown)
        raw = _message(shown, self._events[:seen_later])
        nothing = NothingNew(place, empty=shown.form is None)
        if raw is None:
            return nothing
        if seen_later == len(self._events):
            self._sent = raw
            return Message(raw, place)
        # A snapshot older than what the log has of this source can't change what is in force. Its numbers
        # are sent, to be rejected where everyone sees them, unless the log would take them for a new count.
        now_in_force = in_force(self._events)
        next_count = self._events[seen_later].count
        if not shown.has_votes or now_in_force is None or next_count == (shown.form, shown.kind):
            return nothing
        return Message(raw, place)

    def send(self, build: Build) -> bytes | None:
        """The bytes of a record that says itself what it changes: as it was sent before, or as it is now.

        None: `build` has no event for it, and had none before.
        """
        self._settle()
        raw = self._sent_before(build)
        if raw is None:
            raw = self._sent = build(self._events)
        return raw

    def _sent_before(self, build: Build) -> bytes | None:
        """The accepted event that this record gave before, found by building it again."""
        for place in range(self._cursor, len(self._events)):
            built = build(self._events[:place])
            if built is not None and self._is(built, self._events[place]):
                self._cursor = place + 1
                return self._events[place].raw
        return None

    def _settle(self) -> None:
        """The event sent last joins the line, if it will be accepted. Most stations have no next record that
        would ask, so it is not read before."""
        if self._sent is not None:
            event, self._sent = Accepted(self._sent), None
            count = in_force(self._events)
            if event.supersedes == (count.event_id if count else None):
                self._events.append(event)
                self._cursor = len(self._events)

    @staticmethod
    def _is(built: bytes, accepted: Accepted) -> bool:
        return built == accepted.raw or decode(built).event_id == accepted.event_id

    def _seen_later(self, shown: Shown) -> int:
        """The place of the first event that tells what the same source showed later; the end if none does."""
        at = shown.observed_at
        if at is not None:
            for place, event in enumerate(self._events):
                if event.source == shown.source and event.observed_at is not None and event.observed_at > at:
                    return place
        return len(self._events)


def submitted(shown: Shown, form: Document) -> Document:
    """The document of a CountSubmitted, as yet without its id."""
    return _document(shown, "CountSubmitted", _count(shown, form))


def _message(shown: Shown, before: Sequence[Accepted]) -> bytes | None:
    document = _event(shown, before)
    return None if document is None else encode(document)


def _event(shown: Shown, before: Sequence[Accepted]) -> Document | None:
    """The event that turns the state after `before` into what the source shows; None: it is that already."""
    if not before:
        return None if shown.form is None else submitted(shown, shown.form)
    count = in_force(before)
    if not shown.has_votes and (count is None or shown.form is None or count.has_votes):
        # No numbers. Only a source that gave the numbers in force can have taken them away.
        return None if count is None or count.source != shown.source else _annulled(shown, count)
    assert shown.form is not None
    here = (shown.form, shown.kind)
    said = next((event for event in reversed(before) if event.source == shown.source), None)
    if count is None:
        # What others annulled stays annulled while the source only goes on showing it.
        stale = before[-1].annulment is not AnnulmentReason.SOURCE_WITHDREW
        last = next((event.count for event in reversed(before) if event.count), None)
        return None if stale and last == here else submitted(shown, shown.form)
    if count.count == here or (said is not None and said.count == here):
        return None
    if _contradicts(shown, before):
        return submitted(shown, shown.form)
    return _corrected(shown, shown.form, count)


def _contradicts(shown: Shown, before: Sequence[Accepted]) -> bool:
    """Whether a source that said nothing of the station before now says other than the count in force.

    Which of the two holds is for people to decide: it is sent as a first count, which the log rejects.
    """
    return in_force(before) is not None and all(event.source != shown.source for event in before)


def _corrected(shown: Shown, form: Document, count: Accepted) -> Document:
    payload = _count(shown, form)
    payload |= {"supersedes": count.event_id, "reason": CorrectionReason.SOURCE_CHANGED.value}
    return _document(shown, "CountCorrected", payload)


def _annulled(shown: Shown, count: Accepted) -> Document:
    reason = AnnulmentReason.SOURCE_WITHDREW.value
    payload = {"supersedes": count.event_id, "reason": reason, "origin": shown.origin}
    return _document(shown, "CountAnnulled", payload)


def _count(shown: Shown, form: Document) -> Document:
    payload: Document = {"form": form, "origin": shown.origin}
    if shown.kind is not CountKind.REGULAR:
        payload["kind"] = shown.kind.value
    return payload


def _document(shown: Shown, kind: str, payload: Document) -> Document:
    return {
        "contest": shown.contest,
        "election": shown.election,
        "payload": payload,
        "schema_version": SCHEMA_VERSION,
        "station": shown.station,
        "submitted_by": {"officer": shown.source, "role": Role.IMPORTER.value},
        "type": kind,
    }
