"""The 2019 presidential election as KPU's SITUNG showed it: a Parquet file with one row a polling station.

The file holds the votes of both pairs, valid and invalid votes and the number of voters (`kpu_*`). The form's
registered voters and the sum of valid and invalid votes are not in it, nor when a form was submitted: these
fields stay absent. The columns of the volunteers' count (`kp_*`) are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from producers.importers.lineage import StationLine
from producers.importers.observed import Observed
from producers.importers.pages import Shown, records_of
from producers.importers.problems import place_of, unreadable
from producers.importers.situng_file import (
    COLUMNS,
    FIGURES,
    KEYS,
    LISTED,
    batches,
    open_situng,
    station_keys,
)
from schemas.decode import encode
from schemas.elections import Election
from schemas.events import SCHEMA_VERSION, CountKind, Role
from schemas.forms import MAX_FIGURE
from schemas.sources import Lineage, Message, NothingNew, SourceRecord, Unreadable
from schemas.text import quoted

SOURCE: Final = "situng2019"

_SUBMITTER: Final = {"officer": SOURCE, "role": Role.IMPORTER.value}


@dataclass(frozen=True, slots=True)
class SitungChunk:
    """Some rows of one file. `stations` are their ids, `events` the lineages of those that have one."""

    file: str
    first_row: int
    rows: Any  # pyarrow.RecordBatch with COLUMNS and, where the file has it, LISTED
    stations: list[str]
    repeated: frozenset[int]
    events: Mapping[str, Sequence[bytes]]
    election: str
    contest: str
    observed_at: str | None

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.stations)

    def records(self) -> Iterator[SourceRecord]:
        """Its rows, in order."""
        columns = [_values(self.rows.column(name)) for name in COLUMNS]
        listed = self._listed()
        odd, file = self._odd_rows(), quoted(self.file)
        for row, (station, *values) in enumerate(zip(self.stations, *columns, strict=True)):
            place = place_of(file, self.first_row + row)
            if row in odd:
                yield self._odd(place, row, station, values[len(KEYS) :])
                continue
            village, number, first, second, valid, invalid, voters = values
            form = {
                "invalid": invalid,
                "valid": valid,
                "voters": {"total": {"j": voters}},
                "votes": {"1": first, "2": second},
            }
            origin: dict[str, Any] = {"record": f"{village}/{number}", "source": SOURCE}
            if self.observed_at is not None:
                origin["observed_at"] = self.observed_at
            if listed is not None and listed[row] is False:
                origin["listed"] = False
            if station in self.events:
                shown = Shown(self.election, self.contest, station, form, CountKind.REGULAR, origin)
                yield from records_of(StationLine(self.events[station]), [(shown, place)])
                continue
            # What pages.submitted makes of it, written out: a nation of rows goes through here.
            document = {
                "contest": self.contest,
                "election": self.election,
                "payload": {"form": form, "origin": origin},
                "schema_version": SCHEMA_VERSION,
                "station": station,
                "submitted_by": _SUBMITTER,
                "type": "CountSubmitted",
            }
            yield Message(encode(document), place)

    def _listed(self) -> list[bool | None] | None:
        has_column = LISTED in self.rows.schema.names
        return self.rows.column(LISTED).to_pylist() if has_column else None

    def _odd_rows(self) -> set[int]:
        """The rows that are no plain count: without numbers, with impossible ones, or repeated."""
        odd = np.zeros(self.size, np.bool_)
        for name in FIGURES:
            figures = self.rows.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
            # A missing figure is not a number here, and so outside every bound.
            odd |= ~((figures >= 0) & (figures <= MAX_FIGURE) & (figures % 1 == 0))
        return {*np.flatnonzero(odd).tolist(), *self.repeated}

    def _odd(self, place: str, row: int, station: str, figures: list[float | None]) -> SourceRecord:
        if row in self.repeated:
            return _stands_twice(place, station)
        if all(figure is None for figure in figures):
            return NothingNew(place, empty=True)
        return _impossible(place, figures)


class SitungSource:
    """The rows of these files, in order."""

    def __init__(self, paths: Sequence[Path], election: Election, contest: str, observed: Observed) -> None:
        """Raises SourceInvalid for a file that is damaged or lacks a column."""
        self._files = [open_situng(path) for path in paths]
        self._paths = list(paths)
        self._election = election
        self._contest = contest
        self._observed = observed

    @property
    def size(self) -> int:
        """The number of rows in all files."""
        return sum(file.metadata.num_rows for file in self._files)

    def chunks(self, lineage: Lineage) -> Iterator[SitungChunk]:
        """Its rows, CHUNK_ROWS at a time."""
        name = station_namer(self._election.stations.format)
        repeated = self._repeated_rows()
        for number, (path, file) in enumerate(zip(self._paths, self._files, strict=True)):
            columns = [*COLUMNS, *(column for column in file.schema_arrow.names if column == LISTED)]
            first = 0
            for rows in batches(path, file, columns):
                villages, numbers = (rows.column(key).to_pylist() for key in KEYS)
                stations = [name(village, no) for village, no in zip(villages, numbers, strict=True)]
                yield SitungChunk(
                    file=str(path),
                    first_row=first + 1,
                    rows=rows,
                    stations=stations,
                    repeated=frozenset(
                        row - first for row in repeated[number] if first <= row < first + len(stations)
                    ),
                    events=lineage(self._contest, stations),
                    election=self._election.id,
                    contest=self._contest,
                    observed_at=self._observed.of(str(path)),
                )
                first += len(stations)

    def _repeated_rows(self) -> list[list[int]]:
        """For each file the rows whose station stood before, in it or in an earlier one.

        Which of two rows holds is not ours to say, and the second must not pass for a correction.
        """
        keys = [station_keys(path, file) for path, file in zip(self._paths, self._files, strict=True)]
        together = np.concatenate(keys)
        _, first = np.unique(together, return_index=True)
        again = np.ones(len(together), np.bool_)
        again[first] = False
        ends = np.cumsum([len(key) for key in keys])
        return [np.flatnonzero(part).tolist() for part in np.split(again, ends[:-1])]


def station_namer(pattern: str) -> Callable[[int, int], str]:
    """A function from a village and a number to the station's id, as `pattern` of the election writes it.

    The `%` operator takes a third of the time of `str.format`, and there are 800,000 stations.
    """
    parts = list(Formatter().parse(pattern))
    fields = [(field, spec) for _, field, spec, _ in parts if field is not None]
    simple = {("village", ""), ("number", "03d"), ("number", "")}
    if [field for field, _ in fields] == ["village", "number"] and set(fields) <= simple:
        template = "".join(
            text.replace("%", "%%") + ("" if field is None else "%03d" if spec == "03d" else "%s")
            for text, field, spec, _ in parts
        )
        return lambda village, number: template % (village, number)
    return lambda village, number: pattern.format(village=village, number=number)


def _values(column: Any) -> list[Any]:
    """The column's values; whole numbers as integers also where a missing one has made it floating."""
    values: list[Any] = column.to_pylist()
    if not pa.types.is_floating(column.type):
        return values
    return [int(value) if value is not None and value.is_integer() else _known(value) for value in values]


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else value


def _stands_twice(place: str, station: str) -> Unreadable:
    return unreadable(
        place,
        id=f"TPS {station} sudah ada di baris sebelumnya; hapus salah satu. Untuk keadaan yang lebih baru, "
        "impor berkasnya tersendiri dengan --observed-at.",
        en=f"Station {station} stands in an earlier row already; remove one of them. To import what was "
        "shown later, import that file on its own with --observed-at.",
    )


def _impossible(place: str, figures: list[float | None]) -> Unreadable:
    told = ", ".join(f"{name} {figure}" for name, figure in zip(FIGURES, figures, strict=True))
    return unreadable(
        place,
        id=f"Bukan angka yang dapat ada pada formulir ({told}): setiap angka harus bilangan bulat dari "
        f"0 sampai {MAX_FIGURE}, atau kelimanya kosong. Perbaiki barisnya lalu impor lagi.",
        en=f"Not figures that a form can hold ({told}): each must be a whole number from 0 to "
        f"{MAX_FIGURE}, or all five empty. Correct the row and import it again.",
    )
