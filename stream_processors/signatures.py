"""Whether an event is signed as it says: stateless, so that any process can verify any event.

What the signer may do is not asked here: that depends on what stands before the event in the log
(stream_processors.authority).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from schemas.control_events import DistrictControl, ElectionControl, Report
from schemas.identity import Identity
from schemas.rejections import Reason, reject
from schemas.signing import signed_of, verifies
from schemas.text import quoted

UNSIGNED: Final = ""
"""The key of an event that nobody signed."""


class Claim(NamedTuple):
    """What an event says of its sender, as far as authority depends on it: the key whose signature holds
    (UNSIGNED: none), its number, the role ('': not stated), and when, as the sender says ('': not said)."""

    key: str
    seq: int
    role: str
    occurred_at: str


def claim_of(identity: bytes, event: Report) -> Claim:
    """The claim of an event with these identity bytes, its signature verified. Raises Rejected
    (bad_signature)."""
    role = event.submitted_by.role.value if event.submitted_by is not None else ""
    time = event.occurred_at or ""
    if event.signature is None and event.key_id is None:
        return Claim(UNSIGNED, 0, role, time)
    if event.signature is None or event.key_id is None or event.seq is None:
        missing = [name for name in ("key_id", "seq", "signature") if getattr(event, name) is None]
        raise reject(
            Reason.BAD_SIGNATURE,
            id=f"Peristiwa yang ditandatangani memuat key_id, seq dan signature; yang kurang: "
            f"{', '.join(missing)}. Tanda tangani lagi di perangkatnya.",
            en=f"A signed event has key_id, seq and signature; missing: {', '.join(missing)}. Sign it again "
            "on its device.",
        )
    _require_valid(identity, event.key_id, event.signature)
    return Claim(event.key_id, event.seq, role, time)


def require_root(signed_part: bytes, event: ElectionControl, identity: Identity | None) -> None:
    """Raise Rejected (bad_signature, unknown_key) unless enough keys of the root have signed the event."""
    roots, needed = (identity.roots, identity.threshold) if identity is not None else ((), 1)
    signers = {one.key_id for one in event.signatures}
    for key in signers.difference(roots):
        raise reject(
            Reason.UNKNOWN_KEY,
            id=f"Kunci {quoted(key)} bukan kunci induk pemilihan ini. Hanya kunci yang disebut definisi "
            "pemilihan (identity.roots) yang menandatangani peristiwa ini.",
            en=f"The key {quoted(key)} is none of this election's root. Only keys that the definition names "
            "(identity.roots) sign this event.",
        )
    message = signed_of(signed_part)
    for one in event.signatures:
        if not verifies(one.key_id, one.signature, message):
            raise _bad(one.key_id)
    if len(signers) < needed:
        raise reject(
            Reason.BAD_SIGNATURE,
            id=f"Peristiwa ini ditandatangani {len(signers)} kunci induk, padahal diperlukan {needed}. "
            "Tambahkan tanda tangan dengan rekap keys sign.",
            en=f"This event is signed by {len(signers)} keys of the root, and {needed} are needed. Add "
            "signatures with rekap keys sign.",
        )


def require_signed(identity: bytes, event: DistrictControl) -> None:
    """Raise Rejected (bad_signature) unless the key that the event names has signed it."""
    if event.signature is None:
        raise reject(
            Reason.BAD_SIGNATURE,
            id="Peristiwa ini belum ditandatangani. Tanda tangani dengan rekap keys sign.",
            en="This event is not signed. Sign it with rekap keys sign.",
        )
    _require_valid(identity, event.key_id, event.signature)


def _require_valid(identity: bytes, key: str, signature: str) -> None:
    if not verifies(key, signature, signed_of(identity)):
        raise _bad(key)


def _bad(key: str) -> Exception:
    return reject(
        Reason.BAD_SIGNATURE,
        id=f"Tanda tangan atas nama kunci {quoted(key)} tidak sah: pesan ini diubah di jalan, atau "
        "bukan dari "
        "pemilik kunci itu. Kirim ulang aslinya dari perangkatnya.",
        en=f"The signature in the name of the key {quoted(key)} does not hold: the message was "
        "changed on its "
        "way, or is not from who has that key. Send the original again from its device.",
    )
