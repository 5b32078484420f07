"""The messages of a small count with everything in it that a command shows."""

from __future__ import annotations

from typing import Any, Final

from tests.worlds import ABROAD, DPD, annulled, corrected, form, pairs, submitted

VILLAGE: Final = "1101012001"
CORRECTED: Final = f"{VILLAGE}001"
FLAGGED: Final = f"{VILLAGE}002"
ANNULLED: Final = f"{VILLAGE}003"
UNLISTED: Final = f"{VILLAGE}009"
FAR_AWAY: Final = f"{ABROAD}001"

OFFICER: Final[dict[str, Any]] = {"submitted_by": {"officer": "kpps-7", "role": "kpps"}}


def messages() -> list[bytes]:
    """By position: counts, a correction, a form that does not add up, an annulment, two that are rejected."""
    first = submitted(CORRECTED, pairs(100, 50, 10), **OFFICER)
    third = submitted(ANNULLED, pairs(20, 20, 20))
    return [
        first,
        submitted(FLAGGED, pairs(60, 40, 20, valid=125)),
        third,
        corrected(CORRECTED, first, pairs(101, 50, 10), **OFFICER),
        annulled(ANNULLED, third),
        submitted(UNLISTED, pairs(1, 2, 3)),
        submitted(FAR_AWAY, pairs(1_000, 2_000, 0)),
        submitted(FLAGGED, pairs(61, 40, 20)),
        b'{"not": "an event"}',
        submitted(CORRECTED, form({"21": 30, "22": 70}), contest=DPD),
    ]
