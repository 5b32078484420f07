"""Certified recapitulations (D.Hasil) in force, as they were signed: of each region the newest document.

Documents that a later one replaced are not listed: the table `recap` has them, and `recap_changes` tells what
the later one changed. Whether a document agrees with
the forms below it is not said here (the view `recap_difference`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.places import COLUMN, bound, locate
from queries.rows import Row, in_utc, select
from schemas.regions import REGION_LEVELS, Level

ABOVE_VILLAGE: Final = (Level.PROVINCE, Level.DISTRICT, Level.SUBDISTRICT)
"""Levels that the register of regions has a column for."""

_FROM_THE_NATION: Final = [level.value for level in REGION_LEVELS]

_SQL: Final = """
SELECT certified.level AS level, certified.unit AS region, place.name AS name, place.parent AS parent,
    certified.contest AS contest, version, document, votes, valid, invalid, voters, event_id, recorded_at,
    partition, position
FROM (
    SELECT * FROM recap_now
    WHERE election = {{election:String}}
        AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
        AND ({{level:String}} = '' OR level = {{level:String}})
) AS certified
INNER JOIN (
    SELECT unit, parent, name, province, district, subdistrict FROM region FINAL
    WHERE election = {{election:String}} AND ({inside})
) AS place ON certified.unit = place.unit
ORDER BY contest, indexOf({levels}, toString(certified.level)), length(province), province, length(district),
    district, length(region), region
{limit}
"""


_CHANGES: Final = """
SELECT changed.contest AS contest, toString(changed.level) AS level, changed.unit AS region,
    place.name AS name, version, document, document_before, cell, before, after, difference, event_id,
    recorded_at
FROM (
    SELECT * FROM recap_change
    WHERE election = {{election:String}}
        AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
        AND ({{level:String}} = '' OR toString(level) = {{level:String}})
) AS changed
INNER JOIN (
    SELECT unit, name, province, district FROM region FINAL
    WHERE election = {{election:String}} AND ({inside})
) AS place ON changed.unit = place.unit
ORDER BY contest, indexOf({levels}, level), length(province), province, length(district), district,
    length(region), region, version, length(cell), cell
{limit}
"""


def recap_changes(
    client: Client,
    election: str,
    *,
    level: Level | str | None = None,
    region: str | None = None,
    contests: Sequence[str] = (),
    limit: int | None = None,
) -> Iterator[Row]:
    """One row for each cell that a later document changed in the one before it: `{contest, level, region,
    name, version, document, document_before, cell, before, after, difference, event_id, recorded_at}`. None:
    that document does not give the cell. Raises Unanswerable for an unknown region."""
    for row in _asked(client, _CHANGES, election, level, region, contests, limit):
        row["recorded_at"] = in_utc(row["recorded_at"])
        yield row


def recaps(
    client: Client,
    election: str,
    *,
    level: Level | str | None = None,
    region: str | None = None,
    contests: Sequence[str] = (),
    limit: int | None = None,
) -> Iterator[Row]:
    """One row for each certified document in force (of `level`, in `region`, of `contests`): `{level, region,
    name, parent, contest, version, document, votes, valid, invalid, voters, event_id, recorded_at, partition,
    position}`. Figures that the document does not give are None. Raises Unanswerable for an unknown region.
    """
    for row in _asked(client, _SQL, election, level, region, contests, limit):
        row["parent"] = row["parent"] or None
        row["recorded_at"] = in_utc(row["recorded_at"])
        yield row


def _asked(
    client: Client,
    sql: str,
    election: str,
    level: Level | str | None,
    region: str | None,
    contests: Sequence[str],
    limit: int | None,
) -> Iterator[Row]:
    place = None if region is None else locate(client, election, region)
    inside = "true"
    if place is not None and place.level is not Level.NATION:
        column = COLUMN[place.level] if place.level in ABOVE_VILLAGE else "unit"
        inside = f"unit = {{place:String}} OR {column} = {{place:String}}"
    asked: dict[str, Any] = {
        "election": election,
        "level": "" if level is None else Level(level).value,
        "contests": list(contests),
        **bound(place),
    }
    if limit is not None:
        asked["limit"] = limit
    cut = "" if limit is None else "LIMIT {limit:UInt64}"
    yield from select(client, sql.format(inside=inside, limit=cut, levels=_FROM_THE_NATION), asked)
