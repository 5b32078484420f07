"""What was fixed before the count, as tables: stations, regions, ballots, limits, and what is expected.

station   unit, village, registered, listed
village   village, voters_limit, figure_limit, closes, until, expected, voters, voters_known
path      village, region: itself and every region above it
region    region, id, level, parent
ballot    ballot, contest, is_parties, options, keys, top, parts, named
place     contest, village, ballot: where a contest is held
held      contest, region, ballot: the ballots of each region in which it is held
outline   contest, region: each region in which it is held, with ballots or without
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa

from audit.recompute.engine import Engine
from schemas.ballots import Ballot, Ballots
from schemas.elections import ContestKind, Election, Poll
from schemas.regions import REGION_LEVELS, UNKNOWN, VILLAGE_DEPTH, Registry

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def load_register(engine: Engine, election: Election, registry: Registry, ballots: Ballots) -> None:
    """Make the tables."""
    _stations(engine, registry)
    _regions(engine, registry)
    _villages(engine, election, registry)
    _ballots(engine, ballots)
    _places(engine, registry, ballots)


def add_stations(engine: Engine, registry: Registry, units: Sequence[str]) -> None:
    """Stations that no list names, as far as their ids tell the village."""
    found = [one for one in registry.stations_of(units) if one is not None]
    table = pa.table(
        {
            "unit": pa.array([one.id for one in found], pa.string()),
            "village": pa.array([one.village for one in found], pa.uint32()),
            "registered": pa.array([one.registered for one in found], pa.int64()),
            "listed": pa.array([one.listed for one in found], pa.bool_()),
        }
    )
    engine.run(f"INSERT INTO station SELECT * FROM {engine.file(table)}")


def microseconds(moment: datetime | None) -> int | None:
    """A time as microseconds since 1970."""
    if moment is None:
        return None
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _stations(engine: Engine, registry: Registry) -> None:
    voters = registry.station_registered.astype(np.int64)
    table = pa.table(
        {
            "unit": pa.array([one.decode() for one in registry.station_ids.tolist()], pa.string()),
            "village": pa.array(registry.station_village.astype(np.uint32)),
            "registered": pa.array(voters, mask=voters == UNKNOWN),
            "listed": pa.array(registry.station_listed, pa.bool_()),
        }
    )
    engine.run(
        "CREATE TABLE station (unit String, village UInt32, registered Nullable(Int64), "
        "listed Nullable(Bool)) ENGINE = MergeTree ORDER BY unit"
    )
    engine.run(f"INSERT INTO station SELECT * FROM {engine.file(table)}")


def _regions(engine: Engine, registry: Registry) -> None:
    parents = registry.parent.tolist()
    table = pa.table(
        {
            "region": pa.array(range(len(registry.ids)), pa.uint32()),
            "id": pa.array(registry.ids, pa.string()),
            "level": pa.array([REGION_LEVELS[depth].value for depth in registry.depth.tolist()]),
            "depth": pa.array(registry.depth.astype(np.uint8)),
            "parent": pa.array(["" if one == UNKNOWN else registry.ids[one] for one in parents]),
        }
    )
    engine.make("region", "region", f"SELECT * FROM {engine.file(table)}")
    villages = np.flatnonzero(registry.depth == VILLAGE_DEPTH)
    above = [registry.ancestors[depth][villages] for depth in range(VILLAGE_DEPTH + 1)]
    paths = pa.table(
        {
            "village": pa.array(np.tile(villages, len(above)).astype(np.uint32)),
            "region": pa.array(np.concatenate(above).astype(np.uint32)),
        }
    )
    engine.make("path", "village", f"SELECT * FROM {engine.file(paths)}")


def _villages(engine: Engine, election: Election, registry: Registry) -> None:
    """Limits are inherited from the region above unless the election names others."""
    usual = election.poll or Poll(closes=None, until=None)
    named = {region: poll for poll in election.poll_exceptions for region in poll.regions}
    kinds: list[tuple[int | None, int, Poll]] = []
    for region, parent in zip(registry.ids, registry.parent.tolist(), strict=True):
        limit, figure, poll = (
            (election.limits.voters_per_station, election.limits.figure, usual)
            if parent == UNKNOWN
            else kinds[parent]
        )
        if region in election.limits.voters_exempt:
            limit = None
        if region in election.overseas:
            figure = election.limits.figure_overseas
        kinds.append((limit, figure, named.get(region, poll)))
    villages = np.flatnonzero(registry.depth == VILLAGE_DEPTH)
    of = [kinds[village] for village in villages.tolist()]
    voters = registry.registered[villages].astype(np.int64)
    table = pa.table(
        {
            "village": pa.array(villages.astype(np.uint32)),
            "voters_limit": pa.array([one[0] for one in of], pa.int64()),
            "figure_limit": pa.array([one[1] for one in of], pa.int64()),
            "closes": pa.array([microseconds(one[2].closes) for one in of], pa.int64()),
            "until": pa.array([microseconds(one[2].until) for one in of], pa.int64()),
            "expected": pa.array(registry.stations[villages].astype(np.int64)),
            "voters": pa.array(voters, mask=voters == UNKNOWN),
            "voters_known": pa.array(registry.voters_known[villages], pa.bool_()),
        }
    )
    engine.make("village", "village", f"SELECT * FROM {engine.file(table)}")


def parts_of(ballot: Ballot) -> tuple[list[list[int]], bool]:
    """For each option the places (from 1) of what it is the sum of, and whether the ballot names candidates:
    if not, the parts of a party are not all known."""
    parts: list[list[int]] = [[] for _ in ballot.options]
    named = False
    if ballot.kind is ContestKind.PARTIES:
        for place, option in enumerate(ballot.options):
            party, dot, candidate = option.partition(".")
            if dot:
                named = named or candidate != "0"
                if party in ballot.place:
                    parts[ballot.place[party]].append(place + 1)
    return parts, named


def _groups(parts: list[list[int]]) -> tuple[list[int], list[tuple[int, int]]]:
    """An order of the options in which the parts of each stand together: the rank of each option there, and
    for each option where its parts begin (from 1) and how many they are."""
    order: list[int] = []
    ranges: list[tuple[int, int]] = []
    for places in parts:
        ranges.append((len(order) + 1, len(places)))
        order += [place - 1 for place in places]
    grouped = set(order)
    order += [place for place in range(len(parts)) if place not in grouped]
    ranks = {place: rank for rank, place in enumerate(order)}
    return [ranks[place] for place in range(len(parts))], ranges


def _ballots(engine: Engine, ballots: Ballots) -> None:
    each = ballots.ballots
    described = [parts_of(one) for one in each]
    grouped = [_groups(parts) for parts, _ in described]
    table = pa.table(
        {
            "ballot": pa.array([one.index for one in each], pa.uint32()),
            "contest": pa.array([one.contest for one in each], pa.string()),
            "is_parties": pa.array([one.kind is ContestKind.PARTIES for one in each], pa.bool_()),
            "options": pa.array([list(one.options) for one in each], pa.list_(pa.string())),
            "keys": pa.array([list(one.keys) for one in each], pa.list_(pa.string())),
            "is_top": pa.array(
                [[int("." not in option) for option in one.options] for one in each], pa.list_(pa.uint8())
            ),
            "parts": pa.array([parts for parts, _ in described], pa.list_(pa.list_(pa.uint16()))),
            "part_sizes": pa.array(
                [[len(one) for one in parts] for parts, _ in described], pa.list_(pa.uint16())
            ),
            "sorted_options": pa.array([sorted(one.options) for one in each], pa.list_(pa.string())),
            "sorted_places": pa.array(
                [sorted(range(len(one.options)), key=one.options.__getitem__) for one in each],
                pa.list_(pa.uint16()),
            ),
            "group_ranks": pa.array([ranks for ranks, _ in grouped], pa.list_(pa.uint16())),
            "ranges": pa.array(
                [[{"1": first, "2": size} for first, size in ranges] for _, ranges in grouped],
                pa.list_(pa.struct([("1", pa.uint32()), ("2", pa.uint32())])),
            ),
            "named": pa.array([named for _, named in described], pa.bool_()),
        }
    )
    engine.make("ballot", "ballot", f"SELECT * FROM {engine.file(table)}")


def _places(engine: Engine, registry: Registry, ballots: Ballots) -> None:
    columns: dict[str, list[Any]] = {name: [] for name in ("contest", "region", "ballot")}
    outline: dict[str, list[Any]] = {"contest": [], "region": []}
    place: dict[str, list[Any]] = {name: [] for name in ("contest", "village", "ballot")}
    depth = registry.depth.tolist()
    for number, contest in enumerate(ballots.contests):
        for region, held in ballots.held(number):
            outline["contest"].append(contest)
            outline["region"].append(region)
            for ballot in held:
                for name, value in (("contest", contest), ("region", region), ("ballot", ballot)):
                    columns[name].append(value)
            own = ballots.of(number, region) if depth[region] == VILLAGE_DEPTH else None
            if own is not None:
                for name, value in (("contest", contest), ("village", region), ("ballot", own.index)):
                    place[name].append(value)
    for name, rows, order in (
        ("held", columns, "contest, region"),
        ("outline", outline, "contest, region"),
        ("place", place, "contest, village"),
    ):
        numbers = [key for key in rows if key != "contest"]
        table = pa.table(
            {"contest": pa.array(rows["contest"], pa.string())}
            | {key: pa.array(rows[key], pa.uint32()) for key in numbers}
        )
        engine.make(name, order, f"SELECT * FROM {engine.file(table)}")
