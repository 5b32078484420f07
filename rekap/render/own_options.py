"""Results of regions of which each has options of its own: a line for each option, below its region.

In a table with a column for each option nearly all cells would be empty. Shown are the options with most
votes, in ballot order; how many more there are is said under the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rekap.render.figure_notes import notes, share
from rekap.render.result_sums import summed
from rekap.render.stations import extra_stations, stations_in
from rekap.render.tables import Column, Line, Table, drawn, fits
from rekap.text import words
from rekap.text.numbers import whole
from rekap.text.options import OptionNames, in_ballot_order, is_top, option_of
from schemas.language import Language, Text

Row = dict[str, Any]

MOST_OPTIONS: Final = 6
"""Options of one region: all pairs of a local election, the first of a list of persons."""

OPTION: Final = Text(id="Pilihan", en="Option")
MORE: Final = Text(
    id="... dan {more} pilihan lainnya di semua wilayah bersama; semuanya: --format json atau csv",
    en="... and {more} more options in all regions together; all of them: --format json or csv",
)


def each_has_its_own(rows: Sequence[Row]) -> bool:
    """Whether no option stands in all of these regions."""
    options = [set(_top(row)) for row in rows]
    return len(rows) > 1 and any(options) and not set.intersection(*options)


def by_option(
    rows: Sequence[Row],
    level: Text,
    names: Mapping[str, OptionNames],
    language: Language,
    limit: int | None,
) -> list[Line]:
    """The table's lines for a terminal of `limit` columns, or for a pipe (None), where every line names its
    region. `names` are those of each contest; where there are several, each region's contest is named."""
    total = summed(rows, words.ALL.within(language))
    for with_stations in (True, False):
        table, more = _table(rows, total, level, names, language, with_stations, repeated=limit is None)
        if fits(table, limit):
            break
    lines = list(drawn(table, limit))
    if more:
        lines.append([(MORE.within(language).format(more=whole(more, language)), "dim")])
    return lines + notes(total, (), next(iter(names.values())), language, limit)


def _top(row: Row) -> list[str]:
    return [key for key in row["forms"]["votes"] if is_top(key)]


def _shown(row: Row) -> list[str]:
    """The options of a region with most recorded votes, in ballot order."""
    votes = row["votes"] or {}
    most = sorted(_top(row), key=lambda key: (-(votes.get(key) or 0), in_ballot_order(key)))
    return sorted(most[:MOST_OPTIONS], key=in_ballot_order)


def _table(
    rows: Sequence[Row],
    total: Row,
    level: Text,
    names: Mapping[str, OptionNames],
    language: Language,
    with_stations: bool,
    *,
    repeated: bool,
) -> tuple[Table, int]:
    """The table, and how many options it leaves out."""

    extra = extra_stations(rows)

    def word(said: Text) -> str:
        return said.within(language)

    def stations(row: Row) -> list[str]:
        if not with_stations:
            return []
        return [
            *stations_in(row, language),
            *(whole(row["stations"][step], language) for step, _ in extra),
            whole(row["outstanding"]["registered"], language),
        ]

    columns = [Column(word(words.CODE), style="id"), Column(word(level).capitalize(), cuts=True)]
    by_contest = len(names) > 1
    if by_contest:
        columns.append(Column(word(words.CONTEST), cuts=True))
    if with_stations:
        columns += [
            Column(word(words.STATIONS), right=True),
            Column("%", right=True),
            *(Column(word(said), right=True) for _, said in extra),
            Column(word(words.VOTERS_OUT), right=True),
        ]
    columns += [
        Column(word(OPTION), cuts=True),
        Column(word(words.RECORDED), right=True),
        Column("%", right=True),
        Column(word(words.CLEAN), right=True, style="dim"),
        Column("%", right=True, style="dim"),
    ]
    table, more = Table(columns), 0
    for row in rows:
        options, own = _shown(row), names[row["contest"]].listed(_top(row))
        more += len(_top(row)) - len(options)
        contest = [row["contest"]] if by_contest else []
        place = [row["region"], row["name"] or "", *contest, *stations(row)]
        for number, option in enumerate(options):
            cells = [
                cell
                for totals in (row, row["clean"])
                for cell in (
                    whole((totals["votes"] or {}).get(option), language),
                    share(totals, option, language),
                )
            ]
            name = f"{option_of(option)} {own.name(option)}".rstrip()
            table.rows.append([*(place if repeated or not number else [""] * len(place)), name, *cells])
        if not options:
            table.rows.append([*place, *[""] * 5])
    if not by_contest:  # a station counts in each of several contests
        table.footer.append(["", total["name"], *stations(total), *[""] * 5])
    return table, more
