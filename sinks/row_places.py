"""Checks that rows which came on a topic can be of it: this election and partition, entries the log has."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from schemas.plausible import LogEnds
from schemas.text import quoted
from sinks.row_messages import OURS, RowsUndecodable


def distinct(column: pa.ChunkedArray) -> list[object]:
    """The different values of a column that came on a topic. Text that is no UTF-8, which nothing has checked
    yet, is shown with replacement characters: it is no value that anything here knows."""
    values = pc.unique(column)
    if values.type != pa.string():
        return list(values.to_pylist())
    return [raw and raw.decode("utf-8", "replace") for raw in values.cast(pa.binary()).to_pylist()]


class RowPlaces:
    """Checks rows of one election against the ends of its log."""

    def __init__(self, election: str, ends: LogEnds) -> None:
        self._election = election
        self._ends = ends

    def last(self, table: str, rows: pa.Table, partition: int) -> int:
        """The last position of these rows (at least one) of a message of `partition`. Raises RowsUndecodable
        when they can't be of it, and what asking for the log's ends raises."""
        elections, partitions = distinct(rows["election"]), distinct(rows["partition"])
        last = pc.max(rows["position"]).as_py()
        if elections != [self._election]:
            raise RowsUndecodable(
                f"A message has rows of {table} of the elections {quoted(elections)}; this is "
                f"{self._election}. {OURS}"
            )
        if partitions != [partition] or last is None or not self._ends.has(partition, last):
            raise RowsUndecodable(
                f"A message of partition {partition} has rows of {table} of the partitions "
                f"{quoted(partitions)} up to position {last}; the log ends at {self._ends.end(partition)}. "
                f"{OURS}"
            )
        return int(last)
