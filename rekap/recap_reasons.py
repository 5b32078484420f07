"""Reading the reasons that were stated for differences of certified documents: CSV, a row for each.

Columns `contest,region,cell,reason,signer`; an empty cell means all cells of the document. A row that can't
apply to any document is refused, because its finding would stay open without a word. Raises InputRefused with
the line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from determination.reconcile import Reason
from queries.recap_reasons import StatedReason
from rekap.csv_files import strict_rows
from schemas.elections import Election
from schemas.input_files import InputRefused
from schemas.regions import Registry
from schemas.text import quoted

COLUMNS: Final = ("contest", "region", "cell", "reason", "signer")
CELL: Final = re.compile(r"(votes\.\S+|valid|invalid|voters)?")
MAX_BYTES: Final = 64 * 1024**2
"""A reason for each of a million cells has some 50 MB."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A reason and who signed it."""

    reason: Reason
    signer: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """Reasons by contest (in lower case) and region, then by cell ('' for all cells)."""

    by_region: Mapping[tuple[str, str], Mapping[str, Stated]] = field(default_factory=dict)

    def with_stated(self, stated: Mapping[tuple[str, str], Mapping[str, StatedReason]]) -> Reasons:
        """These, and those that the log has; of a cell with both, that of the file."""
        merged: dict[tuple[str, str], dict[str, Stated]] = {
            (contest.lower(), region): {
                cell: Stated(Reason(one.reason), one.signer) for cell, one in of_region.items()
            }
            for (contest, region), of_region in stated.items()
        }
        for key, of_file in self.by_region.items():
            merged[key] = {**merged.get(key, {}), **of_file}
        return Reasons(merged)

    def of(self, contest: str, region: str) -> Mapping[str, Stated]:
        """The reasons of one document, by cell."""
        return self.by_region.get((contest.lower(), region), {})


def read_reasons(path: Path, election: Election, registry: Registry) -> Reasons:
    """The reasons in the file at `path`, for documents of the election. Raises InputRefused and OSError."""
    contests = {one.id.lower(): one.id for one in election.contests}
    found: dict[tuple[str, str], dict[str, Stated]] = {}
    for line, row in _rows(path):
        if not any(row):
            continue
        cells = [cell.strip() for cell in row]
        if len(cells) != len(COLUMNS) or not all((cells[0], cells[1], cells[3], cells[4])):
            raise _refused(
                path,
                line,
                id="setiap alasan memerlukan contest, region, reason, dan signer.",
                en="each reason needs contest, region, reason and signer.",
            )
        contest, region, cell, reason, signer = cells
        if contest.lower() not in contests:
            known = quoted(", ".join(contests.values()))
            raise _refused(
                path,
                line,
                id=f"pemilihan {quoted(repr(contest))} tidak ada; pilih {known}.",
                en=f"there is no contest {quoted(repr(contest))}; choose one of {known}.",
            )
        if registry.region(region) is None:
            raise _refused(
                path,
                line,
                id=f"wilayah {quoted(repr(region))} tidak ada dalam daftar wilayah; periksa kodenya.",
                en=f"region {quoted(repr(region))} is not in the register; check its code.",
            )
        if not CELL.fullmatch(cell):
            raise _refused(
                path,
                line,
                id=f"sel {quoted(repr(cell))} tidak dikenal; tulis seperti dalam rekap reconcile: "
                "votes.1, valid, invalid, voters, atau kosong untuk semua.",
                en=f"cell {quoted(repr(cell))} is unknown; write it as rekap reconcile does: votes.1, valid, "
                "invalid, voters, or nothing for all.",
            )
        if reason not in list(Reason):
            known = ", ".join(Reason)
            raise _refused(
                path,
                line,
                id=f"alasan {quoted(repr(reason))} tidak dikenal; pilih {known}.",
                en=f"the reason {quoted(repr(reason))} is unknown; choose one of {known}.",
            )
        of_region = found.setdefault((contest.lower(), region), {})
        if cell in of_region:
            raise _refused(
                path,
                line,
                id="sel ini sudah beralasan di atas; hapus salah satu.",
                en="this cell has a reason above; keep one of them.",
            )
        of_region[cell] = Stated(Reason(reason), signer)
    return Reasons(found)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row below the header, with its line."""
    rows = strict_rows(path, MAX_BYTES)
    try:
        if tuple(name.strip().lower() for name in next(rows, [])) != COLUMNS:
            listed = ",".join(COLUMNS)
            raise InputRefused(
                id=f"{quoted(path)}, baris 1: kolomnya harus {listed}.",
                en=f"{quoted(path)}, line 1: the columns must be {listed}.",
            )
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        raise _refused(
            path,
            rows.line_num,
            id=f"bukan CSV ({quoted(error)}); simpan sebagai CSV UTF-8.",
            en=f"this is no CSV ({quoted(error)}); save it as CSV UTF-8.",
        ) from None


def _refused(path: Path, line: int, *, id: str, en: str) -> InputRefused:
    return InputRefused(id=f"{quoted(path)}, baris {line}: {id}", en=f"{quoted(path)}, line {line}: {en}")
