"""docs/scaling.md: every sum is done again, and none is left out whose inputs are known."""

from __future__ import annotations

import csv
import re
from collections import Counter
from math import ceil
from typing import Final, NamedTuple

import pytest

from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_EVENTS, COUNT_ROWS, DAY_MS
from tests.deploy.compose_files import CLUSTER, ROOT, read

TEXT: Final = (ROOT / "docs/scaling.md").read_text("utf-8")
UNKNOWN: Final = "not measured"

INPUTS: Final[dict[str, str]] = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", TEXT, re.MULTILINE))
KNOWN: Final = {name: float(value) for name, value in INPUTS.items() if value != UNKNOWN}


class Sum(NamedTuple):
    """A line of a table: a sum of inputs, and its result as it is shown."""

    what: str
    sum: str
    result: str


SUMS: Final = [
    Sum(*found)
    for found in re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| ([^|]+) \| [^|]+ \|$", TEXT, re.MULTILINE)
]


def inputs_of(one: Sum) -> set[str]:
    """What a sum is made of."""
    return set(re.findall(r"[a-z]\w+", re.sub(r"\bceil\b|\d+e\d+", "", one.sum)))


def test_there_are_inputs_and_sums() -> None:
    assert len(INPUTS) >= 15
    assert len(SUMS) >= 20
    assert {name for one in SUMS for name in inputs_of(one)} <= INPUTS.keys()


def test_every_input_is_used_or_held_by_another_test() -> None:
    used = {name for one in SUMS for name in inputs_of(one)}
    assert INPUTS.keys() - used == {"rows_kept_days"}


@pytest.mark.parametrize("one", SUMS, ids=lambda one: one.what)
def test_a_result_is_that_of_its_sum(one: Sum) -> None:
    if not inputs_of(one) <= KNOWN.keys():
        assert one.result == UNKNOWN
        return
    value = eval(one.sum, {"ceil": ceil, "__builtins__": {}}, dict(KNOWN))
    decimals = len(one.result.partition(".")[2])
    assert one.result == f"{value:.{decimals}f}"


def test_districts_are_spread_over_the_partitions_as_it_says() -> None:
    with (ROOT / "producers/simulator/districts.csv").open(encoding="utf-8", newline="") as file:
        stations = {row["district"]: int(row["stations"]) for row in csv.DictReader(file)}
    assert len(stations) == 610
    assert sum(stations.values()) == KNOWN["stations"]
    assert f"{max(stations.values()):,} of {KNOWN['stations']:,.0f} stations" in TEXT

    def fullest(partitions: int) -> float:
        held = Counter[int]()
        for district, number in stations.items():
            held[partition_of(district.encode(), partitions)] += number
        return max(held.values()) / KNOWN["stations"]

    assert KNOWN["busiest_partition"] == round(fullest(COUNT_EVENTS.partitions), 4)
    assert f"with 24 the fullest\nhas {fullest(24):.1%} of the stations, with 48 {fullest(48):.1%}" in TEXT


def test_inputs_are_as_the_deployment_has_them() -> None:
    assert KNOWN["partitions"] == COUNT_EVENTS.partitions
    assert KNOWN["rows_kept_days"] == COUNT_ROWS.retention_ms / DAY_MS
    brokers = [name for name in read(CLUSTER)["services"] if name.startswith("kafka")]
    assert KNOWN["brokers"] == KNOWN["copies"] == len(brokers)
    copies = (ROOT / "deploy/broker/of-three.properties").read_text("utf-8")
    assert f"default.replication.factor={KNOWN['copies']:.0f}\n" in copies
    assert KNOWN["forms"] == 789_395 * 5 + 30_766 * 4 + 3_075 * 2
