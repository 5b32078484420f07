"""Numbers in Indonesian words: every number spelt is read back, spellings vary, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.forms import MAX_FIGURE
from stream_processors.checks.terbilang import MAX, read, spell


def test_all_numbers_that_a_small_station_needs_are_read_back() -> None:
    assert [read(spell(number)) for number in range(10_000)] == list(range(10_000))


@given(st.integers(0, MAX))
def test_any_number_that_a_form_can_hold_is_read_back(number: int) -> None:
    assert read(spell(number)) == number


@given(st.integers(0, MAX))
def test_case_and_spaces_do_not_matter(number: int) -> None:
    words = spell(number)
    assert read(words.upper()) == number
    assert read(words.replace(" ", "")) == number
    assert read(f"  {words.title().replace(' ', '  ')}\n") == number
    assert read(words.replace(" ", "-")) == number


def test_words_reach_as_far_as_figures() -> None:
    assert MAX == MAX_FIGURE


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (12, "dua belas"),
        (20, "dua puluh"),
        (99, "sembilan puluh sembilan"),
        (100, "seratus"),
        (110, "seratus sepuluh"),
        (214, "dua ratus empat belas"),
        (1_000, "seribu"),
        (1_001, "seribu satu"),
        (2_019, "dua ribu sembilan belas"),
        (100_000, "seratus ribu"),
        (111_111, "seratus sebelas ribu seratus sebelas"),
        (1_000_000, "satu juta"),
        (
            9_999_999,
            "sembilan juta sembilan ratus sembilan puluh sembilan ribu "
            "sembilan ratus sembilan puluh sembilan",
        ),
    ],
)
def test_numbers_are_spelt_as_people_do(number: int, words: str) -> None:
    assert spell(number) == words


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("Kosong", 0),
        ("NOL", 0),
        ("se ratus", 100),
        ("satu ratus", 100),
        ("DuaRatus tigapuluh", 230),
        ("sejuta", 1_000_000),
        ("dua ratus, empat belas.", 214),
        ("satu ribu", 1_000),
    ],
)
def test_usual_variants_are_read(words: str, number: int) -> None:
    assert read(words) == number


@pytest.mark.parametrize(
    "words",
    [
        "", "-", "214", "dua ratus 14", "dua ratus suara", "dua rarus", "ratus", "ribu", "juta", "puluh",
        "belas", "se", "satu dua", "nol nol lima", "dua puluh belas", "sepuluh satu", "seratus dua ratus",
        "dua juta ribu", "seribu seribu", "sepuluh juta", "kosong lima", "two hundred",
    ],
)  # fmt: skip
def test_words_that_are_no_number_are_not_guessed_at(words: str) -> None:
    assert read(words) is None


@given(st.text(max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    number = read(text)
    assert number is None or 0 <= number <= MAX


@pytest.mark.parametrize("number", [-1, MAX + 1])
def test_numbers_beyond_the_words_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="give a number from 0"):
        spell(number)
