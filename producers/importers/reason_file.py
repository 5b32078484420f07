"""Reasons for differences of certified documents from CSV: each row a RecapReasonStated.

It is about the document in force, which the log tells: a row about a region without one is reported. The
event of a row is the same whenever it is imported, so that a reason is stated once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from producers.importers.accepted import Known
from producers.importers.commission_cells import CsvColumns
from producers.importers.commission_columns import Cells, bad_cell
from producers.importers.lineage import StationLine
from producers.importers.problems import RecordInvalid, SourceInvalid, place_of
from producers.importers.recap_columns import read_names
from producers.importers.region_rows import contest_named, events_of, first_line
from producers.importers.text_lines import Line, read_lines
from schemas.decode import decode, encode
from schemas.elections import Election
from schemas.events import SCHEMA_VERSION, RecapCertified, Role
from schemas.language import Text
from schemas.rejections import Rejected
from schemas.sources import Lineage, Message, SourceRecord, Unreadable
from schemas.text import quoted

CHUNK_LINES: Final = 1_000
"""Lines in one chunk."""
NEEDED: Final = ("region", "reason", "signer")
TEXTS: Final = ("contest", "cell", "document", "note", "occurred_at", "officer")
OFFICER: Final = "commission"
"""Who submits a reason whose row names nobody."""
SOURCE: Final = "reasons"
"""The source of these events."""

Document = dict[str, Any]


def is_reason(columns: set[str]) -> bool:
    """Whether a file with these columns holds reasons."""
    return columns.issuperset(NEEDED)


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One row: its place, its event without the document's id, and the document's name where the row tells
    it; or why there is no event."""

    place: str
    event: Document | None
    document: str | None = None
    said: Text | None = None

    @property
    def key(self) -> tuple[str, str] | None:
        """Contest and region."""
        return None if self.event is None else (self.event["contest"], self.event["region"])


@dataclass(frozen=True, slots=True)
class ReasonTable:
    """A file and how its lines are read; `contest` for rows that name none."""

    path: str
    columns: CsvColumns
    election: str
    contests: tuple[str, ...]
    contest: str | None

    def row(self, line: Line) -> ReasonRow:
        """What the line holds."""
        place = place_of(quoted(self.path), line.number)
        try:
            cells = self.columns.cells(line)
            return ReasonRow(place, self._event(cells), cells.get("document"))
        except RecordInvalid as error:
            return ReasonRow(place, None, said=error.said)

    def _event(self, cells: Cells) -> Document:
        for name in NEEDED:
            if cells.get(name) is None:
                raise bad_cell(name, None, "what every reason has", id_ending="isian setiap alasan")
        payload: Document = {"reason": cells["reason"], "signer": cells["signer"]}
        payload |= {name: cells[name] for name in ("cell", "note") if name in cells}
        payload["origin"] = {"record": str(cells["region"]), "source": SOURCE}
        event: Document = {
            "type": "RecapReasonStated",
            "schema_version": SCHEMA_VERSION,
            "election": self.election,
            "contest": contest_named(cells.get("contest"), self.contest, self.contests),
            "region": cells["region"],
            "payload": payload,
            "submitted_by": {"officer": cells.get("officer", OFFICER), "role": Role.IMPORTER.value},
        }
        if "occurred_at" in cells:
            event["occurred_at"] = cells["occurred_at"]
        return event


@dataclass(frozen=True, slots=True)
class ReasonChunk:
    """Some rows, and the documents that the log has of their regions."""

    rows: tuple[ReasonRow, ...]
    events: Mapping[tuple[str, str], Sequence[bytes]]

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def records(self) -> Iterator[SourceRecord]:
        """Its rows, in order."""
        in_force = {
            row.key: StationLine(self.events.get(row.key, ())).history.in_force
            for row in self.rows
            if row.key
        }
        for row in self.rows:
            if row.said is not None or row.key is None:
                assert row.said is not None
                yield Unreadable(row.place, row.said)
            else:
                yield _record(row, in_force[row.key])


class ReasonFileSource:
    """The rows of these files, in order."""

    def __init__(self, paths: Sequence[Path], election: Election, contest: str | None) -> None:
        """`contest`: that of rows which name none. Raises SourceInvalid and OSError."""
        only = contest or (election.contests[0].id if len(election.contests) == 1 else None)
        contests = tuple(one.id for one in election.contests)
        self._tables = [ReasonTable(str(path), _columns(path), election.id, contests, only) for path in paths]

    @property
    def size(self) -> int | None:
        """Not known before reading."""
        return None

    def chunks(self, lineage: Lineage) -> Iterator[ReasonChunk]:
        """Its rows, CHUNK_LINES at a time."""
        part: list[ReasonRow] = []
        for table in self._tables:
            lines = read_lines(Path(table.path))
            next(lines, None)
            for line in lines:
                part.append(table.row(line))
                if len(part) >= CHUNK_LINES:
                    yield _chunk(part, lineage)
                    part = []
        if part:
            yield _chunk(part, lineage)


def _chunk(rows: Sequence[ReasonRow], lineage: Lineage) -> ReasonChunk:
    return ReasonChunk(tuple(rows), events_of((row.key for row in rows), lineage))


def _columns(path: Path) -> CsvColumns:
    columns = read_names(path, first_line(path))
    for name in columns.names:
        if name not in (*NEEDED, *TEXTS):
            known = ", ".join((*NEEDED, *TEXTS))
            raise SourceInvalid(
                id=f"{quoted(path)}, baris 1: kolom {quoted(name)} tidak dikenal; yang ada: {known}.",
                en=f"{quoted(path)}, line 1: the column {quoted(name)} is unknown; there are {known}.",
            )
    return columns


def _record(row: ReasonRow, in_force: Known | None) -> SourceRecord:
    assert row.event is not None
    contest, region = quoted(row.event["contest"]), quoted(row.event["region"])
    event = None if in_force is None else in_force.decoded.event
    if in_force is None or not isinstance(event, RecapCertified):
        return Unreadable(
            row.place,
            Text(
                id=f"Belum ada rekapitulasi {contest} yang disahkan untuk {region}; impor dokumennya dahulu, "
                "atau periksa kodenya.",
                en=f"No recapitulation of {contest} is certified for {region}; import the document first, or "
                "check the code.",
            ),
        )
    if row.document is not None and row.document != event.payload.document:
        named, held = quoted(row.document), quoted(event.payload.document)
        return Unreadable(
            row.place,
            Text(
                id=f"Alasan ini untuk dokumen {named}, padahal yang berlaku di {region} adalah {held}.",
                en=f"The reason is for the document {named}, but in force at {region} is {held}.",
            ),
        )
    row.event["payload"]["recap"] = in_force.event_id
    raw = encode(row.event)
    try:
        decode(raw)
    except Rejected as error:
        return Unreadable(row.place, error.rejection.said)
    return Message(raw, row.place)
