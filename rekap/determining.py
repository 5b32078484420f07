"""What a count decides for president and vice president: the outcome, each condition with its figures, and
whether it is a projection.

Certified documents stand in for the count of their region. The formulas are those of `determination`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from determination.outlook import could_change
from determination.persons import regions_ahead
from determination.presidency import PLURALITY_PAIRS, PresidencyResult, elected_pair
from queries.places import Unanswerable
from queries.progress import reached
from queries.standings import Standing, standings, whole
from schemas.elections import Contest, Election
from schemas.language import Text
from schemas.regions import Level

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Document = dict[str, Any]

SPREAD_LEVELS = (Level.PROVINCE, Level.DISTRICT, Level.SUBDISTRICT, Level.VILLAGE)
"""Levels at which the spread of pairs with equal votes is compared, one after the other (art. 416 (4))."""


def presidency(client: Client, election: Election, contest: Contest) -> Document:
    """The outcome as the count stands: see docs/commands.md for its members. Raises Unanswerable."""
    nations = list(standings(client, election.id, contest.id, Level.NATION).values())
    if not nations:
        raise Unanswerable(
            Text(
                id=f"Belum ada hasil {contest.id} yang dapat dibaca di sini.",
                en=f"There are no results of {contest.id} to read here yet.",
            )
        )
    nation = nations[0]
    provinces = {
        region: one
        for region, one in standings(client, election.id, contest.id, Level.PROVINCE).items()
        if region not in election.overseas
    }
    by_province = {region: one.known for region, one in provinces.items()}
    pairs = [option.id for option in contest.options]
    votes = nation.known
    result = _outcome(client, election, contest, votes, by_province)
    # Spread tells apart who goes to a second round, which is not said of clean totals.
    clean = elected_pair(
        whole(nation.clean) or dict.fromkeys(pairs, 0),
        {one.region: whole(one.clean) for one in provinces.values()},
    )
    signed = nation.certified and (
        len(pairs) <= PLURALITY_PAIRS or all(one.certified for one in provinces.values())
    )
    return {
        "contest": contest.id,
        "decided": result.decided,
        "rule": result.rule.value,
        "winner": result.winner,
        "second_round": list(result.second_round),
        "conditions": [
            {"condition": one.name, **{k: v for k, v in asdict(one).items() if k != "name"}}
            for one in (result.conditions if votes is not None else ())
        ],
        "provinces": {
            "total": result.provinces.total,
            "needed": result.provinces.needed,
            "unknown": result.provinces.unknown,
            "with_20_percent": dict(result.provinces.reached),
        },
        "equal": None if result.equal is None else asdict(result.equal),
        "votes": {pair: nation.votes.get(pair) for pair in pairs},
        "valid": None if votes is None else sum(votes.values()),
        "clean": {
            "votes": {pair: nation.clean.get(pair) for pair in pairs},
            "decided": clean.decided,
            "rule": clean.rule.value,
            "winner": clean.winner,
        },
        "projection": not signed,
        "certified": {
            "nation": nation.certified,
            "provinces": sum(one.certified for one in provinces.values()),
        },
        "outstanding": {
            "stations": nation.stations,
            "registered": nation.outstanding,
        },
        "could_change": False if signed else _could_change(result, nation, provinces),
        "as_of": reached(client, election.id)["recorded_at"],
    }


def _outcome(
    client: Client,
    election: Election,
    contest: Contest,
    nation: Mapping[str, int] | None,
    provinces: Mapping[str, Mapping[str, int] | None],
) -> PresidencyResult:
    votes = nation if nation is not None else {option.id: 0 for option in contest.options}
    result = elected_pair(votes, provinces)
    if result.equal is None or len(result.equal.chosen) == result.equal.places:
        return result
    ahead = [
        regions_ahead(
            {
                region: one.known or {}
                for region, one in standings(client, election.id, contest.id, level).items()
                if region not in election.overseas
            },
            result.equal.pairs,
        )
        for level in SPREAD_LEVELS
    ]
    return elected_pair(
        votes, provinces, {pair: tuple(level[pair] for level in ahead) for pair in result.equal.pairs}
    )


def _could_change(
    result: PresidencyResult, nation: Standing, provinces: Mapping[str, Standing]
) -> bool | None:
    """What outstanding voters could change. Forms in which votes could not be read are voters too, and nobody
    knows how many: then only a change that is possible anyway is known."""
    answer = could_change(
        result,
        nation.known or {},
        {region: one.known for region, one in provinces.items()},
        nation.outstanding,
        {region: one.outstanding for region, one in provinces.items()},
    )
    return None if answer is False and nation.unread else answer
