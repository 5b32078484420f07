"""The roll-up as Faust's documentation teaches it: an agent and a table a level, the next level by topic.

Every level keeps `table[unit] += change` and sends the change on under the parent's key, as the word count in
its examples does. A redelivered message is added twice: that is not held against it here, nothing dies.
"""

from __future__ import annotations

from typing import Any

import faust
from faust.types import TableT
from task import (
    BROKER,
    EVENTS,
    FOLDER,
    NATION,
    NOTHING,
    PARTITIONS,
    PREFIX,
    TOTALS,
    figures_of,
    less,
    more,
    parents,
    path_of,
)

app = faust.App(
    f"{PREFIX}faust-textbook",
    broker=f"kafka://{BROKER}",
    store="memory://",
    topic_partitions=PARTITIONS,
    processing_guarantee="at_least_once",
    datadir=FOLDER / "faust",
    web_enabled=False,
)
above = parents()


def changes_of(level: str) -> faust.TopicT:
    """The topic of what changes in the regions of a level, keyed by region."""
    name = f"{PREFIX}{level}-changes"
    return app.topic(name, key_type=str, key_serializer="raw", value_serializer="json", partitions=PARTITIONS)


def table_of(level: str) -> TableT[str, list[int]]:
    """The figures of a level's units."""
    return app.Table(f"{level}-figures", default=lambda: list(NOTHING), partitions=PARTITIONS)


events = app.topic(EVENTS, key_serializer="raw", value_serializer="json", partitions=PARTITIONS)
totals = app.topic(TOTALS, key_type=str, key_serializer="raw", value_serializer="json", partitions=PARTITIONS)
village_changes = changes_of("village")
subdistrict_changes = changes_of("subdistrict")
district_changes = changes_of("district")
province_changes = changes_of("province")
nation_changes = changes_of("nation")

stations = table_of("station")
villages = table_of("village")
subdistricts = table_of("subdistrict")
districts = table_of("district")
provinces = table_of("province")
nation = table_of("nation")


@app.agent(events)
async def count_station(forms: faust.StreamT[dict[str, Any]]) -> None:
    """A form replaces what its station had before."""
    async for form in forms:
        place = path_of(form, above)
        figures = figures_of(form)
        change = less(figures, stations[place.station])
        stations[place.station] = figures
        await village_changes.send(key=place.village, value=change)


@app.agent(village_changes)
async def count_village(changes: faust.StreamT[list[int]]) -> None:
    """Villages from their stations."""
    async for village, change in changes.items():
        villages[village] = more(villages[village], change)
        await subdistrict_changes.send(key=above[village], value=change)


@app.agent(subdistrict_changes)
async def count_subdistrict(changes: faust.StreamT[list[int]]) -> None:
    """Sub-districts from their villages."""
    async for subdistrict, change in changes.items():
        subdistricts[subdistrict] = more(subdistricts[subdistrict], change)
        await district_changes.send(key=above[subdistrict], value=change)


@app.agent(district_changes)
async def count_district(changes: faust.StreamT[list[int]]) -> None:
    """Districts from their sub-districts."""
    async for district, change in changes.items():
        districts[district] = more(districts[district], change)
        await province_changes.send(key=above[district], value=change)


@app.agent(province_changes)
async def count_province(changes: faust.StreamT[list[int]]) -> None:
    """Provinces from their districts."""
    async for province, change in changes.items():
        provinces[province] = more(provinces[province], change)
        await nation_changes.send(key=NATION, value=change)


@app.agent(nation_changes)
async def count_nation(changes: faust.StreamT[list[int]]) -> None:
    """The nation from its provinces."""
    async for change in changes:
        figures = more(nation[NATION], change)
        nation[NATION] = figures
        await totals.send(key=NATION, value=figures)


if __name__ == "__main__":
    app.main()
