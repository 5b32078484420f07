"""A line of CSV or JSONL as cells: the columns that hold something, by name.

Which columns there may be is told here too; producers.importers.commission_row judges what
stands in them.
"""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from producers.importers.commission_columns import FIGURES, TEXTS, VOTE, Cells
from producers.importers.problems import RecordInvalid, SourceInvalid, unique_keys
from producers.importers.text_lines import Line
from schemas.language import Text
from schemas.text import quoted
from schemas.text_tables import column_name, delimiter_of

TAB: Final = Text(id="tab", en="a tab")

EVENT_TYPES: Final = (
    "CountSubmitted",
    "CountCorrected",
    "CountAnnulled",
    "RecapCertified",
    "RecapReasonStated",
)


LOG_ROW: Final = frozenset({"partition", "position", "outcome", "event"})
"""Keys of a line that `rekap log --format jsonl` wrote."""


@dataclass(frozen=True, slots=True)
class WholeEvent:
    """A line that is an event as it stands, or a row of a log that holds one: of which contest and unit
    (station or region), and its bytes.

    Of a row of a log also where it stood (partition and position), what became of it and why.
    """

    contest: str
    unit: str
    raw: bytes
    at: tuple[int, int] | None = None
    outcome: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CsvColumns:
    """The header of a CSV: the name of each column, and what stands between them."""

    names: tuple[str, ...]
    delimiter: str

    @property
    def _separator(self) -> Text:
        return TAB if self.delimiter == "\t" else Text(f"'{self.delimiter}'", f"'{self.delimiter}'")

    def cells(self, line: Line) -> Cells:
        """The cells of `line` that hold something. Raises RecordInvalid."""
        text = _text(line)
        if not line.ended:
            raise RecordInvalid(
                id="Baris terakhir tidak diakhiri ganti baris, jadi mungkin terpotong. Jika lengkap, "
                "tambahkan ganti baris di akhirnya; jika tidak, ambil lagi berkasnya.",
                en="The last line does not end with a line break, so it may be cut off. If it is complete, "
                "add a line break to its end; if not, get the file again.",
            )
        try:
            values = next(csv.reader([text], delimiter=self.delimiter, strict=True))
        except csv.Error:
            raise RecordInvalid(
                id="Tanda kutipnya tidak berpasangan; satu baris berkas adalah satu catatan, tanpa ganti "
                "baris "
                "di dalam sel.",
                en="Its quotes don't match; one line of the file is one record, without line breaks inside a "
                "cell.",
            ) from None
        if len(values) != len(self.names):
            raise RecordInvalid(
                id=f"Ada {len(values)} sel, padahal {len(self.names)} kolom. Barisnya terpotong, atau ada "
                f"{self._separator.id} di dalam sel: tulis sel itu dalam tanda kutip.",
                en=f"It has {len(values)} cells for {len(self.names)} columns. The line is cut off, or a "
                f"cell holds {self._separator.en}: write that cell in quotes.",
            )
        cells = zip(self.names, (value.strip() for value in values), strict=True)
        return {name: value for name, value in cells if value}


def read_header(path: Path, line: Line) -> CsvColumns:
    """The columns that the first line of a CSV names. Raises SourceInvalid."""
    try:
        text = line.raw.decode()
        delimiter = delimiter_of(text)
        rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
        names = [column_name(name) for name in next(rows)]
    except (UnicodeDecodeError, csv.Error):
        raise SourceInvalid(
            id=f"{quoted(path)}, baris 1: tidak terbaca, bukan UTF-8 atau tanda kutipnya tidak berpasangan; "
            "simpan sebagai CSV UTF-8.",
            en=f"{quoted(path)}, line 1: not readable, it is not UTF-8 or its quotes don't match; save the "
            "file "
            "as CSV UTF-8.",
        ) from None
    for name in names:
        if name not in TEXTS and name not in FIGURES and not VOTE.fullmatch(name):
            unknown = _unknown(name)
            raise SourceInvalid(
                id=f"{quoted(path)}, baris 1: {unknown.id} Semua kolom ada di docs/importing.md.",
                en=f"{quoted(path)}, line 1: {unknown.en} docs/importing.md lists the columns.",
            )
        if names.count(name) > 1:
            raise SourceInvalid(
                id=f"{quoted(path)}, baris 1: kolom {quoted(name)} ada dua kali; sisakan satu.",
                en=f"{quoted(path)}, line 1: the column {quoted(name)} stands twice; keep one of them.",
            )
    return CsvColumns(tuple(names), delimiter)


