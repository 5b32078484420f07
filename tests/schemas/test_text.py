"""Text of others: nothing that a terminal or a reader obeys is left in it, and what is quoted is bounded."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.text import MAX_QUOTED, escaped_json, quoted, visible, visible_lines
from tests.hostile import HIDDEN_CATEGORIES, HOSTILE, hidden_in

ANYTHING = st.text(st.characters(codec=None))


def test_every_character_that_is_not_shown_is_escaped_and_every_other_stays() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        shown = visible(character)
        if unicodedata.category(character) in HIDDEN_CATEGORIES:
            assert shown.startswith("\\"), f"U+{code:04X}"
            assert shown.isascii()
        elif unicodedata.category(character) not in ("Mn", "Lo", "Cn"):
            assert shown == character, f"U+{code:04X}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("a\u202eb\u2066\u200b", r"a\u202eb\u2066\u200b"),
        ("a\u2028b\ufeff\ud800", r"a\u2028b\ufeff\ud800"),
        ("x\U000e0041", r"x\U000e0041"),
        ("a\u3164\ufe0f\u034f", r"a\u3164\ufe0f\u034f"),
        ("Désa Ngawi – “TPS 3”, 100 %", "Désa Ngawi – “TPS 3”, 100 %"),
        ("[red]:smile:", "[red]:smile:"),
    ],
)
def test_hidden_characters_are_escaped_by_name(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANYTHING)
def test_escaping_twice_is_escaping_once(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert hidden_in(visible(text)) == ""
    assert visible_lines(text).count("\n") == text.count("\n")
    visible(text).encode()


@given(ANYTHING, st.integers(1, 50))
def test_what_is_quoted_is_never_longer_than_its_bound(text: str, most: int) -> None:
    shown = quoted(text, most)
    assert hidden_in(shown) == ""
    head, cut, _ = shown.partition("… [")
    if cut and shown != visible(text):
        assert len(head) <= most
    else:
        assert len(shown) <= most


def test_a_long_value_says_how_much_of_it_is_shown() -> None:
    assert quoted("x" * MAX_QUOTED) == "x" * MAX_QUOTED
    assert quoted("x" * 900_000) == "x" * MAX_QUOTED + "… [200/900000]"
    assert quoted(b"x" * 900_000) == "x" * MAX_QUOTED + "… [200/900000]"
    assert quoted("\x1b" * 60).startswith(r"\x1b\x1b")
    assert quoted("\x1b" * 60) == r"\x1b" * 50 + "… [50/60]"


def test_bytes_are_read_as_utf_8_and_what_is_none_is_escaped() -> None:
    assert quoted("désa".encode()) == "désa"
    assert quoted(b"\xff\x1b") == r"\xff\x1b"


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_that_is_escaped_has_the_same_value(value: object) -> None:
    written = escaped_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(written) == value
    assert hidden_in(written) == ""


def test_json_of_the_worst_has_the_same_value() -> None:
    written = escaped_json(json.dumps({HOSTILE: [HOSTILE, "\U000e0041"]}, ensure_ascii=False))
    assert json.loads(written) == {HOSTILE: [HOSTILE, "\U000e0041"]}
    assert hidden_in(written) == ""
