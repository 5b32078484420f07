"""Rows as CSV: nested fields become columns with dotted names, missing figures stay empty.

The columns are those of the command's Parquet, in its order, also without rows; a field whose parts differ
from row to row is one column of JSON. Which options a map has is known after the last row (ballots differ
from region to region), so rows are put aside on the disk on the way: memory does not grow with them.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

import orjson
import pyarrow as pa

from rekap.output.json_rows import Row, dumps
from rekap.output.parquet_rows import JSON_TEXT, ONE_CELL
from schemas.text import visible_lines

IN_MEMORY_BYTES: Final = 32 * 1024 * 1024
"""Put aside up to here without a file: a table of villages fits."""

_FORMULA: Final = re.compile(r"'*\s*[=+\-@\t\r＝＋－＠]")
"""How a text begins that a spreadsheet may take for a formula: spaces before it don't help, some spreadsheets
drop them. One that begins with apostrophes before that gets one more, so that who reads the file may take one
off again and has the text."""


def write_csv(rows: Iterable[Row], stream: BinaryIO, schema: pa.Schema) -> None:
    """Write a header and the rows, UTF-8, lines ending in CR LF as RFC 4180 says."""
    # The fields of a row in their order, each with its own columns.
    columns: dict[str, dict[str, None]] = {field.name: dict.fromkeys(_leaves(field)) for field in schema}
    documents = {field.name for field in schema if field.metadata in (JSON_TEXT, ONE_CELL)}
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as aside:
        for row in rows:
            cells = {}
            for name, value in row.items():
                own = columns.setdefault(name, {})
                for column, cell in ((name, value),) if name in documents else _flat(name, value):
                    own[column] = None
                    cells[column] = _cell(cell)
            aside.write(dumps(cells) + b"\n")
        header = [column for own in columns.values() for column in _without_bare(own)]
        aside.seek(0)
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        writer = csv.writer(text)
        if header:
            writer.writerow([as_cell(column) for column in header])
        for line in aside:
            cells = orjson.loads(line)
            writer.writerow([cells.get(column) for column in header])
        text.flush()
        text.detach()


def _leaves(field: pa.Field, before: str = "") -> Iterator[str]:
    """The columns that a field has whatever the rows say: of a map none, its keys are in the rows."""
    name = f"{before}{field.name}"
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _leaves(inner, f"{name}.")
    elif field.metadata == ONE_CELL or not pa.types.is_map(field.type):
        yield name


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, None if isinstance(value, Mapping) else value


def _without_bare(own: dict[str, None]) -> Iterator[str]:
    """The columns of a field. One that is a document in some rows and null in others has no column itself."""
    for column in own:
        if not any(other.startswith(f"{column}.") for other in own):
            yield column


def as_cell(text: str) -> str:
    """Text as a cell: hidden characters are escaped, but for line feeds, which CSV quotes; and what a
    spreadsheet would run as a formula begins with an apostrophe."""
    return f"'{visible_lines(text)}" if _FORMULA.match(text) else visible_lines(text)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return as_cell(value)
    if isinstance(value, (list, dict)):
        return dumps(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
