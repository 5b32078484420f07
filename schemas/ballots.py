"""Which options a station's form can hold, and how votes for them are named in totals.

A ballot belongs to a contest and a constituency (the area whose voters share it). Options of the whole
contest keep their id in totals; those that stand in one constituency only are written
`constituency:option` there, because person 21 of one province is not person 21 of the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.elections import Contest, ContestKind, Election, Option, Scope
from schemas.regions import DEPTH, Level, Registry


@dataclass(frozen=True, slots=True)
class Ballot:
    """One ballot. `options` are the ids as written on the form, `keys` their names in totals, in the same
    order; `top` are the places of those whose figures add up to the valid votes (R06)."""

    index: int
    contest: str
    kind: ContestKind
    constituency: str
    options: tuple[str, ...]
    keys: tuple[str, ...]
    top: tuple[int, ...]
    place: dict[str, int] = field(repr=False)


class Ballots:
    """Every ballot of an election, and which one each village has in each contest.

    `ballots` is in a fixed order that follows from the definition and the register alone.
    """

    def __init__(self, election: Election, registry: Registry) -> None:
        self.ballots: list[Ballot] = []
        self.contests = [contest.id for contest in election.contests]
        self._of_village: list[dict[int, Ballot]] = []
        self._held: list[frozenset[int]] = []
        for contest in election.contests:
            villages, held = self._assign(contest, election, registry)
            self._of_village.append(villages)
            self._held.append(held)

    def of(self, contest: int, village: int) -> Ballot | None:
        """The ballot of the village with that index in the contest with that number; None: not held there."""
        return self._of_village[contest].get(village)

    def held_in(self, contest: int) -> frozenset[int]:
        """The indexes of all regions in which the contest is held, whole or in part."""
        return self._held[contest]

    def _assign(
        self, contest: Contest, election: Election, registry: Registry
    ) -> tuple[dict[int, Ballot], frozenset[int]]:
        excluded = set(contest.excluded)
        named = _constituencies(contest, election)
        made: dict[tuple[str, str], Ballot] = {}
        villages: dict[int, Ballot] = {}
        held: set[int] = set()
        for village in range(len(registry.ids)):
            if registry.depth[village] != DEPTH[Level.VILLAGE]:
                continue
            chain = registry.chain(village)
            codes = [registry.ids[index] for index in chain]
            if not excluded.isdisjoint(codes):
                continue
            constituency = _constituency(contest, codes, named)
            key = (constituency, registry.ids[chain[-2]])  # the province decides on regional options
            if key not in made:
                made[key] = self._make(contest, election, constituency, codes)
            villages[village] = made[key]
            held.update(chain)
        return villages, frozenset(held)

    def _make(self, contest: Contest, election: Election, constituency: str, codes: Iterable[str]) -> Ballot:
        shared = [
            part
            for option in contest.options
            if option.only_in is None or not set(option.only_in).isdisjoint(codes)
            for part in _parts(contest, option)
        ]
        local = [
            candidate.option
            for candidate in election.candidates
            if candidate.contest == contest.id and candidate.constituency == constituency
        ]
        options = (*shared, *local)
        for ballot in self.ballots:
            if (ballot.contest, ballot.constituency, ballot.options) == (contest.id, constituency, options):
                return ballot
        ballot = Ballot(
            index=len(self.ballots),
            contest=contest.id,
            kind=contest.kind,
            constituency=constituency,
            options=options,
            keys=(*shared, *(f"{constituency}:{option}" for option in local)),
            top=tuple(place for place, option in enumerate(options) if "." not in option),
            place={option: place for place, option in enumerate(options)},
        )
        self.ballots.append(ballot)
        return ballot


def _parts(contest: Contest, option: Option) -> tuple[str, ...]:
    """A party is on the form twice: with all its votes, and with those for the party itself."""
    return (option.id, f"{option.id}.0") if contest.kind is ContestKind.PARTIES else (option.id,)


def _constituencies(contest: Contest, election: Election) -> dict[str, str]:
    return {
        region: district.id
        for district in election.electoral_districts
        if district.contest == contest.id
        for region in district.regions
    }


def _constituency(contest: Contest, codes: list[str], named: dict[str, str]) -> str:
    """`codes` go from the village up to the nation; the nearest named region decides."""
    match contest.scope:
        case Scope.NATION:
            return codes[-1]
        case Scope.PROVINCE:
            return codes[-2]
        case Scope.DISTRICT:
            return codes[-3]
        case Scope.ELECTORAL_DISTRICT:
            return next((named[code] for code in codes if code in named), "")
