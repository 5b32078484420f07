"""Every cell of every region as the projections show it, by the names of schemas.tallies, for comparison.

Rows are those of exact positions of the log, one in each of its partitions, so that a count under way can be
compared too. Totals that add up several partitions have no such position: the newest is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from clickhouse_connect.driver.client import Client

from queries.refusals import refusals
from schemas.tables import MANY_PARTITIONS, POSITIONS_SQL
from schemas.tallies import BY_OPTION, FIXED_CELLS, FORMS_BY_OPTION, FUNNEL

Cells = dict[str, Any]
Key = tuple[str, str]
"""(contest, unit)"""


class SumKey(NamedTuple):
    """The key of a total that adds up several partitions, and the position that its row names."""

    contest: str
    level: str
    parent: str
    unit: str
    version: int
    position: int


_REGION_COLUMNS: Final = {
    "version": "version",
    "expected": "stations_expected",
    "registered": "registered",
    "registered_outstanding": "registered_outstanding",
    **{name: f"stations_{name}" if name in FUNNEL else name for name in FIXED_CELLS},
}

_COLUMNS: Final = ", ".join((*_REGION_COLUMNS.values(), *BY_OPTION))

# A partition that is not asked about has the index 0, and there an array of numbers has the number 0.
_BEFORE: Final = "position < {events:Array(UInt64)}[indexOf({partitions:Array(UInt32)}, partition)]"

_REGIONS: Final = """
SELECT contest, unit, {columns}
FROM tally_history
WHERE election = {{election:String}} AND level = {{level:String}}
    AND ({before} OR version = 0 OR partition = {many})
ORDER BY contest, parent, unit, version DESC
LIMIT 1 BY contest, parent, unit
"""

_SUMS: Final = """
SELECT contest, unit, {columns}
FROM tally_history
WHERE election = {{election:String}} AND level = {{level:String}} AND (partition = {many} OR version = 0)
    AND (contest, parent, unit, version) IN (
        SELECT contest, parent, unit, max(version)
        FROM tally_history
        WHERE election = {{election:String}} AND level = {{level:String}}
        GROUP BY contest, parent, unit
    )
LIMIT {{most:UInt64}}
"""

_KEYS_OF_SUMS: Final = """
SELECT contest, toString(level), parent, unit, version, position
FROM tally_history
WHERE election = {{election:String}} AND partition = {many}
"""


def sink_positions(client: Client, election: str) -> dict[int, int]:
    """The last position that has arrived in the projections of each partition that anything came from."""
    rows = client.query(POSITIONS_SQL, parameters={"election": election}).result_rows
    return {int(partition): int(position) for partition, position in rows}


def adds_up_partitions(client: Client, election: str) -> bool:
    """Whether what is shown was made of a log with partitions, by workers and sinks."""
    sql = (
        "SELECT 1 FROM sink_position WHERE election = {election:String} AND partition > 0 LIMIT 1 UNION ALL "
        f"SELECT 1 FROM tally_history WHERE election = {{election:String}} AND partition = {MANY_PARTITIONS} "
        "LIMIT 1"
    )
    return bool(client.query(sql, parameters={"election": election}).result_rows)


def inconsistent_regions(client: Client, election: str) -> int:
    """How many published totals, by contest and region, are not the sum of what is right below them as it
    stands at this moment (the view `inconsistent_region`)."""
    asked = {"election": election}
    sql = "SELECT count() FROM inconsistent_region WHERE election = {election:String}"
    with refusals():
        return int(client.query(sql, parameters=asked).result_rows[0][0])


def region_cells(
    client: Client, election: str, level: str, events: Mapping[int, int]
) -> Iterator[tuple[Key, Cells]]:
    """Every region of a level after the first `events` entries of each partition of the log (by its number;
    of one that is not named, none)."""
    sql = _REGIONS.format(columns=_COLUMNS, before=_BEFORE, many=MANY_PARTITIONS)
    return _cells(client, sql, {"election": election, "level": level, **_vector(events)})


def sum_cells(client: Client, election: str, level: str, most: int) -> Iterator[tuple[Key, Cells]]:
    """Every region of a level that adds up several partitions, as it is shown now; the first `most` rows. A
    region whose newest version was inserted several times is given each time."""
    sql = _SUMS.format(columns=_COLUMNS, many=MANY_PARTITIONS)
    return _cells(client, sql, {"election": election, "level": level, "most": most})


def keys_of_sums(client: Client, election: str) -> Iterator[SumKey]:
    """The key of every total, newest and earlier, that says of itself to add up several partitions."""
    sql = _KEYS_OF_SUMS.format(many=MANY_PARTITIONS)
    return (SumKey(*row) for row in _rows(client, sql, {"election": election}))


def _cells(client: Client, sql: str, asked: dict[str, Any]) -> Iterator[tuple[Key, Cells]]:
    width = len(_REGION_COLUMNS)
    for contest, unit, *row in _rows(client, sql, asked):
        cells: Cells = dict(zip(_REGION_COLUMNS, row[:width], strict=True))
        by_option = dict(zip(BY_OPTION, row[width:], strict=True))
        for name in FORMS_BY_OPTION:
            options = by_option[name.removesuffix("_forms")]
            by_option[name] = dict(zip(options, by_option[name], strict=False))
        yield (contest, unit), cells | _by_option(by_option)


def _vector(events: Mapping[int, int]) -> dict[str, list[int]]:
    return {"partitions": list(events), "events": list(events.values())}


def _by_option(figures: Mapping[str, Mapping[str, int]]) -> Cells:
    return {f"{name}.{option}": figure for name, some in figures.items() for option, figure in some.items()}


def _rows(client: Client, sql: str, asked: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with refusals(), client.query_row_block_stream(sql, parameters=asked) as blocks:
        for block in blocks:
            yield from block
