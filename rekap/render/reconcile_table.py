"""Differences of certified documents as tables, and the three columns of a court's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from determination.reconcile import Reason
from rekap.render.tables import Column, Line, Table, drawn
from rekap.text import words
from rekap.text.numbers import MISSING, whole
from schemas.language import Language, Text
from schemas.regions import LEVEL_NAMES, Level

Row = dict[str, Any]

LEVEL: Final = Text(id="Tingkat", en="Level")
CELL: Final = Text(id="Sel", en="Cell")
CERTIFIED: Final = Text(id="Disahkan", en="Certified")
COMPUTED: Final = Text(id="Dihitung", en="Computed")
DIFFERENCE: Final = Text(id="Selisih", en="Difference")
STATIONS_IN: Final = Text(id="Semua TPS masuk", en="All stations in")
SHIFT: Final = Text(id="Pergeseran berjumlah nol", en="Zero-sum shift")
OPTION: Final = Text(id="Pilihan", en="Option")
DOCUMENTS: Final = Text(id="Dokumen", en="Documents")
WAS_COMPARED: Final = Text(id="Dibandingkan", en="Compared")
DIFFERING: Final = Text(id="Wilayah lengkap berbeda", en="Complete regions differing")
INCOMPLETE: Final = Text(id="Belum lengkap berbeda", en="Incomplete differing")
CELLS: Final = Text(id="Sel berbeda", en="Cells differing")
OPEN: Final = Text(id="Tanpa alasan", en="Without a reason")
YES: Final = Text(id="ya", en="yes")
NO: Final = Text(id="belum", en="no")

REASONS: Final = {
    Reason.PLENARY: Text(id="rapat pleno", en="plenary"),
    Reason.RECOUNT: Text(id="penghitungan ulang", en="recount"),
    Reason.REVOTE: Text(id="pemungutan suara ulang", en="re-vote"),
    Reason.LATE_VOTE: Text(id="pemungutan suara lanjutan atau susulan", en="late vote"),
    Reason.BAWASLU_RULING: Text(id="putusan Bawaslu", en="Bawaslu's ruling"),
    Reason.COURT_RULING: Text(id="putusan pengadilan", en="court ruling"),
    Reason.TRANSCRIPTION: Text(id="salah salin", en="copied wrongly"),
}
"""`rekap.text.reasons` has those of corrections; documents have others."""

SHIFTS: Final = {
    "between_options": Text(id="antarpilihan", en="between options"),
    "between_two": Text(id="antara dua pilihan", en="between two options"),
    "within_party": Text(id="di dalam partai", en="within a party"),
}


def difference_lines(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """A line for each cell that differs."""
    table = Table(
        [
            Column(LEVEL.within(language)),
            Column(words.CODE.within(language), style="id"),
            Column(words.NAME.within(language), cuts=True),
            Column(words.CONTEST.within(language)),
            Column(CELL.within(language)),
            *(Column(said.within(language), right=True) for said in (CERTIFIED, COMPUTED, DIFFERENCE)),
            Column(STATIONS_IN.within(language)),
            Column(words.REASON.within(language)),
            Column(SHIFT.within(language)),
        ]
    )
    for row in rows:
        table.rows.append(
            [
                LEVEL_NAMES[Level(row["level"])].within(language),
                row["region"],
                row["name"],
                row["contest"],
                row["cell"],
                whole(row["certified"], language),
                whole(row["computed"], language),
                signed(row["difference"], language),
                (YES if row["complete"] else NO).within(language),
                MISSING if row["reason"] is None else REASONS[Reason(row["reason"])].within(language),
                "" if row["shift"] is None else SHIFTS[row["shift"]].within(language),
            ]
        )
    return list(drawn(table, limit))


def count_lines(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """How many differ, by contest and level."""
    table = Table(
        [
            Column(words.CONTEST.within(language)),
            Column(LEVEL.within(language)),
            *(
                Column(said.within(language), right=True)
                for said in (DOCUMENTS, WAS_COMPARED, DIFFERING, INCOMPLETE, CELLS, OPEN)
            ),
        ]
    )
    for row in rows:
        figures = ("documents", "compared", "differing", "differing_incomplete", "cells", "open")
        table.rows.append(
            [
                row["contest"],
                LEVEL_NAMES[Level(row["level"])].within(language),
                *(whole(row[figure], language) for figure in figures),
            ]
        )
    return list(drawn(table, limit))


def court_lines(rows: Sequence[Row], language: Language, limit: int | None) -> list[Line]:
    """Every option of each document with its three columns."""
    table = Table(
        [
            Column(words.CODE.within(language), style="id"),
            Column(words.NAME.within(language), cuts=True),
            Column(words.CONTEST.within(language)),
            Column(OPTION.within(language), cuts=True),
            *(Column(said.within(language), right=True) for said in (CERTIFIED, COMPUTED, DIFFERENCE)),
            Column(STATIONS_IN.within(language)),
        ]
    )
    for row in rows:
        table.rows.append(
            [
                row["region"],
                row["name"],
                row["contest"],
                f"{row['option']} {row['option_name']}".strip(),
                whole(row["certified"], language),
                whole(row["computed"], language),
                signed(row["difference"], language),
                (YES if row["complete"] else NO).within(language),
            ]
        )
    return list(drawn(table, limit))


def signed(figure: int | None, language: Language) -> str:
    """A difference with its sign: +12, -3, 0."""
    text = whole(figure, language)
    return f"+{text}" if figure is not None and figure > 0 else text
