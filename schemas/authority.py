"""Which role may give which reason for a correction or annulment, where an election does not say otherwise.

What the law says of it differs from election to election, and not all of it is certain, so this is the
default of `reason_roles` in an election's definition (docs/events.md) and no rule of the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.events import AnnulmentReason, CorrectionReason, Role

_COMMISSION: Final = (Role.KPU_KABKO, Role.KPU_PROV, Role.KPU)
_WITH_SUBDISTRICT: Final = (Role.PPK, *_COMMISSION)

DEFAULT_REASON_ROLES: Final[Mapping[str, tuple[Role, ...]]] = {
    # A recount is held at the station by its officers, or by the committees above it.
    CorrectionReason.RECOUNT.value: (Role.KPPS, *_WITH_SUBDISTRICT),
    # Plenaries are held from the sub-district upwards.
    CorrectionReason.PLENARY.value: _WITH_SUBDISTRICT,
    # The sub-district's committee carries out what its supervisor advises at the plenary.
    CorrectionReason.BAWASLU_RULING.value: _WITH_SUBDISTRICT,
    # Courts rule against the commission, which carries it out.
    CorrectionReason.COURT_RULING.value: _COMMISSION,
    # The district's commission orders a re-vote, on the proposal of the sub-district's committee.
    AnnulmentReason.REVOTE_ORDERED.value: _COMMISSION,
    AnnulmentReason.RECOUNT_ORDERED.value: _WITH_SUBDISTRICT,
    # Only a program compares what a source shows with what it showed before.
    CorrectionReason.SOURCE_CHANGED.value: (Role.IMPORTER,),
    AnnulmentReason.SOURCE_WITHDREW.value: (Role.IMPORTER,),
}
"""The roles that may give a reason; corrections and annulments share the words of rulings. A reason that is
not here (`pembetulan`, `misread`) may be given by whoever may submit a count."""

REASONS: Final = frozenset(
    {*(one.value for one in CorrectionReason), *(one.value for one in AnnulmentReason)}
)
"""Every reason of a correction or annulment."""

WATCHING: Final = frozenset({Role.SAKSI, Role.BAWASLU})
"""Roles whose copies of a form are compared with the official one and are never counted."""

UNSTATED: Final = "unstated"
"""The role, in metrics and views, of an event that names no submitter."""
