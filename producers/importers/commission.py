"""A commission's own file of counts, corrections and annulments: CSV or JSONL (docs/importing.md).

A row says itself what it is. Only where a correction or annulment names no event is the log asked which count
is in force; such stations come last, each with all its rows in the file's order. Lines that are whole events
pass through as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from producers.importers.commission_cells import CsvColumns, WholeEvent, json_cells, read_header
from producers.importers.commission_columns import Cells
from producers.importers.commission_row import Defaults, RowType, read_row, row_key
from producers.importers.lineage import StationLine
from producers.importers.problems import RecordInvalid, SourceInvalid
from producers.importers.text_lines import Line, read_lines
from producers.sources import Lineage, Message, NothingNew, Record, Unreadable
from schemas.decode import decode
from schemas.rejections import Rejected
from schemas.text import quoted

CHUNK_LINES: Final = 1_000
"""Lines in one chunk: some 50 ms of work."""

Key = tuple[str, str]
"""A contest and a station (or region)."""


@dataclass(frozen=True, slots=True)
class Table:
    """One file and how its lines are read: with these columns, or as JSON."""

    path: str
    columns: CsvColumns | None

    def cells(self, line: Line) -> Cells | WholeEvent:
        """What `line` holds. Raises RecordInvalid."""
        return json_cells(line) if self.columns is None else self.columns.cells(line)


@dataclass(frozen=True, slots=True)
class CommissionChunk:
    """Some lines. `events` are the lineages of the stations whose rows mean the count in force."""

    lines: tuple[tuple[Table, Line], ...]
    events: Mapping[Key, Sequence[bytes]]
    defaults: Defaults

    @property
    def size(self) -> int:
        """The number of lines."""
        return len(self.lines)

    def records(self) -> Iterator[Record]:
        """Its lines, in order."""
        stations = {key: StationLine(events) for key, events in self.events.items()}
        for table, line in self.lines:
            place = f"{quoted(table.path)}, line {line.number}"
            try:
                yield self._record(table.cells(line), line.raw, place, stations)
            except RecordInvalid as error:
                yield Unreadable(place, error.said)

    def _record(
        self, cells: Cells | WholeEvent, raw: bytes, place: str, stations: Mapping[Key, StationLine]
    ) -> Record:
        if isinstance(cells, WholeEvent):
            return self._pass_on(cells, raw, place, stations)
        row = read_row(cells, self.defaults)
        if row.empty:
            return NothingNew(place, empty=True)
        key = (row.document["contest"], row.document["station"])
        line = stations.get(key)
        event = row.build(()) if line is None else line.send(row.build)
        if event is not None:
            return Message(event, place)
        what_id, what = (
            ("dibetulkan", "correct") if row.type is RowType.CORRECTION else ("dibatalkan", "annul")
        )
        raise RecordInvalid(
            id=f"Tidak ada hasil yang berlaku di TPS {quoted(key[1])} untuk {quoted(key[0])}, jadi tidak "
            f"ada yang dapat {what_id}; tulis count di kolom type, atau id peristiwa yang dimaksud di kolom "
            "supersedes.",
            en=f"Station {quoted(key[1])} has no count in force in {quoted(key[0])}, so there is nothing "
            f"to {what}; write count in column type, or the id of the event that is meant in column "
            "supersedes.",
        )

    @staticmethod
    def _pass_on(event: WholeEvent, raw: bytes, place: str, stations: Mapping[Key, StationLine]) -> Message:
        line = stations.get((event.contest, event.unit))
        if line is not None and _is_event(raw):  # if not, the log says so, and keeps it
            line.send(lambda _: raw)
        return Message(raw, place)


class CommissionSource:
    """The rows of these files, read twice: which stations mean the count in force is seen at the end."""

    def __init__(self, tables: Sequence[tuple[Path, bool]], defaults: Defaults) -> None:
        """`tables` are files, each with whether it is CSV (else JSONL). Raises SourceInvalid and OSError."""
        self._tables = [_table(path, is_csv) for path, is_csv in tables]
        self._defaults = defaults
        self._size = 0
        self._open: dict[Key, None] = {}
        for table, line in self._lines():
            self._size += 1
            key = self._key(table, line, only_open=True)
            if key is not None:
                self._open[key] = None

    @property
    def size(self) -> int:
        """The number of lines that hold anything, without headers."""
        return self._size

    def chunks(self, lineage: Lineage) -> Iterator[CommissionChunk]:
        """Its lines, CHUNK_LINES at a time; stations that need their lineage come last."""
        part: list[tuple[Table, Line]] = []
        later: dict[Key, list[tuple[Table, Line]]] = {key: [] for key in self._open}
        for table, line in self._lines():
            key = self._key(table, line, only_open=False) if self._open else None
            part_or_later = part if key is None else later.get(key, part)
            part_or_later.append((table, line))
            if len(part) >= CHUNK_LINES:
                yield self._chunk(part, {})
                part = []
        if part:
            yield self._chunk(part, {})
        yield from self._grouped(later, lineage)

    def _grouped(
        self, later: Mapping[Key, list[tuple[Table, Line]]], lineage: Lineage
    ) -> Iterator[CommissionChunk]:
        part: list[tuple[Table, Line]] = []
        keys: list[Key] = []
        for key, lines in later.items():
            keys.append(key)
            part += lines
            if len(part) >= CHUNK_LINES:
                yield self._chunk(part, _lineages(lineage, keys))
                part, keys = [], []
        if part:
            yield self._chunk(part, _lineages(lineage, keys))

    def _chunk(
        self, part: Sequence[tuple[Table, Line]], events: Mapping[Key, Sequence[bytes]]
    ) -> CommissionChunk:
        return CommissionChunk(tuple(part), events, self._defaults)

    def _lines(self) -> Iterator[tuple[Table, Line]]:
        for table in self._tables:
            lines = read_lines(Path(table.path))
            if table.columns is not None:
                next(lines, None)
            for line in lines:
                yield table, line

    def _key(self, table: Table, line: Line, *, only_open: bool) -> Key | None:
        """The station of a line; None where the line can't be read, which is reported by its chunk.

        `only_open`: only of lines that mean the count in force.
        """
        if only_open and not _may_be_open(table, line):
            return None
        try:
            cells = table.cells(line)
            if isinstance(cells, WholeEvent):
                return None if only_open else (cells.contest, cells.unit)
            if only_open and ("supersedes" in cells or not _replaces(cells)):
                return None
            return row_key(cells, self._defaults)
        except RecordInvalid:
            return None


def _table(path: Path, is_csv: bool) -> Table:
    if not is_csv:
        return Table(str(path), None)
    first = next(read_lines(path), None)
    if first is None:
        raise SourceInvalid(f"{quoted(path)} is empty.")
    return Table(str(path), read_header(path, first))


def _is_event(raw: bytes) -> bool:
    try:
        decode(raw)
    except Rejected:
        return False
    return True


def _may_be_open(table: Table, line: Line) -> bool:
    """A quick look that spares reading every line twice: the words stand in few of them."""
    if table.columns is not None and "type" not in table.columns.names:
        return False
    words = line.raw.lower()
    return any(kind.value.encode() in words for kind in (RowType.CORRECTION, RowType.ANNULMENT))


def _replaces(cells: Cells) -> bool:
    return str(cells.get("type", "")).lower() in (RowType.CORRECTION, RowType.ANNULMENT)


def _lineages(lineage: Lineage, keys: Sequence[Key]) -> dict[Key, Sequence[bytes]]:
    found: dict[Key, Sequence[bytes]] = dict.fromkeys(keys, ())
    for contest in dict.fromkeys(contest for contest, _ in keys):
        known = lineage(contest, [station for one, station in keys if one == contest])
        found |= {(contest, station): events for station, events in known.items()}
    return found
