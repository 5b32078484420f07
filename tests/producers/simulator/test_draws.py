"""Draws depend on their key and purpose alone, and shares add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.simulator.draws import (
    apportion,
    below,
    few,
    key_of,
    keys_of,
    normal,
    scramble,
    share_of,
    uniform,
    within,
)

MANY = within(np.arange(200_000, dtype=np.uint64), 7)


def test_scramble_is_the_published_splitmix64() -> None:
    # The first outputs of SplitMix64 for the seed 1234567, as published with its reference code.
    first = scramble(np.array([1234567], np.uint64) + np.uint64(0x9E3779B97F4A7C15))
    assert first.tolist() == [6457827717110365317]


def test_key_of_a_text_depends_on_nothing_beside_it() -> None:
    alone = keys_of(np.array([b"3201012001001"], "S13"))
    wide = keys_of(np.array([b"3201012001001", b"x" * 30], "S30"))
    assert alone[0] == wide[0]


def test_texts_get_different_keys() -> None:
    texts = np.array([f"{number:013d}".encode() for number in range(50_000)])
    assert len(set(keys_of(texts).tolist())) == 50_000
    assert key_of("1 2") != key_of("12")


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    assert within(MANY[10:20], 3).tolist() == within(MANY, 3)[10:20].tolist()


def test_draws_have_the_mean_that_they_promise() -> None:
    assert uniform(MANY).mean() == pytest.approx(0.5, abs=0.003)
    assert uniform(MANY).max() < 1
    assert normal(MANY).mean() == pytest.approx(0, abs=0.01)
    assert normal(MANY).std() == pytest.approx(1, abs=0.01)
    assert few(0.4, MANY).mean() == pytest.approx(0.4, abs=0.01)
    assert share_of(np.full(len(MANY), 200), 0.8, MANY).mean() == pytest.approx(160, abs=0.1)


def test_below_reaches_every_number_and_no_other() -> None:
    assert np.unique(below(MANY, 7)).tolist() == list(range(7))


@given(
    weights=st.lists(st.integers(1, 10_000), min_size=1, max_size=40),
    total=st.integers(0, 10_000_000),
    least=st.integers(0, 3),
)
def test_shares_add_up_and_none_is_below_the_least(weights: list[int], total: int, least: int) -> None:
    total += least * len(weights)
    parts = apportion(total, np.array(weights, np.int64), least)
    assert parts.sum() == total
    assert parts.min() >= least
    exact = (total - least * len(weights)) * np.array(weights) / sum(weights) + least
    assert np.abs(parts - exact).max() <= 1
