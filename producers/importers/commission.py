"""A commission's own file of counts, corrections and annulments: CSV or JSONL (docs/importing.md).

A row says itself what it is, or what the count is now (producers.importers.current_rows). Each is compared
with what the log has of its station. Stations with several lines come last, each with all its lines, because
one line of a station changes what the next one means.
Lines that are whole events, or rows of an exported log, pass through as they are. With events about keys
among them all keep their order, since it decides who may submit.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from producers.importers import whole_events
from producers.importers.commission_cells import LOG_ROW, CsvColumns, WholeEvent, json_cells, read_header
from producers.importers.commission_columns import Cells
from producers.importers.commission_row import Defaults, read_row
from producers.importers.current_rows import Correcting, CurrentRows
from producers.importers.lineage import StationLine
from producers.importers.observed import Observed
from producers.importers.problems import RecordInvalid, SourceInvalid, place_of
from producers.importers.station_rows import Placed, StationRows
from producers.importers.text_lines import Line, read_lines
from producers.importers.whole_events import PlacedEvent
from schemas.control_events import CONTROL_TYPES
from schemas.decode import decode
from schemas.rejections import Reason, Rejected
from schemas.sources import Lineage, Message, NothingNew, SourceRecord, Unreadable
from schemas.text import quoted

CHUNK_LINES: Final = 1_000
"""Lines in one chunk: some 50 ms of work."""

_CONTROL_TYPES: Final = tuple(f'"{kind}"'.encode() for kind in CONTROL_TYPES)

Key = tuple[str, str]
"""A contest and a station (or region)."""


@dataclass(frozen=True, slots=True)
class Table:
    """One file and how its lines are read: with these columns, or as JSON. `number`: its place in the
    command; `observed_at`: when it was seen, where its rows don't say it."""

    path: str
    columns: CsvColumns | None
    number: int
    observed_at: str | None

    def cells(self, line: Line) -> Cells | WholeEvent:
        """What `line` holds. Raises RecordInvalid."""
        return json_cells(line) if self.columns is None else self.columns.cells(line)

    def key(self, line: Line, defaults: Defaults) -> Key | None:
        """Of which contest and station a line is, at a quick look; None where that shows nothing, which its
        chunk reports."""
        try:
            if self.columns is None:
                document = orjson.loads(line.raw)
                if document.keys() >= LOG_ROW:
                    document = document["event"] or {}
                contest, station = document.get("contest"), document.get("station") or document.get("region")
            else:
                cells = self._quick_cells(line, self.columns)
                contest, station = cells.get("contest"), cells.get("station")
        except (ValueError, AttributeError, RecordInvalid):
            return None
        named = str(contest or defaults.contest).lower()
        known = next((one for one in defaults.contests if one.lower() == named), None)
        return (known, station) if known is not None and isinstance(station, str) else None

    @staticmethod
    def _quick_cells(line: Line, columns: CsvColumns) -> Cells:
        if b'"' in line.raw:
            return columns.cells(line)
        values = line.raw.decode().split(columns.delimiter)
        return {
            name: value.strip()
            for name, value in zip(columns.names, values, strict=True)
            if name in ("contest", "station")
        }


Lines = tuple[tuple[Table, Line], ...]


@dataclass(frozen=True, slots=True)
class CommissionChunk:
    """Some lines, those of one station together; lines under None name no station. `events` is what the log
    has of the stations."""

    stations: tuple[tuple[Key | None, Lines], ...]
    events: Mapping[Key, Sequence[bytes]]
    defaults: Defaults
    correcting: Correcting | None = None

    @property
    def size(self) -> int:
        """The number of lines."""
        return sum(len(lines) for _, lines in self.stations)

    def records(self) -> Iterator[SourceRecord]:
        """Its stations, in order."""
        for key, lines in self.stations:
            yield from self._station(StationLine(self.events.get(key, ()) if key else ()), lines)

    def _station(self, line: StationLine, lines: Lines) -> Iterator[SourceRecord]:
        rows: list[Placed] = []
        whole: list[tuple[WholeEvent, str]] = []
        for table, text in lines:
            place = place_of(quoted(table.path), text.number)
            try:
                cells = table.cells(text)
                if isinstance(cells, WholeEvent):
                    whole.append((cells, place))
                else:
                    rows.append(
                        Placed(read_row(cells, self.defaults, table.observed_at), place, table.number)
                    )
            except RecordInvalid as error:
                yield Unreadable(place, error.said)
        if len(lines) == len(whole) == 1 and not line.raws:  # nothing to compare it with
            yield from _whole(None, whole)
        elif whole:
            yield from _whole(line, whole)
        if rows and self.correcting is not None:
            yield from CurrentRows(line, self.correcting).records(rows)
        elif rows:
            yield from StationRows(line).records(rows)


