"""Texts that a terminal, a spreadsheet or a reader would obey, and what must never be left of them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

HOSTILE: Final = (
    "=1+1\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2J\x9b2J\x7f\x00\x85\r\nforged line\t"
    "\u202egnp.exe\u2066\u200b\u2028\u2029\ufeff\u061c\U000e0041"
    "[bold red]markup[/bold red][link=http://127.0.0.1]link[/link]:smile:"
)
"""All kinds in one: escape sequences in C0 and C1, a new title, a cleared screen, a forged line, text that
runs backwards, invisible characters, rich's markup and emoji codes."""

VISIBLE_PART: Final = r"=1+1\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2J\x9b2J\x7f"
"""How its beginning is shown."""

FORGED: Final = "forged line"

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_BAR: Final = re.compile(r"\r?(?:\x1b\[1A)?\x1b\[2K|\x1b\[\?25[lh]")
"""What a progress bar writes: it erases its line, or the one above, and hides the cursor meanwhile."""
_LINE_END: Final = re.compile(r"\r{1,2}\n")
"""A terminal writes a carriage return before each line feed, CSV another one."""


def hidden_in(text: str) -> str:
    """The characters of `text` that are not shown, but for line feeds."""
    return "".join(one for one in text if one != "\n" and unicodedata.category(one) in HIDDEN_CATEGORIES)


def without_own_sequences(text: str) -> str:
    """What a terminal was sent without our colours, line ends, and sequences of the progress bar."""
    return _LINE_END.sub("\n", _COLOUR.sub("", _BAR.sub("", text)))
