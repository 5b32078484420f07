"""What is inserted together: rows by table, the newest totals, the positions, and the offsets to commit.

A batch is filled with messages in their order and drops none. It knows when it is full and how old its first
message is; the batching delay is the caller's decision.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from event_log.kafka.group import TopicPartition
from schemas.tables import size_of
from schemas.tally_messages import TallyMessage
from sinks.delivery.tally_rows import TallyRows

MAX_ROWS: Final = 100_000
"""Rows of one batch. Each insert makes parts that ClickHouse has to merge, and costs its round trip whatever
it holds: a backlog is inserted four times as fast as with 10,000 rows. When streaming, the batching delay
ends a batch long before."""

MAX_BYTES: Final = 40_000_000
"""Bytes of rows in one batch: 10,000 forms of parties with all their candidates would be hundreds of
megabytes."""

TALLIES: Final = "tally_history"
"""The table that totals of every level are inserted into."""


class InsertBatch:
    """Rows that are inserted together, with the positions and offsets that follow the insert."""

    def __init__(self) -> None:
        self.first_added_at = 0.0
        """When its first message was added, in seconds on the caller's clock."""
        self.newest_recorded_at = 0
        """When the log recorded the newest entry whose rows or totals it holds (µs)."""
        self.rows = 0
        self.bytes = 0
        self.tables: dict[str, list[pa.Table]] = {}
        self.totals: dict[bytes, TallyMessage] = {}
        self.positions: dict[int, tuple[int, int]] = {}
        """By partition of the log: the last position that the rows complete, and its `recorded_at` (µs)."""
        self.consumed: dict[TopicPartition, int] = {}
        """By topic partition: the offset after the last message in it."""
        self.committable: dict[TopicPartition, int] = {}
        """By topic partition: the offset to commit once the batch is inserted."""

    def add(self, table: str, rows: pa.Table) -> None:
        """Add rows of a table."""
        if table == "event":
            self.newest_recorded_at = max(self.newest_recorded_at, rows["recorded_at"][-1].value)
        self.tables.setdefault(table, []).append(rows)
        self.rows += rows.num_rows
        self.bytes += size_of(rows)

    def add_total(self, message: TallyMessage, size: int) -> None:
        """Add a region's totals of `size` bytes. Within a batch the newest version replaces older ones, as
        compaction of the topic does."""
        self.newest_recorded_at = max(self.newest_recorded_at, message.recorded_at)
        held = self.totals.get(message.key)
        if held is None:
            self.rows += 1
            self.bytes += size
        if held is None or message.version >= held.version:
            self.totals[message.key] = message

    def advance(self, partition: int, position: int, recorded_at: int) -> None:
        """All rows of a log partition up to `position` are in this batch or in an earlier one."""
        held = self.positions.get(partition)
        if held is None or position >= held[0]:
            self.positions[partition] = position, recorded_at

    @property
    def empty(self) -> bool:
        """Whether it has no message."""
        return not self.consumed

    @property
    def full(self) -> bool:
        """Whether nothing more should be added."""
        return self.rows >= MAX_ROWS or self.bytes >= MAX_BYTES

    def tables_to_insert(self, tally_rows: TallyRows) -> dict[str, pa.Table]:
        """Its rows by table, in the order of inserts: totals first, because they were published two stages
        after the rows of what they count. Rows count as delivered only when all tables are inserted."""
        tables = {TALLIES: self.tables.get(TALLIES, [])} | self.tables
        if self.totals:
            tables[TALLIES] = [*tables[TALLIES], tally_rows.table(self.totals.values())]
        return {name: pa.concat_tables(some) for name, some in tables.items() if some}
