"""Certified recapitulations as a table: a line for each document, with its votes at its end or below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rekap.render.tables import KEPT, Column, Line, Table, drawn
from rekap.text import words
from rekap.text.numbers import clock, whole, zone_of
from rekap.text.options import OptionNames, in_ballot_order, is_top
from schemas.language import Language, Text
from schemas.regions import LEVEL_NAMES, Level

Row = dict[str, Any]

LEVEL: Final = Text(id="Tingkat", en="Level")
DOCUMENT: Final = Text(id="Dokumen", en="Document")
VOTES: Final = Text(id="Suara", en="Votes")
CELL: Final = Text(id="Sel", en="Cell")
BEFORE: Final = Text(id="Sebelumnya", en="Before")
AFTER: Final = Text(id="Sesudahnya", en="After")
DIFFERENCE: Final = Text(id="Selisih", en="Difference")


def recap_lines(
    rows: Sequence[Row], names: Mapping[str, OptionNames], language: Language, limit: int | None
) -> list[Line]:
    """The table; `names` are by contest."""
    zone = zone_of(row["recorded_at"] for row in rows)
    table = Table(
        [
            Column(words.CODE.within(language), style="id"),
            Column(words.NAME.within(language), cuts=True),
            Column(LEVEL.within(language)),
            Column(words.CONTEST.within(language)),
            Column(words.VERSION.within(language).capitalize(), right=True),
            Column(f"{words.RECORDED_AT.within(language)} {zone}"),
            *(
                Column(word.within(language), right=True)
                for word in (words.VALID, words.INVALID, words.VOTERS)
            ),
            Column(DOCUMENT.within(language), wraps=True),
        ]
    )
    if limit is None:  # on a pipe a document is one line
        table.columns.append(Column(VOTES.within(language)))
    for row in rows:
        votes = _votes(row, names[row["contest"]], language)
        if limit is not None:
            table.below[len(table.rows)] = votes
        table.rows.append(
            [
                row["region"],
                row["name"],
                LEVEL_NAMES[Level(row["level"])].within(language),
                row["contest"],
                whole(row["version"], language),
                clock(row["recorded_at"], zone),
                *(whole(row[figure], language) for figure in ("valid", "invalid", "voters")),
                row["document"],
                *([votes] if limit is None else []),
            ]
        )
    return list(drawn(table, limit))


def change_lines(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """A line for each cell that a later document changed."""
    table = Table(
        [
            Column(words.CODE.within(language), style="id"),
            Column(words.NAME.within(language), cuts=True),
            Column(words.CONTEST.within(language)),
            Column(words.VERSION.within(language).capitalize(), right=True),
            Column(CELL.within(language)),
            *(Column(word.within(language), right=True) for word in (BEFORE, AFTER, DIFFERENCE)),
            Column(DOCUMENT.within(language), wraps=True),
        ]
    )
    for row in rows:
        table.rows.append(
            [
                row["region"],
                row["name"],
                row["contest"],
                whole(row["version"], language),
                row["cell"],
                *(whole(row[name], language) for name in ("before", "after", "difference")),
                row["document"],
            ]
        )
    return list(drawn(table, limit))


def _votes(row: Row, names: OptionNames, language: Language) -> str:
    options = sorted((option for option in row["votes"] if is_top(option)), key=in_ballot_order)
    named = names.listed(options)
    return ", ".join(f"{named.short(one)}{KEPT}{whole(row['votes'][one], language)}" for one in options)
