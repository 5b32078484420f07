"""The targets of tests.fuzz take their own seeds, and damaged ones, without a fault."""

from __future__ import annotations

from random import Random

import pytest

from tests.corpus import SEED, cut_off, damaged
from tests.fuzz import TARGETS, seeds

VERSIONS = 10
"""Of each seed, damaged and cut off."""


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_target_raises_nothing_but_what_its_reader_may_raise(target: str) -> None:
    chance = Random(SEED)
    found = [seed for seed in seeds(target) if seed]
    assert len(found) >= 20
    for seed in found:
        TARGETS[target](seed)
        for version in (*damaged(seed, VERSIONS, chance), *cut_off(seed, VERSIONS, chance)):
            TARGETS[target](version)
