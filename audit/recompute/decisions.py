"""Decides about the events of each unit in the order of the log: accepted, repeated or rejected.

    decision   partition, at, id, contest, unit, outcome, version, reason
    version    contest, unit, version, and what the accepted event says (assessed)
    in_force   the last of them
    finding    contest, unit, version, rule, place

A unit with one first count needs no order; the others are decided one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import pyarrow as pa

from audit.recompute.engine import Engine
from audit.recompute.messages import Recap, Refused
from schemas.authority import WATCHING
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.placement import key_of_region
from schemas.regions import Registry

PartitionOf = Callable[[bytes], int]

REPEATED: Final = "repeated"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"


class Claim(NamedTuple):
    """What an event wants: to replace `supersedes` (None: nothing is in force), or only to annul it."""

    partition: int
    at: int
    id: str
    supersedes: str | None
    annuls: bool


class Decided(NamedTuple):
    """What became of an event; `version` is its unit's after it, 0 where it was not accepted."""

    partition: int
    at: int
    outcome: str
    version: int
    reason: str


def decide_unit(claims: Iterable[Claim]) -> Iterable[Decided]:
    """The events of one unit in their order."""
    accepted: set[str] = set()
    in_force: str | None = None
    for claim in claims:
        place = (claim.partition, claim.at)
        if claim.id in accepted:
            yield Decided(*place, REPEATED, 0, "")
        elif claim.supersedes != in_force:
            reason = "already_counted" if claim.supersedes is None else "superseded_mismatch"
            yield Decided(*place, REJECTED, 0, reason)
        else:
            accepted.add(claim.id)
            in_force = None if claim.annuls else claim.id
            yield Decided(*place, ACCEPTED, len(accepted), "")


def decide(
    engine: Engine,
    election: Election,
    registry: Registry,
    ballots: Ballots,
    recaps: Sequence[Recap],
    refused: Sequence[Refused],
    partition_of: PartitionOf | None,
) -> None:
    """Make the tables. With `partition_of`, an event counts only under the key and in the partition of its
    district."""
    fits = "reason = ''"
    if partition_of is not None:
        _places(engine, registry, partition_of)
        fits = "reason = '' AND is_placed"
    engine.run(
        "CREATE VIEW placed AS SELECT a.*, "
        + (
            "ifNull(a.key = p.key AND a.partition = p.partition, false) AS is_placed FROM assessed AS a "
            "ANY LEFT JOIN right_place AS p ON a.village = p.village"
            if partition_of is not None
            else "true AS is_placed FROM assessed AS a"
        )
    )
    engine.run(
        "CREATE TABLE decision (partition UInt32, at UInt64, id String, contest String, unit String, "
        "outcome LowCardinality(String), version UInt32, reason LowCardinality(String)) "
        "ENGINE = MergeTree ORDER BY (partition, at)"
    )
    engine.run(
        "INSERT INTO decision SELECT partition, at, id, contest, unit, 'rejected', 0, "
        f"if(reason != '', reason, 'wrong_key') FROM placed WHERE NOT ({fits})"
    )
    _insert(
        engine,
        [(Decided(one.partition, one.at, REJECTED, 0, one.reason), "", "", "") for one in refused],
    )
    engine.make(
        "several",
        "contest, unit",
        f"SELECT contest, unit FROM placed WHERE {fits} GROUP BY contest, unit "
        "HAVING count() > 1 OR any(annuls OR isNotNull(supersedes))",
    )
    alone = "(contest, unit) NOT IN (SELECT contest, unit FROM several)"
    engine.run(
        "INSERT INTO decision SELECT partition, at, id, contest, unit, 'accepted', 1, '' FROM placed "
        f"WHERE {fits} AND {alone}"
    )
    _decide_several(engine, fits)
    _decide_recaps(engine, election, registry, ballots, recaps, partition_of)
    engine.make(
        "version",
        "contest, unit, version",
        "SELECT a.* EXCEPT (reason), d.version AS version FROM assessed AS a INNER JOIN "
        "(SELECT partition, at, version FROM decision "
        "WHERE outcome = 'accepted' AND NOT startsWith(unit, ':')) AS d "
        "ON a.partition = d.partition AND a.at = d.at",
    )
    engine.make(
        "in_force",
        "contest, unit",
        "SELECT * FROM version ORDER BY contest, unit, version DESC LIMIT 1 BY contest, unit",
    )
    _findings(engine)


def _findings(engine: Engine) -> None:
    """What each accepted version fails, R28 included: votes that the version after replaces by zeros."""
    window = "OVER (PARTITION BY contest, unit ORDER BY version ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING)"
    versions = (
        "SELECT contest, unit, version, findings, status IN ('clean', 'flagged') AS with_votes, "
        "arrayExists(v -> ifNull(v, 0) != 0, votes) AS has_votes, "
        f"any(with_votes AND has_votes) {window} AS had_votes FROM version"
    )
    replaced = "if(with_votes AND NOT has_votes AND ifNull(had_votes, false), [('R28', 'IV')], [])"
    engine.make(
        "finding",
        "contest, unit, version",
        "SELECT contest, unit, version, one.1 AS rule, one.2 AS place FROM "
        f"({versions}) ARRAY JOIN arrayConcat(findings, {replaced}) AS one",
    )


