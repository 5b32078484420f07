"""Certified recapitulations from CSV: each row a RecapCertified that replaces the document in force.

A document that the log has is nothing new, also when a later one replaced it: an older file never takes the
place of a newer decision. Two rows of one region and contest with different figures are reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from producers.importers.accepted import Known
from producers.importers.commission_columns import Cells, bad_cell
from producers.importers.lineage import StationLine
from producers.importers.observed import Observed
from producers.importers.problems import RecordInvalid, place_of
from producers.importers.recap_columns import TEXTS, RecapColumns, read_recap_header
from producers.importers.region_rows import contest_named, events_of, first_line
from producers.importers.text_lines import Line, read_lines
from schemas.decode import decode, encode
from schemas.elections import Election
from schemas.events import MAX_CELL, SCHEMA_VERSION, RecapCertified, Role
from schemas.language import Text
from schemas.rejections import Rejected
from schemas.sources import Lineage, NothingNew, SourceRecord, Unreadable
from schemas.text import quoted

CHUNK_LINES: Final = 1_000
"""Lines in one chunk."""
OFFICER: Final = "commission"
"""Who submits a document whose row names nobody."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecapRow:
    """One row: its place, and its event or why there is none."""

    place: str
    document: Document | None
    said: Text | None = None

    @property
    def key(self) -> tuple[str, str] | None:
        """Contest and region."""
        return None if self.document is None else (self.document["contest"], self.document["region"])


@dataclass(frozen=True, slots=True)
class RecapTable:
    """A file and how its lines are read; `contest` for rows that name none."""

    path: str
    columns: RecapColumns
    election: str
    contests: tuple[str, ...]
    contest: str | None
    observed_at: str | None

    def row(self, line: Line) -> RecapRow:
        """What the line holds."""
        place = place_of(quoted(self.path), line.number)
        try:
            cells = self.columns.csv.cells(line)
            return RecapRow(place, self._event(cells))
        except RecordInvalid as error:
            return RecapRow(place, None, error.said)

    def _event(self, cells: Cells) -> Document:
        region = cells.get(self.columns.region)
        if region is None:
            raise bad_cell(
                self.columns.region, None, "the region's id as text", id_ending="kode wilayah sebagai teks"
            )
        votes = {
            option: _figure(name, cells[name]) for name, option in self.columns.votes.items() if name in cells
        }
        figures: Document = {"votes": votes} | {
            name: _figure(column, cells[column])
            for name, column in self.columns.figures.items()
            if column in cells
        }
        if not votes:
            raise RecordInvalid(
                id="Dokumen tanpa satu suara pun; isi kolom vote_ atau hapus barisnya.",
                en="A document without any votes; fill in the vote_ columns or remove the row.",
            )
        texts = {name: cells[name] for name in TEXTS if name in cells} if self._is_documented else {}
        origin: Document = {"record": region, "source": self.columns.source}
        if self.observed_at is not None:
            origin["observed_at"] = self.observed_at
        payload: Document = {"document": self._document(cells), "cells": figures, "origin": origin}
        if "note" in texts:
            payload["note"] = texts["note"]
        event: Document = {
            "type": "RecapCertified",
            "schema_version": SCHEMA_VERSION,
            "election": self.election,
            "contest": contest_named(texts.get("contest"), self.contest, self.contests),
            "region": region,
            "payload": payload,
            "submitted_by": {"officer": texts.get("officer", OFFICER), "role": Role.IMPORTER.value},
        }
        if "occurred_at" in texts:
            event["occurred_at"] = texts["occurred_at"]
        return event

    @property
    def _is_documented(self) -> bool:
        return self.columns.document is None and self.columns.documents is None

    def _document(self, cells: Cells) -> str:
        columns = self.columns
        if columns.document is not None:
            return columns.document
        named = cells.get(columns.document_column or "")
        if columns.documents is not None:
            if named not in columns.documents:
                known = ", ".join(columns.documents)
                raise bad_cell(
                    columns.document_column or "",
                    named,
                    f"one of {known}",
                    id_ending=f"salah satu dari {known}",
                )
            return columns.documents[str(named)]
        if named is None:
            raise bad_cell(
                columns.document_column or "document",
                cells.get(columns.document_column or ""),
                "what the document is called, such as D.HASIL KABKO-PPWP",
                id_ending="nama dokumennya, misalnya D.HASIL KABKO-PPWP",
            )
        return str(named)


