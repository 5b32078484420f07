"""Results station by station, those that have not reported included.

A station is listed when the register has it or when a count of it came; null figures were not read, not
given, or are not in force. Only villages where the contest is held are asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.figures import FIGURES, is_top, shares
from queries.places import COLUMN, FoundUnit
from queries.rows import Row, select
from schemas.regions import Level

# The villages asked for, with the names in totals of the options on their ballot.
_VILLAGES: Final = """
SELECT unit, mapKeys(votes) AS options FROM tally FINAL
WHERE election = {{election:String}} AND contest = {{contest:String}} AND level = 'village'
    AND unit IN ({villages})
"""
_REGIONS: Final = """
SELECT unit FROM region FINAL WHERE election = {{election:String}} AND level = 'village' AND ({condition})
"""

_COUNTED: Final = (
    "unit, village, version, status, listed, votes, valid, invalid, voters, registered, complete"
)
_OF_CONTEST: Final = (
    "election = {{election:String}} AND contest = {{contest:String}} AND village IN ({villages})"
)
_NOW: Final = f"SELECT {_COUNTED} FROM station FINAL WHERE {_OF_CONTEST}"
_THEN: Final = (
    f"SELECT {_COUNTED} FROM station_history WHERE {_OF_CONTEST} "
    "AND recorded_at <= {{as_of:DateTime64(6, 'UTC')}} ORDER BY unit, version DESC LIMIT 1 BY unit"
)

# A station that the register lacks has an empty `listing.unit`, one that has not reported the version 0:
# readers may not change settings, so what a join does not find is the type's default, not NULL.
_SQL: Final = """
SELECT
    if(listing.unit != '', listing.unit, counted.unit) AS region,
    if(listing.unit != '', listing.village, counted.village) AS parent,
    if(listing.unit != '', listing.listed, counted.listed) AS on_list,
    coalesce(listing.registered, counted.registered) AS register_voters,
    listing.number AS number,
    nullIf(listing.name, '') AS name,
    counted.* EXCEPT (unit, village, listed, registered)
FROM (
    SELECT unit, village, number, registered, listed, name FROM register_station FINAL
    WHERE election = {{election:String}} AND village IN ({villages})
) AS listing
FULL JOIN ({counted}) AS counted ON listing.unit = counted.unit
INNER JOIN (
    SELECT unit AS village_unit, province, district, subdistrict FROM region FINAL
    WHERE election = {{election:String}} AND level = 'village'
) AS place ON parent = village_unit
WHERE (on_list OR version > 0) AND ({station} = '' OR region = {station})
ORDER BY length(province), province, length(district), district, length(subdistrict), subdistrict,
    length(parent), parent, number = 0, number, length(region), region
"""
_STATION: Final = "{station:String}"


def station_results(client: Client, asked: Mapping[str, Any], place: FoundUnit | None) -> Iterator[Row]:
    """The rows of `queries.results` at the level of stations. `asked` binds election, contest and, for the
    state at a moment, as_of; `place` is where (None: everywhere)."""
    contest: str = asked["contest"]
    village = place.parent if place and place.level is Level.STATION else place.unit if place else ""
    asked = {
        **asked,
        "place": village,
        "station": place.unit if place and place.level is Level.STATION else "",
    }
    villages = _REGIONS.format(condition=_condition(place))
    options: dict[str, tuple[str, ...]] = {}
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # ballots are few, villages many
    for row in select(client, _VILLAGES.format(villages=villages), asked):
        keys = tuple(row["options"])
        options[row["unit"]] = shared.setdefault(keys, keys)
    counted = (_THEN if "as_of" in asked else _NOW).format(villages=villages)
    for row in select(client, _SQL.format(villages=villages, counted=counted, station=_STATION), asked):
        if row["parent"] in options:
            yield _shaped(row, contest, options[row["parent"]])


def _condition(place: FoundUnit | None) -> str:
    if place is None or place.level is Level.NATION:
        return "true"
    if place.level in (Level.VILLAGE, Level.STATION):
        return "unit = {place:String}"
    return f"{COLUMN[place.level]} = {{place:String}}"


def _shaped(row: Row, contest: str, options: tuple[str, ...]) -> Row:
    version, listed = row["version"], bool(row["on_list"])
    status = row["status"] if version else None
    received = status in ("clean", "flagged", "blank")
    registered = row["register_voters"]
    recorded = _figures(row if received else None, options)
    clean = status == "clean"
    is_outstanding = listed and not received
    return {
        "level": Level.STATION.value,
        "region": row["region"],
        "name": row["name"],  # what the list calls it: a name is never made up of a number
        "parent": row["parent"],
        "contest": contest,
        "version": version,
        **{name: recorded.pop(name) for name in ("votes", *FIGURES)},
        "registered": registered,
        **recorded,
        "stations": {
            "expected": int(listed),
            "received": int(received),
            "clean": int(clean),
            "flagged": int(status == "flagged"),
            "blank": int(status == "blank"),
            "annulled": int(status == "annulled"),
            "unlisted": int(received and not listed),
            "surplus": 0,
        },
        "clean": _figures(row if clean else None, options),
        "outstanding": {
            "stations": int(is_outstanding),
            "registered": registered if is_outstanding else 0,
        },
    }


def _figures(row: Row | None, options: tuple[str, ...]) -> Row:
    """The figures of a form (None: there is none) as those of totals, which `queries.figures` makes."""
    filled = {} if row is None else row["votes"]
    complete = row is not None and row["complete"]
    shared = {option: filled[option] for option in options if is_top(option)} if complete else {}
    return {
        "votes": None if row is None else {option: filled.get(option) for option in options},
        **{name: None if row is None else row[name] for name in FIGURES},
        **shares(shared, sum(shared.values()), int(complete), options),
        "forms": {
            "votes": {option: int(option in filled) for option in options},
            **{name: int(row is not None and row[name] is not None) for name in FIGURES},
        },
    }
