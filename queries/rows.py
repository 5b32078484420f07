"""Runs one SELECT and gives its rows as dicts, block by block: a nation's stations need not fit in memory.

It does not build SQL. The dicts are new ones: the caller may change them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from clickhouse_connect.driver.client import Client

Row = dict[str, Any]


def select(client: Client, sql: str, parameters: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of `sql` in order, its `{name:Type}` placeholders bound to `parameters`."""
    with client.query_row_block_stream(sql, parameters=dict(parameters)) as blocks:
        names = blocks.source.column_names
        for block in blocks:
            for values in block:
                yield dict(zip(names, values, strict=True))


def first(client: Client, sql: str, parameters: Mapping[str, Any]) -> Row | None:
    """The first row of `sql`, or None when there is none."""
    result = client.query(sql, parameters=dict(parameters))
    if not result.result_rows:
        return None
    return dict(zip(result.column_names, result.result_rows[0], strict=True))


def in_utc(moment: datetime | None) -> datetime | None:
    """A time as the driver gives it (UTC without saying so), with its zone."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
