"""Adds stations up to villages and every region above, and names the whole state with one digest.

    cells     contest, unit, village, ballot, numbers: what a station in force gives
    total     contest, region, ballot, numbers: the same, added up
    outline_of_village  contest, village, surplus, to_come

`numbers` are the version, the fixed cells, and six runs of figures by option; see `named`.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import pyarrow as pa

from audit.recompute.engine import Engine
from schemas.ballots import Ballot, Ballots
from schemas.canonical import dumps
from schemas.regions import Registry
from schemas.tallies import BY_OPTION, FIXED_CELLS

SHARES: Final = ("share_votes", "clean_share_votes")

_IN: Final = "status != 'annulled'"
_CLEAN: Final = "status = 'clean'"
_SHARE_TOTAL: Final = (
    "if(complete, arraySum(arrayMap((v, t) -> if(t = 1, ifNull(v, 0), 0), votes, is_top)), 0)"
)

_FIXED: Final = {
    "received": _IN,
    "clean": _CLEAN,
    "flagged": "status = 'flagged'",
    "blank": "status = 'blank'",
    "annulled": "status = 'annulled'",
    "unlisted": f"{_IN} AND unlisted",
    "surplus": "0",
    "registered_received": f"if({_IN} AND NOT unlisted, ifNull(registered, 0), 0)",
    "voters": "ifNull(b4, 0)",
    "valid": "ifNull(valid, 0)",
    "invalid": "ifNull(invalid, 0)",
    "ballots_received": "ifNull(received, 0)",
    "ballots_used": "ifNull(used, 0)",
    "voters_forms": "isNotNull(b4)",
    "valid_forms": "isNotNull(valid)",
    "invalid_forms": "isNotNull(invalid)",
    "ballots_received_forms": "isNotNull(received)",
    "ballots_used_forms": "isNotNull(used)",
    "clean_voters": f"if({_CLEAN}, ifNull(b4, 0), 0)",
    "clean_valid": f"if({_CLEAN}, ifNull(valid, 0), 0)",
    "clean_invalid": f"if({_CLEAN}, ifNull(invalid, 0), 0)",
    "clean_voters_forms": f"{_CLEAN} AND isNotNull(b4)",
    "clean_valid_forms": f"{_CLEAN} AND isNotNull(valid)",
    "clean_invalid_forms": f"{_CLEAN} AND isNotNull(invalid)",
    "share_forms": "complete",
    "share_total": _SHARE_TOTAL,
    "clean_share_forms": f"{_CLEAN} AND complete",
    "clean_share_total": f"if({_CLEAN}, {_SHARE_TOTAL}, 0)",
}
"""What a station in force adds to each fixed cell. Surplus stations are a village's affair."""

FIRST_FIXED: Final = 1
FIRST_OPTION: Final = FIRST_FIXED + len(FIXED_CELLS)

_OF_TOP: Final = "arrayFilter((v, t) -> t = 1, {}, is_top)"
_GIVEN: Final = "arrayMap(v -> ifNull(v, 0), votes)"
_FORMS: Final = "arrayMap(v -> toInt64(isNotNull(v)), votes)"
_SHARED: Final = f"arrayMap(v -> if(complete, v, 0), {_OF_TOP.format(_GIVEN)})"
_IF_CLEAN: Final = f"arrayMap(v -> if({_CLEAN}, v, 0), {{}})"
_RUNS: Final = {
    "votes": _GIVEN,
    "clean_votes": _IF_CLEAN.format(_GIVEN),
    "votes_forms": _FORMS,
    "clean_votes_forms": _IF_CLEAN.format(_FORMS),
    "share_votes": _SHARED,
    "clean_share_votes": _IF_CLEAN.format(_SHARED),
}


