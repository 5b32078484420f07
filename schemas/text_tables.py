"""Tables that people make, read row by row: CSV with commas, semicolons or tabs, or the sheet of an .xlsx.

The first row has the names of the columns: a name is taken in lower case, on one line, without blanks around
it. Cells are given as they stand. A row with another number of cells is refused, never shifted.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from schemas.input_files import InputRefused, open_input
from schemas.language import ExplainedError
from schemas.parquet_files import MAX_COLUMNS
from schemas.spreadsheets import as_csv, is_spreadsheet
from schemas.text import quoted

DELIMITERS: Final = (",", ";", "\t")
"""What stands between cells: which one it is, the first row tells by having most of it."""
MAX_HEADER_CHARACTERS: Final = 64 * 1024
"""The first row of a table of MAX_COLUMNS columns."""

Row = tuple[int, list[str]]
"""The number of the line on which a row ends, and its cells."""


def delimiter_of(first_row: str) -> str:
    """The character that divides the first row into columns."""
    return max(DELIMITERS, key=first_row.count)


def column_name(cell: str) -> str:
    """A cell of the first row as the name of its column."""
    return " ".join(cell.split()).lower()


def is_whole_row(text: str) -> bool:
    """Whether a row ends where `text` ends: a quoted cell may hold line breaks."""
    return text.count('"') % 2 == 0


@contextmanager
def open_table(path: Path, most: int | None = None) -> Iterator[BinaryIO]:
    """The bytes of a file, of a spreadsheet those of its sheet as CSV; `most`: bytes that it may have.
    Raises InputRefused and OSError."""
    if is_spreadsheet(path):
        yield io.BytesIO(as_csv(path))
        return
    with open_input(path, most) as file:
        yield file


def read_rows(path: Path, most: int, refuse: type[ExplainedError]) -> Iterator[Row]:
    """The rows of the table at `path`, the first one with the names of the columns; rows without any text
    are left out. `most`: bytes that it may have.

    Raises `refuse` with the line of what can't be read, InputRefused and OSError.
    """
    with open_table(path, most) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        line = 0
        try:
            first = _first_row(path, file)
            reader = csv.reader(_lines(first, file), delimiter=delimiter_of(first), strict=True)
            names = [column_name(cell) for cell in next(reader, [])]
            _require_names(path, names, refuse)
            yield 1, names
            for cells in reader:
                line = reader.line_num
                if not any(cells):
                    continue
                if len(cells) != len(names):
                    raise refuse(
                        id=f"{quoted(path.name)}, baris {line}: ada {len(cells)} sel, padahal {len(names)} "
                        "kolom. Barisnya terpotong, atau pemisah kolom ada di dalam sel: tulis sel itu dalam "
                        "tanda kutip.",
                        en=f"{quoted(path.name)}, line {line}: it has {len(cells)} cells for {len(names)} "
                        "columns. The line is cut off, or what separates columns stands inside a cell: write "
                        "that cell in quotes.",
                    )
                yield line, cells
        except UnicodeDecodeError:
            raise refuse(
                id=f"{quoted(path.name)} tidak terbaca setelah baris {line}: bukan UTF-8. Simpan sebagai CSV "
                "UTF-8.",
                en=f"{quoted(path.name)} can't be read after line {line}: it is not UTF-8. Save it as CSV "
                "UTF-8.",
            ) from None
        except csv.Error:
            raise refuse(
                id=f"{quoted(path.name)} tidak terbaca setelah baris {line}: tanda kutipnya tidak "
                "berpasangan, "
                "selnya terlalu panjang, atau barisnya berakhir dengan cara lama. Simpan sebagai CSV UTF-8.",
                en=f"{quoted(path.name)} can't be read after line {line}: its quotes don't match, a cell "
                "is too "
                "long, or lines end in an old way. Save it as CSV UTF-8.",
            ) from None


def _lines(first: str, file: io.TextIOWrapper) -> Iterator[str]:
    yield from first.splitlines(keepends=True)
    yield from file


def _first_row(path: Path, file: io.TextIOWrapper) -> str:
    text = file.readline(MAX_HEADER_CHARACTERS)
    while not is_whole_row(text) and (more := file.readline(MAX_HEADER_CHARACTERS)):
        text += more
        if len(text) >= MAX_HEADER_CHARACTERS:
            break
    if len(text) >= MAX_HEADER_CHARACTERS or text.count(delimiter_of(text)) >= MAX_COLUMNS:
        raise InputRefused(
            id=f"Baris pertama {quoted(path)} terlalu panjang untuk nama kolom; simpan sebagai CSV UTF-8.",
            en=f"The first line of {quoted(path)} is too long for names of columns; save it as CSV UTF-8.",
        )
    return text


def _require_names(path: Path, names: list[str], refuse: type[ExplainedError]) -> None:
    if not any(names):
        raise refuse(
            id=f"{quoted(path.name)} tidak punya baris pertama dengan nama kolom.",
            en=f"{quoted(path.name)} has no first line with the names of columns.",
        )
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise refuse(
            id=f"{quoted(path.name)}: kolom {quoted(twice)} ada dua kali; sisakan satu.",
            en=f"{quoted(path.name)}: the column {quoted(twice)} stands twice; keep one of them.",
        )
