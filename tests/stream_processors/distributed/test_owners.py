"""A position goes out with its rows only where nothing else could be lost before it; otherwise after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from event_log.kafka.log import Record
from event_log.kafka.partitioner import partition_of
from schemas.rejections import Rejection
from schemas.tally_messages import TallyMessage
from sinks.row_messages import LARGEST
from sinks.rows import Rows
from stream_processors.assess import Assessor
from stream_processors.distributed.count_hop import CountHop, Entries
from stream_processors.distributed.owners import CountOwner
from stream_processors.distributed.ranges import entries_of
from tests.worlds import all_stations, pairs, submitted, world

WORLD = world()
ASSESSOR = Assessor(WORLD.election, WORLD.registry, WORLD.ballots, lambda key: partition_of(key, 1))
COUNTS = [submitted(station, pairs(1, 2, 3)) for station in all_stations() if station.startswith("1101")]
UNSENT = -1


class Outlet:
    """Remembers what it was given; all of it is under way until `arrived` says how much is not."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.arrived = 0

    @property
    def handed_over(self) -> int:
        return len(self.given)

    def has_sent(self, count: int) -> bool:
        return self.arrived >= count

    def rows(
        self,
        partition: int,
        tables: Mapping[str, pa.Table],
        after: int | None = None,
        *,
        more: bool = False,
    ) -> None:
        assert partition == 0
        assert (after is not None) == ("sink_position" in tables)
        held = [f"event {table['position'].to_pylist()}" for name, table in tables.items() if name == "event"]
        if after is not None:
            follows = ", more follows" if more else ""
            held.append(f"position {after} to {tables['sink_position']['position'][0].as_py()}{follows}")
        self.given.append(", ".join(held))

    def rejected(self, partition: int, position: int, key: bytes | None, raw: bytes, why: Rejection) -> None:
        assert (partition, key) == (0, b"1101")
        assert raw
        assert why.said.en
        self.given.append(f"rejected {position}")

    def tally(self, message: TallyMessage) -> None:
        pass


def owner(outlet: Outlet) -> CountOwner:
    """Of a partition that nothing was sent of."""
    hop = CountHop(0, WORLD.election.id, WORLD.registry, WORLD.ballots)
    rows = Rows(WORLD.election.id, WORLD.registry, WORLD.ballots)
    return CountOwner(hop, rows, WORLD.ballots, outlet, UNSENT)


def entries(start: int, *raws: bytes) -> Entries:
    """These messages as they stand in the partition from `start` on."""
    records = [Record(at, at + 1_000, b"1101", raw, ()) for at, raw in enumerate(raws, start)]
    return entries_of(ASSESSOR, 0, records)


def test_rows_and_their_position_are_one_message_once_all_before_has_arrived() -> None:
    outlet = Outlet()
    one = owner(outlet)
    one.take(entries(0, COUNTS[0]))
    outlet.arrived = 1
    one.take(entries(1, COUNTS[1]))
    assert outlet.given == ["event [0], position -1 to 0", "event [1], position 0 to 1"]
    assert one.sent == 1


def test_while_rows_are_under_way_the_next_ones_go_without_a_position_which_follows() -> None:
    outlet = Outlet()
    one = owner(outlet)
    for start in range(3):
        one.take(entries(start, COUNTS[start]))
    assert outlet.given == ["event [0], position -1 to 0", "event [1]", "event [2]"]
    one.emit()
    assert len(outlet.given) == 3
    assert one.owes
    outlet.arrived = 2
    one.emit()
    assert outlet.given[3:] == ["position 0 to 1"]
    outlet.arrived = 4
    one.emit()
    assert outlet.given[4:] == ["position 1 to 2"]
    assert not one.owes


def test_a_position_says_whether_more_of_a_backlog_follows_whenever_it_goes_out() -> None:
    outlet = Outlet()
    one = owner(outlet)
    for start in range(3):
        one.take(replace(entries(start, COUNTS[start]), more=start < 2))
    assert outlet.given == ["event [0], position -1 to 0, more follows", "event [1]", "event [2]"]
    outlet.arrived = 2
    one.emit()
    assert outlet.given[3:] == ["position 0 to 1, more follows"]
    outlet.arrived = 4
    one.emit()
    assert outlet.given[4:] == ["position 1 to 2"]


def test_what_was_rejected_has_arrived_before_a_position_speaks_of_it() -> None:
    outlet = Outlet()
    one = owner(outlet)
    one.take(entries(0, COUNTS[0], b"{"))
    assert outlet.given == ["rejected 1", "event [0, 1]"]
    outlet.arrived = 1
    one.emit()
    assert len(outlet.given) == 2
    outlet.arrived = 2
    one.emit()
    assert outlet.given[2:] == ["position -1 to 1"]


def test_rows_of_several_messages_have_arrived_before_their_position() -> None:
    outlet = Outlet()
    one = owner(outlet)
    repeated = LARGEST // len(COUNTS[0])  # each has a row with all its bytes
    one.take(entries(0, *([COUNTS[0]] * repeated)))
    assert outlet.given == [f"event {list(range(repeated))}"]
    assert one.owes
