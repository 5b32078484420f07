"""Decides about one event of one unit: accepted, repeated, or rejected with a reason.

The decision is a pure function of the unit's accepted events so far and the new one. It does not depend on
clocks, offsets or senders, so that any replay of the log decides the same. The same rules hold for a
station's counts and for a region's certified recapitulations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from schemas.decode import Decoded
from schemas.events import CountAnnulled, CountSubmitted, RecapReasonStated
from schemas.language import Text
from schemas.rejections import Reason, Rejection


class Lineage(NamedTuple):
    """The accepted events of one unit in one contest: their ids (32 bytes each) in log order, and which of
    them is in force (None: annulled, or nothing yet). The version is how many there are."""

    ids: tuple[bytes, ...] = ()
    in_force: bytes | None = None

    @property
    def version(self) -> int:
        """The number of accepted events."""
        return len(self.ids)


class Proposal(NamedTuple):
    """What an event wants: to replace `supersedes` (None: nothing in force), or only to annul it. A reason is
    about the document `supersedes`, which stays."""

    id: bytes
    unit: str
    supersedes: bytes | None = None
    annuls: bool = False


def proposal_of(decoded: Decoded) -> Proposal:
    """What an event wants."""
    event, event_id = decoded.report, bytes.fromhex(decoded.event_id)
    if isinstance(event, CountSubmitted):
        return Proposal(event_id, event.unit)
    if isinstance(event, RecapReasonStated):
        return Proposal(event_id, event.unit, bytes.fromhex(event.payload.recap))
    supersedes = event.payload.supersedes
    replaced = bytes.fromhex(supersedes) if supersedes else None
    return Proposal(event_id, event.unit, replaced, isinstance(event, CountAnnulled))


class Accepted(NamedTuple):
    """The event counts; `lineage` is the unit's from now on."""

    lineage: Lineage


@dataclass(frozen=True, slots=True)
class Repeated:
    """The event had been accepted before; it changes nothing."""


Decision = Accepted | Repeated | Rejection

REPEATED: Final = Repeated()
NOTHING_YET: Final = Lineage()


def decide(lineage: Lineage, proposal: Proposal) -> Decision:
    """Whether `proposal` is accepted after `lineage`.

    A correction or annulment must name the event in force (lost updates and stale corrections are rejected,
    never applied); a first count needs that nothing is in force: none came yet, or it was annulled.
    """
    if proposal.id in lineage.ids:
        return REPEATED
    if proposal.supersedes != lineage.in_force:
        return _explain(lineage, proposal)
    in_force = None if proposal.annuls else proposal.id
    return Accepted(Lineage((*lineage.ids, proposal.id), in_force))


def decide_reason(document: Lineage, stated: Lineage, proposal: Proposal) -> Decision:
    """Whether the reason `proposal` is accepted: it must name the document in force. `document` is the
    lineage of the region's documents, `stated` are the reasons accepted before."""
    if proposal.id in stated.ids:
        return REPEATED
    if proposal.supersedes == document.in_force:
        return Accepted(Lineage((*stated.ids, proposal.id), proposal.id))
    named, held, unit = _short(proposal.supersedes), _short(document.in_force), proposal.unit
    return Rejection(
        Reason.SUPERSEDED_MISMATCH,
        Text(
            id=f"Alasan ini untuk dokumen {named}, padahal yang berlaku di {unit} adalah {held}. Lihat "
            "dengan rekap recaps, lalu nyatakan alasan untuk dokumen itu.",
            en=f"The reason is for the document {named}, but in force at {unit} is {held}. Look at it with "
            "rekap recaps, then state the reason for that one.",
        ),
    )


def _explain(lineage: Lineage, proposal: Proposal) -> Rejection:
    unit = proposal.unit
    if proposal.supersedes is None:
        held = _short(lineage.in_force)
        return Rejection(
            Reason.ALREADY_COUNTED,
            Text(
                id=f"{unit} sudah memiliki hasil yang berlaku ({held}). Jika yang ini menggantikannya, "
                "sebutkan peristiwa itu dalam supersedes (hasil TPS: kirim sebagai CountCorrected).",
                en=f"{unit} already has a result in force ({held}). If this one replaces it, name that event "
                "in supersedes (a station's count: send it as a CountCorrected).",
            ),
        )
    named = _short(proposal.supersedes)
    if lineage.in_force is None:
        return Rejection(
            Reason.SUPERSEDED_MISMATCH,
            Text(
                id=f"Peristiwa ini menggantikan {named}, padahal {unit} belum memiliki hasil yang berlaku. "
                "Kirim ulang setelah hasil yang digantikan itu diterima.",
                en=f"This event replaces {named}, but {unit} has no result in force. "
                "Send it again once the result that it replaces has been accepted.",
            ),
        )
    return Rejection(
        Reason.SUPERSEDED_MISMATCH,
        Text(
            id=f"Peristiwa ini menggantikan {named}, padahal yang berlaku di {unit} adalah "
            f"{_short(lineage.in_force)}. Lihat hasil yang berlaku, lalu buat pembetulan atasnya.",
            en=f"This event replaces {named}, but in force at {unit} is {_short(lineage.in_force)}. "
            "Look at the result in force, then correct that one.",
        ),
    )


def _short(event_id: bytes | None) -> str:
    """Enough of an id to find it with `rekap log --event`."""
    return event_id.hex()[:16] if event_id else "-"
