"""Every row of every table, as readers find it, for comparison with what the log gives.

Rows are read by ranges of positions, so that memory does not grow with the election. They are read without
FINAL: a row that was inserted beside the right one is there, and which of them readers see is chance. Bytes
of messages come as their leaf hash, times as whole numbers since 1970 (UTC).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.refusals import Unreadable, refusals
from schemas.tables import MANY_PARTITIONS, TABLES, clickhouse_type

Row = tuple[Any, ...]

POSITIONED: Final = ("event", "station_history", "finding", "rejected", "recap")
"""The tables whose rows are each given by one entry of the log."""

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "event": ("partition", "position"),
    "station_history": ("contest", "unit", "version"),
    "finding": ("contest", "unit", "version", "rule", "place"),
    "rejected": ("partition", "position"),
    "recap": ("contest", "unit", "version"),
    "tally_history": ("contest", "level", "parent", "unit", "version"),
    "station": ("contest", "unit"),
    "tally": ("contest", "level", "parent", "unit"),
    "region": ("unit",),
    "register_station": ("village", "unit"),
    "sink_position": ("partition",),
}
"""What identifies a row of a table, beside the election: the table's own key."""

ROWS_COMPARED: Final = 400_000
"""Rows of a table and its history that the engine compares at once: some 100 MB."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Rows of a table that have no place in the log: how many, and the first."""

    table: str
    count: int
    rows: Sequence[dict[str, Any]]


def columns_of(table: str) -> tuple[str, ...]:
    """The columns that are compared: all but the election, in the table's order."""
    return tuple(column.name for column in TABLES[table] if column.name != "election")


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table: those for which `where` holds, with what it asks for by name in `asked`."""

    table: str
    where: str
    asked: Mapping[str, Any]

    @classmethod
    def between(cls, table: str, election: str, partition: int, start: int, end: int) -> Part:
        """Those at positions of a partition from `start` up to `end` (not included)."""
        where = (
            "election = {election:String} AND partition = {partition:UInt32} "
            "AND position >= {start:UInt64} AND position < {end:UInt64}" + _EVENTS_ONLY.get(table, "")
        )
        return cls(table, where, {"election": election, "partition": partition, "start": start, "end": end})

    @classmethod
    def of(cls, table: str, election: str, where: str = "true") -> Part:
        """Those of the election for which `where` holds too."""
        return cls(table, f"election = {{election:String}} AND ({where})", {"election": election})


_EVENTS_ONLY: Final = {"tally_history": " AND version > 0"}


def rows_of(client: Client, part: Part) -> Iterator[Row]:
    """All rows of that part, in no order, however many there are."""
    return _rows(client, f"SELECT {_selected(part.table)} FROM {part.table} WHERE {part.where}", part.asked)


def first_rows(client: Client, part: Part, most: int, *, distinct: bool = False) -> Iterator[Row]:
    """The first `most` rows of that part, in no order; of rows that are `distinct`, each once."""
    once = "DISTINCT " if distinct else ""
    sql = f"SELECT {once}{_selected(part.table)} FROM {part.table} WHERE {part.where} LIMIT {{most:UInt64}}"
    return _rows(client, sql, {**part.asked, "most": most})


def count_of(client: Client, part: Part) -> int:
    """How many rows that part has."""
    return int(_asked(client, f"SELECT count() FROM {part.table} WHERE {part.where}", part.asked)[0][0])


def count_distinct(client: Client, part: Part, most: int) -> int:
    """How many different rows that part has, counted up to `most`."""
    rows = f"SELECT DISTINCT {_selected(part.table)} FROM {part.table} WHERE {part.where}"
    sql = f"SELECT count() FROM ({rows} LIMIT {{most:UInt64}})"
    return int(_asked(client, sql, {**part.asked, "most": most})[0][0])


def snapshots(client: Client, election: str, partition: int, start: int, end: int) -> list[tuple[int, int]]:
    """The positions of totals in that range, each with how many rows it has."""
    sql = (
        "SELECT position, count() FROM tally_history WHERE election = {election:String} AND version > 0 "
        "AND partition = {partition:UInt32} AND position >= {start:UInt64} AND position < {end:UInt64} "
        "GROUP BY position ORDER BY position"
    )
    asked = {"election": election, "partition": partition, "start": start, "end": end}
    return [(int(position), int(count)) for position, count in _asked(client, sql, asked)]


def rows_beyond(client: Client, table: str, election: str, ends: Sequence[int], most: int) -> Foreign:
    """The rows of a table that stand where the log, whose partitions end at `ends`, has no entry: their count
    and the first `most`."""
    beyond = "position >= arrayElement({ends:Array(UInt64)}, partition + 1)"
    where = f"election = {{election:String}} AND (partition >= {{partitions:UInt32}} OR {beyond})"
    if table in ("tally", "tally_history"):
        where += f" AND NOT (version = 0 OR partition = {MANY_PARTITIONS})"
    asked = {"election": election, "ends": list(ends), "partitions": len(ends), "most": most}
    count = int(_asked(client, f"SELECT count() FROM {table} WHERE {where}", asked)[0][0])
    rows: list[dict[str, Any]] = []
    if count:
        sql = f"SELECT {_selected(table)} FROM {table} WHERE {where} LIMIT {{most:UInt64}}"
        rows = [dict(zip(columns_of(table), row, strict=True)) for row in _rows(client, sql, asked)]
    return Foreign(table, count, rows)


_BOTH_SIDES: Final = """
    SELECT {keys}, 'shown' AS side, {content} AS content
    FROM {table} FINAL
    WHERE election = {{election:String}} AND {part}
    UNION ALL
    SELECT {keys}, 'log' AS side, {content} AS content
    FROM (
        SELECT * FROM {table}_history FINAL
        WHERE election = {{election:String}} AND {part}
        ORDER BY version DESC
        LIMIT 1 BY {keys}
    )
