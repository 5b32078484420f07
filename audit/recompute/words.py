"""Reads numbers in Indonesian words, 0 to 9,999,999: 'dua ratus empat belas' is 214.

Read from the left, one word after the other, in the one way in which the words follow each other; what is
left over, or a word that is none, makes it no number. Case, spaces and punctuation do not matter.
"""

from __future__ import annotations

from typing import Final

_DIGITS: Final = {
    "satu": 1,
    "dua": 2,
    "tiga": 3,
    "empat": 4,
    "lima": 5,
    "enam": 6,
    "tujuh": 7,
    "delapan": 8,
    "sembilan": 9,
}
_ONE: Final = "se"
"""One, before hundred, ten, teen and thousand: 'seratus'."""


def read_words(text: str) -> int | None:
    """The number that the words spell, or None."""
    letters = "".join(character for character in text.lower() if character.isalnum())
    if letters in ("nol", "kosong"):
        return 0
    numbers = {value for rest, value in _whole(letters) if not rest}
    return numbers.pop() if len(numbers) == 1 and letters else None


def _whole(letters: str) -> list[tuple[str, int]]:
    """Every way to read millions, thousands and the rest from the left: what is left over, and the value."""
    read = []
    for after_millions, millions in [(letters, 0), *_multiple(letters, "juta")]:
        for after, thousands in [(after_millions, 0), *_thousands(after_millions)]:
            for rest, value in _below_thousand(after):
                read.append((rest, millions * 1_000_000 + thousands * 1_000 + value))
    return read


def _multiple(letters: str, unit: str) -> list[tuple[str, int]]:
    """A digit (or `se`) and a unit."""
    return [
        (letters[len(word) + len(unit) :], value)
        for word, value in [*_DIGITS.items(), (_ONE, 1)]
        if letters.startswith(word + unit)
    ]


def _thousands(letters: str) -> list[tuple[str, int]]:
    read = [(letters[len("seribu") :], 1)] if letters.startswith("seribu") else []
    read += [
        (rest[len("ribu") :], value)
        for rest, value in _below_thousand(letters)
        if value and rest.startswith("ribu")
    ]
    return read


def _below_thousand(letters: str) -> list[tuple[str, int]]:
    return [
        (rest, hundreds * 100 + value)
        for after, hundreds in [(letters, 0), *_multiple(letters, "ratus")]
        for rest, value in _below_hundred(after)
    ]


def _below_hundred(letters: str) -> list[tuple[str, int]]:
    read = [(letters, 0)]
    if letters.startswith("sepuluh"):
        read.append((letters[len("sepuluh") :], 10))
    read += [(rest, 10 + value) for rest, value in _multiple(letters, "belas")]
    tens = [
        (letters[len(word) + len("puluh") :], value * 10)
        for word, value in _DIGITS.items()
        if letters.startswith(f"{word}puluh")
    ]
    read += tens
    for after, value in [(letters, 0), *tens]:
        read += [
            (after[len(word) :], value + digit) for word, digit in _DIGITS.items() if after.startswith(word)
        ]
    return read
