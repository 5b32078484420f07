"""From decided events and changed totals to rows of the projections, as Arrow tables; it inserts nothing.

Rows are made for many units at once and hold plain values. The same input gives the same rows, so that a
batch that may have arrived can be made and inserted again. `partition` is the one of the log that positions
are of (a log on one machine has one, number 0); `recorded_at`, in microseconds since 1970 UTC, is that of all
rows or an array with that of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.ballots import Ballot, Ballots
from schemas.named_rows import FindingRow, RecapCells, RecapRow, columns_of
from schemas.regions import DEPTH, REGION_LEVELS, UNKNOWN, Level, Registry
from schemas.rejections import Rejection
from schemas.tables import TABLES
from schemas.tallies import BY_OPTION, CELL, FIXED_CELLS, FORMS_BY_OPTION, FUNNEL, Tally

_FUNNEL_COLUMN: Final = {name: f"stations_{name}" for name in FUNNEL}
_COLUMNS: Final = {name: [(column.name, column.type) for column in schema] for name, schema in TABLES.items()}
"""Name and type of each column: to ask a schema for them takes as long as making a short column."""

_PATH: Final = (Level.VILLAGE, Level.SUBDISTRICT, Level.DISTRICT, Level.PROVINCE)

Integers = NDArray[np.int64]
Times = int | Integers
"""When the log took events in: one time for all rows, or one for each."""


class Rows:
    """Makes rows for one election and register."""

    def __init__(self, election: str, registry: Registry, ballots: Ballots) -> None:
        self._election = election
        self._registry = registry
        self._ballots = ballots
        self._ids = pa.array([*registry.ids, ""])  # the last stands for a region above the root
        self._levels = pa.array([level.value for level in REGION_LEVELS])

    def events(
        self,
        columns: Mapping[str, pa.Array],
        bodies: Sequence[bytes],
        positions: Integers,
        recorded_at: Times,
        rejections: Mapping[int, Rejection],
        versions: Integers,
        partition: int = 0,
        outcomes: Sequence[str] | None = None,
    ) -> pa.Table:
        """The mirror of the log: entries at `positions` with their bytes. `rejections` (by row) has the
        reasons of those rejected; `columns` has event_id, type, contest, unit and occurred_at. `outcomes`
        ('accepted', 'rejected' or 'repeated') may be left out where nothing is repeated."""
        count = len(bodies)
        reasons = [""] * count
        for row, rejection in rejections.items():
            reasons[row] = rejection.reason
        if outcomes is None:
            outcomes = ["rejected" if reason else "accepted" for reason in reasons]
        return self._table(
            "event",
            count,
            recorded_at,
            partition,
            {
                **columns,
                "position": positions,
                "outcome": outcomes,
                "reason": reasons,
                "version": versions,
                "body": _texts(bodies),
            },
        )

    def stations(
        self,
        columns: Mapping[str, pa.Array],
        villages: Integers,
        statuses: Sequence[str],
        listed: Sequence[bool],
        versions: Integers,
        positions: Integers,
        recorded_at: Times,
        partition: int = 0,
    ) -> pa.Table:
        """Accepted counts: `columns` has event_id, type, contest, unit, kind, votes, complete, valid,
        invalid, voters, registered and rules."""
        return self._table(
            "station_history",
            len(villages),
            recorded_at,
            partition,
            {
                **columns,
                **self._path(villages),
                "version": versions,
                "position": positions,
                "status": statuses,
                "listed": listed,
            },
        )

    def findings(
        self,
        rows: Sequence[FindingRow],
        recorded_at: Times,
        partition: int = 0,
    ) -> pa.Table:
        """Findings; `recorded_at` as for all rows."""
        columns = columns_of(FindingRow._fields, rows)
        findings = columns["finding"]
        return self._table(
            "finding",
            len(rows),
            recorded_at,
            partition,
            {
                **self._path(np.array(columns["village"], np.int64)),
                **{name: columns[name] for name in ("contest", "unit", "version", "position")},
                "rule": [finding.rule for finding in findings],
                "place": [finding.place for finding in findings],
                "severity": [finding.severity.value for finding in findings],
                "tag": [finding.tag for finding in findings],
                "numbers": [list(finding.numbers.items()) for finding in findings],
                "sentence_id": [finding.said.id for finding in findings],
                "sentence_en": [finding.said.en for finding in findings],
            },
        )

    def rejected(
        self,
        columns: Mapping[str, pa.Array],
        bodies: Sequence[bytes],
        positions: Integers,
        recorded_at: Times,
        rejections: Sequence[Rejection],
        partition: int = 0,
    ) -> pa.Table:
        """Rejected messages: `columns` has event_id, type, contest and unit."""
        return self._table(
            "rejected",
            len(bodies),
            recorded_at,
            partition,
            {
                **{name: columns[name] for name in ("event_id", "type", "contest", "unit")},
                "position": positions,
                "reason": [rejection.reason.value for rejection in rejections],
                "sentence_id": [rejection.said.id for rejection in rejections],
                "sentence_en": [rejection.said.en for rejection in rejections],
                "body": _texts(bodies),
            },
        )

    def recaps(
        self,
        rows: Sequence[RecapRow],
        recorded_at: Times,
        partition: int = 0,
    ) -> pa.Table:
        """Certified recapitulations."""
        columns = columns_of(RecapRow._fields, rows)
        regions = columns["region"]
        return self._table(
            "recap",
            len(rows),
            recorded_at,
            partition,
            {
                **{name: columns[name] for name in ("contest", "version", "position", "event_id")},
                "level": [REGION_LEVELS[self._registry.depth[region]].value for region in regions],
                "unit": [self._registry.ids[region] for region in regions],
                **columns_of(RecapCells._fields, columns["cells"]),
            },
        )

    def tallies(
        self,
        ballot: Ballot,
        regions: Integers,
        cells: Integers,
        position: int,
        recorded_at: Times,
        partition: int = 0,
    ) -> pa.Table:
        """The totals of regions that have this ballot only: a row of `cells` for each."""
        contest = self._ballots.contest_of[ballot.index]
        expected, voters = self._ballots.expected_in(contest, regions)
        figures = _unsigned(cells)
        fixed = {name: figures[:, CELL[name]] for name in FIXED_CELLS}
        parents = self._registry.parent[regions]
        unknown = self._ballots.unknown_in(contest, regions)
        is_unknown = unknown + cells[:, CELL["unclear"]] - cells[:, CELL["cleared"]] > 0
        to_come = np.maximum(voters, 0) - cells[:, CELL["registered_in"]]
        return self._table(
            "tally_history",
            len(regions),
            recorded_at,
            partition,
            {
                "contest": [ballot.contest] * len(regions),
                "level": self._levels.take(pa.array(self._registry.depth[regions])),
                "unit": self._ids.take(pa.array(regions)),
                "parent": self._ids.take(pa.array(np.where(parents == UNKNOWN, len(self._ids) - 1, parents))),
                "version": figures[:, 0],
                "position": np.full(len(regions), position),
                **{_FUNNEL_COLUMN.get(name, name): column for name, column in fixed.items()},
                "stations_expected": expected,
                "registered": pa.array(voters, pa.uint64(), mask=voters == UNKNOWN, safe=False),
                "registered_outstanding": pa.array(to_come, pa.uint64(), mask=is_unknown, safe=False),
                **_by_option(ballot, figures),
            },
        )

    def whole_tallies(
        self, tallies: Sequence[Tally], position: int, recorded_at: Times, partition: int = 0
    ) -> pa.Table:
        """The totals of regions, each with options of its own: what `tallies` can't do for many at once."""
        columns: dict[str, list[Any]] = {
            "contest": [tally.contest for tally in tallies],
            "level": [tally.level.value for tally in tallies],
            "unit": [tally.unit for tally in tallies],
            "parent": [tally.parent for tally in tallies],
            "version": [tally.version for tally in tallies],
            "position": [position] * len(tallies),
            "stations_expected": [tally.expected for tally in tallies],
            "registered": [tally.registered for tally in tallies],
            "registered_outstanding": [tally.registered_outstanding for tally in tallies],
        }
        for name in BY_OPTION:
            maps = [getattr(tally, name) for tally in tallies]
            is_list = name in FORMS_BY_OPTION
            columns[name] = [list(one.values() if is_list else one.items()) for one in maps]
        for place, name in enumerate(FIXED_CELLS):
            columns[_FUNNEL_COLUMN.get(name, name)] = [tally.fixed[place] for tally in tallies]
        return self._table("tally_history", len(tallies), recorded_at, partition, columns)

    def position(self, partition: int, position: int, recorded_at: int) -> pa.Table:
        """That everything of the partition up to `position` has become rows: sent and inserted after them."""
        return self._table("sink_position", 1, recorded_at, partition, {"position": [position]})

    def regions(self) -> pa.Table:
        """The register of regions."""
        registry = self._registry
        every = np.arange(len(registry.ids))
        path = self._path(every)
        return self._table(
            "region",
            len(every),
            0,
            0,
            {
                "unit": self._ids.take(pa.array(every)),
                "parent": self._ids.take(
                    pa.array(np.where(registry.parent == UNKNOWN, len(registry.ids), registry.parent))
                ),
                "level": self._levels.take(pa.array(registry.depth)),
                "name": registry.names,
                "province": path["province"],
                "district": path["district"],
                "subdistrict": path["subdistrict"],
                "stations": registry.stations,
                "registered": pa.array(
                    registry.registered, pa.uint64(), mask=registry.registered == UNKNOWN, safe=False
                ),
            },
        )

    def register_stations(self) -> pa.Table:
        """The list of stations; empty where the register has none."""
        registry = self._registry
        ids = [station.decode() for station in registry.station_ids.tolist()]
        return self._table(
            "register_station",
            len(ids),
            0,
            0,
            {
                "unit": ids,
                "village": self._ids.take(pa.array(registry.station_village)),
                "number": np.maximum(registry.station_number, 0),
                "registered": pa.array(
                    registry.station_registered,
                    pa.uint32(),
                    mask=registry.station_registered == UNKNOWN,
                    safe=False,
                ),
                "listed": registry.station_listed,
                "name": registry.station_names.texts(len(ids)),
            },
        )

    def _path(self, regions: Integers) -> dict[str, pa.Array]:
        """The ids of the regions above (and at) each region, by level; '' where there is none."""
        path: dict[str, pa.Array] = {}
        for level in _PATH:
            ancestors = self._registry.ancestors[DEPTH[level]][regions]
            there = np.where(ancestors == UNKNOWN, len(self._registry.ids), ancestors)
            path[level.value] = self._ids.take(pa.array(there))
        return path

    def _table(
        self, name: str, count: int, recorded_at: Times, partition: int, columns: Mapping[str, Any]
    ) -> pa.Table:
        """`columns` as rows of the table `name`, with what every row shares."""
        shared: dict[str, Any] = {"election": self._election, "partition": partition}
        if isinstance(recorded_at, int):
            shared["recorded_at"] = recorded_at
        else:
            columns = {**columns, "recorded_at": recorded_at}
        arrays = []
        for column, kind in _COLUMNS[name]:
            if column in columns:
                arrays.append(_array(columns[column], kind))
            else:
                arrays.append(pa.repeat(pa.scalar(shared[column], kind), count))
        return pa.Table.from_arrays(arrays, schema=TABLES[name])


