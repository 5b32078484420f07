"""The roll-up as Quix Streams' documentation teaches it: `group_by`, and state by the message's key.

Three stages, the fewest there can be: events are keyed by district, so a district's stations, villages and
sub-districts are in one key's state; then the province, then the nation. `group_by` may be used once in a
data frame, so the last stage has a topic of its own. Like the textbook's, sums do not survive a redelivery.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application, State
from quixstreams.models import TopicConfig
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

above = parents()
TOPIC = TopicConfig(num_partitions=PARTITIONS, replication_factor=1)


def take(form: dict[str, Any], state: State) -> tuple[str, list[int], dict[str, list[int]]]:
    """A form replaces what its station had before; the levels up to the district follow. The province, the
    change in its figures, and by unit up to the district the new ones."""
    place = path_of(form, above)
    figures = figures_of(form)
    change = less(figures, state.get(place.station, NOTHING))
    state.set(place.station, figures)
    changed = {place.station: figures}
    for unit in (place.village, place.subdistrict, place.district):
        changed[unit] = more(state.get(unit, NOTHING), change)
        state.set(unit, changed[unit])
    return place.province, change, changed


def count_district(form: dict[str, Any], state: State) -> dict[str, Any]:
    """What a form changes above its district."""
    province, change, _ = take(form, state)
    return {"province": province, "change": change}


def count_region(changed: dict[str, Any], state: State) -> dict[str, Any]:
    """A province from its districts, the nation from its provinces: the state is that of the key."""
    figures = more(state.get("figures", NOTHING), changed["change"])
    state.set("figures", figures)
    return {"change": changed["change"], "figures": figures}


def application(**more_settings: Any) -> Application:
    """For one race, with its own state."""
    return Application(
        broker_address=BROKER,
        consumer_group=f"{PREFIX}quix",
        auto_offset_reset="earliest",
        state_dir=FOLDER / "state",
        loglevel="WARNING",
        **more_settings,
    )


def main() -> None:
    """Run until it is ended."""
    app = application()
    changes = app.topic(f"{PREFIX}nation-changes", config=TOPIC, key_serializer="str", key_deserializer="str")
    totals = app.topic(TOTALS, config=TOPIC, key_serializer="str")

    districts = app.dataframe(app.topic(EVENTS)).apply(count_district, stateful=True)
    provinces = districts.group_by("province").apply(count_region, stateful=True)
    provinces.to_topic(changes, key=lambda _: NATION)
    nation = app.dataframe(changes).apply(count_region, stateful=True)
    nation.apply(lambda counted: counted["figures"]).to_topic(totals)
    app.run()


if __name__ == "__main__":
    main()
