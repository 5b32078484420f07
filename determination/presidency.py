"""The elected pair of president and vice president (Pasangan Calon terpilih, art. 416).

With two pairs or fewer the plurality is enough (Constitutional Court 50/PUU-XII/2014 and 39/PUU-XVII/2019).
Otherwise a pair needs more than half of the votes of the nation, and at least 20% in more than half of the
provinces; if no pair has both, the first two go to a second round. A figure that is not known makes a
condition not known, never failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from determination.order import by_number
from determination.persons import Spread, widest

PROVINCE_SHARE: Final = Fraction(20, 100)
"""Of the votes of a province, at least (art. 416 (1))."""
PLURALITY_PAIRS: Final = 2
"""With so many pairs, or fewer, no spread is asked for (50/PUU-XII/2014)."""

Votes = Mapping[str, int]
"""By pair."""


class Rule(StrEnum):
    """By what the outcome follows."""

    PLURALITY = "plurality"  # 50/PUU-XII/2014
    MAJORITY_AND_SPREAD = "majority_and_spread"  # art. 416 (1)
    SECOND_ROUND = "second_round"  # art. 416 (2) to (5)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition for one pair: `reached` of `of`. `met`: None where it is not known."""

    name: str
    law: str
    pair: str
    reached: int
    of: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class Spreads:
    """In how many provinces each pair has at least PROVINCE_SHARE. `needed`: more than half of `total`;
    `unknown`: provinces without figures."""

    total: int
    needed: int
    unknown: int
    reached: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EqualPairs:
    """Pairs with equal votes for a place in the second round, or for the plurality; `chosen` by spread."""

    pairs: tuple[str, ...]
    places: int
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PresidencyResult:
    """`winner` is the elected pair. `decided`: None where figures that are not known decide. In a second
    round `second_round` names the two pairs, fewer where spread does not tell equal ones apart."""

    decided: bool | None
    rule: Rule
    winner: str | None
    conditions: tuple[Condition, ...]
    provinces: Spreads
    second_round: tuple[str, ...] = ()
    equal: EqualPairs | None = None


def provinces_reached(provinces: Mapping[str, Votes | None], pairs: tuple[str, ...]) -> Spreads:
    """Where each pair has at least 20% of the votes (art. 416 (1)). A province whose figures are None, or
    that has no votes, is not known."""
    reached = dict.fromkeys(pairs, 0)
    unknown = 0
    for votes in provinces.values():
        valid = sum(votes.values()) if votes is not None else 0
        if votes is None or not valid:
            unknown += 1
            continue
        for pair in pairs:
            reached[pair] += votes.get(pair, 0) * PROVINCE_SHARE.denominator >= (
                PROVINCE_SHARE.numerator * valid
            )
    return Spreads(len(provinces), len(provinces) // 2 + 1, unknown, reached)


def elected_pair(
    nation: Votes, provinces: Mapping[str, Votes | None], spread: Spread | None = None
) -> PresidencyResult:
    """The outcome of `nation` (votes by pair, those from abroad too) and `provinces` (the provinces of the
    country, without abroad). `spread`: how wide the support of pairs with equal votes is spread, level by
    level, where that has to decide (art. 416 (4) and (5))."""
    pairs = tuple(sorted(nation, key=by_number))
    reached = provinces_reached(provinces, pairs)
    valid = sum(nation.values())
    if len(pairs) <= PLURALITY_PAIRS:
        return _plurality(nation, pairs, reached, valid)
    conditions = []
    for pair in pairs:
        conditions += [
            Condition("more_than_half", "416 (1)", pair, nation[pair], valid, 2 * nation[pair] > valid),
            Condition(
                "provinces_with_20_percent",
                "416 (1)",
                pair,
                reached.reached[pair],
                reached.total,
                _is_spread(reached, pair),
            ),
        ]
    if not valid:
        return PresidencyResult(None, Rule.MAJORITY_AND_SPREAD, None, tuple(conditions), reached)
    first = max(pairs, key=lambda pair: nation[pair])
    if 2 * nation[first] > valid:  # no other can have that
        if (spread_enough := _is_spread(reached, first)) is None:
            return PresidencyResult(None, Rule.MAJORITY_AND_SPREAD, None, tuple(conditions), reached)
        if spread_enough:
            return PresidencyResult(True, Rule.MAJORITY_AND_SPREAD, first, tuple(conditions), reached)
    second_round, equal = _second_round(nation, pairs, spread)
    return PresidencyResult(False, Rule.SECOND_ROUND, None, tuple(conditions), reached, second_round, equal)


def _is_spread(reached: Spreads, pair: str) -> bool | None:
    if reached.reached[pair] >= reached.needed:
        return True
    return None if reached.reached[pair] + reached.unknown >= reached.needed else False


def _plurality(nation: Votes, pairs: tuple[str, ...], reached: Spreads, valid: int) -> PresidencyResult:
    most = max(nation.values(), default=0)
    leading = tuple(pair for pair in pairs if nation[pair] == most)
    conditions = tuple(
        Condition("most_votes", "50/PUU-XII/2014", pair, nation[pair], valid, leading == (pair,) and most > 0)
        for pair in pairs
    )
    if not most:
        return PresidencyResult(None, Rule.PLURALITY, None, conditions, reached)
    if len(leading) > 1:  # the two are voted on again (art. 416 (3))
        return PresidencyResult(
            False, Rule.SECOND_ROUND, None, conditions, reached, leading, EqualPairs(leading, 2, leading)
        )
    return PresidencyResult(True, Rule.PLURALITY, leading[0], conditions, reached)


def _second_round(
    nation: Votes, pairs: tuple[str, ...], spread: Spread | None
) -> tuple[tuple[str, ...], EqualPairs | None]:
    """The two pairs of the second round. Equal votes: two first ones both take part (3), of more than two the
    widest spread (4), likewise of those in second place (5)."""
    ranked = sorted(pairs, key=lambda pair: (-nation[pair], by_number(pair)))
    most, second = nation[ranked[0]], nation[ranked[1]]
    above = tuple(pair for pair in ranked if nation[pair] > second)
    equal = tuple(pair for pair in ranked if nation[pair] == second)
    places = 2 - len(above)
    if len(equal) <= places:
        return tuple(ranked[:2]), (EqualPairs(equal, places, equal) if most == second else None)
    chosen = widest(equal, places, spread)
    return (*above, *chosen), EqualPairs(equal, places, chosen)
