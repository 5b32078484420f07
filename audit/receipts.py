"""Receipts: that an event is in the public log, to be checked by whoever has it, without a network.

A receipt is a `.tlog-proof`. One that was made is checked before it is given out. Whoever checks one brings
the event's bytes and a policy; what stands in the receipt beside the proof is hashed and never believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from event_log.leaf import leaf_hash
from schemas.language import Text
from schemas.text import quoted
from transparency.checkpoint import Checkpoint, open_checkpoint
from transparency.errors import Malformed, NotProven
from transparency.keys import VerifierKey
from transparency.merkle import verify_inclusion
from transparency.note import Note
from transparency.policy import NONE, Accepted, Policy
from transparency.proof import LogProof
from transparency.tile_reader import TileReader
from transparency.tiles import CHECKPOINT_PATH, MAX_ENTRY_BYTES

LAST_TIME: Final = 253_402_300_799
"""The last second of the year 9999, in seconds since 1970: a witness may sign any number, and a calendar ends
there."""

Read = Callable[[str], bytes]
"""What is at a path below the published directory of a log. Raises FileNotFoundError."""


class NoReceipt(Exception):
    """There is no receipt of the event yet, or there can't be one. `said` says why."""

    def __init__(self, *, id: str, en: str) -> None:
        super().__init__(en)
        self.said = Text(id, en)