@dataclass(frozen=True, slots=True)
class RecapChunk:
    """Some rows; `again` are places of rows whose region stood before with other figures."""

    rows: tuple[RecapRow, ...]
    again: frozenset[str]
    events: Mapping[tuple[str, str], Sequence[bytes]]

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.rows)

    def records(self) -> Iterator[SourceRecord]:
        """Its rows, in order."""
        lines = {row.key: StationLine(self.events.get(row.key, ())) for row in self.rows if row.key}
        for row in self.rows:
            key = row.key
            if row.said is not None:
                yield Unreadable(row.place, row.said)
                continue
            assert row.document is not None
            assert key is not None
            if row.place in self.again:
                yield _stands_twice(row)
            else:
                yield _record(lines[key], row.document, row.place)


class RecapFileSource:
    """The rows of these files, in order."""

    def __init__(
        self, paths: Sequence[Path], election: Election, contest: str | None, observed: Observed
    ) -> None:
        """`contest`: that of rows which name none. Raises SourceInvalid and OSError."""
        only = contest or (election.contests[0].id if len(election.contests) == 1 else None)
        self._tables = [
            RecapTable(
                path=str(path),
                columns=_columns(path),
                election=election.id,
                contests=tuple(one.id for one in election.contests),
                contest=only,
                observed_at=observed.of(str(path)),
            )
            for path in paths
        ]

    @property
    def size(self) -> int | None:
        """Not known before reading."""
        return None

    def chunks(self, lineage: Lineage) -> Iterator[RecapChunk]:
        """Its rows, CHUNK_LINES at a time."""
        seen: dict[tuple[str, str], int] = {}
        part: list[RecapRow] = []
        again: set[str] = set()
        for table in self._tables:
            lines = read_lines(Path(table.path))
            next(lines, None)
            for line in lines:
                row = table.row(line)
                if row.document is not None and row.key is not None:
                    said = hash(str(_content(row.document)))
                    if seen.setdefault(row.key, said) != said:
                        again.add(row.place)
                part.append(row)
                if len(part) >= CHUNK_LINES:
                    yield _chunk(part, again, lineage)
                    part, again = [], set()
        if part:
            yield _chunk(part, again, lineage)


def _chunk(rows: Sequence[RecapRow], again: set[str], lineage: Lineage) -> RecapChunk:
    return RecapChunk(tuple(rows), frozenset(again), events_of((row.key for row in rows), lineage))


def _columns(path: Path) -> RecapColumns:
    return read_recap_header(path, first_line(path))


def _record(line: StationLine, document: Document, place: str) -> SourceRecord:
    if not line.raws and not line.history.accepted:
        return _checked(line, document, place)
    said = _content(document)
    for known in reversed(line.history.accepted):
        if _content_of(known) == said:
            in_force = line.history.in_force
            is_old = in_force is None or known.event_id != in_force.event_id
            return NothingNew(place, empty=False, superseded=is_old)
    if (in_force := line.history.in_force) is not None:
        document["payload"]["supersedes"] = in_force.event_id
    return _checked(line, document, place)


def _checked(line: StationLine, document: Document, place: str) -> SourceRecord:
    raw = encode(document)
    try:
        decode(raw)
    except Rejected as error:
        return Unreadable(place, error.rejection.said)
    return line.send(raw, place)


def _content(document: Document) -> tuple[str, dict[str, int], dict[str, int]]:
    """What a document says: its name, and its figures."""
    cells = document["payload"]["cells"]
    figures = {name: cells[name] for name in ("invalid", "valid", "voters") if cells.get(name) is not None}
    return document["payload"]["document"], dict(sorted(cells["votes"].items())), figures


def _content_of(known: Known) -> tuple[str, dict[str, int], dict[str, int]] | None:
    event = known.decoded.event
    if not isinstance(event, RecapCertified):
        return None
    cells = event.payload.cells
    figures = {
        name: figure
        for name, figure in (("invalid", cells.invalid), ("valid", cells.valid), ("voters", cells.voters))
        if figure is not None
    }
    return event.payload.document, dict(sorted(cells.votes.items())), figures


def _figure(name: str, value: Any) -> int:
    text = str(value)
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_CELL)) and int(text) <= MAX_CELL:
        return int(text)
    raise bad_cell(
        name,
        value,
        "a whole number in digits, without separators, or leave it empty if the document does not say",
        id_ending="bilangan bulat dengan angka tanpa pemisah, atau kosongkan jika tidak tertulis di dokumen",
    )


def _stands_twice(row: RecapRow) -> Unreadable:
    contest, region = row.key or ("", "")
    said = Text(
        id=f"Dokumen {quoted(contest)} wilayah {quoted(region)} sudah ada di baris sebelumnya dengan angka "
        "lain; hapus salah satu. Keputusan yang lebih baru diimpor dari berkas tersendiri.",
        en=f"The document of {quoted(contest)} in region {quoted(region)} stands in an earlier row with "
        "other figures; remove one of them. A later decision is imported from a file of its own.",
    )
    return Unreadable(row.place, said)
