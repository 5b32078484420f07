"""How valid votes fall: preferences by region, and each voter's choice.

Every option has a weight in the nation, which provinces, districts and villages multiply; contests of the
same kind share it, as parties do across legislatures. The weights are drawn from the seed: they are nobody's
real result.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from producers.simulator.draws import Bits, Floats, Ints, scramble, share_of, uniform, within
from producers.simulator.layouts import Table
from producers.simulator.purposes import Purpose
from producers.simulator.station_columns import StationColumns
from schemas.elections import ContestKind

NATION: Final = {
    ContestKind.PAIRS: (0.6, 0.8),  # a contest of few: the last has rarely less than a fifth
    ContestKind.PERSONS: (0.15, 1.0),
    ContestKind.PARTIES: (0.03, 1.0),  # some have hardly anybody
    ContestKind.LOCAL_PAIRS: (0.3, 0.9),
}
"""Least weight of an option in the nation, and how much the square of its draw adds."""

REGIONS: Final = ((1, 0.35, 1.3), (2, 0.8, 0.4), (4, 0.75, 0.5))
"""Level (province, district, village), least factor there, and how much its draw adds."""

BLOC_REST: Final = 1e-9
"""Factor for all options but the one that a village agreed on (noken)."""

PARTY_ITSELF: Final = 2.0
"""Weight of a party's own line beside its candidates'."""
FIRST_CANDIDATES: Final = (1.6, 0.8, 0.5)
"""Added to the weights of a party's first candidates; those known best are listed first."""
CANDIDATE: Final = (0.1, 0.9)
"""Least weight of a candidate, and how much the draw adds."""

_NOBODY: Final = 1e-300
"""In place of a sum of weights of 0, which has nothing to share and must not be divided by."""


def votes_of(form: Bits, valid: Ints, stations: StationColumns, table: Table, kind: ContestKind) -> Ints:
    """The valid votes of each row by option and part: rows x the places of the contest's table."""
    totals = _shared(valid, _weights(stations, table, kind), within(form, Purpose.VOTES))
    if not table.parts:
        return totals
    options = np.arange(totals.shape[1], dtype=np.uint64)
    keys = within(form, Purpose.PARTS)[:, None] + options
    parts = _shared(totals, _part_weights(stations, table), keys)
    places = totals.shape[1] * (1 + table.parts)
    return np.concatenate([totals[:, :, None], parts], axis=2).reshape(len(valid), places)


def _weights(stations: StationColumns, table: Table, kind: ContestKind) -> Floats:
    """Rows x options; 0 where the ballot has none in that row of the table."""
    options = table.keys[stations.layout] + np.uint64(list(ContestKind).index(kind))
    least, more = NATION[kind]
    drawn = uniform(scramble(within(stations.regions[0], Purpose.PREFERENCE)[:, None] ^ options))
    weights = least + more * (drawn * drawn)
    for level, least, more in REGIONS:
        drawn = uniform(scramble(within(stations.regions[level], Purpose.PREFERENCE)[:, None] ^ options))
        weights = weights * (least + more * drawn)
    weights = np.where(table.keys[stations.layout] == 0, 0.0, weights)
    if stations.by_head.any():
        others = weights < weights.max(axis=1)[:, None]
        weights = np.where(stations.by_head[:, None] & others, weights * BLOC_REST, weights)
    return weights


def _part_weights(stations: StationColumns, table: Table) -> Floats:
    """Rows x options x parts; 0 where the option has no such part."""
    options = table.keys[stations.layout]
    parts = np.arange(table.parts, dtype=np.int64)
    keys = scramble(stations.constituency[:, None] ^ options)
    drawn = uniform(within(keys[:, :, None], parts.astype(np.uint64)))
    added = np.zeros(table.parts)
    added[0] = PARTY_ITSELF
    leading = FIRST_CANDIDATES[: table.parts - 1]
    added[1 : 1 + len(leading)] = leading
    weights = (CANDIDATE[0] + CANDIDATE[1] * drawn) + added
    return np.where(parts < table.sizes[stations.layout][:, :, None], weights, 0.0)


def _shared(many: Ints, weights: Floats, keys: Bits) -> Ints:
    """`many` shared out along the last axis of `weights`, as if each chose alone: one binomial after the
    other, each out of those who are left."""
    rest = np.zeros_like(weights)
    rest[..., -1] = weights[..., -1]
    for place in range(weights.shape[-1] - 2, -1, -1):  # one by one, so that sums round the same everywhere
        rest[..., place] = rest[..., place + 1] + weights[..., place]
    shared = np.zeros(weights.shape, np.int64)
    left = many
    for place in range(weights.shape[-1]):
        chance = weights[..., place] / np.maximum(rest[..., place], _NOBODY)
        shared[..., place] = share_of(left, chance, within(keys, place))
        left = left - shared[..., place]
    return shared
