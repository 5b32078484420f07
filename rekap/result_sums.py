"""What rows of results add up to, for the last line of a table.

Only rows that are shown are added; the published total of a region is its own row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def summed(rows: Sequence[Row], name: str) -> Row:
    """A row named `name`. A missing figure adds nothing; one that all rows lack is missing."""
    return {
        "region": "",
        "name": name,
        **_totals(rows),
        "clean": _totals([row["clean"] for row in rows]),
        "stations": {step: _add([row["stations"][step] for row in rows]) for step in rows[0]["stations"]},
        "outstanding": {
            part: _add([row["outstanding"][part] for row in rows]) for part in rows[0]["outstanding"]
        },
    }


def _totals(rows: Sequence[Row]) -> Row:
    votes = [row["votes"] or {} for row in rows]
    options = dict.fromkeys(option for one in votes for option in one)
    return {
        "votes": {option: _add([one.get(option) for one in votes]) for option in options},
        "valid": _add([row["valid"] for row in rows]),
    }


def _add(figures: Sequence[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None