class Verdict(StrEnum):
    """What checking a receipt came to."""

    PROVEN = "proven"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked receipt. What it says of log and place is None where it is not proven; of a witness the time
    is None where the cosignature holds and names no time that there is."""

    verdict: Verdict
    sentence: Text
    origin: str | None = None
    index: int | None = None
    size: int | None = None
    witnesses: tuple[tuple[str, datetime | None], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "verdict": self.verdict.value,
            "origin": self.origin,
            "index": self.index,
            "size": self.size,
            "witnesses": [
                {"name": name, "time": None if time is None else time.isoformat()}
                for name, time in self.witnesses
            ],
            "sentence": self.sentence._asdict(),
        }


def make_receipt(read: Read, key: VerifierKey, index: int, raw: bytes, *, with_event: bool) -> LogProof:
    """The receipt of the entry `raw`, number `index` of the log that is published; `with_event`: its bytes
    stand in it too. Raises NoReceipt, and OSError."""
    if len(raw) > MAX_ENTRY_BYTES:
        raise NoReceipt(
            id=f"Entri {index} berukuran {len(raw)} byte, dan log publik memuat paling banyak "
            f"{MAX_ENTRY_BYTES} byte per entri: di tempatnya ada rujukan dengan SHA-256-nya. Tanda terima "
            "tidak ada; simpan byte aslinya, dan kirim peristiwa yang lebih kecil.",
            en=f"Entry {index} has {len(raw)} bytes, and the public log holds at most {MAX_ENTRY_BYTES} "
            "bytes an entry: a reference with its SHA-256 stands in its place. There is no receipt of it; "
            "keep the bytes themselves, and send a smaller event.",
        )
    try:
        published = read(CHECKPOINT_PATH)
        checkpoint = open_checkpoint(Note.parse(published), [key])
        if index >= checkpoint.size:
            raise _not_covered(index, checkpoint)
        proof = tuple(TileReader(checkpoint.size, read).inclusion_proof(index))
        verify_inclusion(leaf_hash(raw), index, checkpoint.size, proof, checkpoint.root)
    except FileNotFoundError as error:
        raise not_published(error) from None
    except (Malformed, NotProven) as error:
        raise NoReceipt(
            id=f"Log yang terbit tidak membuktikan entri {index}: {error}. Periksa log itu sebelum memberi "
            "tanda terima.",
            en=f"The published log does not prove entry {index}: {error}. Check that log before receipts "
            "are given out.",
        ) from None
    return LogProof(index, proof, published, raw if with_event else None)


def check_receipt(receipt: bytes, event: bytes | None, policy: Policy) -> Checked:
    """Hold a receipt against the bytes of an event (None: those that it brings) and a policy. A line feed at
    the end of `event` that is not in the log is left out: editors and pipes add one."""
    try:
        proof = LogProof.parse(receipt)
    except Malformed as error:
        return _failed("Ini bukan tanda terima yang utuh", "This is not a whole receipt", error)
    candidates = [one for one in (proof.extra if event is None else event,) if one is not None]
    if not candidates:
        return Checked(
            Verdict.NOT_CHECKED,
            Text(
                "Belum diperiksa: tanda terima ini tidak memuat peristiwanya. Sebutkan berkasnya dengan "
                "--event.",
                "Not checked: this receipt does not bring its event. Name the file that holds it with "
                "--event.",
            ),
        )
    if event is not None and event.endswith(b"\n"):
        candidates.append(event[:-1])
    try:
        accepted = policy.check(Note.parse(proof.checkpoint))
    except (Malformed, NotProven) as error:
        return _failed(
            "Checkpoint dalam tanda terima ini tidak memenuhi kebijakan",
            "The checkpoint of this receipt does not satisfy the policy",
            error,
        )
    checkpoint = accepted.checkpoint
    for candidate in candidates:
        try:
            verify_inclusion(
                leaf_hash(candidate), proof.index, checkpoint.size, proof.hashes, checkpoint.root
            )
        except NotProven as error:
            last = error
        else:
            return _proven(proof.index, accepted, policy)
    return _failed(
        "Peristiwa ini bukan yang dicatat di tempat itu", "This event is not the one that stands there", last
    )


def _proven(index: int, accepted: Accepted, policy: Policy) -> Checked:
    checkpoint = accepted.checkpoint
    witnesses = tuple(
        (name, datetime.fromtimestamp(time, UTC) if time <= LAST_TIME else None)
        for name, time in zip(accepted.witnesses, accepted.times, strict=True)
    )
    seen = Text(
        f"Disaksikan {_told(witnesses, 'waktu tidak masuk akal')}.",
        f"Witnessed by {_told(witnesses, 'at no possible time')}.",
    )
    if policy.quorum == NONE:
        seen = Text(
            "Kebijakan ini tidak mewajibkan saksi: orang lain dapat saja diperlihatkan log yang lain.",
            "This policy asks for no witness: others may have been shown another log.",
        )
    origin = quoted(checkpoint.origin)
    return Checked(
        Verdict.PROVEN,
        Text(
            f"Terbukti: peristiwa ini entri {index} dari {checkpoint.size} dalam log {origin}. {seen.id} "
            "Apakah ia ikut dihitung tidak dibuktikan tanda terima.",
            f"Proven: this event is entry {index} of the {checkpoint.size} of the log {origin}. {seen.en} "
            "Whether it counts is not what a receipt proves.",
        ),
        checkpoint.origin,
        index,
        checkpoint.size,
        witnesses,
    )


def _told(witnesses: Iterable[tuple[str, datetime | None]], no_time: str) -> str:
    return ", ".join(
        f"{quoted(name)} ({no_time if time is None else f'{time:%Y-%m-%d %H:%M:%S} UTC'})"
        for name, time in witnesses
    )


def _failed(id: str, en: str, error: Exception) -> Checked:
    return Checked(Verdict.FAILED, Text(f"{id}: {quoted(error)}.", f"{en}: {quoted(error)}."))


def not_published(error: FileNotFoundError) -> NoReceipt:
    """The error for a log of which something that is published is missing."""
    return NoReceipt(
        id=f"{error.filename or error} tidak ada: log ini belum diterbitkan, atau tidak utuh. Jalankan "
        "rekap notary lebih dulu.",
        en=f"{error.filename or error} is missing: this log is not published yet, or not as a whole. Run "
        "rekap notary first.",
    )


def _not_covered(index: int, checkpoint: Checkpoint) -> NoReceipt:
    return NoReceipt(
        id=f"Entri {index} belum tercakup: checkpoint yang terbit mencakup {checkpoint.size} entri. Tunggu "
        "checkpoint berikutnya.",
        en=f"Entry {index} is not covered yet: the published checkpoint covers {checkpoint.size} entries. "
        "Wait for the next one.",
    )