def add_up(engine: Engine, registry: Registry) -> None:
    """Make the tables."""
    fixed = ", ".join(f"toInt64({_FIXED[name]})" for name in FIXED_CELLS)
    runs = ", ".join(_RUNS[name] for name in BY_OPTION)
    engine.make(
        "cells",
        "contest, unit",
        f"SELECT contest, unit, village, ballot, registered, status, unlisted, "
        f"arrayConcat([toInt64(version), {fixed}], {runs}) AS numbers FROM in_force",
    )
    by_village = (
        "SELECT contest, village, ballot, sumForEach(numbers) AS numbers FROM cells "
        "GROUP BY contest, village, ballot"
    )
    engine.make(
        "total",
        "contest, region, ballot",
        "SELECT v.contest AS contest, p.region AS region, v.ballot AS ballot, "
        f"sumForEach(v.numbers) AS numbers FROM ({by_village}) AS v "
        "INNER JOIN path AS p ON v.village = p.village "
        "GROUP BY contest, region, ballot",
    )
    _expected(engine, registry)


def _expected(engine: Engine, registry: Registry) -> None:
    """What is outstanding: decided in each village, and added up from there."""
    here = (
        "SELECT contest, village, toInt64(count()) AS here, sum(ifNull(registered, 0)) AS voters_here, "
        "countIf(isNull(registered)) AS unknown_here FROM cells "
        "WHERE status != 'annulled' AND NOT unlisted GROUP BY contest, village"
    )
    present = "SELECT contest, unit FROM cells WHERE status != 'annulled'"
    if registry.has_station_list:
        absent = (
            "SELECT p.contest AS contest, s.village AS village, toInt64(count()) AS absent, "
            "countIf(isNull(s.registered)) AS unknown_absent, sum(ifNull(s.registered, 0)) AS voters_absent "
            "FROM station AS s INNER JOIN place AS p ON s.village = p.village "
            f"WHERE s.listed AND (p.contest, s.unit) NOT IN ({present}) GROUP BY contest, village"
        )
    else:
        absent = (
            "SELECT p.contest AS contest, p.village AS village, "
            "greatest(v.expected - ifNull(h.here, 0), 0) AS absent, absent AS unknown_absent, "
            "toInt64(0) AS voters_absent FROM place AS p INNER JOIN village AS v ON p.village = v.village "
            f"LEFT JOIN ({here}) AS h ON p.contest = h.contest AND p.village = h.village"
        )
    joined = (
        "SELECT p.contest AS contest, p.village AS village, v.expected AS expected, v.voters AS voters, "
        "if(v.voters_known, v.voters, NULL) AS known, ifNull(h.here, 0) AS here, "
        "ifNull(h.voters_here, 0) AS voters_here, ifNull(h.unknown_here, 0) AS unknown_here, "
        "ifNull(a.absent, 0) AS absent, ifNull(a.unknown_absent, 0) AS unknown_absent, "
        "ifNull(a.voters_absent, 0) AS voters_absent "
        "FROM place AS p INNER JOIN village AS v ON p.village = v.village "
        f"LEFT JOIN ({here}) AS h ON p.contest = h.contest AND p.village = h.village "
        f"LEFT JOIN ({absent}) AS a ON p.contest = a.contest AND p.village = a.village"
    )
    to_come = (
        "multiIf(expected = 0, ifNull(known, 0), absent = 0, toInt64(0), isNull(known), NULL, "
        "unknown_absent = 0, least(voters_absent, known), unknown_here > 0, NULL, "
        "greatest(known - voters_here, 0))"
    )
    engine.make(
        "outline_of_village",
        "contest, village",
        f"SELECT contest, village, expected, voters, greatest(here - expected, 0) AS surplus, {to_come} "
        f"AS to_come FROM ({joined})",
    )
    engine.make(
        "expected",
        "contest, region",
        "SELECT o.contest AS contest, o.region AS region, ifNull(s.expected, 0) AS expected, "
        "if(ifNull(s.told, 0) = 0, NULL, s.voters) AS voters, ifNull(s.surplus, 0) AS surplus, "
        "if(ifNull(s.unknown, 0) > 0, NULL, ifNull(s.to_come, 0)) AS to_come FROM outline AS o LEFT JOIN ("
        "SELECT v.contest AS contest, p.region AS region, sum(v.expected) AS expected, "
        "countIf(isNotNull(v.voters)) AS told, sum(ifNull(v.voters, 0)) AS voters, "
        "sum(v.surplus) AS surplus, countIf(isNull(v.to_come)) AS unknown, "
        "sum(ifNull(v.to_come, 0)) AS to_come FROM outline_of_village AS v "
        "INNER JOIN path AS p ON v.village = p.village GROUP BY contest, region"
        ") AS s ON o.contest = s.contest AND o.region = s.region",
    )