class CommissionSource:
    """The rows of these files, read twice: which stations stand in several lines is seen at the end."""

    def __init__(
        self,
        tables: Sequence[tuple[Path, bool]],
        defaults: Defaults,
        observed: Observed,
        correcting: Correcting | None = None,
    ) -> None:
        """`tables` are files, each with whether it is CSV (else JSONL). `correcting`: their rows say what the
        count is now, and this holds for those that correct one. Raises SourceInvalid and OSError."""
        self._correcting = correcting
        self._tables = [
            Table(str(path), _columns(path) if is_csv else None, number, observed.of(str(path)))
            for number, (path, is_csv) in enumerate(tables)
        ]
        self._defaults = defaults
        self._in_order = any(
            table.columns is None and any(kind in line.raw for kind in _CONTROL_TYPES)
            for table, line in self._lines()
        )
        hashes = array("q", (hash(table.key(line, defaults)) for table, line in self._lines()))
        self._size = len(hashes)
        seen: set[int] = set()
        # Hashes of keys, so that a nation's lines fit into memory. One that two stations share does no harm.
        self._several = {one for one in hashes if one in seen or seen.add(one)}  # type: ignore[func-returns-value]

    @property
    def size(self) -> int:
        """The number of lines that hold anything, without headers."""
        return self._size

    def chunks(self, lineage: Lineage) -> Iterator[CommissionChunk]:
        """Its lines, CHUNK_LINES or a few more at a time."""
        part: list[tuple[Key | None, Lines]] = []
        later: dict[Key, list[tuple[Table, Line]]] = {}
        for table, line in self._lines():
            key = None if self._in_order else table.key(line, self._defaults)
            if key is not None and hash(key) in self._several:
                later.setdefault(key, []).append((table, line))
                continue
            part.append((key, ((table, line),)))
            if len(part) >= CHUNK_LINES:
                yield self._chunk(part, lineage)
                part = []
        lines = len(part)
        for key, some in later.items():
            part.append((key, tuple(some)))
            lines += len(some)
            if lines >= CHUNK_LINES:
                yield self._chunk(part, lineage)
                part, lines = [], 0
        if part:
            yield self._chunk(part, lineage)

    def _chunk(self, part: Sequence[tuple[Key | None, Lines]], lineage: Lineage) -> CommissionChunk:
        keys = [key for key, _ in part if key is not None]
        return CommissionChunk(tuple(part), _lineages(lineage, keys), self._defaults, self._correcting)

    def _lines(self) -> Iterator[tuple[Table, Line]]:
        for table in self._tables:
            lines = read_lines(Path(table.path), has_header=table.columns is not None)
            if table.columns is not None:
                next(lines, None)
            for line in lines:
                yield table, line


def _columns(path: Path) -> CsvColumns:
    first = next(read_lines(path, has_header=True), None)
    if first is None:
        raise SourceInvalid(id=f"{quoted(path)} kosong.", en=f"{quoted(path)} is empty.")
    return read_header(path, first)


def _whole(line: StationLine | None, whole: Sequence[tuple[WholeEvent, str]]) -> Iterator[SourceRecord]:
    """Lines that are events: those of an exported log in its order, others as they settle. `line` None: there
    is nothing else of their station."""
    events: list[PlacedEvent] = []
    if all(one.at is not None for one, _ in whole):
        whole = sorted(whole, key=lambda one: one[0].at or (0, 0))
    for one, place in whole:
        if one.outcome == "repeated":
            yield NothingNew(place, empty=False)
        elif one.reason == Reason.WRONG_KEY:  # sent with its right key it would count, as it did not there
            yield NothingNew(place, empty=False, rejected=Reason.WRONG_KEY)
        elif line is not None and _is_event(one.raw):
            events.append(PlacedEvent(one.raw, place))
        else:  # the log says so, and keeps it
            yield Message(one.raw, place)
    if line is not None:
        yield from whole_events.records_of(line, events, in_order=whole[0][0].at is not None)


def _is_event(raw: bytes) -> bool:
    try:
        decode(raw)
    except Rejected:
        return False
    return True


def _lineages(lineage: Lineage, keys: Sequence[Key]) -> dict[Key, Sequence[bytes]]:
    found: dict[Key, Sequence[bytes]] = {}
    for contest in dict.fromkeys(contest for contest, _ in keys):
        known = lineage(contest, [station for one, station in keys if one == contest])
        found |= {(contest, station): events for station, events in known.items()}
    return found
