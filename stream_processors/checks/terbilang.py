"""Numbers in Indonesian words (terbilang), 0 to 9,999,999, read and spelt.

Reading takes any case, spacing and punctuation ('DuaRatus  tiga-belas') and 'kosong' for zero. It does
not guess: a word that is misspelt, or digits among the words, make it no number.
"""

from __future__ import annotations

import re
from typing import Final

MAX: Final = 9_999_999
"""The largest number that the words here reach, and the largest a form can hold (schemas.forms)."""

UNITS: Final = (
    "nol",
    "satu",
    "dua",
    "tiga",
    "empat",
    "lima",
    "enam",
    "tujuh",
    "delapan",
    "sembilan",
)

_ZERO: Final = frozenset({"nol", "kosong"})
_VALUE: Final = {**{word: value for value, word in enumerate(UNITS)}, "se": 1, "": 0}
_NOT_LETTERS: Final = re.compile(r"[\W_]+")

_DIGIT = "|".join(UNITS[1:])
_ONE_OR_MORE = f"({_DIGIT}|se)"
_GROUP: Final = (  # 0 to 999: hundreds, then ten to nineteen, or tens and a unit
    f"(?:{_ONE_OR_MORE}ratus)?(?:(sepuluh)|{_ONE_OR_MORE}belas|(?:({_DIGIT})puluh)?({_DIGIT})?)"
)
_NUMBER: Final = re.compile(f"(?:{_ONE_OR_MORE}juta)?(?:(?:(se)|{_GROUP})ribu)?{_GROUP}")
"""Written without spaces: where a word ends follows from the words themselves."""

_FIGURES_IN_GROUP: Final = 5


def read(text: str) -> int | None:
    """The number that `text` spells; None where it is no number in words."""
    words = _NOT_LETTERS.sub("", text.lower())
    if words in _ZERO:
        return 0
    found = _NUMBER.fullmatch(words)
    if not words or found is None:
        return None
    million, one_thousand, *groups = found.groups(default="")
    thousands = 1 if one_thousand else _group(groups[:_FIGURES_IN_GROUP])
    if "ribu" in words and not thousands:
        return None  # 'ribu' without how many
    return 1_000_000 * _VALUE[million] + 1_000 * thousands + _group(groups[_FIGURES_IN_GROUP:])


def spell(number: int) -> str:
    """`number` in words, as on a form: 'dua ratus empat belas'. Raises ValueError outside 0 to MAX."""
    if not 0 <= number <= MAX:
        raise ValueError(f"{number} can't be spelt here; give a number from 0 to {MAX}")
    if number == 0:
        return UNITS[0]
    millions, rest = divmod(number, 1_000_000)
    thousands, rest = divmod(rest, 1_000)
    words = []
    if millions:
        words.append(f"{UNITS[millions]} juta")
    if thousands:
        words.append("seribu" if thousands == 1 else f"{_spell_group(thousands)} ribu")
    if rest:
        words.append(_spell_group(rest))
    return " ".join(words)


def _group(words: list[str]) -> int:
    hundreds, ten, teen, tens, unit = words
    below = 10 if ten else 10 + _VALUE[teen] if teen else 10 * _VALUE[tens] + _VALUE[unit]
    return 100 * _VALUE[hundreds] + below


def _spell_group(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    tens, unit = divmod(rest, 10)
    words = []
    if hundreds:
        words.append("seratus" if hundreds == 1 else f"{UNITS[hundreds]} ratus")
    if tens == 1:
        words.append({0: "sepuluh", 1: "sebelas"}.get(unit, f"{UNITS[unit]} belas"))
    else:
        if tens:
            words.append(f"{UNITS[tens]} puluh")
        if unit:
            words.append(UNITS[unit])
    return " ".join(words)
