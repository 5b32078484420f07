"""What a source's page changes: pages of a source show a state of a station and not what led to it.

A page is compared with what the same source showed before, and only then with what is in force. What comes of
a source's pages does not depend on the order or the grouping of their imports: pages are ordered by their
times, and where these tell no order, the page changes nothing and is reported (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from producers.importers.accepted import Count, Document, Known, moment
from producers.importers.lineage import StationLine
from schemas.canonical import dumps
from schemas.decode import encode
from schemas.events import (
    SCHEMA_VERSION,
    AnnulmentReason,
    CorrectionReason,
    CountKind,
    NotCounted,
    Role,
)
from schemas.rejections import Reason
from schemas.sources import Message, NothingNew

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)

Moment = tuple[datetime, datetime]
"""When a page was seen and when it was copied; what is not known counts as earlier than everything."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a source shows of one station and contest at one time.

    `form` is a C.Hasil as plain data without nulls; None: the source shows no form (any more). `origin` is
    the event's origin, with `source` and, where known, `observed_at` and `copied_at`.
    """

    election: str
    contest: str
    station: str
    form: Document | None
    kind: CountKind
    origin: Document

    @property
    def count(self) -> Count | None:
        """The form and which lawful count it is."""
        return None if self.form is None else (self.form, self.kind)

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
    def at(self) -> Moment:
        """The time that orders it."""
        return _moment(moment(self.origin.get("observed_at")), moment(self.origin.get("copied_at")))


@dataclass(frozen=True, slots=True)
class Word:
    """What the source showed before: a count, or (None) that it has none any more. `event` recorded it; a
    page that said nothing new has none."""

    count: Count | None
    at: Moment
    event: Known | None = None
    is_new: bool = False  # of this import

    @property
    def has_votes(self) -> bool:
        """Whether any option was filled in."""
        return self.count is not None and bool(self.count[0].get("votes"))


def records_of(line: StationLine, pages: Sequence[tuple[Shown, str]]) -> list[Message | NothingNew]:
    """What becomes of all pages of one source about one station, each with its place, in the order of their
    times: pages without a time come last, and are taken for older than those with one."""
    if len(pages) == len(line.raws) == 1 and _repeats(line.raws[0], pages[0][0]):
        return [NothingNew(pages[0][1], empty=False)]
    told = _Pages(line, pages[0][0].source) if pages else None
    records: list[Message | NothingNew] = []
    for shown, place in sorted(pages, key=_order):
        assert told is not None
        records.append(told.put(shown, place))
    if told is not None and records:
        records[-1] = told.withdrawn(records[-1])
    return records


def submitted(shown: Shown, form: Document) -> Document:
    """The document of a CountSubmitted, as yet without its id."""
    return _document(shown, "CountSubmitted", _count(shown, form))


def _repeats(raw: bytes, shown: Shown) -> bool:
    """Whether the page is the station's only event: of a nation that is imported again, nearly all are."""
    return shown.form is not None and encode(submitted(shown, shown.form)) == raw


def _order(page: tuple[Shown, str]) -> tuple[bool, Moment, bool, bytes]:
    shown = page[0]
    return shown.at[0] == _EARLIEST, shown.at, not shown.has_votes, dumps(shown.form or {})