def by_table(some: Iterable[tuple[str, pa.Table]]) -> dict[str, pa.Table]:
    """Rows of several batches as one table each, in the order in which each table comes first."""
    parts: dict[str, list[pa.Table]] = {}
    for name, rows in some:
        parts.setdefault(name, []).append(rows)
    return {name: pa.concat_tables(tables) for name, tables in parts.items()}


def _unsigned(cells: Integers) -> NDArray[np.uint64]:
    """Counts as the tables hold them, all at once: column by column it would take longer than all the rest.
    Raises ValueError for one below zero."""
    if cells.size and cells.min() < 0:
        raise ValueError(f"A total is below zero: {cells.min()}")
    return cells.astype(np.uint64)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == kind else values.cast(kind)
    if isinstance(values, np.ndarray):
        return _array(pa.array(values), kind)
    return pa.array(values, kind)


def _by_option(ballot: Ballot, figures: NDArray[np.uint64]) -> dict[str, pa.Array]:
    """The columns by option of regions with that ballot only."""
    top_keys = [ballot.keys[place] for place in ballot.top]
    columns: dict[str, pa.Array] = {}
    for name in BY_OPTION:
        some = figures[:, getattr(ballot.layout, name)]
        if name in FORMS_BY_OPTION:
            columns[name] = pa.ListArray.from_arrays(_offsets(*some.shape), pa.array(some.ravel()))
        else:
            columns[name] = _votes(top_keys if "share" in name else ballot.keys, some)
    return columns


def _votes(keys: Sequence[str], figures: NDArray[np.uint64]) -> pa.Array:
    """A map from option to figure for each row of `figures`."""
    count, width = figures.shape
    names = pa.array(list(keys), pa.string()).take(pa.array(np.tile(np.arange(width), count)))
    return pa.MapArray.from_arrays(_offsets(count, width), names, pa.array(figures.ravel()))


def _offsets(count: int, width: int) -> pa.Array:
    """Where each of `count` lists of `width` entries begins, and the last one ends."""
    return pa.array(np.arange(count + 1, dtype=np.int32) * width, pa.int32())


def _texts(bodies: Sequence[bytes]) -> pa.Array:
    """Bytes as they are in a column of text: the log keeps also what is not UTF-8, and so does its mirror."""
    return pa.Array.from_buffers(pa.string(), len(bodies), pa.array(bodies, pa.binary()).buffers())
