"""The columns of a commission's file, and what may stand in a cell of each.

Nothing is guessed: a figure that is not plainly a whole number, or a word that is not one of those known, is
answered with a sentence that says what to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from producers.importers.problems import RecordInvalid
from schemas.events import EventId, Identifier, Sentence, Time
from schemas.forms import MAX_FIGURE
from schemas.language import Text
from schemas.text import quoted

Cells = Mapping[str, Any]
"""The cells of a row that hold something, by column: text, or an integer where the file has types."""

TEXTS: Final = (
    *("type", "station", "contest", "occurred_at", "observed_at", "kind", "reason", "note"),
    *("supersedes", "officer", "role", "device"),
)
FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    **{f"dpt_{sex}": ("dpt", sex) for sex in "lpj"},
    **{
        f"voters_{group}_{sex}": ("voters", group, sex)
        for group in ("dpt", "dptb", "dpk", "total")
        for sex in "lpj"
    },
    **{f"ballots_{what}": ("ballots", what) for what in ("received", "used", "returned", "unused")},
    **{f"disability_{sex}": ("disability", sex) for sex in "lpj"},
    **{figure: (figure,) for figure in ("valid", "invalid", "total")},
}
"""Where on the form the figure of a column stands; besides them there is a column for each option."""

VOTE: Final = re.compile(r"vote_([0-9]{1,3}(?:\.[0-9]{1,2})?)")

_MAX_QUOTED: Final = 80
"""Characters of a cell that a sentence quotes."""

_MAX_DIGITS: Final = len(str(MAX_FIGURE))
_SEPARATED: Final = re.compile(r"[0-9]{1,3}(?:[., ][0-9]{3})+")
STATION_CELL: Final = Text(
    id="kode TPS, misalnya 3101011001001, sebagai teks",
    en="the station's id, such as 3101011001001, as text",
)
_TIME_CELL: Final = Text(
    id="waktu dengan zonanya, misalnya 2024-02-14T15:30:00+07:00",
    en="a time with its zone, such as 2024-02-14T15:30:00+07:00",
)
_ID_CELL: Final = Text(
    id="id tanpa spasi (huruf, angka, dan . _ : / -)",
    en="an id without spaces (letters, digits and . _ : / -)",
)
_NOTE_CELL: Final = Text(id="paling banyak 2000 karakter", en="at most 2000 characters")
_EVENT_CELL: Final = Text(
    id="id peristiwa (64 karakter 0-9a-f), atau kosongkan",
    en="an event id (64 characters of 0-9a-f), or nothing",
)
_CHECKS: Final[Mapping[str, tuple[TypeAdapter[Any], Text]]] = {
    "station": (TypeAdapter(Identifier), STATION_CELL),
    "occurred_at": (TypeAdapter(Time), _TIME_CELL),
    "observed_at": (TypeAdapter(Time), _TIME_CELL),
    "note": (TypeAdapter(Sentence), _NOTE_CELL),
    "supersedes": (TypeAdapter(EventId), _EVENT_CELL),
    "officer": (TypeAdapter(Identifier), _ID_CELL),
    "device": (TypeAdapter(Identifier), _ID_CELL),
}


_Word = TypeVar("_Word", bound=StrEnum)


@cache
def place_on_form(name: str) -> tuple[str, ...] | None:
    """Where on the form the figure of column `name` stands; None for a column that holds no figure."""
    option = VOTE.fullmatch(name)
    return ("votes", option[1]) if option else FIGURES.get(name)


def figure(name: str, value: Any) -> int:
    """The figure in a cell: an integer, or the digits of one. Everything else is explained."""
    if isinstance(value, str) and value.isdigit() and value.isascii() and len(value) <= _MAX_DIGITS:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_FIGURE:
        return value
    if isinstance(value, str) and _SEPARATED.fullmatch(value):
        digits = re.sub(r"[., ]", "", value)
        raise bad_cell(
            name,
            value,
            f"{digits} if that is meant: no separators, neither for thousands nor for decimals",
            id_ending=f"{digits} jika itu maksudnya: tanpa pemisah ribuan maupun desimal",
        )
    raise bad_cell(
        name,
        value,
        f"a whole number from 0 to {MAX_FIGURE} in digits, or leave it empty if the form does not say",
        id_ending=f"bilangan bulat 0 sampai {MAX_FIGURE} dengan angka, atau kosongkan jika tidak tertulis di "
        "formulir",
    )


def checked(cells: Cells, name: str) -> str | None:
    """The text in column `name`, None where there is none. Raises RecordInvalid."""
    value = cells.get(name)
    if value is None:
        return None
    adapter, what = _CHECKS[name]
    try:
        text: str = adapter.validate_python(value, strict=True)
    except ValidationError:
        raise bad_cell(name, value, what.en, id_ending=what.id) from None
    return text


def one_of(cells: Cells, name: str, words: type[_Word]) -> _Word | None:
    """The word in column `name`, None where there is none. Raises RecordInvalid."""
    value = cells.get(name)
    if value is None:
        return None
    try:
        return words(str(value).lower())
    except ValueError:
        told = ", ".join(word.value for word in words)
        raise bad_cell(name, value, f"one of {told}", id_ending=f"salah satu dari {told}") from None


def bad_cell(name: str, value: Any, what: str, *, id_ending: str) -> RecordInvalid:
    """The sentence for a cell that can't be used: its column, what stands there, and what to write."""
    held = repr(value)[:_MAX_QUOTED]
    stands_id, stands = (
        ("kosong", "is empty") if value is None else (f"berisi {quoted(held)}", f"holds {quoted(held)}")
    )
    return RecordInvalid(
        id=f"Kolom {quoted(name)} {stands_id}; tulis {id_ending}.",
        en=f"Column {quoted(name)} {stands}; write {what}.",
    )
