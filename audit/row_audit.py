"""Compares every row that is shown with what the log gives, range by range while the log is folded.

Rows of a range of positions are made from its entries, compared with those that the database has there, and
forgotten; so memory holds one range and the running totals. Snapshots of totals are compared at the position
that they name. What the database refuses to tell is not compared, and is reported.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from audit.bounded_rows import few_rows, many_rows
from audit.comparison import ROW, Comparison, key_of
from audit.expected import rows_given
from audit.running_totals import RunningTotals, Unit, by_option
from event_log.reading import LogEntry
from queries.all_rows import (
    KEYS,
    POSITIONED,
    Part,
    Row,
    columns_of,
    snapshots,
)
from schemas.ballots import Ballots
from schemas.regions import Level, Registry
from stream_processors.fold import FoldedEntry

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

RANGE: Final = 10_000
"""Positions whose rows are compared together: some 30 MB. Each range costs a look at the positions of every
table, some milliseconds for a million rows."""

SNAPSHOT_ROWS: Final = 5_000
"""Totals that are read at once: 50 MB of the widest ballots."""

SUMMED: Final = (Level.PROVINCE, Level.NATION)
"""The levels that add up several partitions, on a log that has them: no entry has a position of theirs."""

_TALLIES: Final = "tally_history"
_TALLY_COLUMNS: Final = columns_of(_TALLIES)
_OF_PLACE: Final = ("recorded_at", "partition", "position")


class RowAudit:
    """Is told of each entry before it is folded (`expect`) and after (`on_entry`); `finish` compares the
    rest."""

    def __init__(
        self,
        client: Client,
        election: str,
        registry: Registry,
        ballots: Ballots,
        ends: Sequence[int],
        comparison: Comparison,
        *,
        partitioned: bool,
    ) -> None:
        """Of a log whose entries up to `ends`, by partition, are going to be folded."""
        self._client = client
        self._election = election
        self._registry = registry
        self._contests = {contest: number for number, contest in enumerate(ballots.contests)}
        self._comparison = comparison
        self._ends = ends
        self._partitioned = partitioned
        self._totals = RunningTotals(registry, ballots)
        self._waiting: deque[tuple[int, LogEntry]] = deque()
        self._expected: dict[str, dict[Row, Row]] = {table: {} for table in POSITIONED}
        self._keys = {table: key_of(columns_of(table), KEYS[table]) for table in POSITIONED}
        # The range whose rows are being collected, and the snapshots in it that were not compared yet.
        self._partition = self._start = self._end = 0
        self._to_come: deque[tuple[int, int]] = deque()
        self._loaded: dict[int, list[Row]] = {}
        self._newest = 0  # when the newest entry of the partition so far was recorded
        self.recorded: dict[int, tuple[int, int]] = {}  # by partition: its last entry, and its newest one
        # Of a log on one machine: the last entry of the batch, and what is shown at it.
        self._batch: LogEntry | None = None
        self._shown: set[Unit] = set()
        self._begin_range(0, 0)

    def baseline(self) -> None:
        """Every region at zero: the rows before the first entry."""
        missing = set(self._totals.units)
        for row in self._snapshots(Part.of(_TALLIES, self._election, "version = 0")):
            shown = dict(zip(_TALLY_COLUMNS, row, strict=True))
            unit = self._compare_snapshot(shown, dict.fromkeys(_OF_PLACE, 0))
            if unit is not None:
                missing.discard(unit)
        self._missing(missing, dict.fromkeys(_OF_PLACE, 0))

    def expect(self, partition: int, entry: LogEntry) -> None:
        """The entry is going to be folded."""
        self._waiting.append((partition, entry))

    def on_entry(self, folded: FoldedEntry) -> None:
        """What became of the next entry that was expected."""
        partition, entry = self._waiting.popleft()
        self._move_to(partition, entry.position)
        self._snapshots_without_entry(entry.position)
        if not self._partitioned and self._batch and self._batch.recorded_at != entry.recorded_at:
            self._end_batch()
        self._batch = entry
        self._newest = max(self._newest, entry.recorded_at)
        self.recorded[partition] = entry.recorded_at, self._newest
        for table, row in rows_given(entry, folded, partition, self._registry):
            self._expected[table][self._keys[table](row)] = row
        if folded.in_force is not None:
            contest, unit = folded.assessed.contest, folded.assessed.proposal.unit  # type: ignore[union-attr]
            self._totals.add(contest, unit, folded.in_force, folded.before)
        self._snapshots_at(entry)

    def finish(self) -> None:
        """Compare what is left up to the ends of all partitions."""
        while self._partition < len(self._ends):
            self._next_range()
        if not self._partitioned and self._batch:
            self._end_batch()

    def _move_to(self, partition: int, position: int) -> None:
        """Compare the ranges before the one with that position, and begin it."""
        while (self._partition, self._end) <= (partition, position):
            self._next_range()

    def _next_range(self) -> None:
        if self._start < self._end:
            self._close_range()
        if self._end < self._ends[self._partition]:
            self._begin_range(self._partition, self._end)
        else:
            self._begin_range(self._partition + 1, 0)

    def _begin_range(self, partition: int, start: int) -> None:
        if not start:
            self._newest = 0
        self._partition, self._start, self._end = partition, start, 0
        if partition < len(self._ends):
            self._end = min(start + RANGE, self._ends[partition])
        asked = (self._client, self._election, partition, start, self._end)
        self._to_come = deque()
        self._loaded = {}
        if self._start < self._end:
            self._to_come.extend(self._read(_TALLIES, lambda: iter(snapshots(*asked))))

    def _close_range(self) -> None:
        self._snapshots_without_entry(self._end)
        for table, expected in self._expected.items():
            part = Part.between(table, self._election, self._partition, self._start, self._end)
            if table not in self._comparison.unreadable:
                with self._comparison.reading(table):
                    shown = few_rows(self._client, part, len(expected))
                    names, key = columns_of(table), KEYS[table]
                    self._comparison.rows(table, names, key, expected, shown.rows, shown.unread)
            expected.clear()

    def _snapshots(self, part: Part, there: int | None = None) -> Iterator[Row]:
        """A part of the totals, at most each region in each contest; as many rows as are `there`, where that
        is known."""

        def read() -> Iterator[Row]:
            shown = many_rows(self._client, part, len(self._totals.units), there)
            yield from shown.rows
            self._comparison.count += shown.unread

        return self._read(_TALLIES, read)

    def _read(self, table: str, ask: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        """What the question gives; nothing of a table that the database does not tell."""
        if table not in self._comparison.unreadable:
            with self._comparison.reading(table):
                yield from ask()

    # Snapshots of totals

    def _snapshots_without_entry(self, position: int) -> None:
        """Those of positions before that one at which there was no entry: nothing gives them."""
        while self._to_come and self._to_come[0][0] < position:
            for row in self._next_rows():
                shown = dict(zip(_TALLY_COLUMNS, row, strict=True))
                self._comparison.differ(_TALLIES, _key(shown), ROW, None, shown)

    def _snapshots_at(self, entry: LogEntry) -> None:
        self._shown = set()
        if not (self._to_come and self._to_come[0][0] == entry.position):
            return
        place = {
            "recorded_at": entry.recorded_at,
            "partition": self._partition,
            "position": entry.position,
        }
        for row in self._next_rows():
            unit = self._compare_snapshot(dict(zip(_TALLY_COLUMNS, row, strict=True)), place)
            if unit is not None:
                self._shown.add(unit)

    def _next_rows(self) -> Iterable[Row]:
        """The snapshots at the next position; with a few of them, some of later ones are read ahead."""
        position, count = self._to_come.popleft()
        if position in self._loaded:
            return self._loaded.pop(position)
        if count > SNAPSHOT_ROWS:
            return self._snapshots(self._between(position, position), count)
        last = position
        for following, rows in self._to_come:
            if count + rows > SNAPSHOT_ROWS:
                break
            last, count = following, count + rows
        self._loaded = {}
        place = _TALLY_COLUMNS.index("position")
        for row in self._snapshots(self._between(position, last), count):
            self._loaded.setdefault(row[place], []).append(row)
        return self._loaded.pop(position, [])

    def _between(self, first: int, last: int) -> Part:
        return Part.between(_TALLIES, self._election, self._partition, first, last + 1)

    def _compare_snapshot(self, shown: dict[str, Any], place: dict[str, int]) -> Unit | None:
        """One snapshot, with the totals as they are now; its contest and region, where it is one of ours."""
        contest = self._contests.get(shown["contest"])
        region = self._registry.index.get(shown["unit"])
        given = None if contest is None or region is None else self._totals.row(contest, region)
        identity = _key(shown)
        is_sum = self._partitioned and shown["level"] in SUMMED and shown["version"] > 0
        if given is None or is_sum or _key(given) != identity:
            self._comparison.differ(_TALLIES, identity, ROW, None, shown)
            return None
        self._comparison.values += len(_TALLY_COLUMNS)
        # Its time is that of the newest entry of a batch, on clocks that may go back between entries.
        if place["recorded_at"] <= shown["recorded_at"] <= self._newest:
            place = {**place, "recorded_at": shown["recorded_at"]}
        self._comparison.columns(_TALLIES, identity, given | place, by_option(shown))
        assert contest is not None
        assert region is not None
        return contest, region

    def _missing(self, units: set[Unit], place: dict[str, int]) -> None:
        """These regions have no snapshot at that place."""
        for unit in sorted(units) if _TALLIES not in self._comparison.unreadable else ():
            given = self._totals.row(*unit)
            assert given is not None
            self._comparison.values += len(_TALLY_COLUMNS)
            self._comparison.differ(_TALLIES, _key(given), ROW, given | place, None)

    def _end_batch(self) -> None:
        """On one machine a batch is what was recorded at one moment: at its last entry everything that it
        changed is shown."""
        assert self._batch is not None
        place = {"recorded_at": self._batch.recorded_at, "partition": 0, "position": self._batch.position}
        self._missing(self._totals.changed() - self._shown, place)


def _key(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in KEYS[_TALLIES]}
