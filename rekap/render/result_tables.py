"""Results of several units as a table: recorded and clean totals beside each other, and what is outstanding.

On a pipe one unit is one line, unless each has options of its own (rekap.render.own_options). On a terminal
that is too narrow for that, clean stands below recorded. Which options are shown, where there are more than
fit, is said under the table; other formats leave nothing out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rekap.render.figure_notes import notes, share
from rekap.render.own_options import by_option, each_has_its_own
from rekap.render.result_sums import summed
from rekap.render.stations import extra_stations, stations_in
from rekap.render.tables import Column, Line, Table, drawn, fits
from rekap.text import words
from rekap.text.numbers import whole
from rekap.text.options import OptionNames, in_ballot_order, is_top
from schemas.language import Language, Text

Row = dict[str, Any]

FEW_OPTIONS: Final = 6
"""Options beside each other where the width is not limited: a pair's election and a short list fit."""

SHEET_OPTIONS: Final = 30
"""Options below each other on the sheet of one unit: every list of parties fits."""

MORE: Final = Text(
    id="... dan {more} pilihan lainnya; semuanya: --format json atau csv",
    en="... and {more} more options; all of them: --format json or csv",
)
RECORDED_ABOVE: Final = Text(
    id="Tiap wilayah: jumlah tercatat, di bawahnya jumlah bersih.",
    en="Each region: recorded totals, and below them the clean ones.",
)
VOTERS_TO_COME: Final = Text(id="{voters} pemilih belum", en="{voters} voters to come")


def top_options(rows: Sequence[Row], most: int) -> tuple[list[str], int]:
    """The options to show, in ballot order, and how many more there are: those with most recorded votes."""
    sums: dict[str, int] = {}
    for row in rows:
        for key, votes in (row["votes"] or {}).items():
            if is_top(key):
                sums[key] = sums.get(key, 0) + (votes or 0)
    shown = sorted(sums, key=lambda key: (-sums[key], in_ballot_order(key)))[:most]
    return sorted(shown, key=in_ballot_order), len(sums) - len(shown)


def several(
    rows: Sequence[Row], level: Text, names: OptionNames, language: Language, limit: int | None
) -> list[Line]:
    """The table's lines for a terminal of `limit` columns, or for a pipe (None)."""
    if each_has_its_own(rows):
        return by_option(rows, level, {rows[0]["contest"]: names}, language, limit)
    options, more = top_options(rows, FEW_OPTIONS)
    # Votes of one constituency, but each row's own: what the table holds decides, not what its columns show.
    view = _View(rows, level.within(language), names.listed(_top(rows)), language)
    table = view.flat(options)
    lines: list[Line] = []
    if not fits(table, limit):
        for most in range(FEW_OPTIONS, 0, -1):
            options, more = top_options(rows, most)
            table = view.stacked(options)
            if fits(table, limit):
                break
        lines.append([(RECORDED_ABOVE.within(language), "dim")])
    lines += drawn(table, limit)
    if more:
        lines.append([(MORE.within(language).format(more=more), "dim")])
    return lines + notes(view.total, options, view.names, language, limit)


def _top(rows: Sequence[Row]) -> dict[str, None]:
    """The options of all rows that add up to their valid votes."""
    return dict.fromkeys(key for row in rows for key in row["forms"]["votes"] if is_top(key))


@dataclass(frozen=True, slots=True)
class _View:
    rows: Sequence[Row]
    level: str
    names: OptionNames
    language: Language

    def flat(self, options: Sequence[str]) -> Table:
        recorded, clean = self._word(words.RECORDED), self._word(words.CLEAN)
        columns = [
            Column(self._word(words.CODE), style="id"),
            Column(self.level.capitalize(), cuts=True),
            Column(self._word(words.STATIONS), right=True),
            Column("%", right=True),
            *(Column(self._word(word), right=True) for _, word in self._extra),
            Column(self._word(words.VOTERS_OUT), right=True),
        ]
        for option in options:
            columns += [
                Column(self.names.short(option), right=True),
                Column("%", right=True),
                Column(clean, right=True, style="dim"),
                Column("%", right=True, style="dim"),
            ]
        valid = self._word(words.VALID)
        columns.append(Column(f"{valid}, {recorded}", right=True))
        columns.append(Column(f"{valid}, {clean}", right=True, style="dim"))
        table = Table(columns, [self._flat_cells(row, options) for row in self.rows])
        if len(self.rows) > 1:
            table.footer.append(self._flat_cells(self.total, options))
        return table

    def stacked(self, options: Sequence[str]) -> Table:
        columns = [
            Column(self._word(words.CODE), style="id"),
            Column(self.level.capitalize(), cuts=True),
            *(Column(self.names.short(option), right=True) for option in options),
        ]
        table = Table(columns)
        for row in self.rows:
            for number, line in enumerate(self._stacked_cells(row, options)):
                if number:
                    table.styles[len(table.rows)] = "dim"
                table.rows.append(line)
        if len(self.rows) > 1:
            table.footer += self._stacked_cells(self.total, options)
        return table

    @property
    def total(self) -> Row:
        """The sum of all rows."""
        return summed(self.rows, self._word(words.ALL))

    @property
    def _extra(self) -> list[tuple[str, Text]]:
        """Stations beside those expected, where any row has some: the step and its name."""
        return extra_stations(self.rows)

    def _flat_cells(self, row: Row, options: Sequence[str]) -> list[str]:
        extra = [self._whole(row["stations"][step]) for step, _ in self._extra]
        cells = [row["region"], row["name"] or "", *self._received(row), *extra, self._voters_out(row)]
        for option in options:
            cells += [*self._votes(row, option), *self._votes(row["clean"], option)]
        return [*cells, self._whole(row["valid"]), self._whole(row["clean"]["valid"])]

    def _stacked_cells(self, row: Row, options: Sequence[str]) -> list[list[str]]:
        received, share = self._received(row)
        recorded, clean = (self._joined(totals, options) for totals in (row, row["clean"]))
        lines = [
            [row["region"], row["name"] or "", *recorded],
            [self._word(words.CLEAN), f"{received} {share}", *clean],
        ]
        if row["outstanding"]["stations"] and row["outstanding"]["registered"]:
            to_come = self._word(VOTERS_TO_COME).format(voters=self._voters_out(row))
            lines.append(["", to_come, *("" for _ in options)])
        for step, word in self._extra:
            if number := row["stations"][step]:
                lines.append(["", f"{self._whole(number)} {self._word(word)}", *("" for _ in options)])
        return lines

    def _joined(self, totals: Row, options: Sequence[str]) -> list[str]:
        pairs = (self._votes(totals, option) for option in options)
        return [f"{votes} {share:>6}" for votes, share in pairs]

    def _votes(self, totals: Row, option: str) -> tuple[str, str]:
        votes = (totals["votes"] or {}).get(option)
        return self._whole(votes), share(totals, option, self.language)

    def _received(self, row: Row) -> tuple[str, str]:
        """Expected stations that are in, of those expected, and the same in percent."""
        return stations_in(row, self.language)

    def _voters_out(self, row: Row) -> str:
        return self._whole(row["outstanding"]["registered"])

    def _whole(self, number: int | None) -> str:
        return whole(number, self.language)

    def _word(self, said: Text) -> str:
        return said.within(self.language)
