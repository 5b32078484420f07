"""The rules of forms as the recomputation has them: code and severity. docs/rules.md says what they mean."""

from __future__ import annotations

from typing import Any, Final

HARD_RULES: Final = (*("R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R14", "R17", "R19"),)
"""A form with a finding of one of these is left out of the clean totals."""

SOFT_RULES: Final = (
    *("R01", "R11", "R12", "R13", "R15", "R24", "R25", "R26", "R27", "R28", "unlisted_station"),
)


def rules_document() -> dict[str, Any]:
    """The rules as a bundle states them."""
    rules = dict.fromkeys(HARD_RULES, "hard") | dict.fromkeys(SOFT_RULES, "soft")
    return {"rules": rules}
