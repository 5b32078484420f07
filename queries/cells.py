"""Every cell of every unit as the projections show it, by the names of schemas.tallies, for comparison.

Rows are those of an exact position of the log, so that a count under way can be compared too. A station's
row has no cells for ballots; what a form does not say counts as zero here, as it does in every total.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from schemas.tallies import CLEAN, FIXED_CELLS, FUNNEL, RECORDED

Cells = dict[str, Any]
Key = tuple[str, str]
"""(contest, unit)"""

STATION_CELLS: Final = tuple(name for name in FIXED_CELLS if name not in ("ballots_received", "ballots_used"))
"""The fixed cells that a station's row has."""

_REGION_COLUMNS: Final = {
    "version": "version",
    "expected": "stations_expected",
    "registered": "registered",
    **{name: f"stations_{name}" for name in FUNNEL},
    **{name: name for name in (*RECORDED, *CLEAN)},
}

_REGIONS: Final = """
SELECT contest, unit, {columns}, votes, clean_votes
FROM tally_history
WHERE election = {{election:String}} AND level = {{level:String}}
    AND (position < {{events:UInt64}} OR version = 0)
ORDER BY contest, parent, unit, version DESC
LIMIT 1 BY contest, parent, unit
"""

_STATIONS: Final = """
SELECT contest, unit, version, status, listed, registered, voters, valid, invalid, votes
FROM station_history
WHERE election = {election:String} AND position < {events:UInt64}
ORDER BY contest, unit, version DESC
LIMIT 1 BY contest, unit
"""


def sink_position(client: Client, election: str) -> int:
    """The last position of the log that has arrived in the projections; -1 before the first."""
    rows = client.query(
        "SELECT max(position) FROM sink_position WHERE election = {election:String} HAVING count() > 0",
        parameters={"election": election},
    ).result_rows
    return int(rows[0][0]) if rows else -1


def region_cells(client: Client, election: str, level: str, events: int) -> Iterator[tuple[Key, Cells]]:
    """Every region of a level after the first `events` entries of the log."""
    columns = ", ".join(_REGION_COLUMNS.values())
    asked = {"election": election, "level": level, "events": events}
    for contest, unit, *fixed, votes, clean in _rows(client, _REGIONS.format(columns=columns), asked):
        cells: Cells = dict(zip(_REGION_COLUMNS, fixed, strict=True))
        yield (contest, unit), cells | _votes(votes, clean)


def station_cells(client: Client, election: str, events: int) -> Iterator[tuple[Key, Cells]]:
    """Every station with an accepted event after the first `events` entries of the log."""
    asked = {"election": election, "events": events}
    for contest, unit, version, status, listed, registered, voters, valid, invalid, votes in _rows(
        client, _STATIONS, asked
    ):
        cells: Cells = dict.fromkeys(STATION_CELLS, 0)
        cells |= {"version": version, "expected": 1, "registered": registered, status: 1}
        clean: dict[str, int] = {}
        if status != "annulled":
            cells |= {
                "received": 1,
                "unlisted": int(not listed),
                "registered_received": registered or 0,
                "voters": voters or 0,
                "valid": valid or 0,
                "invalid": invalid or 0,
            }
        if status == "clean":
            clean = votes
            cells |= {f"clean_{name}": cells[name] for name in ("voters", "valid", "invalid")}
        yield (contest, unit), cells | _votes(votes, clean)


def _votes(votes: dict[str, int], clean: dict[str, int]) -> Cells:
    return {f"votes.{option}": figure for option, figure in votes.items()} | {
        f"clean_votes.{option}": figure for option, figure in clean.items()
    }


def _rows(client: Client, sql: str, asked: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with client.query_row_block_stream(sql, parameters=asked) as blocks:
        for block in blocks:
            yield from block
