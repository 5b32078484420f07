"""Rows of a small CSV file that a command is given, with commas or semicolons."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.input_files import InputRefused, read_text
from schemas.text import quoted

if TYPE_CHECKING:
    from _csv import Reader


def strict_rows(path: Path, max_bytes: int) -> Reader:
    """A reader of the rows, the header first; it raises csv.Error for a quote that is not closed, which would
    take all rows behind it for one cell. Raises InputRefused and OSError."""
    try:
        text = read_text(path, max_bytes)
    except UnicodeDecodeError as error:
        raise InputRefused(
            id=f"{quoted(path)} bukan teks UTF-8 ({quoted(error)}); simpan sebagai CSV UTF-8.",
            en=f"{quoted(path)} is no UTF-8 text ({quoted(error)}); save it as CSV UTF-8.",
        ) from None
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
