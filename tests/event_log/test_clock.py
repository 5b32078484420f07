"""A clock that jumps: recorded times follow the log's order, and only a jump that stays is believed."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from event_log.clock import CONFIRM_S, JUMP_S, MICROS, ClockJump, RecordingClock
from event_log.leaf import leaf_hash
from event_log.sqlite import SqliteLog

NOON = 1_700_000_000 * MICROS
YEAR = 365 * 24 * 3_600


class Machine:
    """A clock that is set by hand, and the time since the machine started, which is not."""

    def __init__(self, last: int = 0) -> None:
        self.up = 5_000 * MICROS
        self.offset = NOON - self.up
        self.clock = RecordingClock(last, lambda: self.up + self.offset, lambda: self.up)

    def after(self, seconds: float, set_by: float = 0.0) -> int:
        """The time recorded after so many seconds, in which the clock was set forward by `set_by`; in seconds
        after noon."""
        self.up += round(seconds * MICROS)
        self.offset += round(set_by * MICROS)
        return round((self.clock.now() - NOON) / MICROS)


def test_a_clock_that_does_not_jump_is_followed() -> None:
    machine = Machine()
    assert [machine.after(10), machine.after(5, set_by=JUMP_S / 2), machine.after(5)] == [10, 16, 21]
    assert machine.clock.jumped == []


@pytest.mark.parametrize("by", [YEAR, -YEAR, 60, -60])
def test_a_jump_that_is_put_right_is_noted_and_in_no_recorded_time(by: float) -> None:
    machine = Machine()
    assert machine.after(10) == 10
    assert machine.after(10, set_by=by) == 20
    assert machine.after(10) == 30
    assert len(machine.clock.jumped) == 1
    clock, recorded = machine.clock.jumped[0]
    assert ClockJump(0, clock, recorded).seconds == by
    assert machine.after(10, set_by=-by) == 40
    assert len(machine.clock.jumped) == 1


def test_a_jump_forward_that_stays_is_believed_in_the_end() -> None:
    machine = Machine()
    assert machine.after(0, set_by=3_600) == 0
    assert machine.after(CONFIRM_S - 1) == CONFIRM_S - 1
    assert machine.after(1) == 3_600 + CONFIRM_S
    assert len(machine.clock.jumped) == 1


def test_a_clock_that_jumps_about_is_not_believed() -> None:
    machine = Machine()
    for number in range(1, 20):
        assert machine.after(60, set_by=100) == 60 * number
    assert len(machine.clock.jumped) == 19


def test_times_never_fall_when_a_jump_back_is_believed() -> None:
    machine = Machine()
    before = machine.after(1_000)
    machine.after(0, set_by=-900)
    later = [machine.after(CONFIRM_S / 2) for _ in range(8)]
    assert later == sorted(later)
    assert before <= later[0]
    assert later[-1] == round(1_000 - 900 + 8 * CONFIRM_S / 2)  # caught up with the clock


def test_after_a_clock_that_was_ahead_times_are_held_and_that_is_noted_once() -> None:
    machine = Machine(last=NOON + YEAR * MICROS)
    assert [machine.after(1) for _ in range(3)] == [YEAR] * 3
    ((clock, recorded),) = machine.clock.jumped
    assert ClockJump(0, clock, recorded).seconds == pytest.approx(1 - YEAR)


def append(log: SqliteLog, body: bytes) -> int:
    at = log.now()
    with log.transaction():
        log.append([body], [leaf_hash(body)], at)
    return at


def test_jumps_are_stored_with_the_entry_that_came_after_them(tmp_path: Path) -> None:
    path, machine = tmp_path / "log.sqlite", Machine()
    with closing(SqliteLog.open(path)) as log:
        log._clock = machine.clock
        append(log, b"a")
        machine.after(0, set_by=YEAR)
        second = append(log, b"b")
        assert append(log, b"c") > second
        (jump,) = log.clock_jumps()
        assert (jump.position, round(jump.seconds)) == (1, YEAR)
    with closing(SqliteLog.open(path, readonly=True)) as log:
        assert log.clock_jumps() == [jump]
        times = [entry.recorded_at for entry in log.read()]
    assert times == sorted(times)
    assert times[-1] < NOON + YEAR * MICROS


def test_a_jump_of_an_append_that_failed_is_stored_with_the_next(tmp_path: Path) -> None:
    machine = Machine()
    with closing(SqliteLog.open(tmp_path / "log.sqlite")) as log:
        log._clock = machine.clock
        machine.offset += YEAR * MICROS

        def fails() -> None:
            at = log.now()
            with log.transaction():
                log.append([b"lost"], [leaf_hash(b"lost")], at)
                raise KeyError

        with pytest.raises(KeyError):
            fails()
        assert log.clock_jumps() == []
        append(log, b"kept")
        assert [jump.position for jump in log.clock_jumps()] == [0]


def test_a_log_of_an_older_version_has_none(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog.open(path)) as log:
        append(log, b"a")
        log.connection.execute("DROP TABLE clock_jump")
    with closing(SqliteLog.open(path, readonly=True)) as log:
        assert log.clock_jumps() == []