class _Pages:
    """One source's pages of one station: what it showed until now, and what the next page changes."""

    def __init__(self, line: StationLine, source: str) -> None:
        self._line = line
        self._history = line.history
        self._source = source
        self._words: list[Word] = [
            Word(event.count, _moment(event.observed_at, event.copied_at), event)
            for event in self._history.events
            if event.source == source
        ]

    def put(self, shown: Shown, place: str) -> Message | NothingNew:
        """What becomes of the next page."""
        last, has_time = self._last, shown.at[0] > _EARLIEST
        known = next((word for word in self._words if self._is_same_page(word, shown)), None)
        if known is not None and known.event is not None:
            repeated = self._repeated(known.event, shown, place)
            if repeated is not None:
                no_order = not has_time and any(self._contradicts(word, shown) for word in self._words)
                if isinstance(repeated, NothingNew) and repeated.superseded and no_order:
                    return replace(repeated, superseded=False, rejected=Reason.ORDER_UNKNOWN)
                return repeated
        if last is not None and (shown.at >= last.at or not has_time) and self._says_the_same(last, shown):
            return self._nothing(shown, place)
        unordered = any(self._contradicts(word, shown) for word in self._words)
        if has_time and shown.form is not None and self._is_between(shown):
            nothing = self._nothing(shown, place)
            return replace(nothing, rejected=Reason.ORDER_UNKNOWN) if unordered else nothing
        if unordered and not self._comes_after(shown):
            return self._recorded(shown, place, NotCounted.ORDER_UNKNOWN)
        if last is None or shown.at >= last.at:
            return self._newer(shown, place, last)
        if has_time:
            return self._older(shown, place)
        return self._recorded(shown, place, NotCounted.ORDER_UNKNOWN)

    def withdrawn(self, record: Message | NothingNew) -> Message | NothingNew:
        """`record`, with the annulment that is due where a blank form is in force and an older page, which
        came later, had numbers."""
        count = self._history.in_force
        if count is None or count.source != self._source or count.has_votes or self._history.is_ruled:
            return record
        at = _moment(count.observed_at, count.copied_at)
        if not self._had_votes(at) or count.origin is None:
            return record
        event = count.decoded.event
        origin = {name: value for name, value in _plain(count.origin).items() if name != "not_counted"}
        shown = Shown(event.election, event.contest, event.unit, None, CountKind.REGULAR, origin)
        sent = self._send(shown, _annulled(shown, count.event_id), record.place)
        if isinstance(record, NothingNew):
            return sent
        return replace(record, followed_by=(*record.followed_by, sent.raw, *sent.followed_by))

    @property
    def _last(self) -> Word | None:
        """What the source showed last, of what has an order."""
        ordered = [
            word
            for word in self._words
            if word.event is None or word.event.not_counted is not NotCounted.ORDER_UNKNOWN
        ]
        # Of equal times the one that was recorded last: the first would be one that was replaced since.
        return max(reversed(ordered), key=lambda word: word.at, default=None)

    def _had_votes(self, before: Moment) -> bool:
        return any(word.has_votes and word.at < before for word in self._words)

    def _comes_after(self, shown: Shown) -> bool:
        """Whether pages without any time are at least of different imports, and both have votes: the later
        import is taken for the newer page. When both come again, the order is reported."""
        count = self._history.in_force
        return (
            shown.has_votes
            and count is not None
            and count.has_votes
            and all(word.at[0] == _EARLIEST and not word.is_new for word in self._words)
        )

    def _is_between(self, shown: Shown) -> bool:
        """Whether an older page shows what the source is known to have shown right before it or after it."""
        after = min((word for word in self._words if word.at > shown.at), key=lambda w: w.at, default=None)
        if after is None:
            return False
        before = max((word for word in self._words if word.at < shown.at), key=lambda w: w.at, default=None)
        return shown.count in (after.count, None if before is None else before.count)

    def _repeated(self, event: Known, shown: Shown, place: str) -> NothingNew | Message | None:
        """What is said of a page that is recorded; None where it can be accepted now."""
        empty = shown.form is None
        if event.not_counted is NotCounted.SEEN_EARLIER:
            return NothingNew(place, empty, superseded=True)
        if event.not_counted is not None:
            return NothingNew(place, empty, rejected=Reason(event.not_counted.value))
        accepted = self._history.accepted
        if not self._history.ids[event.event_id]:
            if self._history.in_force is None and not self._history.is_ruled and event.supersedes is None:
                return self._line.send(event.raw, place)
            reason = Reason.ALREADY_COUNTED if event.supersedes is None else Reason.SUPERSEDED_MISMATCH
            return NothingNew(place, empty, rejected=reason)
        return NothingNew(place, empty, superseded=event.event_id != accepted[-1].event_id)

    def _older(self, shown: Shown, place: str) -> Message | NothingNew:
        """A page that is older than what is known of the source never changes what is in force."""
        if not shown.has_votes:
            return NothingNew(place, empty=shown.form is None, superseded=shown.form is not None)
        return self._recorded(shown, place, NotCounted.SEEN_EARLIER)

    def _newer(self, shown: Shown, place: str, last: Word | None) -> Message | NothingNew:
        history, count = self._history, self._history.in_force
        if count is not None and count.count == shown.count:
            return self._nothing(shown, place)
        if last is None and any(
            one.count is not None and one.count == shown.count for one in history.accepted
        ):
            # Others replaced what the source still shows.
            return self._nothing(shown, place, superseded=True)
        if history.is_ruled:
            if last is None and not shown.has_votes:
                return self._nothing(shown, place)
            return self._recorded(shown, place, NotCounted.RULING_IN_FORCE)
        if count is None:
            is_new = not history.accepted or shown.has_votes
            # A form without votes where the source took such a form away, and never had votes.
            is_new |= history.accepted[-1].source == self._source if history.accepted else False
            if shown.form is None or not is_new:
                return self._nothing(shown, place)
            return self._send(shown, submitted(shown, shown.form), place)
        if count.source == self._source:
            if shown.form is None or (not shown.has_votes and (count.has_votes or self._had_votes(shown.at))):
                return self._send(shown, _annulled(shown, count.event_id), place)
            return self._send(shown, _corrected(shown, shown.form, count.event_id), place)
        if shown.form is None or not shown.has_votes:
            # Only a source that gave the numbers in force can have taken them away.
            return self._nothing(shown, place)
        if last is None:
            # Which of two sources holds is for people to decide: the log rejects it as already counted.
            return self._send(shown, submitted(shown, shown.form), place)
        return self._send(shown, _corrected(shown, shown.form, count.event_id), place)

    def _says_the_same(self, word: Word, shown: Shown) -> bool:
        """Whether the source shows the same as then: also, with a form or without, that votes are gone."""
        if word.count is None and not shown.has_votes:
            return shown.form is None or self._had_votes(shown.at)
        return word.count == shown.count

    def _is_same_page(self, word: Word, shown: Shown) -> bool:
        return word.at[0] == shown.at[0] and self._says_the_same(word, shown)

    def _contradicts(self, word: Word, shown: Shown) -> bool:
        """Whether the two show different things, and their times do not tell which is newer."""
        if word.at[0] != shown.at[0] or self._says_the_same(word, shown):
            return False
        return word.at[1] == shown.at[1] or _EARLIEST in (word.at[1], shown.at[1])

    def _nothing(self, shown: Shown, place: str, *, superseded: bool = False) -> NothingNew:
        if shown.form is not None or self._words:
            self._words.append(Word(shown.count, shown.at, is_new=True))
        return NothingNew(place, empty=shown.form is None, superseded=superseded)

    def _recorded(self, shown: Shown, place: str, why: NotCounted) -> Message | NothingNew:
        """A page that changes nothing, for the log to keep as what it is."""
        page = replace(shown, origin={**shown.origin, "not_counted": why.value})
        if shown.form is not None:
            return self._send(shown, submitted(page, shown.form), place)
        last = self._last
        recorded = next((word.event for word in (last, *self._words) if word and word.event), None)
        if recorded is None:  # nothing to take away was ever recorded
            return NothingNew(place, empty=True, rejected=Reason(why.value))
        return self._send(shown, _annulled(page, recorded.event_id), place)

    def _send(self, shown: Shown, document: Document, place: str) -> Message:
        message = self._line.send(encode(document), place)
        self._words.append(Word(shown.count, shown.at, Known(message.raw), is_new=True))
        return message


def _moment(at: datetime | None, copied: datetime | None) -> Moment:
    return at or _EARLIEST, copied or _EARLIEST


def _corrected(shown: Shown, form: Document, supersedes: str) -> Document:
    payload = _count(shown, form)
    payload |= {"supersedes": supersedes, "reason": CorrectionReason.SOURCE_CHANGED.value}
    return _document(shown, "CountCorrected", payload)


def _annulled(shown: Shown, supersedes: str) -> Document:
    reason = AnnulmentReason.SOURCE_WITHDREW.value
    payload = {"supersedes": supersedes, "reason": reason, "origin": shown.origin}
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


def _plain(origin: Any) -> Document:
    names = ("source", "record", "observed_at", "listed", "copied_at", "made_at", "not_counted")
    return {name: value for name in names if (value := getattr(origin, name)) is not None}
