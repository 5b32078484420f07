"""Certified documents in force beside what they are to equal: the sum of the forms below, or of the documents
right below.

Cells are named `votes.OPTION`, `valid`, `invalid` and `voters`; what a side does not give is None. Which
cells differ, and what that is called, is not said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from queries.figures import is_top
from queries.places import COLUMN, FoundUnit, bound, locate
from queries.rows import select
from schemas.regions import REGION_LEVELS, Level

Cells = dict[str, int | None]

FIGURES: Final = ("valid", "invalid", "voters")
VOTES: Final = "votes."
"""Before the option, in the cell of its votes."""

_NATION: Final = "nation"
_ABOVE_VILLAGE: Final = (Level.PROVINCE, Level.DISTRICT, Level.SUBDISTRICT)
_ORDER: Final = [level.value for level in REGION_LEVELS]


@dataclass(frozen=True, slots=True)
class Held:
    """One certified document beside `computed`. `complete`: everything that is added up there is in, with a
    figure for each cell of the document; where not, a difference may be what is still to come."""

    level: str
    region: str
    name: str
    parent: str
    contest: str
    document: str
    version: int
    complete: bool
    certified: Cells
    computed: Cells


# A cell is compared where the document has it and a form gives it.
_COMPARED: Final = """
    arrayExists(
        option -> indexOf(mapKeys(counted.votes), option) > 0
            AND counted.votes_forms[indexOf(mapKeys(counted.votes), option)] > 0,
        mapKeys(certified.votes)
    )
    OR (counted.valid_forms > 0 AND certified.valid IS NOT NULL)
    OR (counted.invalid_forms > 0 AND certified.invalid IS NOT NULL)
    OR (counted.voters_forms > 0 AND certified.voters IS NOT NULL)
"""

# A document of which every cell equals the forms is left out here and not only later: of 79,000 documents
# some thousands differ.
_DIFFERS: Final = """
    arrayExists(
        (option, figure) -> counted.votes[option] != figure
            AND indexOf(mapKeys(counted.votes), option) > 0
            AND counted.votes_forms[indexOf(mapKeys(counted.votes), option)] > 0,
        mapKeys(certified.votes), mapValues(certified.votes)
    )
    OR (counted.valid_forms > 0 AND ifNull(certified.valid != counted.valid, false))
    OR (counted.invalid_forms > 0 AND ifNull(certified.invalid != counted.invalid, false))
    OR (counted.voters_forms > 0 AND ifNull(certified.voters != counted.voters, false))
"""

_SQL: Final = """
SELECT toString(certified.level) AS level, certified.unit AS region, place.name AS name,
    place.parent AS parent, toString(certified.contest) AS contest,
    certified.document AS document, certified.version AS version,
    certified.votes AS certified_votes, certified.valid AS certified_valid,
    certified.invalid AS certified_invalid, certified.voters AS certified_voters,
    counted.votes AS votes, counted.votes_forms AS votes_forms,
    counted.valid AS valid, counted.invalid AS invalid, counted.voters AS voters,
    counted.valid_forms AS valid_forms, counted.invalid_forms AS invalid_forms,
    counted.voters_forms AS voters_forms, counted.stations_received AS received,
    counted.stations_expected + counted.stations_surplus + counted.stations_unlisted
        - counted.stations_received AS outstanding
FROM (
    SELECT * FROM recap_now
    WHERE election = {{election:String}}
        AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
        AND ({{level:String}} = '' OR toString(level) = {{level:String}})
) AS certified
INNER JOIN (
    SELECT unit, parent, name, province, district, subdistrict FROM region FINAL
    WHERE election = {{election:String}} AND ({inside})
) AS place ON certified.unit = place.unit
LEFT JOIN (
    SELECT contest, unit, votes, votes_forms, valid, invalid, voters, valid_forms, invalid_forms,
        voters_forms, stations_received, stations_expected, stations_surplus, stations_unlisted
    FROM tally FINAL WHERE election = {{election:String}}
) AS counted ON certified.contest = counted.contest AND certified.unit = counted.unit
WHERE {differing}
ORDER BY contest, indexOf({levels}, level), length(province), province, length(district), district,
    length(subdistrict), subdistrict, length(region), region
"""

_DOCUMENTS: Final = """
SELECT toString(certified.contest) AS contest, toString(certified.level) AS level, count() AS documents,
    countIf({compared}) AS compared
FROM (
    SELECT contest, level, unit, votes, valid, invalid, voters FROM recap_now
    WHERE election = {{election:String}}
        AND (empty({{contests:Array(String)}}) OR contest IN {{contests:Array(String)}})
) AS certified
INNER JOIN (SELECT unit FROM region FINAL WHERE election = {{election:String}} AND ({inside})) AS place
    ON certified.unit = place.unit
LEFT JOIN (
    SELECT contest, unit, votes, votes_forms, valid_forms, invalid_forms, voters_forms
    FROM tally FINAL WHERE election = {{election:String}}
) AS counted ON certified.contest = counted.contest AND certified.unit = counted.unit
GROUP BY contest, level
ORDER BY contest, indexOf({levels}, level)
"""

# Stations that the register names outside the list (2019) are expected nowhere, and counted where they came.
_UNLISTED_OUT: Final = """
SELECT place.unit AS village, place.subdistrict AS subdistrict, place.district AS district,
    place.province AS province, held.contest AS contest
