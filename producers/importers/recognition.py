"""Of which kind a file is, told by its content.

A file that is none of those accepted is refused with a list of them; it is never tried as something else.
"""

from __future__ import annotations

import csv
from enum import Enum
from pathlib import Path
from typing import Any, Final

import orjson

from producers.importers.problems import SourceInvalid, unknown_file
from producers.importers.reason_file import is_reason
from producers.importers.recap_columns import is_recap
from producers.importers.sirekap_files import ZIP_START
from producers.importers.situng_file import COLUMNS, is_situng
from producers.importers.text_lines import BYTE_ORDER_MARK, first_record
from schemas.language import Text
from schemas.text import quoted
from schemas.text_tables import column_name, delimiter_of, open_table

PARQUET_START: Final = b"PAR1"
UTF16_STARTS: Final = (b"\xff\xfe", b"\xfe\xff")
"""What spreadsheets write before `Unicode text`."""


class FileKind(Enum):
    """The kinds of files that can be imported."""

    SITUNG = "situng"
    SIREKAP = "sirekap"
    CSV = "csv"
    JSONL = "jsonl"
    RECAP = "recap"
    REASON = "reason"

    @property
    def source(self) -> str:
        """Files with the same one can be imported together."""
        return "commission" if self in (FileKind.CSV, FileKind.JSONL) else self.value


KINDS: Final = {
    FileKind.SITUNG: Text(id="Parquet dari SITUNG", en="SITUNG's Parquet file"),
    FileKind.SIREKAP: Text(id="JSON dari Sirekap", en="Sirekap's JSON"),
    FileKind.CSV: Text(id="tabel dari komisi", en="a commission's table"),
    FileKind.JSONL: Text(id="baris-baris JSON", en="JSON lines"),
    FileKind.RECAP: Text(id="CSV rekapitulasi yang disahkan", en="a CSV of certified recapitulations"),
    FileKind.REASON: Text(id="CSV alasan selisih rekapitulasi", en="a CSV of reasons for differences"),
}
"""What people call them."""


def recognise(path: Path) -> FileKind:
    """The kind of the file or folder at `path`. Raises SourceInvalid for an unknown one, InputRefused for
    what is no regular file, and OSError."""
    if path.is_dir():
        return FileKind.SIREKAP
    if not path.exists():
        raise SourceInvalid(id=f"Tidak ada berkas {quoted(path)}.", en=f"There is no file {quoted(path)}.")
    with open_table(path) as file:
        start = first_record(file)
        more = file.read(1)
    if start.startswith(ZIP_START):
        return FileKind.SIREKAP
    if start.startswith(PARQUET_START):
        if is_situng(path):
            return FileKind.SITUNG
        columns = ", ".join(COLUMNS)
        raise unknown_file(
            path, id=f"tidak punya semua kolom SITUNG ({columns})", en=f"lacks columns of SITUNG ({columns})"
        )
    if start.startswith(UTF16_STARTS):
        raise SourceInvalid(
            id=f"{quoted(path)} ditulis dalam UTF-16; simpan sebagai CSV UTF-8.",
            en=f"{quoted(path)} is written in UTF-16; save it as CSV UTF-8.",
        )
    return _of_text(path, start.removeprefix(BYTE_ORDER_MARK), bool(more))


def _of_text(path: Path, first_line: bytes, more: bool) -> FileKind:
    if not first_line.strip() and not more:
        raise unknown_file(path, id="kosong", en="is empty")
    if first_line.lstrip()[:1] in (b"{", b"["):
        return _of_json(path, first_line)
    if b"\r" in first_line.replace(b"\r\n", b"\n").rstrip(b"\r\n"):
        raise SourceInvalid(
            id=f"{quoted(path)} mengakhiri barisnya dengan cara lama (CR saja); simpan sebagai CSV UTF-8.",
            en=f"{quoted(path)} ends its lines in an old way (CR alone); save it as CSV UTF-8.",
        )
    try:
        text = first_line.decode()
        rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter_of(text))
        columns = {column_name(name) for part in rows for name in part}
    except (UnicodeDecodeError, csv.Error):
        raise unknown_file(
            path,
            id="bukan teks dan bukan jenis berkas yang dikenal",
            en="is neither text nor a kind of file known here",
        ) from None
    if "station" in columns:
        return FileKind.CSV
    if is_reason(columns):
        return FileKind.REASON
    if is_recap(columns):
        return FileKind.RECAP
    raise unknown_file(
        path,
        id="tidak punya kolom `station` di baris pertamanya",
        en="has no column `station` in its first line",
    )


def _of_json(path: Path, first_line: bytes) -> FileKind:
    document = _json(first_line)
    if path.suffix in (".jsonl", ".ndjson") or {"station", "schema_version"} & document.keys():
        return FileKind.JSONL
    if path.suffix == ".json" or "chart" in document:
        return FileKind.SIREKAP
    raise unknown_file(path, id="adalah JSON dari jenis yang tidak dikenal", en="is JSON of an unknown kind")


def _json(line: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
