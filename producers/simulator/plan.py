"""The order of a night: which message of which form arrives when, as one sorted number a message.

A number holds the second of arrival, then the form, then what the message is; sorting the numbers sorts the
night. What a message says is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from producers.simulator.draws import Bits, Ints
from producers.simulator.scenarios import Defect, Delay, Malformation, Scenarios
from producers.simulator.timetable import DAY, Action, Times, arrival

_ACTION_BITS: Final = 3
_COPY_BITS: Final = 2
_FORM_BITS: Final = 26
"""67 million forms: a dozen contests of a nation with millions of stations."""
MOST_FORMS: Final = 1 << _FORM_BITS
_EARLIEST: Final = DAY
"""Nothing arrives earlier than this before the first poll closed; it keeps the numbers above 0."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a count that starts with this night must come to: how many of its messages are accepted, how many
    repeat an accepted one, and how many are rejected, by reason code."""

    accepted: int
    repeated: int
    rejected: dict[str, int]


def numbers_of(
    forms: Bits, first_form: int, closes: Ints, counts: Times, scenarios: Scenarios
) -> Iterator[NDArray[np.int64]]:
    """The numbers of all messages of those forms, in no order; forms are numbered from `first_form`, `closes`
    is in seconds after the first poll's close."""
    for action, copy, rows in sendings(scenarios):
        seconds = closes[rows] + arrival(forms[rows], action, copy, _of(counts, rows), scenarios.of(rows))
        yield (
            ((seconds + _EARLIEST) << (_FORM_BITS + _COPY_BITS + _ACTION_BITS))
            | ((first_form + rows) << (_COPY_BITS + _ACTION_BITS))
            | (action << _COPY_BITS | copy)
        )


def read(numbers: NDArray[np.int64]) -> tuple[Ints, Ints]:
    """The form and the action of messages."""
    form = numbers >> (_COPY_BITS + _ACTION_BITS) & (MOST_FORMS - 1)
    action = numbers >> _COPY_BITS & ((1 << _ACTION_BITS) - 1)
    return form, action


def seconds(numbers: NDArray[np.int64]) -> Ints:
    """When each message arrives, in seconds after the first poll closed."""
    return (numbers >> (_FORM_BITS + _COPY_BITS + _ACTION_BITS)) - _EARLIEST


def sendings(scenarios: Scenarios) -> Iterator[tuple[Action, int, Ints]]:
    """What is sent: the action, which copy of it, and the rows of the forms that it is sent of."""
    yield Action.COUNT, 0, np.arange(len(scenarios.defect))
    for action, flags in (
        (Action.MALFORMED, scenarios.malformation != Malformation.NONE),
        (Action.EARLY, scenarios.overtaken),
        (Action.CONTRADICTION, scenarios.contradicted),
        (Action.CORRECTION, scenarios.corrected),
        (Action.STALE, scenarios.stale),
        (Action.ANNULMENT, scenarios.annulled),
        (Action.REVOTE, scenarios.revoted),
    ):
        yield action, 0, np.flatnonzero(flags)
    for copy in (1, 2):
        yield Action.COUNT, copy, np.flatnonzero(scenarios.copies >= copy)
        yield Action.CORRECTION, copy, np.flatnonzero(scenarios.correction_copies >= copy)


def injected(scenarios: Scenarios) -> dict[str, int]:
    """How many forms of `scenarios` met each fault, by the names in Faults."""
    repaired = scenarios.corrected & (scenarios.defect != Defect.MOVED)
    return {
        **{
            defect.name.lower(): _number(scenarios.defect == defect)
            for defect in Defect
            if defect not in (Defect.NONE, Defect.MOVED)
        },
        "corrections": _number(scenarios.defect == Defect.MOVED),
        "repairs": _number(repaired),
        "stale_corrections": _number(scenarios.stale),
        "overtaken": _number(scenarios.overtaken),
        "contradictions": _number(scenarios.contradicted),
        "annulments": _number(scenarios.annulled),
        "revotes": _number(scenarios.revoted),
        "late": _number(scenarios.delay == Delay.LATE),
        "wrong_clocks": _number(scenarios.delay == Delay.WRONG_CLOCK),
        "postponed": _number(scenarios.delay == Delay.POSTPONED),
        "duplicates": _number(scenarios.copies) + _number(scenarios.correction_copies),
        "malformed": _number(scenarios.malformation == Malformation.MALFORMED),
        "altered": _number(scenarios.malformation == Malformation.ALTERED),
        "unknown_stations": _number(scenarios.malformation == Malformation.UNKNOWN_STATION),
        "unknown_options": _number(scenarios.malformation == Malformation.UNKNOWN_OPTION),
    }


def _number(flags: NDArray[np.generic]) -> int:
    return int(flags.sum(dtype=np.int64))


def expected(forms: int, faults: dict[str, int]) -> Expected:
    """What follows from the number of first counts and of the `injected` faults."""
    rejected = {
        "already_counted": faults["contradictions"],
        "superseded_mismatch": faults["stale_corrections"] + faults["overtaken"],
        "malformed": faults["malformed"],
        "wrong_event_id": faults["altered"],
        "unknown_station": faults["unknown_stations"],
        "unknown_option": faults["unknown_options"],
    }
    accepted = forms + faults["corrections"] + faults["repairs"] + faults["annulments"] + faults["revotes"]
    return Expected(accepted, faults["duplicates"], {reason: n for reason, n in rejected.items() if n})


def _of(counts: Times, rows: Ints) -> Times:
    return Times(counts.stamped[rows], counts.sent[rows], counts.arrives[rows])
