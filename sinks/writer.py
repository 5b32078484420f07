"""Puts batches of rows into the projections, and remembers how far the log has arrived there.

The order is the promise: (1) rows of all tables, (2) the position. A crash between them means that the same
rows come again, which changes nothing, because the identity of a row is in its table's key. A position that
stands here is therefore never ahead of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from clickhouse.client import SinkUnavailable
from schemas.tables import INSERT_SETTINGS, MANY_PARTITIONS, NO_POSITION, POSITIONS_SQL, SINK_POSITION, TABLES


class Writer:
    """Writes the projections of one election through one client."""

    def __init__(self, client: Client, election: str) -> None:
        self._client = client
        self._election = election

    def positions(self) -> dict[int, int]:
        """The last position that has arrived of each partition of the log that anything came from. Raises
        SinkUnavailable."""
        rows = self._rows(POSITIONS_SQL)
        return {int(partition): int(position) for partition, position in rows}

    def position(self, partition: int = 0) -> int:
        """The last position of that partition that has arrived, NO_POSITION before the first. Raises
        SinkUnavailable."""
        return self.positions().get(partition, NO_POSITION)

    def insert(self, tables: Mapping[str, pa.Table]) -> None:
        """(1) Insert the rows of each table. Raises SinkUnavailable; some may have arrived then."""
        try:
            for name, table in tables.items():
                if table.num_rows:
                    self._client.insert_arrow(name, table, settings=INSERT_SETTINGS.get(name))
        except (ClickHouseError, OSError) as error:
            raise _unavailable(error) from error

    def move(self, position: int, recorded_at: int, partition: int = 0) -> None:
        """(2) Say that everything in the partition up to `position` has arrived. Raises SinkUnavailable."""
        self.move_all({partition: (position, recorded_at)})

    def move_all(self, positions: Mapping[int, tuple[int, int]]) -> None:
        """(2) `move` for several partitions: the position of each, and when it was recorded (microseconds
        since 1970, UTC). Raises SinkUnavailable."""
        rows = [(self._election, partition, *moved) for partition, moved in positions.items()]
        columns = zip(*rows, strict=True) if rows else [()] * len(SINK_POSITION)
        arrays = [pa.array(values, kind.type) for values, kind in zip(columns, SINK_POSITION, strict=True)]
        self.insert({"sink_position": pa.Table.from_arrays(arrays, schema=SINK_POSITION)})

    def clear(self) -> None:
        """Remove all rows, the positions first, so that everything is made again. Raises SinkUnavailable."""
        try:
            for name in ("sink_position", *(name for name in TABLES if name != "sink_position")):
                self._client.command(f"TRUNCATE TABLE {name}")
        except (ClickHouseError, OSError) as error:
            raise _unavailable(error) from error

    def holds_partitions(self) -> bool:
        """Whether there are rows of a log with partitions, which workers and sinks have made. Raises
        SinkUnavailable."""
        return bool(
            self._rows(
                "SELECT 1 FROM tally_history WHERE election = {election:String} "
                f"AND partition = {MANY_PARTITIONS} LIMIT 1"
            )
        ) or any(self.positions())

    def is_empty(self, table: str) -> bool:
        """Whether a table has no row of the election. Raises SinkUnavailable."""
        return not self._rows(f"SELECT 1 FROM {table} WHERE election = {{election:String}} LIMIT 1")

    def _rows(self, sql: str) -> Sequence[Sequence[Any]]:
        try:
            rows: Sequence[Sequence[Any]] = self._client.query(
                sql, parameters={"election": self._election}
            ).result_rows
        except (ClickHouseError, OSError) as error:
            raise _unavailable(error) from error
        return rows


def _unavailable(error: Exception) -> SinkUnavailable:
    text = str(error)
    if "No space left" in text or "NOT_ENOUGH_SPACE" in text:
        return SinkUnavailable(
            id="Disk proyeksi penuh. Kosongkan ruang, lalu ulangi perintah yang sama: semua yang dilaporkan "
            "diterima ada di log.",
            en="The disk of the projections is full. Free some space and run the same command again: the log "
            "has everything that was reported as accepted.",
        )
    return SinkUnavailable(
        id="Proyeksi tidak dapat dibaca atau ditulis. Ulangi perintah yang sama setelah ClickHouse menjawab; "
        f"semuanya ada di log. Katanya: {text}",
        en="The projections can't be read or written. Run the same command again once ClickHouse answers; "
        "the "
        f"log has everything. It says: {text}",
    )
