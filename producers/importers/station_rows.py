"""All rows of a commission's files about one station: in which order they hold, and what each changes.

Rows are what people say: a row is sent as what it is. It says nothing new where the log has the same figures
in force, whoever sent them and whenever they were seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from producers.importers.accepted import Known, moment
from producers.importers.commission_row import SOURCE, Row, RowType
from producers.importers.lineage import StationLine
from producers.importers.problems import RecordInvalid
from schemas.language import Text
from schemas.sources import Message, NothingNew, SourceRecord, Unreadable
from schemas.text import quoted

_ORDER_OF_TYPES: Final = tuple(RowType)
"""A first count comes before what replaces it, where the times of the rows are the same."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A row, where it stands, and in which of the files (by their order in the command)."""

    row: Row
    place: str
    file: int


class StationRows:
    """The rows of one station and contest, after what the log has of it."""

    def __init__(self, line: StationLine) -> None:
        self._line = line
        self._cursor = 0

    def records(self, rows: Sequence[Placed]) -> list[SourceRecord]:
        """What becomes of each row, in the order in which they hold. A correction or annulment that finds
        nothing in force waits for the rows after it."""
        if len(rows) == 1 and not self._line.raws and rows[0].row.type is RowType.COUNT:
            return [self._first(rows[0])]
        if _order_is_unknown(rows):
            return [Unreadable(one.place, ORDER_UNKNOWN) for one in rows]
        records: list[SourceRecord] = []
        waiting: list[Placed] = []
        for one in _in_order(rows):
            record = self._checked(one)
            if record is None:
                waiting.append(one)
                continue
            records.append(record)
            while waiting and (record := self._checked(waiting[0])) is not None:
                records.append(record)
                del waiting[0]
        return [*records, *(Unreadable(one.place, _nothing_in_force(one.row)) for one in waiting)]

    def _first(self, one: Placed) -> SourceRecord:
        """Nearly every row of a first import: there is nothing to compare it with."""
        if one.row.empty:
            return NothingNew(one.place, empty=True)
        try:
            return Message(one.row.build(None) or b"", one.place)
        except RecordInvalid as error:
            return Unreadable(one.place, error.said)

    def _checked(self, one: Placed) -> SourceRecord | None:
        try:
            return self._record(one)
        except RecordInvalid as error:
            return Unreadable(one.place, error.said)

    def _record(self, one: Placed) -> SourceRecord | None:
        row, place, history = one.row, one.place, self._line.history
        if row.empty:
            return NothingNew(place, empty=True)
        known = self._sent_before(row)
        if known is not None:
            return NothingNew(place, empty=False, superseded=known is not history.accepted[-1])
        if self._is_there(row):
            return NothingNew(place, empty=False)
        if row.type is RowType.COUNT and self._was_replaced(row):
            return NothingNew(place, empty=False, superseded=True)
        raw = row.build(history.in_force)
        if raw is None:
            return None
        message = self._line.send(raw, place)
        self._cursor = len(history.accepted)
        return message

    def _sent_before(self, row: Row) -> Known | None:
        """The accepted event that this row gave before, found by building it again.

        Each row is compared with what follows the event of the row before it, so that two equal corrections
        with another between them stay two."""
        accepted = self._line.history.accepted
        for place in range(self._cursor, len(accepted)):
            before = accepted[place - 1] if place else None
            raw = row.build(before if before is not None and before.annulment is None else None)
            if raw is not None and (raw == accepted[place].raw or _id(raw) == accepted[place].event_id):
                self._cursor = place + 1
                return accepted[place]
        return None

    def _is_there(self, row: Row) -> bool:
        """Whether the log has it in force, but for who sent it and when it was seen."""
        history = self._line.history
        if row.type is RowType.ANNULMENT:
            last = history.accepted[-1] if history.accepted else None
            return row.open and history.in_force is None and last is not None and _same_words(row, last)
        count = history.in_force
        if count is None or count.count != row.count or not _same_time(row, count):
            return False
        return row.type is RowType.COUNT or (row.open and _same_words(row, count))

    def _was_replaced(self, row: Row) -> bool:
        """Whether the same figures were accepted and replaced or annulled since. After an annulment a count
        of the commission's own file may be a new one: it is, if its figures, kind or time differ."""
        history = self._line.history
        return any(
            one.count == row.count
            and _same_time(row, one)
            and (history.in_force is not None or one.source == SOURCE)
            for one in history.accepted
            if one.count is not None
        )


