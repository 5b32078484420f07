"""Rows of a table that says what the count of a station is now: a count, a correction, or nothing new.

A row is compared with what is in force. What was said before stays said: a row that was accepted and replaced
since changes nothing, and of rows with times the newest one decides, whatever comes first. Where their times
tell no order, a row is recorded and changes nothing (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from producers.importers.accepted import Document, Known, moment
from producers.importers.commission_row import SOURCE, Row, encoded
from producers.importers.lineage import StationLine
from producers.importers.problems import RecordInvalid
from producers.importers.station_rows import ORDER_UNKNOWN, Placed
from schemas.canonical import dumps
from schemas.events import NotCounted
from schemas.rejections import Reason
from schemas.sources import Message, NothingNew, SourceRecord, Unreadable

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Correcting:
    """What is said of every correction that such a table brings: why, and a sentence."""

    reason: str
    note: str | None


class CurrentRows:
    """The rows of one station and contest, after what the log has of it."""

    def __init__(self, line: StationLine, correcting: Correcting) -> None:
        self._line = line
        self._correcting = correcting

    def records(self, rows: Sequence[Placed]) -> list[SourceRecord]:
        """What becomes of each row, in the order of their times. Rows of one import without a time that say
        different things are reported."""
        without = [one for one in rows if _time(one.row) is None and not one.row.empty]
        if len({dumps([one.row.document["payload"]]) for one in without}) > 1:
            unknown = [Unreadable(one.place, ORDER_UNKNOWN) for one in without]
            rows = [one for one in rows if one not in without]
        else:
            unknown = []
        return [*(self._checked(one) for one in sorted(rows, key=_order)), *unknown]

    def _checked(self, one: Placed) -> SourceRecord:
        try:
            return self._record(one.row, one.place)
        except RecordInvalid as error:
            return Unreadable(one.place, error.said)

    def _record(self, row: Row, place: str) -> SourceRecord:
        history, time = self._line.history, _time(row)
        if row.empty:
            return NothingNew(place, empty=True)
        count = history.in_force
        if count is not None and count.count == row.count:
            return NothingNew(place, empty=False)
        if (said := self._said_before(row, time)) is not None:
            superseded = history.ids[said.event_id] or said.not_counted is NotCounted.SEEN_EARLIER
            why = None if superseded or said.not_counted is None else Reason(said.not_counted.value)
            return NothingNew(place, empty=False, superseded=superseded, rejected=why)
        if count is None and any(one.count == row.count for one in history.accepted):
            return NothingNew(place, empty=False, superseded=True)  # it was annulled
        times = [one.observed_at for one in history.accepted if one.source == SOURCE]
        newest = max((one for one in times if one is not None), default=None)
        if newest is not None and (time is None or time <= newest):
            is_older = time is not None and time < newest
            return self._recorded(
                row, place, NotCounted.SEEN_EARLIER if is_older else NotCounted.ORDER_UNKNOWN
            )
        return self._line.send(
            encoded(row.document if count is None else self._correction(row, count)), place
        )

    def _said_before(self, row: Row, time: datetime | None) -> Known | None:
        """The event of the same row in the log: accepted, or recorded for what it is."""
        return next(
            (
                one
                for one in self._line.history.events
                if one.source == SOURCE
                and one.count == row.count
                and one.observed_at == time
                and (self._line.history.ids[one.event_id] or one.not_counted is not None)
            ),
            None,
        )

    def _recorded(self, row: Row, place: str, why: NotCounted) -> Message:
        payload = row.document["payload"]
        origin = {**payload["origin"], "not_counted": why.value}
        return self._line.send(encoded({**row.document, "payload": {**payload, "origin": origin}}), place)

    def _correction(self, row: Row, count: Known) -> Document:
        payload = {
            **row.document["payload"],
            "supersedes": count.event_id,
            "reason": self._correcting.reason,
        }
        if self._correcting.note is not None:
            payload["note"] = self._correcting.note
        return {**row.document, "type": "CountCorrected", "payload": payload}


def _time(row: Row) -> datetime | None:
    return moment(row.document["payload"]["origin"].get("observed_at"))


def _order(one: Placed) -> tuple[bool, datetime, bytes]:
    """By their times; rows without one after all others, and equal times in an order that is always the
    same."""
    time = _time(one.row)
    return time is None, time or _EARLIEST, dumps(one.row.document["payload"])
