"""Numbers in words are read as the first implementation reads them, in another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.recompute.words import read_words
from stream_processors.checks import terbilang

WORDS = (
    *terbilang.UNITS,
    *("se", "sepuluh", "belas", "puluh", "ratus", "ribu", "juta", "kosong", "tigga", "-", "2"),
)


@given(st.integers(0, terbilang.MAX))
def test_what_is_spelt_is_read(number: int) -> None:
    assert read_words(terbilang.spell(number)) == number
    assert read_words(terbilang.spell(number).replace(" ", "").upper()) == number


@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_other_words_are_read_alike(text: str) -> None:
    assert read_words(text) == terbilang.read(text)


@pytest.mark.parametrize("text", ["", "seribu seribu", "ribu", "dua puluh belas", "nol ratus", "satu_dua"])
def test_what_is_no_number_is_none_in_both(text: str) -> None:
    assert read_words(text) == terbilang.read(text) is None
