"""Numbers and times as people of each language write them: 1.234 and 73,6% or 1,234 and 73.6%.

For tables only: documents for programs carry plain numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from schemas.language import Language
from schemas.percent import percent as percent_of

MISSING: Final = "-"
"""What was not given or not read; never 0."""


def whole(number: int | None, language: Language) -> str:
    """A number with thousands separators."""
    if number is None:
        return MISSING
    text = f"{number:,}"
    return text.replace(",", ".") if language == "id" else text


def percent(part: int | None, of: int | None, language: Language) -> str:
    """`part` in percent of `of` to a tenth; see schemas.percent."""
    rounded = percent_of(part, of)
    return MISSING if rounded is None else f"{tenths(rounded, language)}%"


def tenths(number: float, language: Language) -> str:
    """A number to a tenth: 12.3 or 12,3."""
    text = f"{number:.1f}"
    return text.replace(".", ",") if language == "id" else text


def zone_of(moments: Iterable[datetime | None]) -> timezone:
    """The machine's zone at the last of these times, for a column of times that names it once."""
    last = max((when for when in moments if when is not None), default=datetime.now(UTC))
    return timezone(last.astimezone().utcoffset() or timedelta())


def clock(when: datetime | None, zone: timezone) -> str:
    """A time in `zone`, which stands above the column: 2024-02-14 20:31:07."""
    return MISSING if when is None else f"{when.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def moment(when: datetime | None) -> str:
    """A time in the machine's zone, with the zone: 2024-02-14 20:31:07 +07:00."""
    if when is None:
        return MISSING
    here = when.astimezone()
    zone = here.strftime("%z")
    return f"{here:%Y-%m-%d %H:%M:%S} {zone[:3]}:{zone[3:5]}"
