"""What checking a form found: a rule, how severe, where on the form, and the numbers that show it.

A finding accuses nobody. Hard findings leave a form out of the clean totals and never out of the
recorded ones; soft findings are listed only.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from schemas.language import Text


class Severity(StrEnum):
    """Whether a form with this finding stays in the clean totals."""

    HARD = "hard"
    SOFT = "soft"


class Status(StrEnum):
    """What a station's count in force is."""

    CLEAN = "clean"  # no hard finding
    FLAGGED = "flagged"  # a hard finding: recorded and shown, left out of the clean totals
    BLANK = "blank"  # no option filled (R19)
    ANNULLED = "annulled"  # its count lost its force and no lawful new count has come


class Finding(NamedTuple):
    """One rule that one form fails, at one place of it.

    `place` names the block or field (`IV.2`, `I.B.total`, or `` for the whole form); `numbers` are the
    figures that the sentence quotes, by name; `tag` marks a legal consequence (`recount_trigger`).
    """

    rule: str
    severity: Severity
    place: str
    numbers: Mapping[str, int]
    said: Text
    tag: str = ""
