"""Tables for people: aligned text, with colour and fitted to the width on a terminal, plain on a pipe.

A table is complete before it is written, because columns are as wide as their widest cell. On a pipe nothing
is cut or wrapped: one row is one line.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from rekap.terminal import assembled, console, echo
from schemas.text import visible

GAP: Final = "  "
SHORTEST: Final = 10
"""Characters below which a cell says nothing any more."""
CUT: Final = "…"
KEPT: Final = "\u00a0"
"""A space at which a line is not broken; an ordinary one on a pipe."""

Style = Literal["", "title", "head", "dim", "total", "good", "warn", "bad", "id"]
STYLES: Final[dict[Style, str]] = {
    "": "",
    "title": "bold",
    "head": "cyan",
    "dim": "bright_black",
    "total": "bold",
    "good": "green",
    "warn": "yellow",
    "bad": "red",
    "id": "cyan",
}
"""What each style is to rich. Colour never carries a meaning alone: the text says it too."""

Piece = tuple[str, Style]
Line = list[Piece]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title; numbers stand to the right; on a terminal it may be cut (`cuts`) or be continued
    on the next line (`wraps`) to fit."""

    title: str
    right: bool = False
    cuts: bool = False
    wraps: bool = False
    style: Style = ""


@dataclass(slots=True)
class Table:
    """Rows of text under `columns`, `footer` under a rule. By the place of a row: `styles` gives it a style,
    `below` a sentence that stands under it (for terminals: on a pipe a row is one line)."""

    columns: list[Column]
    rows: list[list[str]] = field(default_factory=list)
    footer: list[list[str]] = field(default_factory=list)
    styles: dict[int, Style] = field(default_factory=dict)
    below: dict[int, str] = field(default_factory=dict)

    def shown(self) -> Table:
        """The same with every text as it is drawn, so that widths are those of what stands there."""
        return replace(
            self,
            columns=[replace(column, title=visible(column.title)) for column in self.columns],
            rows=[[visible(cell) for cell in row] for row in self.rows],
            footer=[[visible(cell) for cell in row] for row in self.footer],
        )


def on_terminal() -> bool:
    """Whether somebody looks at stdout."""
    return sys.stdout.isatty()


def width() -> int | None:
    """Columns of the terminal, None on a pipe."""
    return terminal_width() if on_terminal() else None


def terminal_width() -> int:
    """Columns of the terminal, or a guess where there is none."""
    return shutil.get_terminal_size().columns


def natural_width(table: Table) -> int:
    """Columns of a terminal that the table takes when no cell is cut."""
    return sum(_widths(table.shown(), narrow=True)) + len(GAP) * (len(table.columns) - 1)


def fits(table: Table, limit: int | None) -> bool:
    """Whether the table can be drawn in `limit` columns, cutting only what may be cut."""
    return limit is None or sum(_fitted(table.shown(), limit)) + len(GAP) * (len(table.columns) - 1) <= limit


def drawn(table: Table, limit: int | None) -> Iterator[Line]:
    """The table's lines, none longer than `limit` as far as columns may be cut or wrapped."""
    table = table.shown()
    columns = table.columns
    widths = _fitted(table, limit)
    titles = [textwrap.wrap(column.title, wide) for column, wide in zip(columns, widths, strict=True)]
    height = max(map(len, titles))
    for number in range(height):  # short titles stand at the bottom, right above their cells
        parts = [title[number - height] if height - number <= len(title) else "" for title in titles]
        yield _line(parts, columns, widths, "head")
    for place, row in enumerate(table.rows):
        yield from _row(row, columns, widths, table.styles.get(place), limit)
        if place in table.below:
            yield from paragraph(table.below[place], "", " " * (widths[0] + len(GAP)))
    if table.footer:
        yield [("-" * (sum(widths) + len(GAP) * (len(widths) - 1)), "dim")]
        for row in table.footer:
            yield _line(row, columns, widths, "total")


def show(lines: Iterator[Line] | Sequence[Line]) -> None:
    """Write lines to stdout, coloured if that is a terminal."""
    if not on_terminal():
        for line in lines:
            echo("".join(visible(text) for text, _ in line).rstrip())
        return
    to_terminal = console()
    for line in lines:
        to_terminal.print(assembled([(text, STYLES[style]) for text, style in line]), soft_wrap=True)


def paragraph(text: str, style: Style = "", indent: str = "") -> list[Line]:
    """A sentence as lines that fit the terminal."""
    limit, text = width(), visible(text)
    if limit is None:
        return [[(indent + text.replace(KEPT, " "), style)]]
    return [
        [(line, style)]
        for line in textwrap.wrap(text, limit, initial_indent=indent, subsequent_indent=indent) or [""]
    ]


def write(text: str) -> None:
    """Write a sentence to stdout, its lines broken between words where that is a terminal."""
    show(paragraph(text))


def _widths(table: Table, *, narrow: bool) -> list[int]:
    """What the cells take; a title may take several lines of `narrow` tables, one for each word."""
    rows = [*table.rows, *table.footer]
    widths = []
    for place, column in enumerate(table.columns):
        title = max(map(len, column.title.split()), default=0) if narrow else len(column.title)
        widths.append(max([title, *(len(row[place]) for row in rows)]))
    return widths


def _fitted(table: Table, limit: int | None) -> list[int]:
    widths = _widths(table, narrow=limit is not None)
    if limit is None:
        return widths
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - limit
    for may in ("wraps", "cuts"):
        for place, column in enumerate(table.columns):
            if excess > 0 and getattr(column, may):
                fewer = min(excess, max(widths[place] - SHORTEST, 0))
                widths[place] -= fewer
                excess -= fewer
    return widths


def _row(
    row: Sequence[str],
    columns: Sequence[Column],
    widths: Sequence[int],
    style: Style | None,
    limit: int | None,
) -> Iterator[Line]:
    wrapped = [
        textwrap.wrap(cell, wide) if column.wraps and limit is not None and len(cell) > wide else [cell]
        for cell, column, wide in zip(row, columns, widths, strict=True)
    ]
    for number in range(max(map(len, wrapped))):
        cells = [parts[number] if number < len(parts) else "" for parts in wrapped]
        yield _line(cells, columns, widths, style)


def _line(
    cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int], style: Style | None
) -> Line:
    line: Line = []
    for cell, column, wide in zip(cells, columns, widths, strict=True):
        if len(cell) > wide:
            cell = cell[: wide - 1] + CUT
        text = cell.rjust(wide) if column.right else cell.ljust(wide)
        line.append(((GAP if line else "") + text, column.style if style is None else style))
    return line
