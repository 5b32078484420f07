"""Messages into batches: decoded, in their order, with the positions that they complete.

Nothing is written and nothing waited for here. A position that rows are missing before is not put into the
batch: the gap is given to the caller, who knows where rows can be had again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from event_log.kafka.group import GroupRecord
from event_log.kafka.topics import COUNT_ROWS
from schemas.tally_messages import TallyMalformed
from sinks.delivery.batch import Batch
from sinks.delivery.reached import Gap, Reached
from sinks.delivery.totals import Totals
from sinks.row_messages import RowsUndecodable, decode, goes_on_from, more_follows

POSITIONS: Final = "sink_position"
"""The table that comes after all rows that it speaks of."""


class Undeliverable(Exception):
    """A message that is no rows or totals of this election to this version; the text says which and what to
    do. It stays where it is, and nothing after it is taken."""

    def __init__(self, record: GroupRecord, why: str) -> None:
        place = f"{record.place.topic.name}, partition {record.place.partition}, offset {record.offset}"
        super().__init__(f"The sink has stopped at a message ({place}). {why}")


class Taking:
    """Fills one batch after another."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals
        self._reached = Reached()
        self._more: set[int] = set()
        self.batch = Batch()

    @property
    def more_follows(self) -> bool:
        """Whether a backlog is being read, by what was said last of any partition."""
        return bool(self._more)

    def know(self, positions: Mapping[int, int]) -> None:
        """The projections have these positions; other partitions may be read from now on."""
        self._reached.know(positions)
        self._more.clear()

    def handed_over(self) -> Batch:
        """What was taken so far; a new batch begins."""
        batch, self.batch = self.batch, Batch()
        return batch

    def take(self, record: GroupRecord, now: float) -> Gap | None:
        """Put a message into the batch; `now` in seconds, on the caller's clock. The gap before it, if it
        completes a position before which rows are missing. Raises Undeliverable."""
        batch = self.batch
        if batch.empty:
            batch.began = now
        batch.taken[record.place] = record.offset + 1
        try:
            if record.place.topic is COUNT_ROWS:
                for table, rows in decode(record.headers, record.raw):
                    if table == POSITIONS:  # the last
                        return self._move(record, rows)
                    if table == "event":
                        self._reached.events(record.place.partition, rows["position"].to_numpy())
                    batch.add(table, rows)
                return None
            batch.add_total(self._totals.read(record.raw), len(record.raw))
        except (RowsUndecodable, TallyMalformed) as error:
            raise Undeliverable(record, str(error)) from error
        batch.offsets[record.place] = record.offset + 1
        return None

    def _move(self, record: GroupRecord, rows: pa.Table) -> Gap | None:
        partition, after = record.place.partition, goes_on_from(record.headers)
        positions = rows["position"].to_pylist()
        times = rows["recorded_at"].cast(pa.int64()).to_pylist()
        for position, recorded_at in zip(positions, times, strict=True):
            gap = self._reached.move(partition, position, after)
            if gap is not None:
                return gap
            self.batch.move(partition, position, recorded_at)
        if more_follows(record.headers):
            self._more.add(partition)
        else:
            self._more.discard(partition)
        # Only here: rows in the middle of what was published together come again with all of it.
        self.batch.offsets[record.place] = record.offset + 1
        return None
