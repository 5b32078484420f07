"""In which order a batch is inserted."""

from __future__ import annotations

from typing import Final

from sinks.delivery.batch import Batch
from sinks.delivery.totals import Totals
from tests.sinks.delivery.support import ROWS, WORLD, flush, total

TOTALS: Final = Totals(WORLD.election, WORLD.registry, WORLD.ballots, ROWS)


def batch() -> Batch:
    """With rows of one event, as messages bring them."""
    one = Batch()
    for table, rows in flush(0, 0, 1).items():
        if table != "sink_position":
            one.add(table, rows)
    return one


def test_totals_are_inserted_before_all_other_rows() -> None:
    one = batch()
    one.add_total(total("0", 7), 1)
    tables = one.together(TOTALS)
    assert list(tables) == ["tally_history", "event", "station_history"]
    assert tables["tally_history"]["version"].to_pylist() == [7]


def test_totals_that_came_as_rows_are_inserted_with_those_that_came_as_totals() -> None:
    one = batch()
    one.add("tally_history", TOTALS.table([total("0", 6)]))
    one.add_total(total("0", 7), 1)
    tables = one.together(TOTALS)
    assert next(iter(tables)) == "tally_history"
    assert tables["tally_history"]["version"].to_pylist() == [6, 7]


def test_without_totals_nothing_is_inserted_for_them() -> None:
    assert list(batch().together(TOTALS)) == ["event", "station_history"]
