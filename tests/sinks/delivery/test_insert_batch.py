"""The order of the tables of an insert batch."""

from __future__ import annotations

from typing import Final

from sinks.delivery.insert_batch import InsertBatch
from sinks.delivery.tally_rows import TallyRows
from tests.sinks.delivery.support import ENDS, ROWS, WORLD, flush, total

TOTALS: Final = TallyRows(WORLD.election, WORLD.registry, WORLD.ballots, ROWS, ENDS)


def batch() -> InsertBatch:
    """With rows of one event, as messages bring them."""
    one = InsertBatch()
    for table, rows in flush(0, 0, 1).items():
        if table != "sink_position":
            one.add(table, rows)
    return one


def test_totals_are_inserted_before_all_other_rows() -> None:
    one = batch()
    one.add_total(total("0", 7), 1)
    tables = one.tables_to_insert(TOTALS)
    assert list(tables) == ["tally_history", "event", "station_history"]
    assert tables["tally_history"]["version"].to_pylist() == [7]


def test_totals_from_rows_and_from_messages_are_inserted_together() -> None:
    one = batch()
    one.add("tally_history", TOTALS.table([total("0", 6)]))
    one.add_total(total("0", 7), 1)
    tables = one.tables_to_insert(TOTALS)
    assert next(iter(tables)) == "tally_history"
    assert tables["tally_history"]["version"].to_pylist() == [6, 7]


def test_without_totals_nothing_is_inserted_for_them() -> None:
    assert list(batch().tables_to_insert(TOTALS)) == ["event", "station_history"]
