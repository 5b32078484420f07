"""One row of a commission's file as an event.

What stands in single cells is judged by producers.importers.commission_columns. Here a row is refused that
says more than an event of its type can hold, so that nothing of it is dropped silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from producers.importers.accepted import Count, Document, Known, without_nulls
from producers.importers.commission_columns import (
    STATION_CELL,
    Cells,
    bad_cell,
    checked,
    figure,
    one_of,
    place_on_form,
)
from producers.importers.problems import RecordInvalid
from schemas.decode import decode, encode
from schemas.events import SCHEMA_VERSION, AnnulmentReason, CorrectionReason, CountKind, Role
from schemas.rejections import Rejected
from schemas.text import quoted

SOURCE: Final = "commission"

SURE_BYTES: Final = 4_096
"""An event of cells that are right each can be wrong only by its size or by more options than a form has, and
those take more bytes than this. Not to decode the others saves a third of an import."""


class RowType(StrEnum):
    """What a row says of its station."""

    COUNT = "count"
    CORRECTION = "correction"
    ANNULMENT = "annulment"


_EVENT_TYPES: Final = {
    RowType.COUNT: "CountSubmitted",
    RowType.CORRECTION: "CountCorrected",
    RowType.ANNULMENT: "CountAnnulled",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row understood. `document` is its event, complete unless `open`: then the id of the event that it
    replaces is still to be written in, because the row means the count in force."""

    type: RowType
    document: Document
    open: bool
    empty: bool

    @property
    def count(self) -> Count | None:
        """The count that it gives, to be compared with others; None for an annulment."""
        payload = self.document["payload"]
        if "form" not in payload:
            return None
        return without_nulls(payload["form"]), CountKind(payload.get("kind", CountKind.REGULAR))

    def build(self, in_force: Known | None) -> bytes | None:
        """The event's bytes where that count is in force; None when it means a count in force and there is
        none.

        Raises RecordInvalid for what the columns' own checks don't see: too many options, too many bytes.
        """
        document = self.document
        if self.open:
            if in_force is None:
                return None
            document = {**document, "payload": {**document["payload"], "supersedes": in_force.event_id}}
        return encoded(document)


def encoded(document: Document) -> bytes:
    """The event's bytes. Raises RecordInvalid for what the columns' own checks don't see."""
    raw = encode(document)
    if len(raw) > SURE_BYTES:
        try:
            decode(raw)
        except Rejected as error:
            raise RecordInvalid(id=error.rejection.said.id, en=error.rejection.said.en) from None
    return raw


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for all rows: the election and its contests, and what stands for missing cells.

    `is_current`: the rows say what the count is now, and none says itself what it is.
    """

    election: str
    contests: tuple[str, ...]
    contest: str | None
    role: Role = Role.IMPORTER
    is_current: bool = False


def row_key(cells: Cells, defaults: Defaults) -> tuple[str, str]:
    """The contest and station that a row names. Raises RecordInvalid."""
    named = cells.get("contest") or defaults.contest
    contest = next((one for one in defaults.contests if one.lower() == str(named).lower()), None)
    if contest is None:
        known = ", ".join(defaults.contests)
        raise bad_cell(
            "contest", named, f"one of {quoted(known)}", id_ending=f"salah satu dari {quoted(known)}"
        )
    station = checked(cells, "station")
    if station is None:
        raise bad_cell("station", None, STATION_CELL.en, id_ending=STATION_CELL.id)
    return contest, station


def read_row(cells: Cells, defaults: Defaults, observed_at: str | None = None) -> Row:
    """The row with these cells, of a file that was seen at `observed_at`. Raises RecordInvalid."""
    contest, station = row_key(cells, defaults)
    if defaults.is_current:
        _refuse_its_own_type(cells)
    kind = one_of(cells, "type", RowType) or RowType.COUNT
    form, supersedes = _form(cells), checked(cells, "supersedes")
    _refuse_what_has_no_place(kind, cells, form)
    origin = {
        "record": station,
        "source": SOURCE,
        "observed_at": checked(cells, "observed_at") or observed_at,
    }
    payload = {"origin": _said(origin), "supersedes": supersedes, "note": checked(cells, "note")}
    if kind is not RowType.ANNULMENT:
        lawful = one_of(cells, "kind", CountKind) or CountKind.REGULAR
        payload |= {"form": form, "kind": None if lawful is CountKind.REGULAR else lawful.value}
    if kind is not RowType.COUNT:
        reasons = CorrectionReason if kind is RowType.CORRECTION else AnnulmentReason
        reason = one_of(cells, "reason", reasons)
        if reason is None:
            told = ", ".join(one.value for one in reasons)
            raise bad_cell("reason", None, f"one of {told}", id_ending=f"salah satu dari {told}")
        payload["reason"] = reason.value
    role = one_of(cells, "role", Role) or defaults.role
    document = {
        "type": _EVENT_TYPES[kind],
        "schema_version": SCHEMA_VERSION,
        "election": defaults.election,
        "contest": contest,
        "station": station,
        "payload": _said(payload),
        "occurred_at": checked(cells, "occurred_at"),
        "submitted_by": {"officer": checked(cells, "officer") or SOURCE, "role": role.value},
        "device": checked(cells, "device"),
    }
    return Row(
        type=kind,
        document=_said(document),
        open=kind is not RowType.COUNT and supersedes is None,
        empty=kind is RowType.COUNT and not form,
    )


def _form(cells: Cells) -> Document:
    form: Document = {}
    for name, value in cells.items():
        place = place_on_form(name)
        if place is None:
            continue
        *blocks, field = place
        block = form
        for block_name in blocks:
            block = block.setdefault(block_name, {})
        block[field] = figure(name, value)
    return form


def _refuse_what_has_no_place(kind: RowType, cells: Cells, form: Document) -> None:
    if kind is RowType.COUNT:
        for name in ("reason", "note", "supersedes"):
            if name in cells:
                raise RecordInvalid(
                    id=f"Kolom {name} hanya untuk pembetulan dan pembatalan; kosongkan, atau tulis "
                    "correction atau annulment di kolom type.",
                    en=f"Column {name} is for corrections and annulments only; leave it empty, or write "
                    "correction or annulment in column type.",
                )
    elif kind is RowType.CORRECTION and not form:
        raise RecordInvalid(
            id="Pembetulan tanpa satu angka pun; isi angka yang berlaku sekarang, atau tulis annulment di "
            "kolom type.",
            en="A correction without any figure; fill in the figures that hold now, or write annulment in "
            "column type.",
        )
    elif kind is RowType.ANNULMENT and (form or "kind" in cells):
        raise RecordInvalid(
            id="Pembatalan tidak memuat angka maupun kind; kosongkan, atau tulis correction di kolom type.",
            en="An annulment holds no figures and no kind; leave them empty, or write correction in column "
            "type.",
        )


def _refuse_its_own_type(cells: Cells) -> None:
    for name in ("type", "reason", "note", "supersedes"):
        if name in cells:
            raise RecordInvalid(
                id=f"Kolom {name} tidak berlaku dengan --current, yang menentukan sendiri apa arti setiap "
                "baris; "
                "kosongkan, atau impor tanpa --current.",
                en=f"Column {name} does not go with --current, which finds out itself what each row is; "
                "leave it "
                "empty, or import without --current.",
            )


def _said(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}
