"""Decides about the events of each unit in the order of the log: accepted, repeated or rejected.

    decision   partition, at, id, contest, unit, outcome, version, reason
    version    contest, unit, version, and what the accepted event says (assessed)
    in_force   the last of them
    finding    contest, unit, version, rule, place

A unit with one first count needs no order; the others are decided one after the other, and so is everything
in an election with keys, where a decision also depends on who sent what before.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from audit.recompute.engine import Engine
from audit.recompute.in_order import PartitionOf, decide_in_order
from audit.recompute.messages import Other, Refused
from audit.recompute.units import REJECTED, Claim, Decided, decide_unit, insert
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.placement import key_of_region
from schemas.regions import Registry


def decide(
    engine: Engine,
    election: Election,
    registry: Registry,
    ballots: Ballots,
    others: Sequence[Other],
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
    insert(
        engine,
        [(Decided(one.partition, one.at, REJECTED, 0, one.reason), "", "", "") for one in refused],
    )
    if election.identity is None:
        _decide_counts(engine, fits)
    decide_in_order(engine, election, registry, ballots, others, partition_of, fits)
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


def _decide_counts(engine: Engine, fits: str) -> None:
    """Counts where nobody asks who sent them: a unit with one first count needs no order."""
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
    insert(engine, decided)
