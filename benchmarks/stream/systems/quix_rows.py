"""The same roll-up with what it counts in ClickHouse: each station's figures and the newest of each region.

That is the least that a reader would ask for; nothing is checked and no event is kept there. A sink of Quix
Streams is flushed when a checkpoint is committed, here every second instead of every five.
"""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urlsplit

import clickhouse_connect
from quix_rollup import TOPIC, application, count_region, take
from quixstreams import State
from quixstreams.sinks import BaseSink
from task import EVENTS, NATION, PREFIX

DATABASE: Final = os.environ["BENCH_DATABASE"]
COLUMNS: Final = ("unit", "forms", "votes_1", "votes_2", "valid", "invalid", "voters")
COMMIT_S: Final = 1.0


class Units(BaseSink):  # type: ignore[misc]  # not installed where types are checked
    """Puts the newest figures of each unit into the table `unit`, all of a checkpoint in one insert."""

    def __init__(self) -> None:
        super().__init__()
        self._newest: dict[str, list[int]] = {}

    def setup(self) -> None:
        """Reach the database."""
        url = urlsplit(DATABASE)
        self._client = clickhouse_connect.get_client(host=url.hostname, port=url.port)

    def add(self, value: dict[str, list[int]], *_: Any, **__: Any) -> None:
        """Figures by unit."""
        self._newest.update(value)

    def flush(self) -> None:
        """Insert them."""
        newest, self._newest = self._newest, {}
        if newest:
            rows = [(unit, *figures) for unit, figures in newest.items()]
            self._client.insert("unit", rows, column_names=COLUMNS)


def count_district(form: dict[str, Any], state: State) -> dict[str, Any]:
    """As in the other program, with the figures of each unit that changed."""
    province, change, changed = take(form, state)
    return {"province": province, "change": change, "changed": changed}


def of_region(counted: dict[str, Any], key: Any, *_: Any) -> dict[str, list[int]]:
    """A region's figures by its name."""
    return {key if isinstance(key, str) else key.decode(): counted["figures"]}


def main() -> None:
    """Run until it is ended."""
    app = application(commit_interval=COMMIT_S)
    units = Units()
    changes = app.topic(f"{PREFIX}nation-changes", config=TOPIC, key_serializer="str", key_deserializer="str")

    districts = app.dataframe(app.topic(EVENTS)).apply(count_district, stateful=True)
    districts.apply(lambda counted: counted["changed"]).sink(units)
    passed_on = districts.apply(lambda one: {"province": one["province"], "change": one["change"]})
    provinces = passed_on.group_by("province").apply(count_region, stateful=True)
    provinces.apply(of_region, metadata=True).sink(units)
    provinces.to_topic(changes, key=lambda _: NATION)
    nation = app.dataframe(changes).apply(count_region, stateful=True)
    nation.apply(of_region, metadata=True).sink(units)
    app.run()


if __name__ == "__main__":
    main()
