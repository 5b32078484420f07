"""When a night's messages are made and when they arrive, in seconds after the poll closed at their station.

A device stamps what it sends with its own clock (`stamped`), sends it when it is done (`sent`) and reaches
the log when there is a signal (`arrives`): three times that differ, as they do in the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from producers.simulator.draws import Bits, Floats, Ints, uniform, within
from producers.simulator.purposes import Purpose
from producers.simulator.scenarios import Delay, Reread, Scenarios

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

FIRST_FORM: Final = 75 * MINUTE
"""A president's count of 200 ballots and its form take over an hour."""
NEXT_CONTEST: Final = 70 * MINUTE
"""The contests are counted one after the other."""
BODY: Final = 6 * HOUR
"""Most stations are done within this time of the first: a bell that peaks in its middle."""
SLOW: Final = 0.35
TAIL: Final = 14 * HOUR
"""Share of stations that take longer, and by how much at most: few of them nearly all of it."""
SLOWER_A_ZONE: Final = 0.15
"""Further east, islands and mountains: by each hour that the zone is ahead of the capital's."""
CAPITAL_ZONE: Final = 420
"""Minutes ahead of UTC: WIB."""
NO_SIGNAL: Final = 0.06
NO_SIGNAL_A_ZONE: Final = 0.05
SIGNAL_WITHIN: Final = 8 * HOUR
"""Share of villages without a signal (in the capital's zone; more in each further one), whose forms wait on
the device until somebody carries it to one."""
BEFORE_THE_END: Final = HOUR
"""Who is slow hurries at the end: no form that is not late is sent after the window."""


class Action(IntEnum):
    """What a message is in the story of its form. The numbers are in the order in which they can happen."""

    MALFORMED = 0  # the count, as it arrived when it first failed to
    EARLY = 1  # the correction, before the count that it corrects
    COUNT = 2
    CONTRADICTION = 3
    CORRECTION = 4
    STALE = 5
    ANNULMENT = 6
    REVOTE = 7


_AFTER: Final = {
    Action.CONTRADICTION: (MINUTE, 5 * HOUR),
    Action.CORRECTION: (5 * MINUTE, 8 * HOUR),
    Action.STALE: (MINUTE, 3 * HOUR),  # after the other correction
    Action.ANNULMENT: (DAY, 4 * DAY),
    Action.REVOTE: (5 * DAY, 9 * DAY),  # within ten days of the vote
}
"""Shortest and longest time after the count."""
PLENARY: Final = (DAY, 4 * DAY)
"""Added for corrections at the sub-district's plenary."""
EARLY_BY: Final = 5 * MINUTE
OVERTAKEN_BY: Final = 20 * HOUR
"""A count that its correction overtakes waits longer than any correction but a plenary's takes."""
AGAIN: Final = (2, 3 * HOUR)
"""Shortest and longest time until a message is sent again."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of first counts: seconds after the poll closed."""

    stamped: Ints
    sent: Ints
    arrives: Ints


def count_times(
    forms: Bits, villages: Bits, rank: int, zone: Ints, window: Ints, scenarios: Scenarios
) -> Times:
    """The times of the first counts of those forms. `rank` is the contest's place among the contests, `zone`
    the minutes ahead of UTC, `window` the length of the counting window in seconds."""
    east = np.maximum(zone - CAPITAL_ZONE, 0) / MINUTE
    early = [uniform(within(forms, Purpose.EARLY_HOURS + number)) for number in range(3)]
    hours = (early[0] + early[1] + early[2]) / 3.0 * BODY
    slow = uniform(within(forms, Purpose.TAIL)) < SLOW
    hours = hours + np.where(slow, _skewed(within(forms, Purpose.TAIL_LENGTH)) * TAIL, 0.0)
    hours = hours * (1.0 + SLOWER_A_ZONE * east)
    sent = FIRST_FORM + rank * NEXT_CONTEST + hours.astype(np.int64)
    delayed = uniform(within(forms, Purpose.DELAYED))
    sent = np.minimum(sent, window - 1 - (delayed * BEFORE_THE_END).astype(np.int64))
    late = window + MINUTE + (delayed * 12 * HOUR).astype(np.int64)
    postponed = 2 * DAY + (delayed * 7 * DAY).astype(np.int64)
    sent = np.where(scenarios.delay == Delay.LATE, late, sent)
    sent = np.where(scenarios.delay == Delay.POSTPONED, postponed, sent)
    wrong = -MINUTE - (delayed * 10 * HOUR).astype(np.int64)
    without = uniform(within(villages, Purpose.SIGNAL)) < NO_SIGNAL + NO_SIGNAL_A_ZONE * east
    waits = uniform(within(forms, Purpose.WAITS))
    waits = np.where(without, waits * SIGNAL_WITHIN, waits * 5.0)
    waits = waits + np.where(scenarios.overtaken, float(OVERTAKEN_BY), 0.0)
    return Times(
        stamped=np.where(scenarios.delay == Delay.WRONG_CLOCK, wrong, sent),
        sent=sent,
        arrives=sent + waits.astype(np.int64),
    )


def after_count(forms: Bits, action: Action, scenarios: Scenarios) -> Ints:
    """How many seconds after the count's sending the `action` happens, and after its arrival it arrives."""
    if action in (Action.COUNT, Action.MALFORMED):
        return np.zeros(len(forms), np.int64)
    if action is Action.EARLY:
        return after_count(forms, Action.CORRECTION, scenarios)  # the same message
    delay = _between(within(forms, Purpose.AFTER + action), _AFTER[action])
    if action is Action.STALE:
        delay += after_count(forms, Action.CORRECTION, scenarios)
    if action is Action.CORRECTION:
        plenary = _between(within(forms, Purpose.DELAYED), PLENARY)
        delay += np.where((scenarios.reread == Reread.PLENARY) & ~scenarios.overtaken, plenary, 0)
    return delay


def arrival(forms: Bits, action: Action, copy: int, counts: Times, scenarios: Scenarios) -> Ints:
    """When the message arrives, in seconds after the poll closed; `copy` 0 is its first sending."""
    if action is Action.EARLY:
        return counts.arrives - EARLY_BY
    if action is Action.MALFORMED:
        return counts.arrives - _between(within(forms, Purpose.AFTER + action), (1, MINUTE))
    arrives = counts.arrives + after_count(forms, action, scenarios)
    for number in range(copy):
        arrives = arrives + _between(within(forms, Purpose.AGAIN + 4 * action + number), AGAIN)
    return arrives


def _skewed(bits: Bits) -> Floats:
    drawn = uniform(bits)
    return drawn * drawn


def _between(bits: Bits, span: tuple[int, int]) -> Ints:
    """Whole seconds from the first to the second of `span`, sooner more often than later."""
    seconds: Ints = (_skewed(bits) * (span[1] - span[0])).astype(np.int64)
    return span[0] + seconds
