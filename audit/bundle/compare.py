"""Holds what a count shows against the recomputation: every decision, finding, station and total."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from audit.bundle.report import FINDINGS_KEPT, Found
from audit.bundle.shown import DECISIONS, FINDINGS, STATIONS, SUMMED, TOTALS
from audit.recompute.engine import parquet, text
from audit.recompute.recompute import Recomputed
from schemas.language import Text
from schemas.text import quoted

COMPARED: Final = (DECISIONS, FINDINGS, STATIONS, TOTALS)

_KEYS: Final = {
    DECISIONS: "partition, at",
    FINDINGS: "contest, unit, version, rule, place",
    STATIONS: "contest, unit, version",
    TOTALS: "contest, level, unit",
}

_NUMBERS: Final = ("partition", "at", "version")

TEXT_BYTES: Final = 16_384
"""Of a text in what is shown: the figures of a contest with 300 choices have some 5,000."""

_COLUMN: Final = {DECISIONS: "decision", STATIONS: "said", TOTALS: "cells"}

_CONTENT: Final = {
    DECISIONS: "concat('[\"', id, '\",\"', outcome, '\",\"', reason, '\",', toString(version), ']')",
    FINDINGS: "''",
    STATIONS: "said",
    TOTALS: "cells",
}

_DECISION_NAMES: Final = ("event_id", "outcome", "reason", "version")


def difference_count(
    done: Recomputed, table: str, folder: Path, logs: Mapping[int, Sequence[Path]], *, keyed: bool
) -> int:
    """How many rows differ; of each that does, one side has another content, or none. `keyed`: totals
    above the district are not shown."""
    return int(done.engine.value(f"SELECT count() FROM ({_differing(table, folder, logs, keyed=keyed)})"))


def differences(
    done: Recomputed, table: str, folder: Path, logs: Mapping[int, Sequence[Path]], *, keyed: bool
) -> Iterator[Found]:
    """The first of them, each value with its place."""
    keys = _KEYS[table].split(", ")
    # What is shown may be any bytes of any length.
    texts = ", ".join(
        f"toValidUTF8(left({name}, {TEXT_BYTES})) AS {name}"
        for name in (*(key for key in keys if key not in _NUMBERS), "log_content", "shown_content")
    )
    numbers = ", ".join((*(key for key in keys if key in _NUMBERS), "log_rows", "shown_rows"))
    rows = done.engine.rows(
        f"SELECT {numbers}, {texts} FROM ({_differing(table, folder, logs, keyed=keyed)}) "
        f"ORDER BY {_KEYS[table]} LIMIT {FINDINGS_KEPT}"
    )
    for row in rows.to_pylist():
        yield from _told(table, {key: row[key] for key in keys}, row)


def _differing(table: str, folder: Path, logs: Mapping[int, Sequence[Path]], *, keyed: bool) -> str:
    keys, content = _KEYS[table], _CONTENT[table]
    ours, shown = _recomputed(table, keyed=keyed), _shown(table, folder, logs)
    return (
        f"SELECT {keys}, countIf(side = 'log') AS log_rows, countIf(side = 'shown') AS shown_rows, "
        "anyIf(content, side = 'log') AS log_content, anyIf(content, side = 'shown') AS shown_content FROM ("
        f"SELECT {keys}, 'log' AS side, {content} AS content FROM ({ours}) UNION ALL "
        f"SELECT {keys}, 'shown' AS side, {content} AS content FROM ({shown})"
        f") GROUP BY {keys} HAVING log_rows != 1 OR shown_rows != 1 OR log_content != shown_content"
    )


def _shown(table: str, folder: Path, logs: Mapping[int, Sequence[Path]]) -> str:
    """What is shown, with the types of the recomputation."""
    source = parquet(folder / f"{table}.parquet")
    if table == DECISIONS:
        # Positions are numbers of the log; entries of the tree are counted.
        numbered = " UNION ALL ".join(
            f"SELECT toUInt32({partition}) AS partition, toUInt64(index) AS at, "
            f"toUInt64(position) AS position FROM {parquet(path)}"
            for partition, files in logs.items()
            for path in files
        )
        return (
            "SELECT assumeNotNull(s.partition) AS partition, ifNull(n.at, s.position) AS at, "
            "assumeNotNull(s.event_id) AS id, assumeNotNull(s.outcome) AS outcome, "
            "assumeNotNull(s.reason) AS reason, assumeNotNull(s.version) AS version "
            f"FROM {source} AS s LEFT JOIN ({numbered or _NOTHING_NUMBERED}) AS n "
            "ON s.partition = n.partition AND s.position = n.position"
        )
    names = {
        FINDINGS: ("contest", "unit", "version", "rule", "place"),
        STATIONS: ("contest", "unit", "version", "said"),
        TOTALS: ("contest", "level", "unit", "cells"),
    }[table]
    return f"SELECT {', '.join(f'assumeNotNull({name}) AS {name}' for name in names)} FROM {source}"


_NOTHING_NUMBERED: Final = (
    "SELECT toUInt32(0) AS partition, toUInt64(0) AS at, toUInt64(0) AS position WHERE false"
)


def _recomputed(table: str, *, keyed: bool) -> str:
    if table == DECISIONS:
        return (
            "SELECT partition, at, id, CAST(outcome AS String) AS outcome, "
            "CAST(reason AS String) AS reason, version FROM decision"
        )
    if table == FINDINGS:
        return "SELECT CAST(contest AS String) AS contest, unit, version, rule, place FROM finding"
    if table == STATIONS:
        return _STATIONS
    left_out = ["station", *(SUMMED if keyed else ())]
    return (
        "SELECT CAST(contest AS String) AS contest, CAST(level AS String) AS level, unit, cells FROM shown "
        f"WHERE level NOT IN ({', '.join(text(str(level)) for level in left_out)})"
    )


_STATIONS: Final = (
    "SELECT CAST(v.contest AS String) AS contest, v.unit AS unit, v.version AS version, "
    "concat('{\"complete\":', if(v.complete, 'true', 'false'), "
    "',\"invalid\":', ifNull(toString(v.invalid), 'null'), "
    "',\"listed\":', if(v.unlisted, 'false', 'true'), "
    "',\"registered\":', ifNull(toString(v.registered), 'null'), "
    "',\"status\":\"', v.status, '\",\"valid\":', ifNull(toString(v.valid), 'null'), "
    "',\"voters\":', ifNull(toString(v.b4), 'null'), ',\"votes\":{', arrayStringConcat(arrayMap("
    "x -> concat('\"', x.1, '\":', toString(x.2)), arraySort(arrayFilter(x -> isNotNull(x.2), "
    "arrayZip(b.keys, v.votes)))), ','), '}}') AS said "
    "FROM version AS v INNER JOIN ballot AS b ON v.ballot = b.ballot"
)
"""A version of a station as shown.write_shown writes it."""


def _told(table: str, key: dict[str, Any], row: dict[str, Any]) -> Iterator[Found]:
    place = ", ".join(str(value) for value in key.values() if value != "")
    log, shown = row["log_rows"], row["shown_rows"]
    partition, index = key.get("partition"), key.get("at")
    if table == DECISIONS:
        place = f"{partition}/{index}"
    kind = f"{table}_differs"
    if log != 1 or shown != 1:
        yield Found(kind, partition, index, _row_told(table, place, log, shown))
        return
    for name, right, found in _values(table, row["log_content"], row["shown_content"]):
        what = _WHAT[table]
        said = Text(
            f"{what.id} {quoted(place)}, {quoted(name)}: log menghasilkan {_value(right)}, ditampilkan "
            f"{_value(found)}.",
            f"{what.en} {quoted(place)}, {quoted(name)}: the log gives {_value(right)}, shown is "
            f"{_value(found)}.",
        )
        yield Found(kind, partition, index, said)


def _row_told(table: str, place: str, log: int, shown: int) -> Text:
    what = _WHAT[table]
    if not shown:
        return Text(
            f"{what.id} {quoted(place)} menurut log ada, dan tidak ditampilkan.",
            f"{what.en} {quoted(place)} follows from the log, and is not shown.",
        )
    if not log:
        return Text(
            f"{what.id} {quoted(place)} ditampilkan, dan tidak berasal dari log.",
            f"{what.en} {quoted(place)} is shown, and does not follow from the log.",
        )
    return Text(
        f"{what.id} {quoted(place)} ditampilkan {shown} kali.",
        f"{what.en} {quoted(place)} is shown {shown} times.",
    )


_WHAT: Final = {
    DECISIONS: Text("Keputusan atas entri", "The decision on entry"),
    FINDINGS: Text("Temuan", "The finding"),
    STATIONS: Text("TPS", "Station"),
    TOTALS: Text("Jumlah", "The total"),
}


def _values(table: str, log: str, shown: str) -> Iterator[tuple[str, Any, Any]]:
    """The values that differ; of what is no such document, all of it."""
    try:
        right, found = json.loads(log), json.loads(shown)
        if table == DECISIONS:
            right, found = (dict(zip(_DECISION_NAMES, one, strict=True)) for one in (right, found))
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        yield _COLUMN[table], log, shown
        return
    for name in dict.fromkeys((*right, *found)):
        if right.get(name) != found.get(name):
            yield name, right.get(name), found.get(name)


def _value(value: Any) -> str:
    return "-" if value is None else quoted(json.dumps(value, ensure_ascii=False))