FROM (
    SELECT unit, village FROM register_station FINAL WHERE election = {election:String} AND NOT listed
) AS named
INNER JOIN (SELECT unit, subdistrict, district, province FROM region FINAL WHERE election = {election:String})
    AS place ON named.village = place.unit
INNER JOIN (SELECT DISTINCT contest, unit FROM tally FINAL WHERE election = {election:String})
    AS held ON held.unit = named.village
WHERE (held.contest, named.unit) NOT IN (
    SELECT contest, unit FROM station FINAL WHERE election = {election:String} AND status != 'annulled'
)
"""

_CHILDREN: Final = """
SELECT toString(contest) AS contest, parent, count() AS children FROM tally FINAL
WHERE election = {election:String} AND parent != '' GROUP BY contest, parent
"""


def against_forms(
    client: Client,
    election: str,
    *,
    level: Level | str | None = None,
    region: str | None = None,
    contests: Sequence[str] = (),
    equal_too: bool = False,
) -> Iterator[Held]:
    """Each document (of `level`, in `region`, of `contests`) with the sum of the forms in force below it;
    `equal_too`: also those that are equal in every cell. Raises Unanswerable for an unknown region."""
    missing = _unlisted_out(client, election)
    for row in _rows(client, election, level, region, contests, "true" if equal_too else _DIFFERS):
        votes, forms = row["votes"], list(row["votes_forms"])
        forms += [0] * (len(votes) - len(forms))
        given = dict(zip(votes, forms, strict=False))
        # Also options that the document does not give: what adds up to 0 without them may not with them.
        computed: Cells = {
            f"{VOTES}{option}": votes.get(option) if given.get(option) else None
            for option in {*row["certified_votes"], *filter(is_top, votes)}
        }
        computed |= {name: row[name] if row[f"{name}_forms"] else None for name in FIGURES}
        certified = _certified(row)
        behind = {f"{VOTES}{option}": given.get(option, 0) for option in row["certified_votes"]}
        behind |= {name: row[f"{name}_forms"] for name in FIGURES}
        yield Held(
            **_named(row),
            complete=row["outstanding"] == 0
            and (row["contest"], row["region"] if row["parent"] else _NATION) not in missing
            and all(behind[cell] == row["received"] for cell, one in certified.items() if one is not None),
            certified=certified,
            computed=computed,
        )


def against_documents(
    client: Client,
    election: str,
    *,
    level: Level | str | None = None,
    region: str | None = None,
    contests: Sequence[str] = (),
) -> Iterator[tuple[Held, list[Cells]]]:
    """Each document with those right below it, where every region right below has one."""
    below: dict[tuple[str, str], list[Cells]] = {}
    for row in _rows(client, election, None, None, contests, "true"):
        below.setdefault((row["contest"], row["parent"]), []).append(_certified(row))
    children = {
        (row["contest"], row["parent"]): row["children"]
        for row in select(client, _CHILDREN, {"election": election})
    }
    for row in _rows(client, election, level, region, contests, "true"):
        key = row["contest"], row["region"]
        if key in below and len(below[key]) == children.get(key):
            yield Held(**_named(row), complete=True, certified=_certified(row), computed={}), below[key]


def documents_by_level(
    client: Client, election: str, *, region: str | None = None, contests: Sequence[str] = ()
) -> dict[tuple[str, str], tuple[int, int]]:
    """How many documents are in force, and how many of them have a cell that a form gives too: by contest and
    level. The others are held against nothing by `against_forms`."""
    inside, place = _inside(client, election, region)
    asked = {"election": election, "contests": list(contests), **bound(place)}
    rows = select(client, _DOCUMENTS.format(inside=inside, compared=_COMPARED, levels=_ORDER), asked)
    return {(row["contest"], row["level"]): (row["documents"], row["compared"]) for row in rows}


def _rows(
    client: Client,
    election: str,
    level: Level | str | None,
    region: str | None,
    contests: Sequence[str],
    differing: str,
) -> Iterator[dict[str, Any]]:
    inside, place = _inside(client, election, region)
    asked: dict[str, Any] = {
        "election": election,
        "level": "" if level is None else Level(level).value,
        "contests": list(contests),
        **bound(place),
    }
    return select(client, _SQL.format(inside=inside, differing=differing, levels=_ORDER), asked)


def _inside(client: Client, election: str, region: str | None) -> tuple[str, FoundUnit | None]:
    """A condition on `region`: the region itself and what is inside it."""
    place = None if region is None else locate(client, election, region)
    if place is None or place.level is Level.NATION:
        return "true", place
    column = COLUMN[place.level] if place.level in _ABOVE_VILLAGE else "unit"
    return f"unit = {{place:String}} OR {column} = {{place:String}}", place


def _unlisted_out(client: Client, election: str) -> set[tuple[str, str]]:
    """By contest, the regions (_NATION: the one above all) in which a station that the register names outside
    the list has no count."""
    return {
        (row["contest"], row.get(level, _NATION))
        for row in select(client, _UNLISTED_OUT, {"election": election})
        for level in ("village", "subdistrict", "district", "province", _NATION)
    }


def _certified(row: dict[str, Any]) -> Cells:
    cells: Cells = {f"{VOTES}{option}": figure for option, figure in row["certified_votes"].items()}
    return cells | {name: row[f"certified_{name}"] for name in FIGURES}


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("level", "region", "name", "parent", "contest", "document", "version")
    }
