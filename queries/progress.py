"""How far the count is: stations and voters still outstanding for each unit, how fast events arrive, and how
far the projection has come in the log.

It does not know the log's end: whoever has the log compares `pulse` with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.places import bound, locate, regions_inside
from queries.results import FUNNEL, FUNNEL_COLUMNS, outstanding_stations
from queries.rows import Row, first, in_utc, select
from schemas.percent import percent
from schemas.regions import REGION_LEVELS, Level

RATE_WINDOW: Final = timedelta(minutes=5)
"""Long enough to smooth out batches, short enough to show that the arrivals have stopped."""

_FUNNEL: Final = ", ".join(FUNNEL_COLUMNS)
_SQL: Final = """
SELECT place.name AS name, place.parent AS parent, snapshot.*
FROM (
    SELECT contest, unit, version, recorded_at, registered, registered_outstanding, {funnel}
    FROM tally FINAL
    WHERE election = {{election:String}} AND level = {{level:String}}
        AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
) AS snapshot
INNER JOIN (
    SELECT unit, name, parent, province, district, subdistrict FROM region FINAL
    WHERE election = {{election:String}} AND level = {{level:String}} AND ({inside})
) AS place USING (unit)
ORDER BY contest, length(province), province, length(district), district, length(subdistrict), subdistrict,
    length(unit), unit
"""

_PULSE: Final = """
SELECT count() AS events, countIf(outcome = 'accepted') AS accepted,
    countIf(outcome = 'rejected') AS rejected, max(recorded_at) AS newest, min(recorded_at) AS oldest,
    countIf(recorded_at > {since:DateTime64(6, 'UTC')}) AS recent
FROM event FINAL WHERE election = {election:String}
"""
_REACHED: Final = """
SELECT max(position) AS newest, max(recorded_at) AS latest, count() AS known
FROM sink_position WHERE election = {election:String}
"""


def progress(
    client: Client,
    election: str,
    level: Level | str = Level.NATION,
    region: str | None = None,
    contests: tuple[str, ...] = (),
) -> Iterator[Row]:
    """One row for each contest (of `contests`; default: all) and unit of `level` inside `region`:
    `{level, region, name, parent, contest, stations, outstanding, registered, percent, last_recorded_at}`.

    `percent` is the share of expected stations that are in, to a tenth (100.0: all of them, 0.0: none); None
    where none is expected.
    Raises Unanswerable for an unknown region, or one below `level`, and for the level of stations.
    """
    level = Level(level)
    place = None if region is None else locate(client, election, region)
    if level not in REGION_LEVELS:
        raise ValueError("progress is by region; for stations ask results --level station")
    asked: dict[str, Any] = {
        "election": election,
        "level": level.value,
        "contests": list(contests),
        **bound(place),
    }
    for row in select(client, _SQL.format(inside=regions_inside(place, level), funnel=_FUNNEL), asked):
        yield _shaped(row, level)


def pulse(client: Client, election: str, now: datetime) -> Row:
    """`{events, accepted, rejected, last_recorded_at, per_minute, next_position}` of the projection.

    `per_minute` is the rate of arrivals over RATE_WINDOW before `now` (with a zone), or since the first
    event if that is later; `next_position` the first position of the log that has not arrived (None: nothing
    has ever arrived).
    """
    row = first(client, _PULSE, {"election": election, "since": now - RATE_WINDOW}) or {}
    oldest, newest = in_utc(row["oldest"]), in_utc(row["newest"])
    minutes = 0.0
    if row["events"] and oldest is not None:
        minutes = max((now - max(oldest, now - RATE_WINDOW)).total_seconds(), 1.0) / 60
    return {
        "events": row["events"],
        "accepted": row["accepted"],
        "rejected": row["rejected"],
        "last_recorded_at": newest if row["events"] else None,
        "per_minute": round(row["recent"] / minutes) if minutes else 0,
        "next_position": reached(client, election)["next_position"],
    }


def reached(client: Client, election: str) -> Row:
    """How far in the log the projection is: `{next_position, recorded_at}`, None before anything came."""
    row = first(client, _REACHED, {"election": election})
    if row is None or not row["known"]:
        return {"next_position": None, "recorded_at": None}
    return {"next_position": row["newest"] + 1, "recorded_at": in_utc(row["latest"])}


def _shaped(row: Row, level: Level) -> Row:
    stations = {step: row[column] for step, column in zip(FUNNEL, FUNNEL_COLUMNS, strict=True)}
    outstanding = outstanding_stations(stations)
    return {
        "level": level.value,
        "region": row["unit"],
        "name": row["name"],
        "parent": row["parent"] or None,
        "contest": row["contest"],
        "stations": stations,
        "outstanding": {"stations": outstanding, "registered": row["registered_outstanding"]},
        "registered": row["registered"],
        "percent": percent(stations["expected"] - outstanding, stations["expected"]),
        "last_recorded_at": in_utc(row["recorded_at"]) if row["version"] else None,
    }
