"""The bound that every way into the log has: what is larger than an event may be is no entry."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from schemas.decode import MAX_BYTES
from schemas.language import Text

HASH_SHOWN: Final = 16
"""Characters of the hash in the sentence: enough to find the message again."""


class EntryTooLarge(Exception):
    """The message is larger than an entry of the log may be, and was not taken; `said` says so to people."""

    def __init__(self, raw: bytes) -> None:
        name, size = sha256(raw).hexdigest()[:HASH_SHOWN], len(raw)
        self.said = Text(
            id=f"Pesan {name} tidak dikirim ke log: {size} byte, sedangkan sebuah peristiwa paling banyak "
            f"{MAX_BYTES}. Perbaiki pembuatnya.",
            en=f"The message {name} was not sent to the log: it has {size} bytes, and an event has "
            f"{MAX_BYTES} at most. Mend what made it.",
        )
        super().__init__(self.said.en)


def require_entry_size(raw: bytes) -> None:
    """Raise EntryTooLarge for a message that is larger than an entry may be."""
    if len(raw) > MAX_BYTES:
        raise EntryTooLarge(raw)