"""

_NEWEST_DIFFERS: Final = """
SELECT count(), groupArray({most})(({keys}))
FROM (
    SELECT {keys} FROM ({both}) GROUP BY {keys} HAVING count() != 2 OR min(content) != max(content)
)
"""

_KEYS_TOGETHER: Final = 100
"""Keys whose rows are read together: they stand in the question."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """Where `station` or `tally` has not the newest version of its history: how many units, and of the first
    of them the key, and by side ('shown', 'log') the content in JSON."""

    count: int
    rows: Sequence[tuple[Row, Mapping[str, str]]]


def not_the_newest(client: Client, table: str, election: str, most: int) -> Outdated:
    """Where a row of `station` or `tally` is not the newest version of its history: the count, and the first
    `most`. The engine compares hashes of rows, part by part, so that its memory is bounded."""
    keys, asked = ", ".join(KEYS[table]), {"election": election}
    names = ", ".join(name for name in columns_of(table) if name not in KEYS[table])
    content = f"toJSONString(tuple({names}))"
    rows = sum(
        int(_asked(client, f"SELECT count() FROM {one} WHERE election = {{election:String}}", asked)[0][0])
        for one in (table, f"{table}_history")
    )
    parts = rows // ROWS_COMPARED + 1
    count = 0
    found: list[Row] = []
    for part in range(parts):
        chosen = "true" if parts == 1 else f"cityHash64(unit) % {parts} = {part}"
        both = _BOTH_SIDES.format(keys=keys, content=f"SHA256({content})", table=table, part=chosen)
        question = _NEWEST_DIFFERS.format(keys=keys, both=both, most=max(most - len(found), 1))
        differing, first = _asked(client, question, asked)[0]
        count += int(differing)
        found += list(first)[: most - len(found)]
    sides: dict[Row, dict[str, str]] = {tuple(key): {} for key in found}
    texts = ", ".join(f"toString({name})" for name in KEYS[table])
    wanted = f"has({{keys:Array(Array(String))}}, [{texts}])"
    for first_key in range(0, len(sides), _KEYS_TOGETHER):
        some = [list(key) for key in list(sides)[first_key : first_key + _KEYS_TOGETHER]]
        both = _BOTH_SIDES.format(keys=keys, content=content, table=table, part=wanted)
        for *key, side, text in _asked(client, both, asked | {"keys": some}):
            sides[tuple(key)][side] = text
    return Outdated(count, list(sides.items()))


def definitions(client: Client) -> dict[str, str]:
    """How the engine would make each table and view of the database, by name, without what belongs to the
    database and not to the definition: its name, and as whom views run."""
    sql = (
        "SELECT name, create_table_query, currentDatabase() FROM system.tables "
        "WHERE database = currentDatabase() AND NOT is_temporary"
    )
    return {name: without_database(text, database) for name, text, database in _asked(client, sql, {})}


def without_database(text: str, database: str) -> str:
    """A definition without the name of its database."""
    text = re.sub(rf"(?<![\w.`])`?{re.escape(database)}`?\.", "", text)
    return re.sub(r" (DEFINER = \S+ )?SQL SECURITY \w+", "", text)


def one_layout(client: Client, text: str) -> str:
    """A definition as this server would lay it out, where it can; engines of other versions write other
    spaces and brackets."""
    try:
        return str(_asked(client, "SELECT formatQuerySingleLine({text:String})", {"text": text})[0][0])
    except Unreadable:
        return text


def _selected(table: str) -> str:
    return ", ".join(
        _expression(column.name, clickhouse_type(column))
        for column in TABLES[table]
        if column.name != "election"
    )


def _expression(name: str, kind: str) -> str:
    if name == "body":
        return "lower(hex(SHA256(concat(char(0), body))))"
    if "DateTime64(6" in kind:
        return f"toUnixTimestamp64Micro({name})"
    if "DateTime64(3" in kind:
        return f"toUnixTimestamp64Milli({name})"
    return f"toString({name})" if kind.startswith("Enum8") else name


def _rows(client: Client, sql: str, asked: Mapping[str, Any]) -> Iterator[Row]:
    with refusals(), client.query_row_block_stream(sql, parameters=dict(asked)) as blocks:
        for block in blocks:
            yield from map(tuple, block)


def _asked(client: Client, sql: str, asked: Mapping[str, Any]) -> Sequence[Row]:
    with refusals():
        return client.query(sql, parameters=dict(asked)).result_rows  # type: ignore[return-value]
