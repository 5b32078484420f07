"""How many stations of a region are in, and those that stand in for none of the expected ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rekap.text import words
from rekap.text.numbers import percent, whole
from schemas.language import Language, Text

Row = dict[str, Any]


def stations_in(row: Row, language: Language) -> tuple[str, str]:
    """Expected stations that are in, of all that are expected: `13,592/15,616`, and the same in percent.
    Those that are on no list, or more than their village has, are not among them."""
    expected = row["stations"]["expected"]
    counted = expected - row["outstanding"]["stations"]
    return f"{whole(counted, language)}/{whole(expected, language)}", percent(counted, expected, language)


def extra_stations(rows: Sequence[Row]) -> list[tuple[str, Text]]:
    """What to show of stations beside those expected, where any row has some: the step and its name."""
    steps = (("unlisted", words.UNLISTED), ("surplus", words.SURPLUS))
    return [(step, word) for step, word in steps if any(row["stations"][step] for row in rows)]
