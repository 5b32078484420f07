"""R28 in rows: the same from a batch that is to be appended and from entries that stand in a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sinks.rows import Rows
from stream_processors.partition.batch import Batch, assess_batch
from stream_processors.partition.changes import Changes, rows_of
from stream_processors.partition.state import Outcome, State
from tests.worlds import corrected, pairs, submitted, world

WORLD = world()
STATION = "1101012001001"
FIRST = submitted(STATION, pairs(10, 20, 30))
ZEROED = corrected(STATION, FIRST, pairs(0, 0, 0, 0))
AGAIN = corrected(STATION, ZEROED, pairs(1, 2, 3))

Decide = Callable[[State, Batch, int], Outcome]


def to_append(state: State, batch: Batch, first: int) -> Outcome:
    """As the embedded runner decides."""
    return state.decide_batch(batch, first, lambda _message, _reason: False)


def from_log(state: State, batch: Batch, first: int) -> Outcome:
    """As the owner of a partition on Kafka decides: what repeats others stands in the log, too."""
    return state.decide_entries(batch, range(first, first + len(batch)))


def rows(decide: Decide, *batches: list[bytes]) -> dict[str, list[dict[str, Any]]]:
    """The rows of all batches together, of the tables that R28 is in."""
    state = State(WORLD.registry, WORLD.ballots, None)
    maker = Rows(WORLD.election.id, WORLD.registry, WORLD.ballots)
    made: dict[str, list[dict[str, Any]]] = {"finding": [], "station_history": []}
    first = 0
    for messages in batches:
        batch = assess_batch(WORLD.assessor, messages)
        outcome = decide(state, batch, first)
        state.apply(batch, outcome)
        for name, table in rows_of(maker, WORLD.ballots, Changes(batch, outcome, 0, [], [])):
            made.get(name, []).extend(table.to_pylist())
        first = outcome.end
    return made


@pytest.mark.parametrize("decide", [to_append, from_log])
@pytest.mark.parametrize(
    "batches", [[[FIRST, ZEROED, AGAIN]], [[FIRST], [ZEROED, AGAIN]], [[FIRST, FIRST], [ZEROED]]]
)
def test_zeros_in_place_of_votes_are_found_with_the_version(
    decide: Decide, batches: list[list[bytes]]
) -> None:
    made = rows(decide, *batches)
    found = [row for row in made["finding"] if row["rule"] == "R28"]
    position = 2 if decide is from_log and batches[0] == [FIRST, FIRST] else 1
    assert [(row["unit"], row["version"], row["position"], row["numbers"]) for row in found] == [
        (STATION, 2, position, [("before", 60)])
    ]
    assert [row["version"] for row in made["station_history"] if "R28" in row["rules"]] == [2]
