"""The log as the projection mirrors it: what arrived, in order, with its outcome; and one event by its id.

What has not reached the projection yet is not here; the log itself is the proof, this is the index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson
from clickhouse_connect.driver.client import Client

from queries.rows import Row, in_utc, select

SHORTEST_PREFIX: Final = 8
"""Hex digits of an event id: among 4 million events two share eight digits about as often as one in 500
look-ups shows; fewer digits would mostly be a slip."""

_SQL: Final = """
SELECT partition, position, recorded_at, event_id, type, contest, unit, occurred_at, outcome, reason, version,
    isValidUTF8(body) AS is_text, if(is_text, body, hex(body)) AS shown
FROM event FINAL
WHERE election = {{election:String}} AND ({condition})
ORDER BY partition, position
{limit}
"""


_OUTCOMES: Final = """
SELECT position, outcome, reason, version FROM event FINAL
WHERE election = {election:String} AND partition = {partition:UInt32}
    AND position >= {start:UInt64} AND position < {end:UInt64}
"""


class EntryOutcome(NamedTuple):
    """The outcome of an entry, as in the rows of `events`."""

    outcome: str
    reason: str
    version: int


def events(
    client: Client,
    election: str,
    start: int = 0,
    limit: int | None = None,
    *,
    partition: int | None = None,
    end: int | None = None,
) -> Iterator[Row]:
    """The log from position `start` of each partition (or of `partition`) on, up to `end` (not included), at
    most `limit` entries: `{partition, position, recorded_at, event_id, type, contest, unit, occurred_at,
    outcome, reason, version, event, bytes}`.

    `outcome` is accepted, rejected or repeated (the same message stands in the log before), `reason` says why
    an entry was rejected, '' if it was not. `event` is the JSON document as it arrived; where the bytes are
    none it is None and `bytes` has them in hex.
    """
    asked: dict[str, Any] = {"election": election, "start": start}
    condition = "position >= {start:UInt64}"
    for name, value, more in (
        ("partition", partition, "partition = {partition:UInt32}"),
        ("end", end, "position < {end:UInt64}"),
        ("limit", limit, ""),
    ):
        if value is not None:
            asked[name] = value
            condition += f" AND {more}" if more else ""
    return _rows(client, condition, limit, asked)


def entry_outcomes(
    client: Client, election: str, partition: int, start: int, end: int
) -> dict[int, EntryOutcome]:
    """The outcomes by position of the entries of a partition from `start` up to `end` (not included). Those
    that have not reached the projection are not among them."""
    asked = {"election": election, "partition": partition, "start": start, "end": end}
    rows = client.query(_OUTCOMES, parameters=asked).result_rows
    return {
        int(position): EntryOutcome(outcome, reason, int(version))
        for position, outcome, reason, version in rows
    }


def find_event(client: Client, election: str, event_id: str) -> list[Row]:
    """The entries of the event with that id, or whose ids begin with it (SHORTEST_PREFIX digits or more)."""
    event_id = event_id.lower()
    whole = len(event_id) == 64
    condition = "event_id = {id:String}" if whole else "startsWith(event_id, {id:String})"
    return list(_rows(client, condition, None, {"election": election, "id": event_id}))


def of_unit(client: Client, election: str, unit: str) -> Iterator[Row]:
    """The entries that speak of one station or region, in the order of the log, rejected ones included."""
    return _rows(client, "unit = {unit:String}", None, {"election": election, "unit": unit})


def _rows(client: Client, condition: str, limit: int | None, asked: dict[str, Any]) -> Iterator[Row]:
    cut = "" if limit is None else "LIMIT {limit:UInt64}"
    for row in select(client, _SQL.format(condition=condition, limit=cut), asked):
        row["recorded_at"] = in_utc(row["recorded_at"])
        row["occurred_at"] = in_utc(row["occurred_at"])
        shown: str = row.pop("shown")
        raw = shown.encode() if row.pop("is_text") else bytes.fromhex(shown)
        row["event"], row["bytes"] = displayed(raw)
        yield row


def displayed(raw: bytes) -> tuple[dict[str, Any] | None, str | None]:
    """A message as JSON document, or where it is none in hex; the other one is None. For display only: what
    an event means is read by schemas.decode alone."""
    try:
        document = orjson.loads(raw)
        if isinstance(document, dict) and orjson.dumps(document, option=orjson.OPT_SORT_KEYS) != raw:
            json.loads(raw, object_pairs_hook=_unique)  # of a key given twice, only the bytes show both
    except ValueError:
        return None, raw.hex()
    return (document, None) if isinstance(document, dict) else (None, raw.hex())


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key is given twice")
