"""What is inserted together: rows by table, the newest totals, and the positions and offsets that follow.

A batch is filled with messages in the order in which they come and never takes one out. It says when it is
full and how new it is; how long it may wait for more is not its affair.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from event_log.kafka.group import Place
from schemas.tally_messages import TallyMessage
from sinks.delivery.totals import Totals
from sinks.tables import size_of

ROWS_TOGETHER: Final = 100_000
"""Rows of one batch. Each insert makes parts that ClickHouse has to merge, and costs its round trip whatever
it holds: a backlog goes in four times as fast as with 10,000 together. Live, the time is up long before."""

BYTES_TOGETHER: Final = 40_000_000
"""Bytes of rows in one batch: 10,000 forms of parties with all their candidates would be hundreds of
megabytes."""

TALLIES: Final = "tally_history"
"""The table that totals of every level are inserted into."""


class Batch:
    """Rows that are inserted together, and what may be said when they are in."""

    def __init__(self) -> None:
        self.began = 0.0
        """When its first message came, on a clock of the caller's, in seconds."""
        self.newest = 0
        """When the newest entry of the log that it shows was recorded (µs)."""
        self.rows = 0
        self.bytes = 0
        self.tables: dict[str, list[pa.Table]] = {}
        self.totals: dict[bytes, TallyMessage] = {}
        self.positions: dict[int, tuple[int, int]] = {}
        """By partition of the log: the last position that the rows complete, when it was recorded (µs)."""
        self.taken: dict[Place, int] = {}
        """By partition of the topics: the offset after the last message in it."""
        self.offsets: dict[Place, int] = {}
        """By partition of the topics: where to go on when the batch is in."""

    def add(self, table: str, rows: pa.Table) -> None:
        """Rows of a table."""
        if table == "event":
            self.newest = max(self.newest, rows["recorded_at"][-1].value)
        self.tables.setdefault(table, []).append(rows)
        self.rows += rows.num_rows
        self.bytes += size_of(rows)

    def add_total(self, message: TallyMessage, size: int) -> None:
        """A region's totals of so many bytes. Within a batch the newest version takes the place of older
        ones, as the topic itself would have it."""
        self.newest = max(self.newest, message.recorded_at)
        held = self.totals.get(message.key)
        if held is None:
            self.rows += 1
            self.bytes += size
        if held is None or message.version >= held.version:
            self.totals[message.key] = message

    def move(self, partition: int, position: int, recorded_at: int) -> None:
        """Everything of a partition of the log up to `position` is in this batch or came before it."""
        held = self.positions.get(partition)
        if held is None or position >= held[0]:
            self.positions[partition] = position, recorded_at

    @property
    def empty(self) -> bool:
        """Whether it took no message."""
        return not self.taken

    @property
    def full(self) -> bool:
        """Whether it should take no more."""
        return self.rows >= ROWS_TOGETHER or self.bytes >= BYTES_TOGETHER

    def together(self, totals: Totals) -> dict[str, pa.Table]:
        """Its rows by table, in the order in which they are inserted: totals first, which come later than
        the rows of what they count. Rows count as arrived when all are in, whichever was inserted first."""
        tables = {TALLIES: self.tables.get(TALLIES, [])} | self.tables
        if self.totals:
            tables[TALLIES] = [*tables[TALLIES], totals.table(self.totals.values())]
        return {name: pa.concat_tables(some) for name, some in tables.items() if some}
