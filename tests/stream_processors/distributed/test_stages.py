"""The stages: a state is a fold of its partition, sums are those of the newest totals."""

from __future__ import annotations

from typing import Any

import pytest

from event_log.kafka.log import KafkaRecord
from event_log.kafka.partitioner import partition_of
from schemas.regions import Level
from schemas.rejections import Reason
from schemas.tally_messages import TallyMalformed, TallyMessage
from stream_processors.assess import Assessor
from stream_processors.distributed.count_stage import AssessedEntries, CountStage
from stream_processors.distributed.ranges import entries_of
from stream_processors.distributed.sum_stage import SumStage
from stream_processors.rollup import Merge
from tests.worlds import PPWP, corrected, pairs, submitted, world

WORLD = world()
ASSESSOR = Assessor(WORLD.election, WORLD.registry, WORLD.ballots, lambda key: partition_of(key, 1))
STATION = "1101012001001"
FIRST = submitted(STATION, pairs(1, 2, 3))
SECOND = corrected(STATION, FIRST, pairs(4, 5, 6))


def entries(*raws: bytes, start: int = 0, key: bytes = b"1101") -> AssessedEntries:
    """Those messages as entries of the only partition from position `start` on."""
    return entries_of(
        ASSESSOR, 0, [KafkaRecord(at, at + 1_000, key, raw, ()) for at, raw in enumerate(raws, start)]
    )


def count_stage() -> CountStage:
    return CountStage(0, WORLD.election, WORLD.registry, WORLD.ballots)


def test_entries_keep_their_positions_whether_accepted_repeated_or_rejected() -> None:
    outcome = count_stage().apply(entries(FIRST, FIRST, b"{", SECOND, start=7)).outcome
    assert list(outcome.entries) == [7, 8, 9, 10]
    assert outcome.positions == [7, 10]
    assert outcome.repeated == [1]
    assert [outcome.rejected[index].reason for index in outcome.rejected] == [Reason.MALFORMED]
    assert outcome.end == 11


def test_a_rejected_message_that_is_sent_again_is_rejected_at_each_position() -> None:
    outcome = count_stage().apply(entries(b"{", b"{")).outcome
    assert sorted(outcome.rejected) == [0, 1]


def test_an_entry_is_never_applied_twice() -> None:
    stage = count_stage()
    stage.apply(entries(FIRST))
    with pytest.raises(ValueError, match="is at position 1"):
        stage.apply(entries(FIRST))


def test_changed_totals_are_returned_once_as_a_whole_with_their_source() -> None:
    stage = count_stage()
    stage.apply(entries(FIRST, SECOND))
    (changed,) = stage.changed_tallies()
    assert (changed.level, changed.unit, changed.parent, changed.version) == (Level.DISTRICT, "1101", "11", 2)
    assert changed.source == {0: 1}
    assert changed.recorded_at == 1_001
    assert stage.changed_tallies() == []
    assert list(stage.all_tallies()) == [changed]


def test_all_tallies_leave_out_districts_with_only_repeated_or_rejected_entries() -> None:
    stage = count_stage()
    stage.apply(entries(b"{"))
    assert list(stage.all_tallies()) == []


def district(version: int, votes: int, unit: str = "1101", **changes: object) -> TallyMessage:
    """A value of a district of which everything but the votes of the first pair is zero."""
    cells = [version] + [0] * 15 + [votes, 0, 0] + [0, 0, 0]
    said = {
        "election": WORLD.election.id,
        "contest": PPWP,
        "level": Level.DISTRICT,
        "unit": unit,
        "parent": "11",
        "version": version,
        "cells": {0: tuple(cells)},
        "source": {0: version},
        "recorded_at": version,
    }
    return TallyMessage(**{**said, **changes})  # type: ignore[arg-type]


def test_a_sum_is_that_of_the_newest_values_in_any_order_of_arrival() -> None:
    values = [district(1, 5), district(3, 9), district(2, 7), district(4, 1, "1102")]
    sums = SumStage(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    assert [sums.apply(value) for value in values] == [
        Merge.ADVANCED,
        Merge.ADVANCED,
        Merge.STALE,
        Merge.ADVANCED,
    ]
    (changed,) = sums.changed_tallies()
    assert (changed.unit, changed.parent, changed.version, changed.cells[0][16]) == ("11", "0", 7, 10)
    assert changed.source == {0: 4}


def test_a_redelivered_value_is_published_again_and_a_stale_one_is_not() -> None:
    sums = SumStage(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    sums.apply(district(2, 5))
    sums.changed_tallies()
    assert sums.apply(district(2, 5)) is Merge.REPEATED
    assert len(sums.changed_tallies()) == 1
    sums.apply(district(1, 5))
    assert sums.changed_tallies() == []


def test_a_conflict_is_counted_and_changes_nothing() -> None:
    sums = SumStage(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    sums.apply(district(2, 5))
    assert sums.apply(district(2, 6)) is Merge.CONFLICT
    assert sums.merged[Merge.CONFLICT] == 1
    (changed,) = sums.all_tallies()
    assert changed.cells[0][16] == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"election": "another"},
        {"level": Level.PROVINCE},
        {"unit": "1103"},
        {"parent": "12"},
        {"unit": "110101"},
    ],
    ids=["election", "level", "unknown unit", "parent", "unit of another level"],
)
def test_a_value_of_another_election_is_an_error_with_advice(changes: dict[str, Any]) -> None:
    sums = SumStage(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    with pytest.raises(TallyMalformed, match=r"Give each|Use one register"):
        sums.apply(district(1, 5, **changes))
    assert list(sums.all_tallies()) == []
