"""Parquet files that somebody else made, held against their footer and pages before any row is unpacked.

A footer of a few bytes can announce rows and pages that unpack to any size. Real tables of a nation are far
below the bounds here. What the columns mean is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from schemas.input_files import InputRefused, open_input, too_large
from schemas.parquet_pages import PageInvalid, unpacked_sizes
from schemas.text import quoted

MAX_ROWS: Final = 5_000_000
"""The nation has some 823,000 stations and 92,000 regions."""
MAX_COLUMNS: Final = 1_000
"""The widest table that is known has 29."""
MAX_UNPACKED_BYTES: Final = 1024**3
"""Of all columns: the national table of 2019 unpacks to 22 MB, one of 823,366 station codes to 15 MB."""
MAX_PAGES: Final = 200_000
"""Of all columns: a page has up to a megabyte, the national table of 2019 has 1,333."""
MAX_FILE_BYTES: Final = 1024**3
"""Stored without packing it may be as large as what it holds."""


def open_parquet(path: Path, *, texts: bool = False) -> Any:
    """The Parquet file at `path` (a pyarrow.parquet.ParquetFile); `texts`: columns of text or bytes are to
    be read.

    Raises InputRefused when it is too large or its footer announces too much, pyarrow.ArrowInvalid when it is
    damaged, and OSError.
    """
    with open_input(path, MAX_FILE_BYTES) as file:
        # By its descriptor: the file that was looked at is the one that is read.
        source = pa.OSFile(f"/dev/fd/{file.fileno()}")
        opened = _opened(source, texts)
        _require_bounds(path, opened.metadata)
        _require_page_bounds(path, file, opened.metadata)
    return opened


def _opened(source: Any, texts: bool) -> Any:
    try:
        # Text is read as a dictionary: a long one that stands in every row is in memory once.
        kinds = pyarrow.parquet.read_schema(source) if texts else ()
        names = [
            kind.name for kind in kinds if pa.types.is_string(kind.type) or pa.types.is_binary(kind.type)
        ]
        return pyarrow.parquet.ParquetFile(source, read_dictionary=names)
    except OSError as error:  # what is no footer at all
        raise pa.ArrowInvalid(str(error)) from None


def batches(path: Path, file: Any, rows: int, columns: Sequence[str]) -> Iterator[Any]:
    """The rows of a file that `open_parquet` opened, `rows` at a time, with these columns only.

    Raises InputRefused when their text is longer than any real one, and pyarrow.ArrowException for what is
    damaged.
    """
    size = 0
    reader = file.iter_batches(rows, columns=list(columns))
    while True:
        try:
            batch = next(reader, None)
        except OSError as error:  # what a damaged page makes of itself
            raise pa.ArrowInvalid(str(error)) from None
        if batch is None:
            return
        size += sum(_size(column) for column in batch.columns)
        if size > MAX_UNPACKED_BYTES:
            raise too_large(path, size, MAX_UNPACKED_BYTES)
        yield batch


def _size(column: Any) -> int:
    """The bytes of a column's values when each row has its own."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pyarrow.compute.binary_length(column.dictionary)
    return int(pyarrow.compute.sum(lengths.take(column.indices)).as_py() or 0)


def _require_bounds(path: Path, footer: Any) -> None:
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if footer.num_columns > MAX_COLUMNS:
        raise _too_many(path, footer.num_columns, "kolom", "columns", MAX_COLUMNS)
    rows = max(footer.num_rows, sum(group.num_rows for group in groups))
    if rows > MAX_ROWS:
        raise _too_many(path, rows, "baris", "rows", MAX_ROWS)
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    if any(chunk.total_uncompressed_size < 0 or chunk.num_values < 0 for chunk in chunks):
        raise pa.ArrowInvalid("a size in its footer is negative")
    values = max((chunk.num_values for chunk in chunks), default=0)
    if values > MAX_ROWS:  # of lists, a row may have any number
        raise _too_many(path, values, "nilai dalam satu kolom", "values in a column", MAX_ROWS)
    unpacked = sum(max(chunk.total_uncompressed_size, chunk.total_compressed_size) for chunk in chunks)
    if unpacked > MAX_UNPACKED_BYTES:
        raise too_large(path, unpacked, MAX_UNPACKED_BYTES)


def _require_page_bounds(path: Path, file: BinaryIO, footer: Any) -> None:
    """A footer may say less than its pages do, and it is for them that room is made."""
    pages = unpacked = 0
    try:
        for group in range(footer.num_row_groups):
            for column in range(footer.num_columns):
                for size in unpacked_sizes(file, footer.row_group(group).column(column)):
                    pages, unpacked = pages + 1, unpacked + size
                    if pages > MAX_PAGES:
                        raise _too_many(path, pages, "halaman", "pages", MAX_PAGES)
                    if unpacked > MAX_UNPACKED_BYTES:
                        raise too_large(path, unpacked, MAX_UNPACKED_BYTES)
    except (PageInvalid, OSError) as error:  # an offset before the file's beginning is an OSError
        raise pa.ArrowInvalid(str(error)) from None


def _too_many(path: Path, number: int, id: str, en: str, most: int) -> InputRefused:
    return InputRefused(
        id=f"{quoted(path)} menyatakan {number} {id}; tabel nyata tidak pernah lebih dari {most}. "
        "Tidak ada yang dibaca; periksa asal berkas itu.",
        en=f"{quoted(path)} announces {number} {en}; a real table never has more than {most}. "
        "Nothing was read; check where the file comes from.",
    )
