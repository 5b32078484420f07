"""The Parquet file of SITUNG: its columns, and what is said when it is cut off, damaged or of another kind.

What its rows mean is the work of producers.importers.situng.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from producers.importers.problems import SourceInvalid
from schemas import parquet_files
from schemas.text import quoted

FIGURES: Final = ("kpu_pas1", "kpu_pas2", "kpu_sah", "kpu_tidak_sah", "kpu_pengguna")
KEYS: Final = ("kel_id", "tps_no")
COLUMNS: Final = (*KEYS, *FIGURES)
LISTED: Final = "in_dpt_list"
"""Whether KPU's own list of stations has the station. A file may lack this column: then nobody said."""

BATCH_ROWS: Final = 5_000
"""Rows in one chunk: some 30 ms of work, long against the cost of sending it to another process."""

_HALF: Final = 2**31
"""Ids of villages and numbers of stations are 32-bit integers."""


def is_situng(path: Path) -> bool:
    """Whether the Parquet file at `path` has SITUNG's columns. Raises SourceInvalid when it is damaged."""
    return set(COLUMNS) <= set(open_parquet(path).schema_arrow.names)


def open_parquet(path: Path) -> Any:
    """The Parquet file at `path`. Raises SourceInvalid when it is cut off or damaged, and InputRefused."""
    try:
        return parquet_files.open_parquet(path)
    except pa.ArrowException as error:
        raise SourceInvalid(
            id=f"{quoted(path)} terpotong atau rusak. Tidak ada yang dibaca; ambil lagi berkasnya.",
            en=f"{quoted(path)} is cut off or damaged. Nothing was read; get the file again.",
        ) from error


def open_situng(path: Path) -> Any:
    """The file at `path` with SITUNG's columns, of fitting types. Raises SourceInvalid."""
    file = open_parquet(path)
    for name in (*COLUMNS, LISTED):
        if name not in file.schema_arrow.names:
            continue
        kind = file.schema_arrow.field(name).type
        # Figures may be floating: many tools make a column so when a figure is missing in some row.
        fits = {
            LISTED: pa.types.is_boolean(kind),
            **dict.fromkeys(KEYS, pa.types.is_integer(kind)),
            **dict.fromkeys(FIGURES, pa.types.is_integer(kind) or pa.types.is_floating(kind)),
        }
        if not fits[name]:
            must_id, must = (
                ("true atau false", "true or false")
                if name == LISTED
                else ("bilangan bulat", "whole numbers")
            )
            raise SourceInvalid(
                id=f"{quoted(path)}: kolom {quoted(name)} berisi {quoted(kind)}; seharusnya {must_id}.",
                en=f"{quoted(path)}: the column {quoted(name)} holds {quoted(kind)}; it must hold {must}.",
            )
    return file


def batches(path: Path, file: Any, columns: list[str]) -> Iterator[Any]:
    """The rows of `file`, BATCH_ROWS at a time, with these columns only. Raises SourceInvalid and
    InputRefused."""
    try:
        yield from parquet_files.batches(path, file, BATCH_ROWS, columns)
    except (pa.ArrowException, OSError) as error:
        raise SourceInvalid(
            id=f"{quoted(path)} rusak. Yang sudah diimpor tetap ada; ambil lagi berkasnya, lalu ulangi "
            "perintah "
            "ini: yang sudah ada di log tidak dihitung dua kali.",
            en=f"{quoted(path)} is damaged. What was imported stays; get the file again and repeat the "
            "command: "
            "what is in the log already is not counted twice.",
        ) from error


def station_keys(path: Path, file: Any) -> NDArray[np.int64]:
    """One number for each row's station: the village's id in its upper half, the number in the lower."""
    parts = [np.empty(0, np.int64)]
    for rows in batches(path, file, list(KEYS)):
        villages, numbers = (rows.column(key).cast(pa.int64()) for key in KEYS)
        for key, values in ((KEYS[0], villages), (KEYS[1], numbers)):
            bounds = pyarrow.compute.min_max(values).as_py()
            if values.null_count or bounds["min"] < -_HALF or bounds["max"] >= _HALF:
                raise SourceInvalid(
                    id=f"{quoted(path)}: {quoted(key)} kosong atau di luar batas pada sebagian baris; "
                    "setiap baris "
                    "memerlukan TPS-nya.",
                    en=f"{quoted(path)}: {quoted(key)} is empty or out of bounds in some rows; every row "
                    "needs "
                    "its station.",
                )
        parts.append((villages.to_numpy() << 32) | (numbers.to_numpy() & 0xFFFF_FFFF))
    return np.concatenate(parts)
