"""Reads rows that are shown, and not many more than the log can give: a forged table may hold a billion.

What is beyond the bound is counted by the engine, not read: the count of differences covers it, and the first
ones are named. Rows that are there several times, as crashes of a sink leave them, are read once then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from queries.all_rows import Part, Row, count_distinct, count_of, first_rows

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

COPIES: Final = 4
"""How often each row may be there before copies are left out: a sink that is killed inserts a batch again."""

SPARE: Final = 10_000
"""Rows that are read beside those: ten times the differences that are listed."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows to compare. `unread`: how many more there are, none of which the log gives."""

    rows: Iterator[Row]
    unread: int = 0


def few_rows(client: Client, part: Part, expected: int) -> Shown:
    """The rows of a part for which the log gives `expected`, read at once."""
    most = most_of(expected)
    rows = list(first_rows(client, part, most + 1))
    return Shown(iter(rows)) if len(rows) <= most else _flooded(client, part, most)


def many_rows(client: Client, part: Part, expected: int, there: int | None = None) -> Shown:
    """The same without holding them, of as many rows as are `there` if that is known; nothing else may be
    asked until all are read."""
    most = most_of(expected)
    if (count_of(client, part) if there is None else there) <= most:
        return Shown(first_rows(client, part, most))
    return _flooded(client, part, most)


def most_of(expected: int) -> int:
    """How many rows are read where the log gives `expected`."""
    return COPIES * expected + SPARE


def _flooded(client: Client, part: Part, most: int) -> Shown:
    distinct = count_distinct(client, part, most + 1)
    unread = count_of(client, part) - most if distinct > most else 0
    return Shown(first_rows(client, part, most, distinct=True), max(unread, 0))
