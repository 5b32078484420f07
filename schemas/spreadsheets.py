"""The one sheet of an .xlsx file as the lines of a CSV, each with the number of its row.

Nothing is guessed: a formula, an error, a number that has lost digits and a second sheet are refused with the
cell's name. Older and other formats of spreadsheets are refused with what to save instead.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from schemas.input_files import InputRefused, open_input, too_large
from schemas.text import quoted
from schemas.zip_bounds import require_directory_bounds, require_member_bounds

MAX_FILE_BYTES: Final = 128 * 1024**2
"""A list of all stations of the nation takes some 30 MB."""
MAX_UNPACKED_BYTES: Final = 1024**3
"""Of all parts of a file: a sheet of a million rows (the most there can be) has some 300 MB."""
MAX_COLUMNS: Final = 1_000
"""As of a Parquet file; a sheet can have 16,384."""
MAX_EXACT: Final = 10**15
"""Spreadsheets keep 15 digits of a number."""

_ZIP_START: Final = b"PK\x03\x04"
_OLD_START: Final = b"\xd0\xcf\x11\xe0"
_WORKBOOK: Final = "xl/workbook.xml"
_OPEN_DOCUMENT: Final = "content.xml"


def is_spreadsheet(path: Path) -> bool:
    """Whether the file is an .xlsx, by its content. Raises InputRefused for a spreadsheet of another format,
    or a zip that is too large, and OSError."""
    with open_input(path) as file:
        start = file.read(len(_ZIP_START))
        if start == _OLD_START:
            raise _other_format(path, ".xls")
        if start != _ZIP_START:
            return False
        require_directory_bounds(path, file)
        try:
            with zipfile.ZipFile(file) as archive:
                names = set(archive.namelist())
        except Exception:  # a damaged zip: who reads zips tells
            return False
    if _OPEN_DOCUMENT in names and "mimetype" in names:
        raise _other_format(path, ".ods")
    return _WORKBOOK in names


def as_csv(path: Path) -> bytes:
    """The sheet as CSV in UTF-8 with commas: line N is row N, an empty row an empty line, every line as wide
    as the widest, a line break in a cell a space. Raises InputRefused and OSError."""
    about = path.stat()
    return _as_csv(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=1)
def _as_csv(path: Path, _changed: int, _size: int) -> bytes:
    # Kept for the next reader: a table is read once to recognise it, once to group it, and once to import it.
    with open_input(path, MAX_FILE_BYTES) as file:
        require_directory_bounds(path, file)
        try:
            with zipfile.ZipFile(file) as archive:
                require_member_bounds(path, file, archive.infolist(), MAX_UNPACKED_BYTES)
            file.seek(0)
            book = load_workbook(file, read_only=True, keep_links=False)
            return _written(path, book)
        except InputRefused:
            raise
        except MemoryError:
            raise
        except Exception as error:  # a damaged file makes openpyxl, zipfile and expat raise a dozen kinds
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's; those of openpyxl have no number
            raise InputRefused(
                id=f"{quoted(path)} rusak dan tidak terbaca sebagai .xlsx. "
                "Simpan ulang dari program lembar kerja, atau simpan sebagai CSV UTF-8.",
                en=f"{quoted(path)} is damaged and can't be read as .xlsx. "
                "Save it again with the spreadsheet program, or save it as CSV UTF-8.",
            ) from None


def _written(path: Path, book: Any) -> bytes:
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    filled = [rows for sheet in sheets if (rows := list(_rows(path, sheet)))]
    if len(filled) > 1:
        names = quoted(", ".join(sheet.title for sheet in sheets))
        raise InputRefused(
            id=f"{quoted(path)} berisi lebih dari satu lembar ({names}); simpan lembar yang dimaksud dalam "
            "berkas sendiri.",
            en=f"{quoted(path)} has more than one sheet ({names}); save the one that is meant in a file of "
            "its own.",
        )
    rows = filled[0] if filled else []
    width = max((len(cells) for cells in rows), default=0)
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    for cells in rows:
        if cells:
            writer.writerow([*cells, *[""] * (width - len(cells))])
        else:
            lines.write("\n")
    return lines.getvalue().encode()


def _rows(path: Path, sheet: Any) -> Iterator[list[str]]:
    """The rows up to the last that holds anything; empty cells at the end of a row are left out."""
    empty = 0
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if len(cells) > MAX_COLUMNS:
            raise too_large(path, len(cells), MAX_COLUMNS)
        texts = [
            _text(path, f"{get_column_letter(place)}{number}", cell) for place, cell in enumerate(cells, 1)
        ]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            empty += 1
            continue
        yield from [[]] * empty
        empty = 0
        yield texts


def _text(path: Path, name: str, cell: Any) -> str:
    value = cell.value
    if cell.data_type == "f":
        raise _unreadable_cell(
            *(path, name),
            id=f"berisi rumus ({quoted(value)}); simpan nilainya (tempel sebagai nilai), atau simpan "
            "sebagai CSV",
            en=f"holds a formula ({quoted(value)}); keep its value (paste as values), or save as CSV",
        )
    if cell.data_type == "e":
        raise _unreadable_cell(
            *(path, name),
            id=f"berisi kesalahan {quoted(value)}; perbaiki",
            en=f"holds the error {quoted(value)}; mend it",
        )
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= MAX_EXACT:
        raise _unreadable_cell(
            *(path, name),
            id=f"berisi bilangan yang angkanya sudah hilang sebagian ({value}); tulis sebagai teks",
            en=f"holds a number that has lost digits ({value}); write it as text",
        )
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date() | time():
            return value.isoformat()
    return " ".join(str(value).split("\n")).replace("\r", "")


def _unreadable_cell(path: Path, name: str, *, id: str, en: str) -> InputRefused:
    return InputRefused(id=f"{quoted(path)}: sel {name} {id}.", en=f"{quoted(path)}: the cell {name} {en}.")


def _other_format(path: Path, ending: str) -> InputRefused:
    return InputRefused(
        id=f"{quoted(path)} adalah lembar kerja {ending}; simpan sebagai .xlsx atau CSV UTF-8.",
        en=f"{quoted(path)} is a spreadsheet of the format {ending}; save it as .xlsx or CSV UTF-8.",
    )
