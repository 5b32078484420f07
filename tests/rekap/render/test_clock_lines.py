"""A jump of the machine's clock is shown with its place, in both languages."""

from __future__ import annotations

import pytest

from event_log.clock import ClockJump
from rekap.render.progress_table import clock_lines
from schemas.language import Language

AT = 1_700_000_000_000_000
FORWARD = ClockJump(7, AT + 3_600_000_000, AT)
BACK = ClockJump(900, AT - 60_000_000, AT)


def said(jumps: list[ClockJump], language: Language) -> str:
    return " ".join(text for line in clock_lines(jumps, language) for text, _ in line)


def test_without_a_jump_there_is_nothing() -> None:
    assert clock_lines([], "en") == []


@pytest.mark.parametrize(
    ("language", "forward", "back"),
    [
        ("en", "(1x). Last, from message 7 on", "60 s behind"),
        ("id", "(1x). Terakhir, mulai kiriman 7", "60 detik di belakang"),
    ],
)
def test_the_last_one_is_told_with_how_many_there_were(language: Language, forward: str, back: str) -> None:
    assert forward in said([FORWARD], language)
    assert "3,600 s ahead" in said([FORWARD], "en")
    assert "(2x)" in said([FORWARD, BACK], language)
    assert back in said([FORWARD, BACK], language)
