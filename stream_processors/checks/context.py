"""The context in which a form is checked: the register, the limits and the poll of its village.

All of it is fixed before the count, except `occurred_at`, which the event states.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from schemas.ballots import Ballot


@dataclass(frozen=True, slots=True)
class VillageLimits:
    """The ballot, limits and poll of all stations of a village in one contest.

    `voters_limit` None: no limit on registered voters there; `closes` and `until` None: R24 is not checked.
    """

    ballot: Ballot
    voters_limit: int | None
    figure_limit: int
    reserve_percent: int
    outlier_percent: int
    outlier_valid: int
    closes: datetime | None
    until: datetime | None


class FormContext(NamedTuple):
    """The context of one form: the limits of its village, the register's voters of its station, whether the
    station is listed (None: nobody said), and when the event says that it happened (ISO 8601 with a zone, or
    None)."""

    place: VillageLimits
    registered: int | None
    listed: bool | None
    occurred_at: str | None