def json_cells(line: Line) -> Cells | WholeEvent:
    """The cells of a line of JSONL, flat; or that it is a whole event. Raises RecordInvalid."""
    text = _text(line)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RecordInvalid(
            id=f"Bukan satu objek JSON yang utuh (karakter ke-{error.pos}); tulis satu objek per baris.",
            en=f"Not one whole JSON object (character {error.pos}); write one object a line.",
        ) from None
    if not isinstance(document, dict):
        raise RecordInvalid(id="Bukan objek JSON; tulis {...}.", en="Not a JSON object; write {...}.")
    if document.keys() >= LOG_ROW:
        return _log_row(document)
    if document.get("type") in EVENT_TYPES or "schema_version" in document:
        return _whole_event(document, line.raw)
    cells: dict[str, Any] = {}
    # orjson keeps the last of two equal keys; the slow reader tells.
    _flatten(json.loads(text, object_pairs_hook=unique_keys), (), cells)
    return cells


def _whole_event(document: Mapping[str, Any], raw: bytes) -> WholeEvent:
    return WholeEvent(
        str(document.get("contest")), str(document.get("station") or document.get("region")), raw
    )


def _log_row(row: dict[str, Any]) -> WholeEvent:
    """The entry that a row of a log shows. Raises RecordInvalid."""
    try:
        event = row["event"]
        raw = bytes.fromhex(row["bytes"]) if event is None else orjson.dumps(event)
        at = int(row["partition"]), int(row["position"])
        whole = _whole_event(event or {}, raw)
    except (KeyError, TypeError, ValueError, AttributeError, orjson.JSONEncodeError):
        raise RecordInvalid(
            id="Bukan baris dari rekap log --format jsonl; ekspor lagi log itu.",
            en="Not a row of rekap log --format jsonl; export that log again.",
        ) from None
    return replace(whole, at=at, outcome=str(row["outcome"]), reason=str(row.get("reason") or ""))


def _flatten(document: Mapping[str, Any], above: Sequence[str], cells: dict[str, Any]) -> None:
    for key, value in document.items():
        path = (*above, "vote" if key == "votes" and not above else key)
        if isinstance(value, dict):
            _flatten(value, path, cells)
            continue
        name = "_".join(path)
        if name not in TEXTS and name not in FIGURES and not VOTE.fullmatch(name):
            raise RecordInvalid(
                id=f"Kunci {quoted('.'.join((*above, key)))} tidak dikenal; docs/importing.md memuat "
                "semua kunci.",
                en=f"{_unknown(name).en} docs/importing.md lists the keys.",
            )
        if name in cells:
            raise RecordInvalid(
                id=f"Kolom {quoted(name)} tertulis dua kali; tulis sekali saja.",
                en=f"Column {quoted(name)} is given twice; give it once.",
            )
        if value is not None and value != "":
            cells[name] = _json_value(name, value)


def _json_value(name: str, value: Any) -> Any:
    """Text for texts and numbers for figures: digits in quotes would hide what a spreadsheet did to them."""
    if (name in TEXTS) != isinstance(value, str):
        must_id, must = ("dalam", "in") if name in TEXTS else ("tanpa", "without")
        raise RecordInvalid(
            id=f"Kolom {quoted(name)} berisi {quoted(repr(value))}; tulis {must_id} tanda kutip.",
            en=f"Column {quoted(name)} holds {quoted(repr(value))}; write it {must} quotes.",
        )
    return value


def _text(line: Line) -> str:
    if not line.whole:
        raise RecordInvalid(
            id="Barisnya terlalu panjang; tulis satu catatan per baris.",
            en="The line is too long; write one record a line.",
        )
    try:
        return line.raw.decode()
    except UnicodeDecodeError as error:
        raise RecordInvalid(
            id=f"Byte ke-{error.start} bukan UTF-8; simpan berkas sebagai UTF-8.",
            en=f"Byte {error.start} is not UTF-8; save the file as UTF-8.",
        ) from None


def _unknown(name: str) -> Text:
    known = [*TEXTS, *FIGURES, "vote_1", "vote_2"]
    near = difflib.get_close_matches(name, known, 1)
    return Text(
        id=f"Kolom '{quoted(name)}' tidak dikenal." + (f" Maksudnya {near[0]}?" if near else ""),
        en=f"The column '{quoted(name)}' is unknown." + (f" Is it {near[0]}?" if near else ""),
    )
