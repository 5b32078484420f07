"""The one place where a part of a whole is rounded: the rounded number never contradicts the exact ones.

Less than all is never 100.0%, more than all never either, and something is never 0.0%.
"""

from __future__ import annotations

from typing import Final

ALL_PERMILLE: Final = 1_000


def permille(part: int, of: int) -> int:
    """`part` in thousandths of `of` (above 0), rounded half up."""
    rounded = (2 * ALL_PERMILLE * part + of) // (2 * of)
    if part < of:
        rounded = min(rounded, ALL_PERMILLE - 1)
    elif part > of:
        rounded = max(rounded, ALL_PERMILLE + 1)
    return max(rounded, 1) if part else 0


def percent(part: int | None, of: int | None) -> float | None:
    """`part` in percent of `of` to a tenth; None where one is not known, or `of` is nothing."""
    return None if part is None or not of else permille(part, of) / 10
