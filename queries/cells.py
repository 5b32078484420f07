"""Every cell of every unit as the projections show it, by the names of schemas.tallies, for comparison.

Rows are those of exact positions of the log, one in each of its partitions, so that a count under way can be
compared too. Totals that add up several partitions have no such position: the newest is given. A station's
row has no cells for ballots; what a form does not say counts as zero here, as it does in every total.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.figures import is_top
from schemas.tables import MANY_PARTITIONS, POSITIONS_SQL
from schemas.tallies import BY_OPTION, FIXED_CELLS, FORMS_BY_OPTION, FUNNEL

Cells = dict[str, Any]
Key = tuple[str, str]
"""(contest, unit)"""

STATION_CELLS: Final = tuple(name for name in FIXED_CELLS if not name.startswith("ballots_"))
"""The fixed cells that a station's row has."""

_REGION_COLUMNS: Final = {
    "version": "version",
    "expected": "stations_expected",
    "registered": "registered",
    "registered_outstanding": "registered_outstanding",
    **{name: f"stations_{name}" if name in FUNNEL else name for name in FIXED_CELLS},
}

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

_STATIONS: Final = f"""
SELECT contest, unit, version, status, listed, registered, voters, valid, invalid, votes, complete
FROM station_history
WHERE election = {{election:String}} AND {_BEFORE}
ORDER BY contest, unit, version DESC
LIMIT 1 BY contest, unit
"""


def sink_positions(client: Client, election: str) -> dict[int, int]:
    """The last position that has arrived in the projections of each partition that anything came from."""
    rows = client.query(POSITIONS_SQL, parameters={"election": election}).result_rows
    return {int(partition): int(position) for partition, position in rows}


def inconsistent_regions(client: Client, election: str) -> int:
    """How many published totals, by contest and region, are not the sum of what is right below them as it
    stands at this moment (the view `inconsistent_region`)."""
    asked = {"election": election}
    sql = "SELECT count() FROM inconsistent_region WHERE election = {election:String}"
    return int(client.query(sql, parameters=asked).result_rows[0][0])


def region_cells(
    client: Client, election: str, level: str, events: Mapping[int, int]
) -> Iterator[tuple[Key, Cells]]:
    """Every region of a level after the first `events` entries of each partition of the log (by its number;
    of one that is not named, none)."""
    columns = ", ".join((*_REGION_COLUMNS.values(), *BY_OPTION))
    sql = _REGIONS.format(columns=columns, before=_BEFORE, many=MANY_PARTITIONS)
    asked = {"election": election, "level": level, **_vector(events)}
    width = len(_REGION_COLUMNS)
    for contest, unit, *row in _rows(client, sql, asked):
        cells: Cells = dict(zip(_REGION_COLUMNS, row[:width], strict=True))
        by_option = dict(zip(BY_OPTION, row[width:], strict=True))
        for name in FORMS_BY_OPTION:
            options = by_option[name.removesuffix("_forms")]
            by_option[name] = dict(zip(options, by_option[name], strict=False))
        yield (contest, unit), cells | _by_option(by_option)


def station_cells(client: Client, election: str, events: Mapping[int, int]) -> Iterator[tuple[Key, Cells]]:
    """Every station with an accepted event among the first `events` entries of each partition."""
    asked = {"election": election, **_vector(events)}
    for contest, unit, version, status, listed, registered, voters, valid, invalid, votes, complete in _rows(
        client, _STATIONS, asked
    ):
        cells: Cells = dict.fromkeys(STATION_CELLS, 0)
        cells |= {"version": version, "expected": 1, "registered": registered, "registered_outstanding": None}
        cells[status] = 1
        by_option: dict[str, dict[str, int]] = {}
        if status != "annulled":
            cells |= {
                "received": 1,
                "unlisted": int(not listed),
                "registered_received": (registered or 0) if listed else 0,
            }
            shared = (
                {option: figure for option, figure in votes.items() if is_top(option)} if complete else {}
            )
            for prefix in ("", "clean_") if status == "clean" else ("",):
                for name, figure in (("voters", voters), ("valid", valid), ("invalid", invalid)):
                    cells[f"{prefix}{name}"] = figure or 0
                    cells[f"{prefix}{name}_forms"] = int(figure is not None)
                cells[f"{prefix}share_forms"] = int(complete)
                cells[f"{prefix}share_total"] = sum(shared.values())
                by_option |= {
                    f"{prefix}votes": votes,
                    f"{prefix}votes_forms": dict.fromkeys(votes, 1),
                    f"{prefix}share_votes": shared,
                }
        yield (contest, unit), cells | _by_option(by_option)


def _vector(events: Mapping[int, int]) -> dict[str, list[int]]:
    return {"partitions": list(events), "events": list(events.values())}


def _by_option(figures: Mapping[str, Mapping[str, int]]) -> Cells:
    return {f"{name}.{option}": figure for name, some in figures.items() for option, figure in some.items()}


def _rows(client: Client, sql: str, asked: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with client.query_row_block_stream(sql, parameters=asked) as blocks:
        for block in blocks:
            yield from block
