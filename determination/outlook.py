"""Whether voters who are still outstanding could change the outcome for president and vice president.

They may all vote for one pair, or for any, or not at all. That counts are corrected is left out, and so is
who is likely to win.
"""

from __future__ import annotations

from collections.abc import Mapping

from determination.presidency import PLURALITY_PAIRS, PROVINCE_SHARE, PresidencyResult, Rule, Votes


def could_change(
    result: PresidencyResult,
    nation: Votes,
    provinces: Mapping[str, Votes | None],
    outstanding: int | None,
    of_provinces: Mapping[str, int | None],
) -> bool | None:
    """Whether so many outstanding voters of the nation, and those `of_provinces`, could bring another outcome
    about. False is certain. None: how many there are is not known, or the outcome is not."""
    if result.decided is None:
        return None
    if outstanding is None:
        return None
    if not outstanding:
        return False
    ranked = sorted(nation.values(), reverse=True)
    if len(nation) <= PLURALITY_PAIRS:
        return len(ranked) < PLURALITY_PAIRS or ranked[0] - ranked[1] <= outstanding
    valid = sum(ranked)
    needed = result.provinces.needed
    if result.rule is Rule.MAJORITY_AND_SPREAD and result.winner is not None:
        if 2 * nation[result.winner] <= valid + outstanding:
            return True
        safe = sum(
            _keeps_a_fifth(votes, result.winner, of_provinces.get(province))
            for province, votes in provinces.items()
        )
        return safe < needed
    if ranked[1] - ranked[2] <= outstanding:
        return True
    return any(
        2 * (votes + outstanding) > valid + outstanding
        and sum(
            _can_have_a_fifth(of_province, pair, of_provinces.get(province))
            for province, of_province in provinces.items()
        )
        >= needed
        for pair, votes in nation.items()
    )


def _keeps_a_fifth(votes: Votes | None, pair: str, outstanding: int | None) -> bool:
    """Whether the pair has its share of the province whatever the outstanding voters do."""
    if votes is None or outstanding is None:
        return False
    valid = sum(votes.values()) + outstanding
    reached = votes.get(pair, 0) * PROVINCE_SHARE.denominator >= PROVINCE_SHARE.numerator * valid
    return valid > 0 and reached


def _can_have_a_fifth(votes: Votes | None, pair: str, outstanding: int | None) -> bool:
    """Whether the pair has its share of the province when all outstanding voters vote for it."""
    if votes is None or outstanding is None:
        return True
    valid = sum(votes.values()) + outstanding
    return (votes.get(pair, 0) + outstanding) * PROVINCE_SHARE.denominator >= (
        PROVINCE_SHARE.numerator * valid
    )
