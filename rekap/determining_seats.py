"""What a count decides for councils and for DPD: seats of parties in their electoral districts with their
elected candidates, and the persons elected in each province.

A district's votes are those of the regions that it is made of. Certified documents stand in for the count of
their region. The formulas are those of `determination`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from determination.margins import could_change, votes_to_last_seat
from determination.order import by_number
from determination.persons import (
    DPD_SEATS,
    Elected,
    elected_candidates,
    elected_dpd,
    evenness,
    persons_could_change,
    votes_to_be_elected,
)
from determination.seats import EqualQuotients, SeatsResult, determine_seats
from queries.figures import is_top
from queries.standings import Standing, standings, standings_of
from schemas.elections import Contest, Election, ElectoralDistrict
from schemas.regions import Level, Region, Registry

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Row = dict[str, Any]

PARTY_ITSELF: Final = ".0"
"""After a party's number: the votes for the party itself, which nobody on its list has."""


@dataclass(frozen=True, slots=True)
class District:
    """An electoral district with the votes of its regions; `votes` and `candidates` (by party) are of options
    with figures, `itself` the votes for a party itself. `unknown` are parties that no form gives a figure
    for, `unknown_candidates` how many candidates of a party.
    """

    id: str
    name: str
    votes: dict[str, int]
    candidates: dict[str, dict[str, int]]
    itself: dict[str, int]
    unknown: frozenset[str]
    unknown_candidates: dict[str, int]
    certified: bool
    stations: int
    outstanding: int | None
    unread: bool
    seats: int | None


def districts_of(
    client: Client, election: Election, registry: Registry, contest: Contest
) -> dict[str, District]:
    """The electoral districts of the contest, by id."""
    own = [one for one in election.electoral_districts if one.contest == contest.id]
    named = {region for one in own for region in one.regions}
    split = {above for region in named for above in _above(registry, region)}
    made_of = {
        one.id: [part for region in one.regions for part in _parts(registry, region, named, split)]
        for one in own
    }
    regions = {part.id: part.level for parts in made_of.values() for part in parts}
    found = standings_of(client, election.id, contest.id, regions.keys(), sorted(set(regions.values())))
    return {
        one.id: _district(one, [found[part.id] for part in made_of[one.id] if part.id in found])
        for one in own
    }


def _above(registry: Registry, region: str) -> Iterator[str]:
    """The regions that hold this one."""
    known = registry.region(region)
    while known is not None and known.parent is not None:
        yield known.parent
        known = registry.region(known.parent)


def _parts(
    registry: Registry, region: str, named: Collection[str], split: Collection[str]
) -> Iterator[Region]:
    """What the region is added up from for its district. Where another district names a region inside
    (`split`: what holds a named one), those are the regions around it: its certified document may stand in
    for a count that is still incomplete, so that it can't be taken off the total."""
    known = registry.region(region)
    if known is None:
        return
    if region not in split:
        yield known
        return
    for index in registry.children[known.index]:
        if (inner := registry.ids[index]) not in named:
            yield from _parts(registry, inner, named, split)


def _district(district: ElectoralDistrict, parts: Sequence[Standing]) -> District:
    """The district of these regions."""
    votes: dict[str, int] = {}
    candidates: dict[str, dict[str, int]] = {}
    itself: dict[str, int] = {}
    named: set[str] = set()
    unknown: dict[str, set[str]] = {}
    for part in parts:
        for option, figure in part.votes.items():
            constituency, _, own = option.rpartition(":")
            if constituency not in ("", district.id):
                continue
            if is_top(option):
                named.add(own)
                if figure is not None:
                    votes[own] = votes.get(own, 0) + figure
                continue
            of_party = own.partition(".")[0]
            if own.endswith(PARTY_ITSELF):
                itself[of_party] = itself.get(of_party, 0) + (figure or 0)
            elif figure is None:
                unknown.setdefault(of_party, set()).add(own)
            else:
                figures = candidates.setdefault(of_party, {})
                figures[own] = figures.get(own, 0) + figure
    outstanding = [part.outstanding for part in parts]
    return District(
        id=district.id,
        name=district.name,
        votes=votes,
        candidates=candidates,
        itself=itself,
        unknown=frozenset(named - votes.keys()),
        unknown_candidates={
            party: len(own - candidates.get(party, {}).keys()) for party, own in unknown.items()
        },
        certified=bool(parts) and all(part.certified for part in parts),
        stations=sum(part.stations for part in parts),
        outstanding=None if None in outstanding else sum(one or 0 for one in outstanding),
        unread=any(part.unread for part in parts),
        seats=district.seats,
    )


def seats_of_count(
    districts: Mapping[str, District], sizes: Mapping[str, int], threshold: Fraction, ties: EqualQuotients
) -> SeatsResult:
    """The seats as the count stands."""
    return determine_seats({one.id: one.votes for one in districts.values()}, sizes, threshold, ties)


