"""The hops: a state is a fold of its partition, sums are those of the newest values."""

from __future__ import annotations

import pytest

from event_log.kafka.log import Record
from event_log.kafka.partitioner import partition_of
from schemas.regions import Level
from schemas.rejections import Reason
from schemas.tally_messages import TallyMalformed, TallyMessage
from stream_processors.assess import Assessor
from stream_processors.distributed.count_hop import CountHop, Entries
from stream_processors.distributed.ranges import entries_of
from stream_processors.distributed.sum_hop import SumHop
from stream_processors.rollup import Merge
from tests.worlds import PPWP, corrected, pairs, submitted, world

WORLD = world()
ASSESSOR = Assessor(WORLD.election, WORLD.registry, WORLD.ballots, lambda key: partition_of(key, 1))
STATION = "1101012001001"
FIRST = submitted(STATION, pairs(1, 2, 3))
SECOND = corrected(STATION, FIRST, pairs(4, 5, 6))


def entries(*raws: bytes, start: int = 0, key: bytes = b"1101") -> Entries:
    """Those messages as they stand in the only partition from `start` on."""
    return entries_of(
        ASSESSOR, 0, [Record(at, at + 1_000, key, raw, ()) for at, raw in enumerate(raws, start)]
    )


def hop() -> CountHop:
    return CountHop(0, WORLD.election.id, WORLD.registry, WORLD.ballots)


def test_entries_keep_their_positions_whether_accepted_repeated_or_rejected() -> None:
    outcome = hop().take(entries(FIRST, FIRST, b"{", SECOND, start=7)).outcome
    assert list(outcome.entries) == [7, 8, 9, 10]
    assert outcome.positions == [7, 10]
    assert outcome.repeated == [1]
    assert [outcome.rejected[place].reason for place in outcome.rejected] == [Reason.MALFORMED]
    assert outcome.end == 11


def test_a_rejected_message_that_comes_again_is_rejected_at_each_position() -> None:
    outcome = hop().take(entries(b"{", b"{")).outcome
    assert sorted(outcome.rejected) == [0, 1]


def test_an_entry_is_never_taken_in_twice() -> None:
    owner = hop()
    owner.take(entries(FIRST))
    with pytest.raises(ValueError, match="stands at 1"):
        owner.take(entries(FIRST))


def test_a_change_is_told_once_with_the_whole_value_and_its_source() -> None:
    owner = hop()
    owner.take(entries(FIRST, SECOND))
    (told,) = owner.changed()
    assert (told.level, told.unit, told.parent, told.version) == (Level.DISTRICT, "1101", "11", 2)
    assert told.source == {0: 1}
    assert told.recorded_at == 1_001
    assert owner.changed() == []
    assert list(owner.all()) == [told]


def test_all_leaves_out_districts_that_only_repeats_and_rejections_reached() -> None:
    owner = hop()
    owner.take(entries(b"{"))
    assert list(owner.all()) == []


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


def test_a_sum_is_that_of_the_newest_values_in_whatever_order_they_come() -> None:
    values = [district(1, 5), district(3, 9), district(2, 7), district(4, 1, "1102")]
    sums = SumHop(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    assert [sums.take(value) for value in values] == [
        Merge.ADVANCED,
        Merge.ADVANCED,
        Merge.STALE,
        Merge.ADVANCED,
    ]
    (told,) = sums.changed()
    assert (told.unit, told.parent, told.version, told.cells[0][16]) == ("11", "0", 7, 10)
    assert told.source == {0: 4}


def test_a_value_that_comes_again_is_told_again_and_a_stale_one_is_not() -> None:
    sums = SumHop(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    sums.take(district(2, 5))
    sums.changed()
    assert sums.take(district(2, 5)) is Merge.REPEATED
    assert len(sums.changed()) == 1
    sums.take(district(1, 5))
    assert sums.changed() == []


def test_a_contradiction_is_counted_and_changes_nothing() -> None:
    sums = SumHop(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    sums.take(district(2, 5))
    assert sums.take(district(2, 6)) is Merge.CONFLICT
    assert sums.merged[Merge.CONFLICT] == 1
    (told,) = sums.all()
    assert told.cells[0][16] == 5


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
def test_a_value_from_elsewhere_is_refused_with_advice(changes: dict[str, object]) -> None:
    sums = SumHop(Level.PROVINCE, WORLD.election.id, WORLD.registry)
    with pytest.raises(TallyMalformed, match=r"Give each|Use one register"):
        sums.take(district(1, 5, **changes))
    assert list(sums.all()) == []
