"""The lines of a text file as bytes, with their numbers, whatever is in them.

A line is a record in the formats that are read so; a line break inside a cell is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.input_files import open_input

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


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of the file at `path` that hold anything but spaces. Raises InputRefused and OSError."""
    with open_input(path) as file:
        number = 0
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
