"""The lines of a text file as bytes, with their numbers, whatever is in them.

A line is a record in the formats that are read so: only the first one of a CSV may hold line breaks in cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from schemas.text_tables import open_table

MAX_LINE_BYTES: Final = 1024 * 1024
"""Far above the longest record (an event has at most 64 KiB); a longer line is no line of such a file."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""Spreadsheets put it before UTF-8."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line break. `ended`: it had one. `whole`: False when it was too long to keep."""

    number: int
    raw: bytes
    ended: bool = True
    whole: bool = True


def read_lines(path: Path, *, has_header: bool = False) -> Iterator[Line]:
    """The lines of the file at `path` that hold anything but spaces; the sheet of a spreadsheet as CSV. With
    `has_header` the first one has all of a header, whose quoted cells may hold line breaks. Raises
    InputRefused and OSError."""
    with open_table(path) as file:
        number = 0
        if has_header:
            header = first_record(file)
            number = header.count(b"\n") or 1
            if header.strip():
                yield Line(number, header.removeprefix(BYTE_ORDER_MARK).rstrip(b"\r\n"))
        while raw := file.readline(MAX_LINE_BYTES):
            number += 1
            last = raw
            while len(last) == MAX_LINE_BYTES and not last.endswith(b"\n"):
                last = file.readline(MAX_LINE_BYTES)
            whole = last is raw or not last
            if number == 1:
                raw = raw.removeprefix(BYTE_ORDER_MARK)
            if raw.strip():
                yield Line(number, raw.rstrip(b"\r\n"), last.endswith(b"\n"), whole)


def first_record(file: BinaryIO) -> bytes:
    """The first line of a file, or the first lines where a quoted cell of a CSV goes over several; at most
    MAX_LINE_BYTES of them."""
    first = file.readline(MAX_LINE_BYTES)
    if first.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in (b"{", b"["):
        return first
    record = first
    while record.count(b'"') % 2 and len(record) < MAX_LINE_BYTES:
        more = file.readline(MAX_LINE_BYTES - len(record))
        if not more:
            file.seek(len(first))  # its quotes don't match, and it ends with its line
            return first
        record += more
    return record
