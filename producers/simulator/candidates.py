"""Who stands in the built-in nation: electoral districts and candidates for every contest that needs them.

Invented throughout: a candidate's name is an id (`Calon 32-1-4-2`: electoral district 32-1, party 4,
candidate 2), never a person's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from producers.simulator.draws import below, key_of, within
from producers.simulator.electoral_districts import divide
from schemas.contest_areas import held_villages
from schemas.elections import Candidate, Contest, ContestKind, Election, ElectoralDistrict, Option, Scope
from schemas.regions import DEPTH, Level, Registry

MOST_CANDIDATES: Final = 8
"""Candidates of one party on one ballot. The law allows one a seat, so up to 10 or 12; fewer keep messages
and the election's definition at the size of a usual ballot."""

STANDING: Final = {ContestKind.PERSONS: (10, 20), ContestKind.LOCAL_PAIRS: (2, 4)}
"""Fewest and most persons or pairs on a ballot: persons enough to be wider than a ballot for pairs."""


def builtin_candidates(election: Election, registry: Registry) -> Election:
    """`election` with electoral districts and candidates for `registry` in every contest that has none.

    A contest of pairs in the whole nation needs none. Raises ValueError for a contest by electoral district
    that PLANS does not know, because nobody said how its seats are shared out.
    """
    districts: list[ElectoralDistrict] = []
    candidates: list[Candidate] = []
    filled = {one.contest for one in election.electoral_districts}
    filled |= {one.contest for one in election.candidates}
    for contest in election.contests:
        if contest.id in filled or contest.kind is ContestKind.PAIRS:
            continue
        if contest.kind in STANDING:
            candidates += _standing(contest, registry)
            continue
        if contest.scope is not Scope.ELECTORAL_DISTRICT:
            continue
        for district, seats, codes in divide(contest, registry):
            districts.append(district)
            candidates += _party_candidates(contest, district.id, min(seats, MOST_CANDIDATES), codes)
    return Election(
        **{
            **{name: getattr(election, name) for name in Election.model_fields},
            "electoral_districts": election.electoral_districts + tuple(districts),
            "candidates": election.candidates + tuple(candidates),
        }
    )


def _standing(contest: Contest, registry: Registry) -> Iterator[Candidate]:
    """The persons or pairs of each constituency in which the contest is held."""
    level = {Scope.NATION: Level.NATION, Scope.PROVINCE: Level.PROVINCE, Scope.DISTRICT: Level.DISTRICT}
    if contest.scope not in level or contest.options:
        return
    fewest, most = STANDING[contest.kind]
    own = registry.ancestors[DEPTH[level[contest.scope]]]
    for index in np.unique(own[held_villages(registry, contest)]).tolist():
        region = registry.region_at(index)
        key = within(np.array([key_of(f"{contest.id} {region.id}")]), 0)
        count = fewest + int(below(key, most - fewest + 1)[0])
        for number in range(1, count + 1):
            yield Candidate(
                contest=contest.id,
                constituency=region.id,
                option=str(number),
                name=f"Calon {region.id}-{number}",
            )


def _party_candidates(
    contest: Contest, constituency: str, count: int, codes: set[str]
) -> Iterator[Candidate]:
    for party in contest.options:
        if not _stands_in(party, codes):
            continue
        for number in range(1, count + 1):
            yield Candidate(
                contest=contest.id,
                constituency=constituency,
                option=f"{party.id}.{number}",
                name=f"Calon {constituency}-{party.id}-{number}",
            )


def _stands_in(option: Option, codes: set[str]) -> bool:
    return option.only_in is None or not codes.isdisjoint(option.only_in)
