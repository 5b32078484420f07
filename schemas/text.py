"""Text of others made safe to show: what a terminal or a reader would obey instead of show is escaped.

Whatever a sender, a file, a register, a definition, a broker or a database wrote passes through here before
it stands in a sentence, a log line, a table or a report. Escaping twice is the same as escaping once.
"""

from __future__ import annotations

import re
from typing import Final

MAX_QUOTED: Final = 200
"""Characters of one value that a sentence quotes: more is not read, and a line must not become a page."""
MAX_CHARACTER_BYTES: Final = 4
"""Bytes of the longest character in UTF-8."""

_HIDDEN: Final = (
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: among them escape, CSI, OSC
    "\u00ad\u034f\u061c\u070f\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u0600-\u0605\u06dd\u0890\u0891"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff"  # lone surrogates: bytes of a file name that are not UTF-8
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags and variation selectors
)
"""The Unicode categories Cc, Cf, Cs, Zl and Zp, and what is ignorable by default: Indonesian text and names
need none of them. A class of a regular expression; tests hold it against the database of Python."""

_ONE_LINE: Final = re.compile(f"[{_HIDDEN}]")
_LINES: Final = re.compile(f"(?!\n)[{_HIDDEN}]")
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """The text on one line, every hidden character as an escape: `\\x1b`, `\\n`, `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return _ONE_LINE.sub(_escape, text)


def visible_lines(text: str) -> str:
    """As `visible`, but line feeds stay: for text whose lines are our own."""
    return _LINES.sub(_escape, text)


def quoted(value: object, most: int = MAX_QUOTED) -> str:
    """A value as a sentence quotes it: visible, and at most `most` characters of it. One that is cut ends
    with how much is shown and how much there is: `… [200/900000]`. Bytes are read as UTF-8."""
    if isinstance(value, bytes):
        text, whole = value[: most * MAX_CHARACTER_BYTES].decode("utf-8", "backslashreplace"), len(value)
        if whole <= most * MAX_CHARACTER_BYTES:
            whole = len(text)
    else:
        text = str(value)
        whole = len(text)
    shown = visible(text[:most])
    if len(shown) <= most and whole <= most:
        return shown
    fitting, room = 0, most
    for character in text[:most]:
        room -= len(visible(character))
        if room < 0:
            break
        fitting += 1
    return f"{visible(text[:fitting])}… [{fitting}/{whole}]"


def escaped_json(document: str) -> str:
    """A JSON document with hidden characters escaped as JSON has it: the same value, harmless to look at.
    Line feeds between its parts stay; inside texts a JSON writer has escaped them."""
    return _LINES.sub(_escape_json, document)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if (named := _NAMED.get(character)) is not None:
        return named
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape_json(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
