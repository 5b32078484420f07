"""Checks of the event around a form: R24, its time, and whether its station is on the list.

Clocks in the field are often wrong, so R24 is a line in a list and never a reason to leave a form out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from schemas.findings import Finding
from schemas.language import Text
from stream_processors.checks.catalogue import UNLISTED_STATION, finding
from stream_processors.checks.context import VillageLimits

ZONES: Final = {timedelta(hours=7): "WIB", timedelta(hours=8): "WITA", timedelta(hours=9): "WIT"}
"""Indonesia's time zones by their offset from UTC; elsewhere the offset itself is shown."""

_MINUTE: Final = timedelta(minutes=1)


def check_time(occurred_at: str, place: VillageLimits, found: list[Finding]) -> None:
    """Appends R24 when the time (ISO 8601 with a zone) is before the close or after the end of counting."""
    closes, until = place.closes, place.until
    if closes is None and until is None:
        return
    occurred = datetime.fromisoformat(occurred_at)
    # R24
    if closes is not None and occurred < closes:
        found.append(_r24_before(occurred, closes))
    elif until is not None and occurred > until:
        found.append(_r24_after(occurred, until))


def unlisted_station() -> Finding:
    """The finding that goes with every form of a station that the commission's list lacks."""
    return finding(
        UNLISTED_STATION,
        "",
        {},
        id="TPS ini tidak tercantum dalam daftar TPS; perolehan suaranya tetap dihitung.",
        en="This station is not on the list of stations; its votes are counted all the same.",
    )


def _r24_before(occurred: datetime, closes: datetime) -> Finding:
    return finding(
        "R24",
        "",
        {"minutes": -((occurred - closes) // _MINUTE)},
        id="Formulir tercatat {occurred}, {minutes} menit sebelum pemungutan suara ditutup ({closes}).",
        en="The form is recorded at {occurred}, {minutes} minutes before the poll closed ({closes}).",
        terms={"occurred": _clock(occurred, closes), "closes": _clock(closes, closes)},
    )


def _r24_after(occurred: datetime, until: datetime) -> Finding:
    return finding(
        "R24",
        "",
        {"minutes": -((until - occurred) // _MINUTE)},
        id="Formulir tercatat {occurred}, {minutes} menit setelah batas waktu penghitungan ({until}).",
        en="The form is recorded at {occurred}, {minutes} minutes after the counting time ended ({until}).",
        terms={"occurred": _clock(occurred, until), "until": _clock(until, until)},
    )


def _clock(moment: datetime, local: datetime) -> Text:
    """`moment` as the clocks at the poll show it: those of `local`'s zone."""
    try:
        there = moment.astimezone(local.tzinfo)
    except OverflowError:  # within hours of the years 1 and 9999, as unset clocks say: shown as written
        there = moment
    zone = ZONES.get(there.utcoffset() or timedelta(), f"{there:%z}")
    text = f"{there:%Y-%m-%d %H:%M} {zone}"
    return Text(text, text)
