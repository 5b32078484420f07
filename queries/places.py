"""The unit that a query is about: a region of any level or a station, found by its id, and the SQL inside it.

A unit is what the register says it is: nothing is read from the spelling of an id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from queries.rows import first
from schemas.language import Text
from schemas.regions import LEVEL_NAMES, Level
from schemas.text import quoted

DEPTH: Final = {level: depth for depth, level in enumerate(Level)}
"""0 nation ... 5 station."""

COLUMN: Final = {
    Level.PROVINCE: "province",
    Level.DISTRICT: "district",
    Level.SUBDISTRICT: "subdistrict",
    Level.VILLAGE: "village",
    Level.STATION: "unit",
}
"""The column that names the unit of that level in tables whose rows are about stations."""


STATION_NAMES: Final = (
    "SELECT unit AS named_unit, name AS known_name FROM register_station FINAL "
    "WHERE election = {election:String} AND name != ''"
)
"""The stations that the list names: few or none of them."""


class Unanswerable(LookupError):
    """A question about something that is not there; `said` tells what to ask instead."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A region, or a station; `parent` is the id of the region right above it, '' for the nation. The
    `name` of a station is what the list calls it, '' where it gives none: none is made up of its number."""

    unit: str
    level: Level
    name: str
    parent: str


def locate(client: Client, election: str, unit: str) -> FoundUnit:
    """The region or station with that id. Raises Unanswerable when the register has none."""
    asked = {"election": election, "unit": unit}
    row = first(
        client,
        "SELECT level, name, parent FROM region FINAL "
        "WHERE election = {election:String} AND unit = {unit:String}",
        asked,
    )
    if row is not None:
        return FoundUnit(unit, Level(row["level"]), row["name"], row["parent"])
    row = first(
        client,
        "SELECT village, name FROM register_station FINAL "
        "WHERE election = {election:String} AND unit = {unit:String}",
        asked,
    )
    if row is None:
        row = first(
            client,
            "SELECT village, '' AS name FROM station FINAL "
            "WHERE election = {election:String} AND unit = {unit:String}",
            asked,
        )
    if row is None:
        raise Unanswerable(
            Text(
                id=f"Tidak ada wilayah atau TPS dengan kode {quoted(repr(unit))}. Daftar kode: rekap "
                "results --level province, lalu --region KODE --level district, dan seterusnya.",
                en=f"There is no region or station with the id {quoted(repr(unit))}. To find ids: rekap "
                "results --level province, then --region ID --level district, and so on.",
            )
        )
    return FoundUnit(unit, Level.STATION, row["name"], row["village"])


def locate_or_rejected(client: Client, election: str, unit: str) -> FoundUnit:
    """As `locate`; a unit that only rejected messages name is taken for a station, of unknown village."""
    try:
        return locate(client, election, unit)
    except Unanswerable:
        named = first(
            client,
            "SELECT unit FROM rejected WHERE election = {election:String} AND unit = {unit:String} LIMIT 1",
            {"election": election, "unit": unit},
        )
        if named is None:
            raise
    return FoundUnit(unit, Level.STATION, "", "")


def inside(place: FoundUnit | None) -> str:
    """A condition on a table about stations: its rows are in `place`, bound as `place`. None: anywhere."""
    if place is None or place.level is Level.NATION:
        return "true"
    return f"{COLUMN[place.level]} = {{place:String}}"


def regions_inside(place: FoundUnit | None, level: Level) -> str:
    """A condition on `region`: regions of `level` in `place`, itself included. Raises Unanswerable when the
    regions of that level are larger than the place."""
    if place is None or place.level is Level.NATION:
        return "true"
    if DEPTH[place.level] > DEPTH[level]:
        raise Unanswerable(
            Text(
                id=f"{quoted(place.unit)} {quoted(place.name)} adalah {LEVEL_NAMES[place.level].id}, "
                f"tidak ada {LEVEL_NAMES[level].id} di dalamnya. Pilih --level yang sama atau lebih rendah.",
                en=f"{quoted(place.unit)} {quoted(place.name)} is a {LEVEL_NAMES[place.level].en}, there "
                f"is no {LEVEL_NAMES[level].en} inside it. Choose the same --level or a lower one.",
            )
        )
    if place.level is level or place.level is Level.VILLAGE:
        return "unit = {place:String}"
    return f"{COLUMN[place.level]} = {{place:String}}"


def bound(place: FoundUnit | None) -> dict[str, str]:
    """The parameters that go with `inside` and `regions_inside`."""
    return {} if place is None else {"place": place.unit}


def names_above(client: Client, election: str, place: FoundUnit) -> list[str]:
    """The names of the regions that hold `place`, from the next larger one up to the province."""
    names: list[str] = []
    parent = place.parent
    while parent:
        above = locate(client, election, parent)
        if above.parent:  # the nation goes without saying
            names.append(above.name)
        parent = above.parent
    return names
