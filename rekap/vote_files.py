"""Reading the CSV files of `rekap determination seats`: votes by district and party, and seats by district.

Columns are found by name and others are left alone. A figure is digits only: what separates thousands in one
country is a decimal point in another, so neither is guessed. Raises InputRefused with the line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rekap.csv_files import strict_rows
from schemas.input_files import InputRefused
from schemas.text import quoted

VOTE_COLUMNS: Final = ("dapil_code", "party_number", "total_votes")
SIZE_COLUMNS: Final = ("dapil_code", "seats")

MAX_BYTES: Final = 16 * 1024**2
"""All districts of all legislative contests with 24 parties have some 2 MB."""
MAX_SEATS: Final = 1_000
"""Of one district; DPR has 10 at most, DPRD 12."""

_WHOLE: Final = re.compile("[0-9]{1,12}")


def read_votes(path: Path) -> dict[str, dict[str, int]]:
    """Votes by district and party. Raises InputRefused and OSError."""
    votes: dict[str, dict[str, int]] = {}
    for line, (district, party, figure) in _rows(path, VOTE_COLUMNS):
        of_district = votes.setdefault(district, {})
        if party in of_district:
            raise _refused(
                path,
                line,
                id=f"partai {quoted(party)} di dapil {quoted(district)} sudah ada; hapus salah satu.",
                en=f"party {quoted(party)} of dapil {quoted(district)} stands twice; keep one of them.",
            )
        of_district[party] = _whole(path, line, VOTE_COLUMNS[2], figure)
    return votes


def read_sizes(path: Path) -> dict[str, int]:
    """The seats of each district. Raises InputRefused and OSError."""
    sizes: dict[str, int] = {}
    for line, (district, figure) in _rows(path, SIZE_COLUMNS):
        if district in sizes:
            raise _refused(
                path,
                line,
                id=f"dapil {quoted(district)} sudah ada; hapus salah satu.",
                en=f"dapil {quoted(district)} stands twice; keep one of them.",
            )
        sizes[district] = _whole(path, line, SIZE_COLUMNS[1], figure)
        if sizes[district] > MAX_SEATS:
            raise _refused(
                path,
                line,
                id=f"{sizes[district]} kursi lebih dari yang ada di dapil mana pun; periksa kolomnya.",
                en=f"{sizes[district]} seats are more than any dapil has; check the column.",
            )
    return sizes


def require_the_same_districts(
    votes: dict[str, dict[str, int]], sizes: dict[str, int], votes_file: Path, sizes_file: Path
) -> None:
    """Raises InputRefused for a district that one of the files lacks: the threshold is of all votes, so that
    a missing district would change the seats of all others."""
    for lacking, others, lacks, has in (
        (votes.keys(), sizes.keys(), votes_file, sizes_file),
        (sizes.keys(), votes.keys(), sizes_file, votes_file),
    ):
        if missing := sorted(others - lacking):
            first = quoted(", ".join(missing[:5]))
            more = "" if len(missing) <= 5 else f" (+{len(missing) - 5})"
            raise InputRefused(
                id=f"{quoted(lacks)} tidak memuat dapil {first}{more}, yang ada dalam {quoted(has)}. Ambang "
                "batas dihitung dari semua suara; lengkapi berkas itu.",
                en=f"{quoted(lacks)} has no dapil {first}{more}, which is in {quoted(has)}. The threshold is "
                "of all votes; complete that file.",
            )


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The line and the cells of `columns` of each row."""
    reader = strict_rows(path, MAX_BYTES)
    places: list[int] = []
    width = rows = 0
    try:
        for row in reader:
            if not places:
                names = [name.strip() for name in row]
                places, width = _places(path, names, columns), len(names)
                continue
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != width:
                raise _refused(
                    path,
                    reader.line_num,
                    id=f"ada {len(row)} sel, padahal ada {width} kolom.",
                    en=f"there are {len(row)} cells, and {width} columns.",
                )
            cells = [row[place].strip() for place in places]
            for name, cell in zip(columns, cells, strict=True):
                if not cell:
                    raise _refused(
                        path,
                        reader.line_num,
                        id=f"{name} kosong. Yang tidak diketahui bukan nol; isi angkanya, atau 0 bila nol.",
                        en=f"{name} is empty. What is not known is not zero; write the figure, 0 where it is "
                        "zero.",
                    )
            rows += 1
            yield reader.line_num, cells
    except csv.Error as error:
        raise _refused(
            path,
            reader.line_num,
            id=f"bukan CSV ({quoted(error)}); simpan sebagai CSV UTF-8.",
            en=f"this is no CSV ({quoted(error)}); save it as CSV UTF-8.",
        ) from None
    if not rows:
        raise InputRefused(
            id=f"{quoted(path)} tidak berisi baris. Kolomnya: {','.join(columns)}.",
            en=f"{quoted(path)} has no rows. Its columns are {','.join(columns)}.",
        )


def _places(path: Path, names: Sequence[str], columns: Sequence[str]) -> list[int]:
    for name in columns:
        if names.count(name) != 1:
            listed = quoted(", ".join(names))
            raise InputRefused(
                id=f"{quoted(path)} harus berisi satu kolom {name}; kolomnya: {listed}.",
                en=f"{quoted(path)} needs one column {name}; it has: {listed}.",
            )
    return [names.index(name) for name in columns]


def _whole(path: Path, line: int, column: str, figure: str) -> int:
    if not _WHOLE.fullmatch(figure):
        raise _refused(
            path,
            line,
            id=f"{column} {quoted(repr(figure))} bukan bilangan bulat; tulis angka saja, tanpa titik dan "
            "koma.",
            en=f"{column} {quoted(repr(figure))} is no whole number; write digits only, without points and "
            "commas.",
        )
    return int(figure)


def _refused(path: Path, line: int, *, id: str, en: str) -> InputRefused:
    return InputRefused(id=f"{quoted(path)}, baris {line}: {id}", en=f"{quoted(path)}, line {line}: {en}")
