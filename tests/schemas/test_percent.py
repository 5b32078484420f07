"""A rounded number never contradicts the exact one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.percent import percent, permille


@pytest.mark.parametrize(
    ("part", "of", "shown"),
    [
        (2_699, 2_700, 99.9),
        (2_700, 2_700, 100.0),
        (2_701, 2_700, 100.1),
        (1, 2_700, 0.1),
        (0, 2_700, 0.0),
        (1, 8, 12.5),
        (2, 3, 66.7),
        (13_592, 15_616, 87.0),
        (5, 4, 125.0),
        (None, 4, None),
        (0, 0, None),
        (3, None, None),
    ],
)
def test_percent_to_a_tenth(part: int | None, of: int | None, shown: float | None) -> None:
    assert percent(part, of) == shown


@given(st.integers(0, 2**53), st.integers(1, 2**53))
def test_only_all_is_all_and_only_nothing_is_nothing(part: int, of: int) -> None:
    rounded = permille(part, of)
    assert (rounded == 0) == (part == 0)
    assert (rounded == 1_000) == (part == of)
    assert (rounded > 1_000) == (part > of)
    exact = 1_000 * part / of
    assert abs(rounded - exact) <= max(1, exact * 1e-12)
