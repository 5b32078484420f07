"""The result of one unit as a sheet: options below each other, recorded and clean side by side, the funnel.

Options stand in the order of the ballot; of a long list those with most votes are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rekap.render.figure_notes import notes, share
from rekap.render.result_tables import MORE, SHEET_OPTIONS, top_options
from rekap.render.tables import Column, Line, Table, drawn, natural_width, paragraph
from rekap.text import words
from rekap.text.numbers import percent, whole
from rekap.text.options import OptionNames, option_of
from schemas.language import Language, Text

Row = dict[str, Any]

STATIONS_IN = Text(
    id="TPS: {counted} dari {expected} masuk ({share})", en="Stations: {counted} of {expected} in ({share})"
)
UNLISTED_TOO = Text(id="; {unlisted} lagi di luar daftar", en="; {unlisted} more that are not on the list")
SURPLUS_TOO = Text(
    id="; {surplus} lagi melebihi jumlah TPS di desanya", en="; {surplus} more than their villages have"
)
FORMS = Text(
    id="Formulir: {clean} bersih, {flagged} ditandai, {blank} kosong",
    en="Forms: {clean} clean, {flagged} flagged, {blank} blank",
)
ANNULLED_TOO = Text(id="; {annulled} dibatalkan", en="; {annulled} annulled")
OUTSTANDING = Text(
    id="Belum masuk: {stations} TPS dengan {voters} pemilih terdaftar",
    en="Outstanding: {stations} stations with {voters} registered voters",
)
OUTSTANDING_ONE = Text(
    id="Belum masuk: 1 TPS dengan {voters} pemilih terdaftar",
    en="Outstanding: 1 station with {voters} registered voters",
)
NOTHING_OUTSTANDING = Text(id="Semua TPS sudah masuk", en="No station is outstanding")
OUTSTANDING_UNKNOWN = Text(
    id="Belum masuk: {stations} TPS; jumlah pemilih terdaftarnya tidak diketahui",
    en="Outstanding: {stations} stations; how many registered voters they have is not known",
)


def sheet(row: Row, names: OptionNames, language: Language, limit: int | None) -> list[Line]:
    """The lines of the sheet."""
    lines = list(drawn(options_table(row, names, language, limit), limit))
    options, more = top_options([row], SHEET_OPTIONS)
    if more:
        lines.append([(MORE.within(language).format(more=more), "dim")])
    lines += notes(row, options, names.listed(options), language, limit)
    return [*lines, [("", "")], *_funnel(row, language)]


def options_table(row: Row, names: OptionNames, language: Language, limit: int | None) -> Table:
    """Options below each other with their votes, and what those add up to; with short names where the whole
    ones do not fit."""
    names = names.listed(top_options([row], SHEET_OPTIONS)[0])
    table = _options(row, names.name, language)
    if limit is not None and natural_width(table) > limit:
        table = _options(row, names.short, language)
    return table


def _options(row: Row, name: Callable[[str], str], language: Language) -> Table:
    options, _ = top_options([row], SHEET_OPTIONS)
    recorded, clean = (word.within(language) for word in (words.RECORDED, words.CLEAN))
    table = Table(
        [
            Column("", right=True, style="id"),
            Column("", cuts=True),
            Column(recorded, right=True),
            Column("%", right=True),
            Column(clean, right=True),
            Column("%", right=True),
        ]
    )
    for option in options:
        votes, clean_votes = ((row[at]["votes"] if at else row["votes"]) or {} for at in ("", "clean"))
        table.rows.append(
            [
                option_of(option),
                name(option),
                whole(votes.get(option), language),
                share(row, option, language),
                whole(clean_votes.get(option), language),
                share(row["clean"], option, language),
            ]
        )
    for word, cell in ((words.VALID, "valid"), (words.INVALID, "invalid"), (words.VOTERS, "voters")):
        figures = [whole(row[cell], language), "", whole(row["clean"][cell], language), ""]
        table.footer.append(["", word.within(language), *figures])
    return table


def _funnel(row: Row, language: Language) -> list[Line]:
    stations, outstanding = row["stations"], row["outstanding"]
    numbers = {step: whole(number, language) for step, number in stations.items()}
    counted = stations["expected"] - outstanding["stations"]
    numbers["counted"] = whole(counted, language)
    numbers["share"] = percent(counted, stations["expected"], language)
    text = STATIONS_IN.within(language)
    for more, said in (("unlisted", UNLISTED_TOO), ("surplus", SURPLUS_TOO)):
        if stations[more]:
            text += said.within(language)
    forms = FORMS.within(language)
    if stations["annulled"]:
        forms += ANNULLED_TOO.within(language)
    still = {
        "stations": whole(outstanding["stations"], language),
        "voters": whole(outstanding["registered"], language),
    }
    if not outstanding["stations"]:
        said = NOTHING_OUTSTANDING
    elif outstanding["registered"] is None:
        said = OUTSTANDING_UNKNOWN
    else:
        said = OUTSTANDING_ONE if outstanding["stations"] == 1 else OUTSTANDING
    texts = (text.format(**numbers), forms.format(**numbers), said.within(language).format(**still))
    return [line for one in texts for line in paragraph(one)]
