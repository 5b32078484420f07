"""Findings as tables: one by one with the sentence that quotes the numbers, or counted by rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rekap.render.tables import Column, Line, Style, Table, drawn
from rekap.text import words
from rekap.text.numbers import whole
from schemas.language import Language, Text
from stream_processors.checks import ALL_RULES

Row = dict[str, Any]

MUST_HOLD = Text(id="Yang seharusnya", en="What should hold")
SEVERITY = Text(id="Sifat", en="Severity")
STATION = Text(id="TPS", en="Station")
WHOLE_VILLAGE = Text(id="seluruh {village}", en="all of {village}")
_STYLE: dict[str, Style] = {"hard": "bad", "soft": "warn"}


def finding_list(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """Each finding with its sentence."""
    several = len({row["contest"] for row in rows}) > 1
    named = any(row["name"] for row in rows)
    columns = [Column(STATION.within(language), style="id")]
    if named:
        columns.append(Column(words.NAME.within(language), cuts=True))
    if several:
        columns.append(Column(words.CONTEST.within(language)))
    columns += [Column(words.RULE.within(language)), Column(words.SENTENCE.within(language), wraps=True)]
    table = Table(columns)
    for row in rows:
        where = row["station"] or WHOLE_VILLAGE.within(language).format(village=row["village"])
        name = [row["name"] or ""] if named else []
        cells = [where, *name, *([row["contest"]] if several else []), row["rule"]]
        table.rows.append([*cells, row["sentence"][language]])
    return list(drawn(table, limit))


def finding_counts(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """How many findings of each rule, and at how many stations, with what the rule asks for."""
    several = len({row["contest"] for row in rows}) > 1
    columns = [Column(words.CONTEST.within(language), style="id")] if several else []
    columns += [
        Column(words.RULE.within(language)),
        Column(SEVERITY.within(language)),
        Column(words.COUNT.within(language), right=True),
        Column(words.STATIONS.within(language), right=True),
        Column(MUST_HOLD.within(language), wraps=True),
    ]
    table = Table(columns)
    for row in rows:
        rule = ALL_RULES.get(row["rule"])
        table.rows.append(
            [
                *([row["contest"]] if several else []),
                row["rule"],
                words.SEVERITY[row["severity"]].within(language),
                whole(row["count"], language),
                whole(row["stations"], language),
                rule.title.within(language) if rule else "",
            ]
        )
    return list(drawn(table, limit))
