"""Assesses every event: why it can be no part of this count, or what its form is and which rules it fails.

assessed   partition, at, id, contest, unit, village, ballot, reason ('': it fits), supersedes, annuls,
           status, findings, registered, unlisted, complete, and the figures of the form
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from audit.recompute import rules
from audit.recompute.engine import Engine, Step, text
from audit.recompute.register import add_stations
from audit.recompute.words import read_words
from schemas.authority import WATCHING
from schemas.ballots import Ballots
from schemas.elections import Election
from schemas.regions import Registry

FIGURES_KEPT: Final = ("b4", "valid", "invalid", "received", "used")
"""The figures beside the votes that are added up: B4, V.A, V.B, II.1, II.2."""


class Assessor:
    """Assesses the events of a log, some at a time."""

    def __init__(self, engine: Engine, election: Election, registry: Registry, ballots: Ballots) -> None:
        self._engine = engine
        self._election = election
        self._registry = registry
        self._reason = _reason(election, ballots)
        kept = ", ".join(f"{name} Nullable(Int64)" for name in FIGURES_KEPT)
        engine.run(
            "CREATE TABLE assessed (partition UInt32, at UInt64, key Nullable(String), id String, "
            "contest LowCardinality(String), unit String, village UInt32, ballot UInt32, "
            "reason LowCardinality(String), supersedes Nullable(String), annuls Bool, "
            "status LowCardinality(String), findings Array(Tuple(String, String)), "
            "registered Nullable(Int64), unlisted Bool, complete Bool, signer Nullable(String), seq UInt32, "
            "role Nullable(String), occurred_at Nullable(String), votes Array(Nullable(Int64)), "
            f"is_top Array(UInt8), {kept}) ENGINE = MergeTree ORDER BY (contest, unit, partition, at)"
        )

    def add(self, source: str) -> None:
        """Assess the events that `source` selects."""
        engine = self._engine
        engine.in_memory("event", source)
        unknown = engine.rows(
            "SELECT DISTINCT unit FROM event WHERE unit NOT IN (SELECT unit FROM station) ORDER BY unit"
        )
        units = [one.decode() if isinstance(one, bytes) else one for one in unknown["unit"].to_pylist()]
        if units:
            add_stations(engine, self._registry, units)
        number = _words(engine)
        findings: Step = (
            (
                "findings",
                f"if(reason != '' OR is_annulled, [], arrayConcat({rules.FINDINGS}, {_spelt(number)}))",
            ),
            ("status", rules.STATUS),
        )
        table = engine.steps(
            "assessing",
            self._joined(),
            [
                (("reason", self._reason),),
                rules.FIGURES,
                rules.BOUNDS,
                rules.READINGS,
                rules.OCCURRED,
                findings,
            ],
        )
        kept = ", ".join(FIGURES_KEPT)
        engine.run(
            "INSERT INTO assessed SELECT partition, at, key, id, contest, unit, ifNull(village, 0), "
            "ifNull(ballot, 0), reason, supersedes, is_annulled, status, findings, registered, "
            f"ifNull(NOT listed, false), complete AND NOT is_annulled, signer, seq, role, "
            f"occurred_at, votes, is_top, {kept} FROM {table}"
        )
        engine.drop(table)
        engine.drop("event")

    def _joined(self) -> str:
        """The events with what is known of their stations."""
        joined = (
            "SELECT e.*, s.village AS village, s.registered AS registered, s.listed AS on_list "
            "FROM event AS e ANY LEFT JOIN station AS s ON e.unit = s.unit"
        )
        joined = (
            f"SELECT j.*, p.ballot AS ballot FROM ({joined}) AS j "
            "ANY LEFT JOIN place AS p ON j.contest = p.contest AND j.village = p.village"
        )
        joined = (
            "SELECT j.*, b.options AS options, b.is_top AS is_top, b.parts AS parts, "
            "b.part_sizes AS part_sizes, b.sorted_options AS sorted_options, "
            "b.sorted_places AS sorted_places, "
            "b.group_ranks AS group_ranks, b.ranges AS ranges, "
            "ifNull(b.named, false) AS named, ifNull(b.is_parties, false) AS is_parties "
            f"FROM ({joined}) AS j ANY LEFT JOIN ballot AS b ON j.ballot = b.ballot"
        )
        limits = self._election.limits
        return (
            "SELECT j.*, v.voters_limit AS voters_limit, ifNull(v.figure_limit, 0) AS figure_limit, "
            "v.closes AS closes, v.until AS until, type = 'CountAnnulled' AS is_annulled, "
            "type = 'CountSubmitted' AND ifNull(kind = 'regular', true) AS is_first, "
            "if(isNull(on_list), said_listed, on_list) AS listed, "
            f"{limits.reserve_percent} AS reserve, {limits.outlier_percent} AS outlier_percent, "
            f"{limits.outlier_valid} AS outlier_valid FROM ({joined}) AS j "
            "ANY LEFT JOIN village AS v ON j.village = v.village"
        )


_NO_NUMBER: Final = -1
"""Stands for words that spell none."""


def _spelt(number: str) -> str:
    """R15: figures that their words contradict; `number` is what the words `w` spell."""
    places = "multiIf(x.1 = 'valid', 'V.A', x.1 = 'invalid', 'V.B', x.1 = 'total', 'V.C', concat('IV.', x.1))"
    figure = (
        "multiIf(k = 'valid', valid, k = 'invalid', invalid, k = 'total', total, "
        "has(vote_keys, k), vote_figures[indexOf(vote_keys, k)], NULL)"
    )
    return (
        f"arrayMap(x -> ('R15', {places}), arrayFilter(x -> isNotNull(x.2) AND x.3 != {_NO_NUMBER} AND "
        f"x.2 != x.3, arrayMap((k, w) -> (k, {figure}, {number}), mapKeys(form.words), "
        "mapValues(form.words))))"
    )


def _words(engine: Engine) -> str:
    """The numbers that the words on all forms spell, as an expression of the words `w`."""
    asked = engine.rows("SELECT DISTINCT arrayJoin(mapValues(form.words)) AS word FROM event ORDER BY word")
    texts = [one.decode() if isinstance(one, bytes) else one for one in asked["word"].to_pylist()]
    numbers = [read_words(one) for one in texts]
    known = [(one, number) for one, number in zip(texts, numbers, strict=True) if number is not None]
    table = pa.table(
        {
            "word": pa.array([one for one, _ in known], pa.string()),
            "number": pa.array([number for _, number in known], pa.int64()),
        }
    )
    engine.in_memory("word", f"SELECT * FROM {engine.file(table)}")
    if not known:
        return f"CAST({_NO_NUMBER} AS Int64)"
    return (
        "transform(w, (SELECT groupArray(word) FROM word), (SELECT groupArray(number) FROM word), "
        f"CAST({_NO_NUMBER} AS Int64))"
    )


def _reason(election: Election, ballots: Ballots) -> str:
    """Why an event can be no part of the count, '' where it can: the first that holds."""
    watching = ", ".join(text(role.value) for role in WATCHING)
    contests = ", ".join(text(one) for one in ballots.contests)
    may = [
        f"(why = {text(reason)} AND NOT ifNull(has([{', '.join(text(role.value) for role in roles)}], role), "
        "false))"
        for reason, roles in (election.reason_roles or {}).items()
    ]
    wrong_role = " OR ".join(may) or "false"
    bad_signature = "false" if election.identity is None else "isNull(signer)"
    unlisted = "false" if election.count_unlisted_stations else "ifNull(NOT listed, false)"
    return (
        "multiIf("
        f"election != {text(election.id)}, 'unknown_election', "
        f"contest NOT IN ({contests}), 'unknown_contest', "
        f"ifNull(role IN ({watching}), false), 'not_authorised', "
        f"type != 'CountSubmitted' AND ifNull({wrong_role}, false), 'wrong_role', "
        f"{bad_signature}, 'bad_signature', "
        f"isNull(village) OR {unlisted}, 'unknown_station', "
        "isNull(ballot), 'not_held_here', "
        "NOT hasAll(options, mapKeys(form.votes)), 'unknown_option', "
        "isNotNull(not_counted), assumeNotNull(not_counted), '')"
    )
