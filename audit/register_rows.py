"""Compares the rows of the register, names included, with the register of the data directory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from audit.bounded_rows import many_rows
from audit.comparison import Comparison
from audit.expected import parent_of, path
from queries.all_rows import KEYS, Part, Row, columns_of
from schemas.regions import REGION_LEVELS, UNKNOWN, Registry

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def compare_register(client: Client, election: str, registry: Registry, comparison: Comparison) -> None:
    """The tables `region` and `register_station`."""
    for table, given in (("region", _regions(registry)), ("register_station", _stations(registry))):
        names, key = columns_of(table), KEYS[table]
        places = [names.index(name) for name in key]
        rows = [tuple([values[name] for name in names]) for values in given]
        expected: dict[Row, Row] = {tuple([row[place] for place in places]): row for row in rows}
        with comparison.reading(table):
            shown = many_rows(client, Part.of(table, election), len(expected))
            comparison.rows(table, names, key, expected, shown.rows, shown.unread)


def _regions(registry: Registry) -> Iterator[dict[str, Any]]:
    for index, unit in enumerate(registry.ids):
        above = path(registry, index)
        registered = int(registry.registered[index])
        yield {
            "unit": unit,
            "parent": parent_of(registry, index),
            "level": REGION_LEVELS[registry.depth[index]].value,
            "name": registry.names[index],
            "province": above["province"],
            "district": above["district"],
            "subdistrict": above["subdistrict"],
            "stations": int(registry.stations[index]),
            "registered": None if registered == UNKNOWN else registered,
        }


def _stations(registry: Registry) -> Iterator[dict[str, Any]]:
    for unit, village, number, registered, listed, name in zip(
        registry.station_ids.tolist(),
        registry.station_village.tolist(),
        registry.station_number.tolist(),
        registry.station_registered.tolist(),
        registry.station_listed.tolist(),
        registry.station_names.texts(len(registry.station_ids)),
        strict=True,
    ):
        yield {
            "unit": unit.decode(),
            "village": registry.ids[village],
            "number": max(number, 0),
            "registered": None if registered == UNKNOWN else registered,
            "listed": listed,
            "name": name,
        }
