"""What rows of results add up to, for the last line of a table.

Only rows that are shown are added; the published total of a region is its own row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from queries.figures import FIGURES as _FIGURES

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
            "stations": _add([row["outstanding"]["stations"] for row in rows]),
            "registered": _add_all([row["outstanding"]["registered"] for row in rows]),
        },
    }


def _totals(rows: Sequence[Row]) -> Row:
    shared = [row["share_votes"] for row in rows if row["share_forms"]]
    forms = [row["forms"] for row in rows]
    return {
        "votes": _by_option([row["votes"] or {} for row in rows]),
        **{name: _add([row[name] for row in rows]) for name in _FIGURES},
        "share_forms": sum(row["share_forms"] for row in rows),
        "share_total": sum(row["share_total"] for row in rows),
        # Of all rows' votes only an option has a share that stands in all of the rows.
        "share_votes": {
            option: number
            for option, number in _by_option(shared).items()
            if all(option in one["shares"] for one in rows) and all(option in one for one in shared)
        },
        "forms": {
            "votes": _by_option([one["votes"] for one in forms]),
            **{name: sum(one[name] for one in forms) for name in _FIGURES},
        },
    }


def _by_option(rows: Sequence[Row]) -> Row:
    options = dict.fromkeys(option for one in rows for option in one)
    return {option: _add([one.get(option) for one in rows]) for option in options}


def _add_all(figures: Sequence[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def _add(figures: Sequence[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None
