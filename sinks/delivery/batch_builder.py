"""Decodes messages into insert batches, in their order, with the positions that they complete.

Nothing is inserted here and nothing waits. A position with missing rows before it is not added to the batch:
the gap is returned to the caller, who decides from where to read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from event_log.kafka.group import GroupRecord
from event_log.kafka.topics import COUNT_ROWS
from schemas.tally_messages import TallyMalformed
from sinks.delivery.contiguous_positions import ContiguousPositions, Gap
from sinks.delivery.insert_batch import InsertBatch
from sinks.delivery.tally_rows import TallyRows
from sinks.row_messages import RowsUndecodable, decode, goes_on_from, more_follows

POSITIONS: Final = "sink_position"
"""The table whose rows follow the rows of all entries up to their position."""


class Undeliverable(Exception):
    """A message that holds no rows or totals of this election for this version; the text says which message
    and what to do. There is no dead-letter topic for it: the sink stops, and nothing after it is consumed."""

    def __init__(self, record: GroupRecord, why: str) -> None:
        source = record.source
        place = f"{source.topic.name}, partition {source.partition}, offset {record.offset}"
        super().__init__(f"The sink has stopped at a message ({place}). {why}")


class BatchBuilder:
    """Fills one insert batch after another."""

    def __init__(self, tally_rows: TallyRows) -> None:
        self._tally_rows = tally_rows
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
        it completes a position with missing rows before it. Raises Undeliverable."""
        batch = self.batch
        if batch.empty:
            batch.first_added_at = now
        batch.consumed[record.source] = record.offset + 1
        try:
            if record.source.topic is COUNT_ROWS:
                for table, rows in decode(record.headers, record.raw):
                    if table == POSITIONS:  # the last table of a message
                        return self._advance(record, rows)
                    if table == "event":
                        self._positions.add(record.source.partition, rows["position"].to_numpy())
                    batch.add(table, rows)
                return None
            batch.add_total(self._tally_rows.decode(record.raw), len(record.raw))
        except (RowsUndecodable, TallyMalformed) as error:
            raise Undeliverable(record, str(error)) from error
        batch.committable[record.source] = record.offset + 1
        return None

    def _advance(self, record: GroupRecord, rows: pa.Table) -> Gap | None:
        partition, after = record.source.partition, goes_on_from(record.headers)
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