def _in_order(rows: Sequence[Placed]) -> list[Placed]:
    """By the times that the rows give, where all of them do. Else those of one file as they stand, and those
    of several files by their types."""
    times = [time for one in rows if (time := _time(one.row)) is not None]
    if len(times) == len(rows):
        keys = [
            (time, _ORDER_OF_TYPES.index(one.row.type), place)
            for place, (one, time) in enumerate(zip(rows, times, strict=True))
        ]
        return [rows[place] for _, _, place in sorted(keys)]
    if len({one.file for one in rows}) == 1:
        return list(rows)
    return sorted(rows, key=lambda one: _ORDER_OF_TYPES.index(one.row.type))


def _order_is_unknown(rows: Sequence[Placed]) -> bool:
    """Whether what the rows say does not order those of several files."""
    if len({one.file for one in rows}) == 1:
        return False
    times = [_time(one.row) for one in rows]
    has_times = all(time is not None for time in times)
    # Two files that say different things of the same time, or without a time.
    said: dict[tuple[datetime | None, RowType], tuple[int, object]] = {}
    last: dict[int, int] = {}
    for one, time in zip(rows, times, strict=True):
        row = one.row
        word = (row.count, row.document["payload"].get("reason"), row.document["payload"].get("supersedes"))
        file, before = said.setdefault((time if has_times else None, row.type), (one.file, word))
        if file != one.file and before != word:
            return True
        rank = _ORDER_OF_TYPES.index(row.type)
        if not has_times and rank < last.get(one.file, 0):
            return True  # a first count after what replaced another: a second one
        last[one.file] = rank
    return False


def _time(row: Row) -> datetime | None:
    document = row.document
    return moment(document["payload"]["origin"].get("observed_at") or document.get("occurred_at"))


def _same_time(row: Row, event: Known) -> bool:
    occurred_at = row.document.get("occurred_at")
    return occurred_at is None or occurred_at == event.occurred_at


def _same_words(row: Row, event: Known) -> bool:
    payload = row.document["payload"]
    return (payload.get("reason"), payload.get("note")) == (event.reason, event.note)


def _id(raw: bytes) -> str:
    return Known(raw).event_id


def _nothing_in_force(row: Row) -> Text:
    station, contest = (quoted(row.document[name]) for name in ("station", "contest"))
    what_id, what = ("dibetulkan", "correct") if row.type is RowType.CORRECTION else ("dibatalkan", "annul")
    return Text(
        id=f"Tidak ada hasil yang berlaku di TPS {station} untuk {contest}, jadi tidak ada yang dapat "
        f"{what_id}; tulis count di kolom type, atau id peristiwa yang dimaksud di kolom supersedes.",
        en=f"Station {station} has no count in force in {contest}, so there is nothing to {what}; write "
        "count in column type, or the id of the event that is meant in column supersedes.",
    )


ORDER_UNKNOWN: Final = Text(
    id="Beberapa berkas memuat baris tentang TPS ini, dan isinya tidak menunjukkan mana yang lebih dulu. Isi "
    "observed_at atau occurred_at di semua baris TPS ini, atau impor berkasnya satu per satu.",
    en="Several files have rows about this station, and what they say does not tell which comes first. Fill "
    "in observed_at or occurred_at in all rows of the station, or import the files one after another.",
)
