"""Codes of regions and stations as tables hold them: which ones no event can ever name, and why.

A spreadsheet takes a code for a number, and writes it as `3171.0` or `3.17E+12`; others stand with blanks. A
count with such a register would reject every form, so it is refused when it is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from schemas.events import IDENTIFIER_PATTERN
from schemas.language import Text
from schemas.text import quoted

LINES_SHOWN: Final = 5
"""Lines of a table that a sentence names; the others are counted."""

_IDENTIFIER: Final = re.compile(IDENTIFIER_PATTERN)
_DECIMAL: Final = re.compile(r"-?[0-9]+[.,]0")
_SCIENTIFIC: Final = re.compile(r"-?[0-9]+(?:[.,][0-9]+[eE]\+?|[eE]\+)[0-9]+")

BLANKS: Final = Text(
    id="ada spasi di dalam atau di pinggirnya; hapus spasinya",
    en="they have blanks in or around them; take those out",
)
DECIMAL: Final = Text(
    id="berakhir dengan .0, karena suatu program menganggapnya bilangan; simpan kolom itu sebagai teks",
    en="they end in .0, because a program took them for numbers; save the column as text",
)
SCIENTIFIC: Final = Text(
    id="tertulis dengan notasi ilmiah, dan angkanya hilang; ambil lagi dari sumbernya, dengan kolom itu "
    "sebagai "
    "teks",
    en="they are in scientific notation, and their digits are lost; get them again from where they come "
    "from, "
    "with the column as text",
)
UNUSUAL: Final = Text(
    id="kode terdiri atas 1 sampai 64 huruf, angka, dan . _ : / -; tulis begitu",
    en="a code has 1 to 64 letters, digits and . _ : / -; write it so",
)


def fault_of(code: str) -> Text | None:
    """Why no event can name that code; None: one can."""
    if any(character.isspace() for character in code):
        return BLANKS
    if _DECIMAL.fullmatch(code):
        return DECIMAL
    if _SCIENTIFIC.fullmatch(code):
        return SCIENTIFIC
    return None if _IDENTIFIER.fullmatch(code) else UNUSUAL


@dataclass(slots=True)
class Faults:
    """The codes of a table that no event can name, with their lines, by what is wrong with them."""

    found: dict[Text, list[tuple[int, str]]] = field(default_factory=dict)

    def look_at(self, line: int, *codes: str | None) -> bool:
        """Look at codes of a line; whether all can be named. None and '' are no codes."""
        good = True
        for code in codes:
            if code and (why := fault_of(code)) is not None:
                self.found.setdefault(why, []).append((line, code))
                good = False
        return good

    def said(self, file: str) -> Text | None:
        """What is wrong with the codes of the table `file`; None: nothing."""
        if not self.found:
            return None
        parts_id, parts_en = [], []
        for why, places in self.found.items():
            lines = named_lines(places)
            parts_id.append(f"{lines.id}: {why.id}")
            parts_en.append(f"{lines.en}: {why.en}")
        return Text(
            id=f"{quoted(file)}: kode yang tidak dapat dipakai. {_sentences(parts_id)}",
            en=f"{quoted(file)}: codes that can't be used. {_sentences(parts_en)}",
        )


def named_lines(places: list[tuple[int, str]]) -> Text:
    """The first of these lines with what stands there, and how many more there are."""
    shown = places[:LINES_SHOWN]
    more = len(places) - len(shown)
    first_id = ", ".join(f"baris {line} {quoted(repr(code))}" for line, code in shown)
    first_en = ", ".join(f"line {line} {quoted(repr(code))}" for line, code in shown)
    return Text(
        id=first_id + (f" dan {more} lagi" if more else ""),
        en=first_en + (f" and {more} more" if more else ""),
    )


def _sentences(parts: list[str]) -> str:
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)
