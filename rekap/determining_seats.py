"""What a count decides for councils and for DPD: seats of parties in their electoral districts with their
elected candidates, and the persons elected in each province.

A district's votes are those of the regions that it is made of. Certified documents stand in for the count of
their region. The formulas are those of `determination`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from determination.margins import could_change, votes_to_last_seat
from determination.order import by_number
from determination.persons import Elected, elected_candidates, elected_dpd, evenness
from determination.seats import EqualQuotients, SeatsResult, determine_seats
from queries.figures import is_top
from queries.standings import Standing, standings, standings_of
from schemas.elections import Contest, Election, ElectoralDistrict
from schemas.regions import Level, Registry

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class District:
    """An electoral district with the votes of its regions; `votes` and `candidates` (by party) are of options
    with figures, `unknown` are parties that no form gives one for."""

    id: str
    name: str
    votes: dict[str, int]
    candidates: dict[str, dict[str, int]]
    unknown: frozenset[str]
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
    regions = {
        region: known.level
        for one in own
        for region in one.regions
        if (known := registry.region(region)) is not None
    }
    found = standings_of(client, election.id, contest.id, regions.keys(), sorted(set(regions.values())))
    without: dict[str, list[str]] = {}
    for region in regions:
        if (holder := _holder(registry, region, regions)) is not None:
            without.setdefault(holder, []).append(region)
    return {
        one.id: _district(
            one,
            [found[region] for region in one.regions if region in found],
            [found[inner] for region in one.regions for inner in without.get(region, ()) if inner in found],
        )
        for one in own
    }


def _holder(registry: Registry, region: str, named: Collection[str]) -> str | None:
    """The smallest named region that holds this one: what is named inside belongs to its own district."""
    above = registry.region(region)
    while above is not None and above.parent is not None:
        if above.parent in named:
            return above.parent
        above = registry.region(above.parent)
    return None


def _district(
    district: ElectoralDistrict, parts: Sequence[Standing], without: Sequence[Standing]
) -> District:
    """The district of these regions, less those in them that are another's."""
    votes: dict[str, int] = {}
    candidates: dict[str, dict[str, int]] = {}
    named: set[str] = set()
    for sign, part in [*((1, part) for part in parts), *((-1, part) for part in without)]:
        for option, figure in part.votes.items():
            constituency, _, own = option.rpartition(":")
            if constituency not in ("", district.id):
                continue
            if is_top(option):
                named.add(own)
            if figure is None:
                continue
            if is_top(option):
                votes[own] = votes.get(own, 0) + sign * figure
            else:
                of_party = candidates.setdefault(own.partition(".")[0], {})
                of_party[own] = of_party.get(own, 0) + sign * figure
    outstanding = [part.outstanding for part in (*parts, *without)]
    inside = sum(part.outstanding or 0 for part in without)
    return District(
        id=district.id,
        name=district.name,
        votes=votes,
        candidates=candidates,
        unknown=frozenset(named - votes.keys()),
        certified=bool(parts) and all(part.certified for part in (*parts, *without)),
        stations=sum(part.stations for part in parts) - sum(part.stations for part in without),
        outstanding=None if None in outstanding else sum(part.outstanding or 0 for part in parts) - inside,
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
    projection = not all(one.certified for one in districts.values())
    # The threshold is of the votes of all districts, so that forms without votes anywhere matter everywhere.
    unread = {one.id for one in districts.values() if one.unread}
    if unread and result.threshold:
        unread = set(districts)
    changes = could_change(result, {one.id: one.outstanding for one in districts.values()})
    for identity in sorted(result.districts, key=by_number):
        district, seats = districts[identity], result.districts[identity]
        change = changes[identity] if projection else False
        if projection and change is False and identity in unread:
            change = None
        for party in sorted(seats.votes.keys() | district.unknown, key=by_number):
            is_known = party in seats.votes
            elected = elected_candidates(district.candidates.get(party, {}), seats.of(party))
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


def dpd_rows(client: Client, election: Election, contest: Contest, registry: Registry) -> Iterable[Row]:
    """A row for each person of each province, by votes."""
    provinces = standings(client, election.id, contest.id, Level.PROVINCE)
    by_district: dict[str, dict[str, dict[str, int]]] | None = None
    for province, one in provinces.items():
        votes = {
            option.rpartition(":")[2]: figure for option, figure in one.votes.items() if figure is not None
        }
        elected = elected_dpd(votes)
        if elected.equal is not None and elected.equal.open:
            by_district = by_district or _by_district(client, election, contest, registry)
            spread = evenness(by_district.get(province, {}), elected.equal.persons)
            elected = elected_dpd(votes, {person: (figure,) for person, figure in spread.items()})
        for person in sorted(votes, key=lambda person: (-votes[person], by_number(person))):
            yield {
                "province": province,
                "name": one.name,
                "person": person,
                "votes": votes[person],
                "elected": _is_elected(person, elected) if any(votes.values()) else None,
                "equal": list(elected.equal.persons) if elected.equal else [],
                "projection": not one.certified,
                "outstanding": {"stations": one.stations, "registered": one.outstanding},
            }


def _is_elected(person: str, elected: Elected) -> bool | None:
    """None: the person is one of those whom nothing tells apart."""
    if person in elected.persons:
        return True
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