def seat_rows(districts: Mapping[str, District], result: SeatsResult) -> Iterable[Row]:
    """A row for each party of each district. Where a district has no votes yet, its seats are not known, nor
    are those of a party without a figure."""
    all_certified = all(one.certified for one in districts.values())
    # The threshold is of the votes of all districts, so that forms without votes anywhere matter everywhere.
    unread = {one.id for one in districts.values() if one.unread}
    if unread and result.threshold:
        unread = set(districts)
    changes = could_change(result, {one.id: one.outstanding for one in districts.values()})
    for identity in sorted(result.districts, key=by_number):
        district, seats = districts[identity], result.districts[identity]
        # The threshold is of the nation: with one, seats are a projection until all districts are certified.
        projection = not (all_certified if result.threshold else district.certified)
        change = changes[identity] if projection else False
        if projection and change is False and identity in unread:
            change = None
        for party in sorted(seats.votes.keys() | district.unknown, key=by_number):
            is_known = party in seats.votes
            elected = _candidates(district, party, seats.of(party))
            yield {
                "dapil": identity,
                "name": district.name,
                "party": party,
                "seats": seats.of(party) if seats.awarded and is_known else None,
                "votes": seats.votes.get(party),
                "votes_to_last_seat": votes_to_last_seat(result, identity, party) if is_known else None,
                "elected": list(elected.persons),
                "equal": list(elected.equal.persons) if elected.equal else [],
                "projection": projection,
                "could_change": change,
                "outstanding": {"stations": district.stations, "registered": district.outstanding},
            }


def _candidates(district: District, party: str, seats: int) -> Elected:
    """The candidates who have the seats of the party, without those whom a candidate without a figure may be
    ahead of: with what the party has more than it and its candidates have together."""
    votes = district.candidates.get(party, {})
    elected = elected_candidates(votes, seats)
    rest = district.votes.get(party, 0) - sum(votes.values()) - district.itself.get(party, 0)
    if not elected.persons or rest < votes[elected.persons[-1]]:
        return elected
    return elected_candidates(votes, max(0, seats - district.unknown_candidates.get(party, 0)))


def dpd_rows(client: Client, election: Election, contest: Contest, registry: Registry) -> Iterable[Row]:
    """A row for each person of each province, by votes."""
    provinces = standings(client, election.id, contest.id, Level.PROVINCE)
    by_district: dict[str, dict[str, dict[str, int]]] | None = None
    for province, one in provinces.items():
        figures = {option.rpartition(":")[2]: figure for option, figure in one.votes.items()}
        votes = {person: figure for person, figure in figures.items() if figure is not None}
        if not votes:
            continue
        elected = elected_dpd(votes)
        if elected.equal is not None and elected.equal.open:
            by_district = by_district or _by_district(client, election, contest, registry)
            spread = evenness(by_district.get(province, {}), elected.equal.persons)
            elected = elected_dpd(votes, {person: (figure,) for person, figure in spread.items()})
        # Whoever has no figure may have more votes than anybody: only the first ones are certain then.
        lacking = len(figures) - len(votes)
        certain = (
            elected_dpd(votes, seats=max(0, DPD_SEATS - lacking)).persons if lacking else elected.persons
        )
        change = (
            persons_could_change(votes, elected, one.outstanding, DPD_SEATS) if not one.certified else False
        )
        if change is False and not one.certified and (one.unread or lacking):
            change = None
        for person in sorted(figures, key=lambda person: (-votes.get(person, -1), by_number(person))):
            is_known = person in votes and any(votes.values())
            yield {
                "province": province,
                "name": one.name,
                "person": person,
                "votes": votes.get(person),
                "elected": _is_elected(person, elected, certain) if is_known else None,
                "equal": list(elected.equal.persons) if elected.equal else [],
                "votes_to_be_elected": (
                    votes_to_be_elected(votes, elected, person, DPD_SEATS) if is_known else None
                ),
                "projection": not one.certified,
                "could_change": change,
                "outstanding": {"stations": one.stations, "registered": one.outstanding},
            }


def _is_elected(person: str, elected: Elected, certain: Collection[str]) -> bool | None:
    """None: nothing tells the person apart from others, or one without a figure may be ahead."""
    if person in elected.persons:
        return True if person in certain else None
    equal = elected.equal
    return None if equal is not None and equal.open and person in equal.persons else False


def _by_district(
    client: Client, election: Election, contest: Contest, registry: Registry
) -> dict[str, dict[str, dict[str, int]]]:
    """Votes by province, district and person."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for region, one in standings(client, election.id, contest.id, Level.DISTRICT).items():
        known = registry.region(region)
        if known is not None and known.parent is not None:
            found.setdefault(known.parent, {})[region] = {
                option.rpartition(":")[2]: figure
                for option, figure in one.votes.items()
                if figure is not None
            }
    return found
