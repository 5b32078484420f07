"""Random figures as a pure function of what they are for: a seed, a station, a purpose.

A draw has no state, so any part of a night can be made alone, in any order and in any process, and comes
out the same. Only integers, and float operations whose result IEEE 754 fixes to the last bit (add,
multiply, divide, square root, each on its own), are used: no logarithms, no float sums over an axis, no
library generator, whose results may change with its version. Nothing here is fit for secrets.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
"""The constants of SplitMix64 (Steele, Lea, Flood 2014), whose finalizer `scramble` is."""

_UNIT: Final = 2.0**-53
"""The distance between two results of `uniform`: the 53 bits that a double holds."""

_NORMAL_MEAN: Final = 131_070.0
_NORMAL_SPREAD: Final = 37_837.22717
"""Mean and standard deviation of the sum of four 16-bit numbers, which `normal` takes for a bell curve."""


def scramble(bits: Bits) -> Bits:
    """Each of `bits` turned into one that shares nothing visible with it (a bijection of 64 bits)."""
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


def within(keys: Bits, purpose: int | np.uint64 | Bits) -> Bits:
    """The draw of each key for a purpose: another purpose gives an unrelated one. Shapes broadcast."""
    with np.errstate(over="ignore"):
        return scramble(keys + _STEP * (np.asarray(purpose, np.uint64) + np.uint64(1)))


def key_of(text: str) -> np.uint64:
    """The key of one text, for what there are few of."""
    return np.uint64(int.from_bytes(sha256(text.encode()).digest()[:8], "little"))


def keys_of(texts: NDArray[np.bytes_]) -> Bits:
    """The key of each of many texts; it does not depend on the others or on the array's item size."""
    words = -(-max(texts.dtype.itemsize, 1) // 8)
    padded = np.ascontiguousarray(texts.astype(f"S{words * 8}")).view("<u8").reshape(len(texts), words)
    keys = np.zeros(len(texts), np.uint64)
    for word in padded.T.astype(np.uint64):
        keys = np.where(word == 0, keys, scramble(keys ^ word) + _STEP)
    return keys


def uniform(bits: Bits) -> Floats:
    """Numbers from 0 up to, and never, 1."""
    numbers: Floats = (bits >> np.uint64(11)).astype(np.float64) * _UNIT
    return numbers


def below(bits: Bits, limit: int | Ints) -> Ints:
    """Whole numbers from 0 up to `limit` - 1, alike in chance; `limit` is below 2^31."""
    scaled: Bits = (bits >> np.uint64(33)) * np.asarray(limit, np.uint64)
    numbers: Ints = (scaled >> np.uint64(31)).astype(np.int64)
    return numbers


def normal(bits: Bits) -> Floats:
    """Numbers around 0 with standard deviation 1, never beyond 3.5."""
    low = np.uint64(0xFFFF)
    total = (bits & low) + (bits >> np.uint64(16) & low) + (bits >> np.uint64(32) & low)
    total += bits >> np.uint64(48)
    numbers: Floats = (total.astype(np.float64) - _NORMAL_MEAN) / _NORMAL_SPREAD
    return numbers


def share_of(many: Any, share: Any, bits: Bits) -> Ints:
    """How many of `many` do what each does with the chance `share`: 0..many, about binomial."""
    mean = many * share
    spread = np.sqrt(mean * (1.0 - share))
    drawn: Ints = np.clip(np.rint(mean + spread * normal(bits)), 0, many).astype(np.int64)
    return drawn


def few(mean: Any, bits: Bits) -> Ints:
    """Small whole numbers with that mean, mostly 0 or near it, now and then three times as many."""
    draw = uniform(bits)
    fraction = uniform(within(bits, 0))
    drawn: Ints = np.floor(3.0 * mean * draw * draw + fraction).astype(np.int64)
    return drawn


def apportion(total: int, weights: Ints, least: int = 0) -> Ints:
    """`total` split in proportion to whole `weights`, each part at least `least`, by largest remainders.

    `total` must be at least `least` for each part; weights must not all be 0 unless nothing is left.
    """
    rest = total - least * len(weights)
    if rest == 0:
        return np.full(len(weights), least, np.int64)
    whole = int(weights.sum())
    parts = weights * rest // whole
    remainders = weights * rest - parts * whole
    parts[np.argsort(-remainders, kind="stable")[: rest - int(parts.sum())]] += 1
    return parts + least
