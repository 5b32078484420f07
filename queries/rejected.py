"""Rejected messages with the reason in words; the newest last, as in the log.

The bytes stay in the log and in `event`: see `queries.events`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.places import STATION_NAMES, bound, locate_or_rejected
from queries.rows import Row, in_utc, select
from schemas.regions import Level, Registry

_ASKED: Final = """
FROM rejected FINAL
WHERE election = {{election:String}}
    AND (empty({{reasons:Array(String)}}) OR reason IN {{reasons:Array(String)}})
    AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
    AND ({inside})
"""
_LIST: Final = """
SELECT partition, position, recorded_at, event_id, type, contest, unit, nullIf(known_name, '') AS name,
    reason, sentence_id, sentence_en
FROM (
    SELECT partition, position, recorded_at, event_id, type, contest, unit, reason, sentence_id, sentence_en
    {asked}
) AS refused
ANY LEFT JOIN ({names}) AS named ON refused.unit = named.named_unit
ORDER BY partition, position
{limit}
"""
_REGION_NAMES: Final = "SELECT unit, name FROM region FINAL WHERE election = {election:String}"
_COUNT: Final = "SELECT reason, count() AS count {asked} GROUP BY reason ORDER BY count DESC, reason"

# Rejected messages say only which unit they speak of, and perhaps of none that the register knows.
_INSIDE: Final = """
unit = {place:String} OR unit IN (
    SELECT unit FROM region FINAL WHERE election = {election:String}
        AND {place:String} IN (province, district, subdistrict)
) OR unit IN (
    SELECT unit FROM register_station FINAL WHERE election = {election:String} AND village IN (
        SELECT unit FROM region FINAL WHERE election = {election:String} AND level = 'village'
            AND {place:String} IN (unit, province, district, subdistrict)
    )
) OR unit IN {units:Array(String)}
"""

_UNITS: Final = """
SELECT DISTINCT unit FROM rejected FINAL WHERE election = {election:String} AND unit != ''
    AND unit NOT IN (SELECT unit FROM register_station FINAL WHERE election = {election:String})
"""


def rejected(
    client: Client,
    election: str,
    *,
    reasons: Sequence[str] = (),
    region: str | None = None,
    contests: Sequence[str] = (),
    limit: int | None = None,
    registry: Registry | None = None,
) -> Iterator[Row]:
    """One row for each rejected message: `{partition, position, recorded_at, event_id, type, contest, unit,
    name, reason, sentence: {id, en}}`; what the bytes do not tell is '', a name that nobody gave
    None. Raises Unanswerable for a region that neither the register nor a rejected message names. With the
    `registry`, a region has also the stations and regions that it does not have, by their codes."""
    asked, where = _asked(client, election, reasons, region, contests, registry)
    if limit is not None:
        asked["limit"] = limit
    names = f"{STATION_NAMES} UNION ALL {_REGION_NAMES}"
    cut = "" if limit is None else "LIMIT {limit:UInt64}"
    for row in select(client, _LIST.format(asked=where, names=names, limit=cut), asked):
        row["recorded_at"] = in_utc(row["recorded_at"])
        row["sentence"] = {"id": row.pop("sentence_id"), "en": row.pop("sentence_en")}
        yield row


def count_rejected(
    client: Client,
    election: str,
    *,
    reasons: Sequence[str] = (),
    region: str | None = None,
    contests: Sequence[str] = (),
    registry: Registry | None = None,
) -> list[Row]:
    """`{reason, count}`, the most frequent first; `registry` as of `rejected`."""
    asked, where = _asked(client, election, reasons, region, contests, registry)
    return list(select(client, _COUNT.format(asked=where), asked))


def _asked(
    client: Client,
    election: str,
    reasons: Sequence[str],
    region: str | None,
    contests: Sequence[str],
    registry: Registry | None,
) -> tuple[dict[str, Any], str]:
    place = None if region is None else locate_or_rejected(client, election, region)
    parameters = {
        "election": election,
        "reasons": list(reasons),
        "contests": list(contests),
        **bound(place),
    }
    if place is None or place.level is Level.NATION:
        return parameters, _ASKED.format(inside="true")
    parameters["units"] = [] if registry is None else _unlisted(client, election, place.unit, registry)
    return parameters, _ASKED.format(inside=_INSIDE)


def _unlisted(client: Client, election: str, region: str, registry: Registry) -> list[str]:
    """The units of rejected messages that no list names, in the region: their village is in their ids, or at
    least they begin with the code of a region."""
    index = registry.index.get(region)
    if index is None:
        return []
    units = [row[0] for row in client.query(_UNITS, parameters={"election": election}).result_rows]
    stations = registry.stations_of(units) if units else []
    return [
        unit
        for unit, station in zip(units, stations, strict=True)
        if (place := _by_code(registry, unit) if station is None else station.village) is not None
        and index in registry.chain(place)
    ]


def _by_code(registry: Registry, unit: str) -> int | None:
    """The smallest region whose code, and those of all regions above it, the unit's id begins with: a station
    or village that the register does not have is in its sub-district all the same. None: no such region, or
    a register whose codes are not built so (2019 overseas)."""
    for length in range(len(unit) - 1, 0, -1):
        index = registry.index.get(unit[:length])
        if index is None:
            continue
        above = [registry.ids[one] for one in registry.chain(index)[1:-1]]  # the nation's is its own
        if len(above) == registry.depth[index] - 1 and all(unit.startswith(code) for code in above):
            return index
    return None
