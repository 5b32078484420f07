"""Numbers and times as people of each language write them: 1.234 and 73,6% or 1,234 and 73.6%.

For tables only: documents for programs carry plain numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from schemas.language import Language

MISSING: Final = "-"
"""What was not given or not read; never 0."""


def whole(number: int | None, language: Language) -> str:
    """A number with thousands separators."""
    if number is None:
        return MISSING
    text = f"{number:,}"
    return text.replace(",", ".") if language == "id" else text


def percent(part: int | None, of: int | None, language: Language) -> str:
    """`part` in percent of `of` to a tenth. Not quite all is never shown as 100, nor a little as 0."""
    if part is None or not of:
        return MISSING
    permille = round(1000 * part / of)
    if permille >= 1000 and part < of:
        permille = 999
    if permille == 0 and part > 0:
        permille = 1
    return f"{tenths(permille / 10, language)}%"


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
