"""Draws which faults each form of a night has: for each station and contest alone, from its key.

The plan of a night and the building of its messages both ask here, and get the same answer, so that nothing
of it need be stored.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from producers.simulator.draws import Bits, uniform, within
from producers.simulator.faults import ON_THE_FORM, ON_THE_WAY, Faults
from producers.simulator.purposes import Purpose
from schemas.elections import ContestKind

Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]


class Defect(IntEnum):
    """What is wrong on a form as first submitted. Those from BAD_SUMS on are in the order of ON_THE_FORM."""

    NONE = 0
    BAD_SUMS = 1
    BAD_TOTALS = 2
    BAD_VOTERS = 3
    BAD_SEXES = 4
    BAD_BALLOTS = 5
    NO_RESERVE = 6
    OTHER_REGISTER = 7
    BAD_PARTY_SUMS = 8
    DIGIT_SLIPS = 9
    SWAPPED = 10
    BLANKS = 11
    MISSING_FIELDS = 12
    MOVED = 13  # votes written to another option: adds up, and is corrected later


class Malformation(IntEnum):
    """How a form arrives when it first fails to arrive, in the order of ON_THE_WAY."""

    NONE = 0
    MALFORMED = 1
    ALTERED = 2
    UNKNOWN_STATION = 3
    UNKNOWN_OPTION = 4


class Delay(IntEnum):
    """What is unusual about the time of a first count."""

    NONE = 0
    LATE = 1
    WRONG_CLOCK = 2
    POSTPONED = 3


class Reread(IntEnum):
    """Why a corrected form is corrected."""

    MISREAD = 0
    PEMBETULAN = 1
    PLENARY = 2
    RECOUNT = 3


REREAD_SHARES: Final = (0.55, 0.27, 0.15, 0.03)
"""Of corrections, in the order of Reread. Recounts: 1,583 in 2024, 3% of 6% of the stations; the rest is a
guess."""

SECOND_COPIES: Final = 0.1
"""Of messages sent twice, how many are sent a third time."""


@dataclass(frozen=True, slots=True)
class Scenarios:
    """One column each, one row a form. `copies` are those beside the first sending, of the count and of the
    correction; the flags of what follows a correction are set only where there is one."""

    defect: Codes
    malformation: Codes
    delay: Codes
    copies: Codes
    contradicted: Flags
    annulled: Flags
    revoted: Flags
    corrected: Flags
    reread: Codes
    correction_copies: Codes
    stale: Flags
    overtaken: Flags

    def of(self, rows: NDArray[Any]) -> Scenarios:
        """The scenarios of those rows (numbers or flags)."""
        return Scenarios(*(getattr(self, column.name)[rows] for column in fields(self)))


def draw_scenarios(forms: Bits, kind: ContestKind, faults: Faults) -> Scenarios:
    """The scenarios of the forms with those keys, in a contest of that kind."""
    defect = _one_of(forms, Purpose.DEFECT, [getattr(faults, name) for name in ON_THE_FORM])
    if kind is not ContestKind.PARTIES:
        defect[defect == Defect.BAD_PARTY_SUMS] = Defect.NONE
    sound = defect == Defect.NONE
    annulled = _chance(forms, Purpose.ANNULLED, faults.annulments)
    chance = np.where(sound, faults.corrections, faults.repairs)
    corrected = (uniform(within(forms, Purpose.CORRECTED)) < chance) & ~annulled
    defect[corrected & sound] = Defect.MOVED
    return Scenarios(
        defect=defect,
        malformation=_one_of(forms, Purpose.MALFORMATION, [getattr(faults, name) for name in ON_THE_WAY]),
        delay=_one_of(forms, Purpose.DELAY, [faults.late, faults.wrong_clocks, faults.postponed]),
        copies=_copies(forms, Purpose.COPIES, faults.duplicates),
        # A second first count after an annulment would be a lawful one.
        contradicted=_chance(forms, Purpose.CONTRADICTED, faults.contradictions) & ~annulled,
        annulled=annulled,
        revoted=_chance(forms, Purpose.REVOTED, faults.revotes) & annulled,
        corrected=corrected,
        reread=_one_of(forms, Purpose.REREAD, list(REREAD_SHARES[1:])),
        correction_copies=np.where(
            corrected, _copies(forms, Purpose.CORRECTION_COPIES, faults.duplicates), 0
        ),
        stale=_chance(forms, Purpose.STALE, faults.stale_corrections) & corrected,
        overtaken=_chance(forms, Purpose.OVERTAKEN, faults.overtaken) & corrected,
    )


def _chance(forms: Bits, purpose: Purpose, rate: float) -> Flags:
    return uniform(within(forms, purpose)) < rate


def _copies(forms: Bits, purpose: Purpose, rate: float) -> Codes:
    drawn = uniform(within(forms, purpose))
    copies: Codes = (drawn < rate).astype(np.int8) + (drawn < rate * SECOND_COPIES)
    return copies


def _one_of(forms: Bits, purpose: Purpose, rates: list[float]) -> Codes:
    """0 for none, or the place (from 1) of the one rate that hits."""
    edges = np.cumsum(rates)
    place = np.searchsorted(edges, uniform(within(forms, purpose)), side="right")
    return np.where(place < len(rates), place + 1, 0).astype(np.int8)