def _places(engine: Engine, registry: Registry, partition_of: PartitionOf) -> None:
    """The key and partition of each village's events."""
    villages = engine.rows("SELECT village FROM village ORDER BY village")["village"].to_pylist()
    keys = [key_of_region(registry, village) for village in villages]
    table = pa.table(
        {
            "village": pa.array(villages, pa.uint32()),
            "key": pa.array(keys, pa.binary()),
            "partition": pa.array([partition_of(key) for key in keys], pa.uint32()),
        }
    )
    engine.make(
        "right_place",
        "village",
        f"SELECT village, CAST(key AS String) AS key, partition FROM {engine.file(table)}",
    )


def _decide_several(engine: Engine, fits: str) -> None:
    rows = engine.rows(
        "SELECT contest, unit, partition, at, id, supersedes, annuls FROM placed "
        f"WHERE {fits} AND (contest, unit) IN (SELECT contest, unit FROM several) "
        "ORDER BY contest, unit, partition, at"
    )
    columns = [rows[name].to_pylist() for name in rows.column_names]
    decided: list[tuple[Decided, str, str, str]] = []
    claims: list[Claim] = []
    of: tuple[str, str] | None = None

    def settle() -> None:
        if of is not None:
            done = decide_unit(claims)
            decided.extend((one, claim.id, *of) for one, claim in zip(done, claims, strict=True))
        claims.clear()

    for contest, unit, partition, at, event_id, supersedes, annuls in zip(*columns, strict=True):
        if of != (contest, unit):
            settle()
            of = contest, unit
        claims.append(Claim(partition, at, event_id, supersedes, bool(annuls)))
    settle()
    _insert(engine, decided)


def _decide_recaps(
    engine: Engine,
    election: Election,
    registry: Registry,
    ballots: Ballots,
    recaps: Sequence[Recap],
    partition_of: PartitionOf | None,
) -> None:
    """Recapitulations: they are recorded, and no total depends on them. Their units begin with a colon, since
    a region may be named as a station is."""
    claims: dict[tuple[str, str], list[Claim]] = {}
    decided: list[tuple[Decided, str, str, str]] = []
    for one in recaps:
        event = one.event
        reason = _recap_reason(one, election, registry, ballots, partition_of)
        if reason:
            done = Decided(one.partition, one.at, REJECTED, 0, reason)
            decided.append((done, one.id, event.contest, f":{event.region}"))
        else:
            claim = Claim(one.partition, one.at, one.id, event.payload.supersedes, annuls=False)
            claims.setdefault((event.contest, event.region), []).append(claim)
    for (contest, region), of in claims.items():
        of.sort()
        decided += [
            (one, claim.id, contest, f":{region}") for one, claim in zip(decide_unit(of), of, strict=True)
        ]
    _insert(engine, decided)


def _recap_reason(
    one: Recap,
    election: Election,
    registry: Registry,
    ballots: Ballots,
    partition_of: PartitionOf | None,
) -> str:
    event = one.event
    if event.election != election.id:
        return "unknown_election"
    if event.contest not in ballots.contests:
        return "unknown_contest"
    if event.submitted_by is not None and event.submitted_by.role in WATCHING:
        return "not_authorised"
    region = registry.region(event.region)
    if region is None or region.level not in election.certified:
        return "unknown_region"
    held = [
        ballots.ballots[index]
        for index in ballots.of_region(ballots.contests.index(event.contest), region.index)
    ]
    if not held:
        return "not_held_here"
    names = {key: key for ballot in held for key in ballot.keys}
    if len(held) == 1:
        names.update(zip(held[0].options, held[0].keys, strict=True))
    seen: set[str] = set()
    for option in event.payload.cells.votes:
        if option not in names:
            return "unknown_option"
        if names[option] in seen:
            return "malformed"
        seen.add(names[option])
    if partition_of is not None:
        key = key_of_region(registry, region.index)
        if one.key != key or one.partition != partition_of(key):
            return "wrong_key"
    return ""


def _insert(engine: Engine, decided: Sequence[tuple[Decided, str, str, str]]) -> None:
    if not decided:
        return
    table = pa.table(
        {
            "partition": pa.array([one.partition for one, *_ in decided], pa.uint32()),
            "at": pa.array([one.at for one, *_ in decided], pa.uint64()),
            "id": pa.array([event_id for _, event_id, _, _ in decided], pa.string()),
            "contest": pa.array([contest for _, _, contest, _ in decided], pa.string()),
            "unit": pa.array([unit for _, _, _, unit in decided], pa.string()),
            "outcome": pa.array([one.outcome for one, *_ in decided], pa.string()),
            "version": pa.array([one.version for one, *_ in decided], pa.uint32()),
            "reason": pa.array([one.reason for one, *_ in decided], pa.string()),
        }
    )
    engine.run(f"INSERT INTO decision SELECT * FROM {engine.file(table)}")
