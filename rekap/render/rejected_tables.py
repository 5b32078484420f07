"""Rejected messages as tables: one by one with the reason in words, or counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rekap.render.tables import Column, Line, Table, drawn
from rekap.text import words
from rekap.text.numbers import clock, whole, zone_of
from schemas.language import Language

Row = dict[str, Any]


def rejected_list(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """Each message with the sentence that says why and what to do: under it on a terminal."""
    zone = zone_of(row["recorded_at"] for row in rows)
    named = any(row["name"] for row in rows)
    columns = [
        Column(words.POSITION.within(language), right=True, style="id"),
        Column(f"{words.RECORDED_AT.within(language)} {zone}"),
        Column(words.CONTEST.within(language)),
        Column(words.UNIT.within(language)),
        *([Column(words.NAME.within(language), cuts=True)] if named else []),
        Column(words.REASON.within(language), style="warn"),
    ]
    if limit is None:
        columns.append(Column(words.SENTENCE.within(language)))
    table = Table(columns)
    for place, row in enumerate(rows):
        said: str = row["sentence"][language]
        cells = [
            str(row["position"]),
            clock(row["recorded_at"], zone),
            row["contest"],
            row["unit"],
            *([row["name"] or ""] if named else []),
            row["reason"],
        ]
        if limit is None:
            cells.append(said)
        else:
            table.below[place] = said
        table.rows.append(cells)
    return list(drawn(table, limit))


def rejected_counts(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """How many messages were rejected for each reason."""
    table = Table(
        [Column(words.REASON.within(language)), Column(words.COUNT.within(language), right=True)],
        [[row["reason"], whole(row["count"], language)] for row in rows],
    )
    return list(drawn(table, limit))
