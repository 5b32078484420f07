"""What is known of a backlog while messages of it are taken: that it ends is noticed, whoever read it."""

from __future__ import annotations

from event_log.kafka.group import GroupRecord, Place
from event_log.kafka.topics import COUNT_ROWS
from sinks.delivery.taking import Taking
from sinks.delivery.totals import Totals
from sinks.row_messages import encode
from tests.sinks.delivery.support import ROWS, WORLD, flush


def take(taking: Taking, partition: int, first: int, *, more: bool) -> None:
    """One event's rows and position."""
    for number, (headers, value) in enumerate(encode(flush(partition, first, 1), first - 1, more=more)):
        place = Place(COUNT_ROWS, partition)
        assert taking.take(GroupRecord(place, first + number, value, headers), 0.0) is None


def test_a_backlog_lasts_until_no_partition_says_that_more_follows() -> None:
    taking = Taking(Totals(WORLD.election, WORLD.registry, WORLD.ballots, ROWS))
    assert not taking.more_follows
    take(taking, 0, 0, more=True)
    take(taking, 1, 0, more=True)
    take(taking, 0, 1, more=False)
    assert taking.more_follows
    taking.handed_over()
    assert taking.more_follows
    take(taking, 1, 1, more=False)
    assert not taking.more_follows


def test_who_takes_over_other_partitions_waits_for_none_that_went_elsewhere() -> None:
    taking = Taking(Totals(WORLD.election, WORLD.registry, WORLD.ballots, ROWS))
    take(taking, 0, 0, more=True)
    taking.know({0: 0, 1: 5})
    assert not taking.more_follows
