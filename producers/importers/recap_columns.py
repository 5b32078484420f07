"""The columns of files of certified recapitulations: the documented CSV, and the two tables of 2019.

Which file it is follows from its first line. What stands in a cell is judged in `recap_file`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from producers.importers.commission_cells import CsvColumns
from producers.importers.problems import SourceInvalid
from producers.importers.text_lines import Line
from schemas.text import quoted

TEXTS: Final = ("contest", "document", "note", "occurred_at", "officer")
FIGURES: Final = ("valid", "invalid", "voters")
VOTE: Final = re.compile(r"vote_((?:[A-Za-z0-9._/-]{1,64}:)?[0-9]{1,3}(?:\.[0-9]{1,2})?)")
"""The column of an option's votes; with its constituency where the region has several."""

DOCUMENTS_2019: Final = {
    "kelurahan_desa": "DAA1-PPWP",
    "kecamatan": "DA1-PPWP",
    "kabupaten_kota": "DB1-PPWP",
    "provinsi": "DC1-PPWP",
}
"""What the certificate of a region was called in 2019, by the word for its level in the table."""

PAIRS_2019: Final = {"rekap_pas1": "1", "rekap_pas2": "2"}


@dataclass(frozen=True, slots=True)
class RecapColumns:
    """The header of a file: how a line is cut, and which columns hold what. `document`: what every document
    of the file is called; otherwise `document_column` tells, by `documents` where there are any."""

    csv: CsvColumns
    region: str
    votes: Mapping[str, str]
    figures: Mapping[str, str]
    document: str | None = None
    document_column: str | None = "document"
    documents: Mapping[str, str] | None = None
    source: str = "recap"


def is_recap(columns: set[str]) -> bool:
    """Whether a file with these columns holds certified recapitulations."""
    return (
        "region" in columns and "station" not in columns and "document" in columns
    ) or PAIRS_2019.keys() <= columns


def read_names(path: Path, line: Line) -> CsvColumns:
    """The columns that the first line names, in lower case but for options. Raises SourceInvalid."""
    try:
        text = line.raw.decode()
        delimiter = ";" if text.count(";") > text.count(",") else ","
        raw = [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
    except (UnicodeDecodeError, csv.Error, StopIteration) as error:
        raise _of_header(
            path,
            id=f"tidak terbaca ({quoted(error)}); simpan berkasnya sebagai CSV UTF-8.",
            en=f"not readable ({quoted(error)}); save the file as CSV UTF-8.",
        ) from None
    names = [name if VOTE.fullmatch(name) else name.lower() for name in raw]
    for name in names:
        if names.count(name) > 1:
            raise _of_header(
                path,
                id=f"kolom {quoted(name)} ada dua kali; sisakan satu.",
                en=f"the column {quoted(name)} stands twice; keep one of them.",
            )
    return CsvColumns(tuple(names), delimiter)


def read_recap_header(path: Path, line: Line) -> RecapColumns:
    """What the columns that the first line names hold. Raises SourceInvalid."""
    cells = read_names(path, line)
    names = cells.names
    if PAIRS_2019.keys() <= set(names):
        return _of_2019(path, cells)
    votes = {name: match[1] for name in names if (match := VOTE.fullmatch(name))}
    for name in names:
        if name not in ("region", *TEXTS, *FIGURES, *votes):
            known = ", ".join(("region", *TEXTS, *FIGURES, "vote_1"))
            raise _of_header(
                path,
                id=f"kolom {quoted(name)} tidak dikenal; yang ada: {known}.",
                en=f"the column {quoted(name)} is unknown; there are {known}.",
            )
    if not votes:
        raise _of_header(
            path,
            id="tidak ada kolom suara; namai vote_1, vote_2 dan seterusnya.",
            en="there is no column of votes; name them vote_1, vote_2 and so on.",
        )
    return RecapColumns(cells, "region", votes, {name: name for name in FIGURES if name in names})


def _of_2019(path: Path, cells: CsvColumns) -> RecapColumns:
    if {"child_id", "child_level"} <= set(cells.names):
        return RecapColumns(
            cells,
            "child_id",
            PAIRS_2019,
            {},
            document_column="child_level",
            documents=DOCUMENTS_2019,
            source="rekap2019",
        )
    if "prov_id" in cells.names:
        return RecapColumns(
            cells,
            "prov_id",
            PAIRS_2019,
            {},
            document=DOCUMENTS_2019["provinsi"],
            document_column=None,
            source="rekap2019",
        )
    raise _of_header(
        path,
        id="rekapitulasi 2019 memerlukan child_id dan child_level, atau prov_id.",
        en="the recapitulation of 2019 needs child_id and child_level, or prov_id.",
    )


def _of_header(path: Path, *, id: str, en: str) -> SourceInvalid:
    return SourceInvalid(id=f"{quoted(path)}, baris 1: {id}", en=f"{quoted(path)}, line 1: {en}")
