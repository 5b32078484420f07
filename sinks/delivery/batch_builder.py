"""Decodes messages into insert batches, in their order, with the positions that they complete.

Nothing is inserted here and nothing waits. A position with missing rows before it is not added to the batch:
the gap is returned to the caller, who decides from where to read again. A message that can't be is raised as
Undeliverable, and nothing of it is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from event_log.kafka.group import GroupRecord
from event_log.kafka.topics import COUNT_ROWS
from schemas.plausible import LogEnds
from schemas.tables import TABLES, words_of
from schemas.tally_messages import TallyMalformed
from sinks.delivery.contiguous_positions import ContiguousPositions, Gap
from sinks.delivery.insert_batch import InsertBatch
from sinks.delivery.tally_rows import TallyRows
from sinks.row_messages import OURS, RowsUndecodable, decode, goes_on_from, more_follows
from sinks.row_places import RowPlaces, distinct

POSITIONS: Final = "sink_position"
"""The table whose rows follow the rows of all entries up to their position."""


PUBLISHED: Final = frozenset(
    ("event", "station_history", "tally_history", "finding", "rejected", "recap", POSITIONS)
)
"""The tables whose rows come from the log, each with the place of its entry."""


_WORDS: Final = {
    table: {field.name: words for field in TABLES[table] if (words := words_of(field))} for table in PUBLISHED
}
"""By table the columns that have certain words only: with any other, ClickHouse refuses the insert."""


class Undeliverable(Exception):
    """A message that holds no rows or totals of this election for this version, or that claims what the log
    does not have; the text says what to do."""


class BatchBuilder:
    """Fills one insert batch after another."""

    def __init__(self, tally_rows: TallyRows, ends: LogEnds) -> None:
        """`ends`: where the log ends, which rows can't be beyond."""
        self._tally_rows = tally_rows
        self._places = RowPlaces(tally_rows.election, ends)
        self._positions = ContiguousPositions()
        self._backlogged: set[int] = set()
        self.batch = InsertBatch()

    @property
    def more_follows(self) -> bool:
        """Whether the last position of any partition says that more rows of a backlog follow."""
        return bool(self._backlogged)

    def set_positions(self, positions: Mapping[int, int]) -> None:
        """Restore the positions of the projections, after a rebalance."""
        self._positions.restore(positions)
        self._backlogged.clear()

    def take_batch(self) -> InsertBatch:
        """The current batch; the next one begins."""
        batch, self.batch = self.batch, InsertBatch()
        return batch

    def add(self, record: GroupRecord, now: float) -> Gap | None:
        """Add a message to the batch; `now` in seconds, on the caller's clock. Returns the gap before it when
        it completes a position with missing rows before it. Raises Undeliverable, after which the message is
        consumed, and LogUnavailable."""
        batch = self.batch
        if batch.empty:
            batch.first_added_at = now
        batch.consumed[record.source] = record.offset + 1
        try:
            if record.source.topic is COUNT_ROWS:
                return self._add_rows(record)
            batch.add_total(self._tally_rows.decode(record.raw), len(record.raw))
        except (RowsUndecodable, TallyMalformed) as error:
            raise Undeliverable(str(error)) from error
        batch.committable[record.source] = record.offset + 1
        return None

    def _add_rows(self, record: GroupRecord) -> Gap | None:
        tables, partition = decode(record.headers, record.raw), record.source.partition
        after = goes_on_from(record.headers)
        for table, rows in tables:  # all of them before anything is added
            self._check_rows(table, rows, partition)
        for table, rows in tables:
            if table == POSITIONS:  # the last table of a message
                return self._advance(record, rows, after)
            if table == "event":
                self._positions.add(partition, rows["position"].to_numpy())
            self.batch.add(table, rows)
        return None

    def _check_rows(self, table: str, rows: pa.Table, partition: int) -> None:
        """Raises RowsUndecodable when rows can't be of that partition, or can't be inserted."""
        if table not in PUBLISHED:
            raise RowsUndecodable(f"A message has rows of {table}, which no worker publishes. {OURS}")
        if not rows.num_rows:
            return
        for column, words in _WORDS[table].items():
            if not words.issuperset(distinct(rows[column])):
                raise RowsUndecodable(f"A message has rows of {table} with another word in {column}. {OURS}")
        self._places.last(table, rows, partition)

    def _advance(self, record: GroupRecord, rows: pa.Table, after: int | None) -> Gap | None:
        partition = record.source.partition
        positions = rows["position"].to_pylist()
        times = rows["recorded_at"].cast(pa.int64()).to_pylist()
        for position, recorded_at in zip(positions, times, strict=True):
            gap = self._positions.advance(partition, position, after)
            if gap is not None:
                return gap
            self.batch.advance(partition, position, recorded_at)
        if more_follows(record.headers):
            self._backlogged.add(partition)
        else:
            self._backlogged.discard(partition)
        # Offsets are committable only here: rows before a position are redelivered together with it.
        self.batch.committable[record.source] = record.offset + 1
        return None
