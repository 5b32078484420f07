"""The rows of a batch have the fields that the tables and the state name."""

from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.named_rows import columns_of
from schemas.tables import EVENT, STATION_HISTORY
from stream_processors.partition.message_rows import (
    EVENT_COLUMNS,
    STATION_COLUMNS,
    EventRow,
    StationRow,
    record_batch,
)


@pytest.mark.parametrize(
    ("fields", "columns", "table"),
    [(EventRow._fields, EVENT_COLUMNS, EVENT), (StationRow._fields, STATION_COLUMNS, STATION_HISTORY)],
)
def test_each_field_is_a_column_of_its_table(
    fields: tuple[str, ...], columns: pa.Schema, table: pa.Schema
) -> None:
    assert list(fields) == columns.names
    assert set(fields) <= set(table.names)


def test_columns_are_named_as_the_fields_of_the_rows() -> None:
    assert columns_of(("one", "two"), [(1, "a"), (2, "b")]) == {"one": (1, 2), "two": ("a", "b")}
    assert columns_of(("one", "two"), []) == {"one": (), "two": ()}


def test_a_row_that_lacks_a_field_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        columns_of(("one", "two"), [(1,)])


def test_an_annulment_has_no_form() -> None:
    (row,) = record_batch([StationRow(registered=201)], STATION_COLUMNS).to_pylist()
    assert row == {
        "kind": "",
        "votes": [],
        "valid": None,
        "invalid": None,
        "voters": None,
        "registered": 201,
        "rules": [],
        "complete": False,
    }
