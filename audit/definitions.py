"""Compares the definition of every table and view with what the migrations make.

A view that shows other rows than it should is found here: right rows in the tables are not enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from audit.comparison import ROW, Comparison
from queries.all_rows import definitions, one_layout, without_database

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Definition = tuple[str, str, str]
"""(name, statement that makes it, name of the database in the statement)"""

DEFINITIONS: Final = "definitions"
"""The name of what is compared here, beside the tables."""


def compare_definitions(client: Client, migrated: Sequence[Definition], comparison: Comparison) -> None:
    """What is in the client's database, beside `migrated`."""
    with comparison.reading(DEFINITIONS):
        _compare(client, migrated, comparison)


def _compare(client: Client, migrated: Sequence[Definition], comparison: Comparison) -> None:
    shown = definitions(client)
    given = {name: without_database(text, database) for name, text, database in migrated}
    for name in sorted({*given, *shown}):
        comparison.values += 1
        right, found = given.get(name), shown.get(name)
        if right is None or found is None:
            comparison.differ(DEFINITIONS, {"name": name}, ROW, right, found)
        elif right != found and one_layout(client, right) != one_layout(client, found):
            comparison.differ(DEFINITIONS, {"name": name}, "definition", right, found)
