"""Results of a contest at one level: recorded and clean totals, the funnel of stations, what is outstanding.

Rows come from the newest snapshot of each region, or from the newest one at a given moment; a region in
which the contest is not held has no row. No sums are made here: totals come from the stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries import figures
from queries.places import bound, locate, regions_inside
from queries.rows import Row, select
from queries.station_results import station_results
from schemas.regions import Level

FUNNEL: Final = ("expected", "received", "clean", "flagged", "blank", "annulled", "unlisted", "surplus")
FUNNEL_COLUMNS: Final = tuple(f"stations_{step}" for step in FUNNEL)

COLUMNS: Final = ", ".join(
    ("contest", "unit", "version", "registered", "registered_outstanding", *FUNNEL_COLUMNS, *figures.COLUMNS)
)
_OF_CONTEST: Final = (
    "election = {election:String} AND contest IN {contests:Array(String)} AND level = {level:String}"
)

NOW: Final = f"SELECT {COLUMNS} FROM tally FINAL WHERE {_OF_CONTEST}"
# The rows of version 0 state what to expect, whenever they were written. Versions of one region are distinct
# (the number of accepted events), recording times need not be: so the newest one is the highest version.
THEN: Final = (
    f"SELECT {COLUMNS} FROM tally_history WHERE {_OF_CONTEST} "
    "AND (recorded_at <= {as_of:DateTime64(6, 'UTC')} OR version = 0) "
    "ORDER BY contest, unit, version DESC LIMIT 1 BY contest, unit"
)

_SQL: Final = """
SELECT place.name AS name, place.parent AS parent, snapshot.*
FROM ({snapshots}) AS snapshot
INNER JOIN (
    SELECT unit, name, parent, province, district, subdistrict FROM region FINAL
    WHERE election = {{election:String}} AND level = {{level:String}} AND ({inside})
) AS place USING (unit)
ORDER BY length(province), province, length(district), district, length(subdistrict), subdistrict,
    length(unit), unit, indexOf({{contests:Array(String)}}, contest)
"""


def results(
    client: Client,
    election: str,
    contest: str | Sequence[str],
    level: Level | str,
    region: str | None = None,
    as_of: datetime | None = None,
) -> list[Row]:
    """`stream_results` as a list."""
    return list(stream_results(client, election, contest, level, region, as_of))


def stream_results(
    client: Client,
    election: str,
    contest: str | Sequence[str],
    level: Level | str,
    region: str | None = None,
    as_of: datetime | None = None,
) -> Iterator[Row]:
    """One row for each unit of `level` inside `region` (default: everywhere) where the contest (or each of
    several) is held:
    `{level, region, name, parent, contest, version, votes, valid, invalid, voters, registered, shares,
    share_forms, share_total, share_votes, forms, stations, clean, outstanding}`.

    `votes` and `clean["votes"]` are by the option's name in totals, options without votes included; for
    stations without a count in force they are None. A figure that no form gives is None; `forms` has how many
    give each. `outstanding` counts the stations still to come and the registered voters there (None: not
    known). `as_of` (with a zone) asks for the state at that moment, by the log's clock.
    Raises Unanswerable for an unknown region, or one below `level`.
    """
    level = Level(level)
    place = None if region is None else locate(client, election, region)
    condition = regions_inside(place, level)
    contests = [contest] if isinstance(contest, str) else list(contest)
    asked: dict[str, Any] = {"election": election, "contests": contests, "level": level.value, **bound(place)}
    if as_of is not None:
        asked["as_of"] = as_of
    if level is Level.STATION:
        for one in contests:
            yield from station_results(client, {**asked, "contest": one}, place)
        return
    sql = _SQL.format(snapshots=NOW if as_of is None else THEN, inside=condition)
    for row in select(client, sql, asked):
        yield shaped(row, row["contest"], level)


def shaped(row: Row, contest: str, level: Level) -> Row:
    """A row of `tally` as a row of results."""
    funnel = {step: row[column] for step, column in zip(FUNNEL, FUNNEL_COLUMNS, strict=True)}
    recorded = figures.of_tally(row)
    return {
        "level": level.value,
        "region": row["unit"],
        "name": row["name"],
        "parent": row["parent"] or None,
        "contest": contest,
        "version": row["version"],
        **{name: recorded.pop(name) for name in ("votes", *figures.FIGURES)},
        "registered": row["registered"],
        **recorded,
        "stations": funnel,
        "clean": figures.of_tally(row, "clean_"),
        "outstanding": {
            "stations": outstanding_stations(funnel),
            "registered": row["registered_outstanding"],
        },
    }


def outstanding_stations(funnel: Row) -> int:
    """The expected stations that are not in: those that are on no list, or beyond the number of their
    village, stand in for none of them."""
    return int(funnel["expected"] - (funnel["received"] - funnel["unlisted"] - funnel["surplus"]))
