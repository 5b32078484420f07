"""Every cell of every station as its row in `station_history` shows it, by the names of schemas.tallies.

A station's row has no cells for ballots; what a form does not say counts as zero, as it does in every total.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.cells import Cells, Key
from queries.figures import is_top
from schemas.tallies import FIXED_CELLS

STATION_CELLS: Final = tuple(name for name in FIXED_CELLS if not name.startswith("ballots_"))
"""The fixed cells that a station's row has."""

# A partition that is not asked about has the index 0, and there an array of numbers has the number 0.
_BEFORE: Final = "position < {events:Array(UInt64)}[indexOf({partitions:Array(UInt32)}, partition)]"

_STATIONS: Final = f"""
SELECT contest, unit, version, status, listed, registered, voters, valid, invalid, votes, complete
FROM station_history
WHERE election = {{election:String}} AND {_BEFORE}
ORDER BY contest, unit, version DESC
LIMIT 1 BY contest, unit
"""


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