def names_of(ballot: Ballot) -> list[str]:
    """The names of the cells of a unit with this ballot, in the order of `numbers`."""
    top = [ballot.keys[place] for place in ballot.top]
    by_option = [f"{name}.{key}" for name in BY_OPTION for key in (top if name in SHARES else ballot.keys)]
    return ["version", *FIXED_CELLS, *by_option]


def merge(parts: Sequence[tuple[Ballot, Sequence[int]]]) -> dict[str, int]:
    """The cells of a region with several ballots. A share is shown only of options on all of them."""
    shared = frozenset.intersection(*(ballot.top_keys for ballot, _ in parts))
    sums: dict[str, int] = {}
    for ballot, numbers in parts:
        for name, number in zip(names_of(ballot), numbers, strict=True):
            run, dot, key = name.partition(".")
            if dot and run in SHARES and key not in shared:
                continue
            sums[name] = sums.get(name, 0) + number
    return sums


class Units:
    """Every unit with its cells, as the digest is drawn from them and as they are compared."""

    def __init__(self, engine: Engine, ballots: Ballots) -> None:
        self._engine = engine
        self._ballots = ballots
        self._templates()

    def _templates(self) -> None:
        """For each ballot the names of the cells in the order of canonical JSON, and the rank there of each
        number."""
        rows = []
        for ballot in self._ballots.ballots:
            names = [*names_of(ballot), "expected", "registered", "registered_outstanding"]
            order = sorted(range(len(names)), key=names.__getitem__)
            ranks = {place: rank for rank, place in enumerate(order)}
            rows.append(
                {
                    "ballot": ballot.index,
                    "names": [names[place] for place in order],
                    "heads": [f"{dumps(names[place]).decode()}:" for place in order],
                    "ranks": [ranks[place] for place in range(len(names))],
                }
            )
        schema = pa.schema(
            [
                ("ballot", pa.uint32()),
                ("names", pa.list_(pa.string())),
                ("heads", pa.list_(pa.string())),
                ("ranks", pa.list_(pa.uint32())),
            ]
        )
        source = self._engine.file(pa.Table.from_pylist(rows, schema=schema))
        self._engine.make("template", "ballot", f"SELECT * FROM {source}")

    def make(self) -> None:
        """Make the table `shown`: contest, level, unit, cells (JSON) of every unit."""
        zeros = "arrayWithConstant(length(t.heads) - 3, toInt64(0))"
        region = (
            "SELECT e.contest AS contest, g.level AS level, g.id AS unit, g.depth AS depth, "
            "t.heads AS heads, t.ranks AS ranks, "
            f"if(empty(s.numbers), {zeros}, s.numbers) AS found, "
            f"arrayConcat(arraySlice(found, 1, {FIRST_FIXED + FIXED_CELLS.index('surplus')}), "
            f"[toInt64(e.surplus)], arraySlice(found, {FIRST_FIXED + FIXED_CELLS.index('surplus') + 2})) "
            "AS numbers, e.expected AS expected, e.voters AS registered, e.to_come AS to_come "
            "FROM expected AS e INNER JOIN region AS g ON e.region = g.region "
            "INNER JOIN (SELECT contest, region, any(ballot) AS ballot FROM held GROUP BY contest, region "
            "HAVING count() = 1) AS h ON e.contest = h.contest AND e.region = h.region "
            "INNER JOIN template AS t ON h.ballot = t.ballot "
            "LEFT JOIN total AS s ON e.contest = s.contest AND e.region = s.region AND h.ballot = s.ballot"
        )
        station = (
            "SELECT c.contest AS contest, 'station' AS level, c.unit AS unit, t.heads AS heads, "
            "t.ranks AS ranks, c.numbers AS numbers, 1 AS expected, c.registered AS registered, "
            "CAST(NULL AS Nullable(Int64)) AS to_come FROM cells AS c "
            "INNER JOIN template AS t ON c.ballot = t.ballot"
        )
        self._engine.run(
            "CREATE TABLE shown (contest LowCardinality(String), level LowCardinality(String), unit String, "
            "cells String CODEC(ZSTD(1))) ENGINE = MergeTree ORDER BY (contest, level, unit)"
        )
        for query in (region, station):
            self._engine.run(
                f"INSERT INTO shown SELECT contest, level, unit, {_JSON} AS cells FROM ({query})"
            )
        self._several()

    def _several(self) -> None:
        """Regions with several ballots, or with none that is known."""
        rows = self._engine.rows(
            "SELECT e.contest AS contest, g.level AS level, g.id AS unit, h.ballots AS ballots, "
            "e.expected AS expected, e.voters AS registered, e.to_come AS to_come, e.surplus AS surplus, "
            "s.made AS made, s.numbers AS numbers FROM expected AS e "
            "INNER JOIN region AS g ON e.region = g.region "
            "LEFT JOIN (SELECT contest, region, groupArray(ballot) AS ballots FROM held GROUP BY contest, "
            "region) AS h ON e.contest = h.contest AND e.region = h.region "
            "LEFT JOIN (SELECT contest, region, groupArray(ballot) AS made, groupArray(numbers) AS numbers "
            "FROM total GROUP BY contest, region) AS s ON e.contest = s.contest AND e.region = s.region "
            "WHERE length(h.ballots) != 1"
        )
        if not rows.num_rows:
            return
        found = []
        for row in rows.to_pylist():
            cells = self._cells_of(row)
            found.append(
                {
                    "contest": row["contest"],
                    "level": row["level"],
                    "unit": row["unit"],
                    "cells": dumps(cells).decode(),
                }
            )
        names = ("contest", "level", "unit", "cells")
        table = pa.Table.from_pylist(found, schema=pa.schema([(name, pa.string()) for name in names]))
        self._engine.run(f"INSERT INTO shown SELECT * FROM {self._engine.file(table)}")

    def _cells_of(self, row: dict[str, Any]) -> dict[str, Any]:
        made = dict(zip(row["made"] or (), row["numbers"] or (), strict=True))
        parts = []
        for index in row["ballots"] or ():
            ballot = self._ballots.ballots[index]
            parts.append((ballot, made.get(index) or [0] * len(names_of(ballot))))
        cells: dict[str, Any] = dict(merge(parts)) if parts else dict.fromkeys(("version", *FIXED_CELLS), 0)
        cells["surplus"] = row["surplus"]
        return cells | {
            "expected": row["expected"],
            "registered": row["registered"],
            "registered_outstanding": row["to_come"],
        }

    def digest(self) -> str:
        """The digest of the state: SHA-256 over the sorted SHA-256 of every unit's canonical JSON."""
        row = "concat('[\"', contest, '\",\"', level, '\",', toJSONString(unit), ',', cells, ']')"
        hashes = self._engine.rows(
            f"SELECT arrayStringConcat(arraySort(groupArray(hex(SHA256({row}))))) AS hashes FROM shown"
        )["hashes"][0].as_py()
        return sha256(bytes.fromhex(hashes)).hexdigest()


_JSON: Final = (
    "concat('{', arrayStringConcat(arrayMap((h, v) -> concat(h, ifNull(toString(v), 'null')), heads, "
    "arraySort((v, rank) -> rank, arrayConcat(CAST(numbers AS Array(Nullable(Int64))), "
    "[CAST(expected AS Nullable(Int64)), CAST(registered AS Nullable(Int64)), to_come]), ranks)), ','), '}')"
)
"""The cells of a unit in the order of their names. A station's `registered_outstanding` is never known.
No array is captured by a lambda: the engine would copy it for each element, the square of its length."""
