"""What draws are for: one number for each, so that no two uses of a key are related."""

from __future__ import annotations

from enum import IntEnum


class Purpose(IntEnum):
    """The purpose of a draw. A number never gets another purpose, or a seed would mean another night."""

    # of a region
    TURNOUT = 2
    SIGNAL = 3
    PREFERENCE = 4
    BLOC = 5
    # of a station, the same in all contests
    REGISTERED = 10
    LISTED_MEN = 11
    VOTED_MEN = 12
    VOTED_WOMEN = 13
    MOVED_IN_MEN = 14
    MOVED_IN_WOMEN = 15
    SPECIAL_MEN = 16
    SPECIAL_WOMEN = 17
    DISABLED_MEN = 18
    DISABLED_WOMEN = 19
    RETURNED = 20
    REVOTE = 21
    # of a form
    CONTEST = 30
    INVALID = 31
    VOTES = 32
    PARTS = 33
    DEFECT = 40
    DEFECT_DETAIL = 41
    MALFORMATION = 42
    DELAY = 43
    COPIES = 44
    CONTRADICTED = 45
    ANNULLED = 46
    REVOTED = 47
    CORRECTED = 48
    REREAD = 49
    CORRECTION_COPIES = 50
    STALE = 51
    OVERTAKEN = 52
    CONTRADICTED_DETAIL = 53
    MALFORMATION_DETAIL = 54
    # times of a form
    EARLY_HOURS = 60  # and the two numbers after it
    TAIL = 63
    TAIL_LENGTH = 64
    WAITS = 65
    DELAYED = 66
    AFTER = 70  # and the numbers after it, one for each action
    OFFICER = 100
    AGAIN = 200  # and the numbers after it, four for each action
