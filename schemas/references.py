"""A reference stands for bytes of the log that are too many to keep twice: size, hash and position.

The log's topic has the bytes themselves; everything that is made from the log (rows, rejected entries,
reports) has the reference. It is made from what the log holds alone, so that whoever reads an entry makes the
same one. It is no event, and is rejected as malformed wherever it comes from.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final, NamedTuple

MAX_REFERENCE_BYTES: Final = 200
"""Of a reference; a message that begins like one and is longer is none."""

_REFERENCE: Final = re.compile(
    rb"rekap-reference position=(\d{1,19}) bytes=(\d{1,19}) sha256=([0-9a-f]{64}) "
    rb"reason=(too_large|unreadable)"
)


class Reference(NamedTuple):
    """What stands for the bytes. `size` and `sha256` are of the entry's own bytes, or, where the record batch
    around it could not be unpacked, of the packed batch. `reason`: too_large or unreadable."""

    position: int
    size: int
    sha256: str
    reason: str


def reference_to(raw: bytes | memoryview, position: int, reason: str) -> bytes:
    """The reference that stands for `raw`, the entry at that position or the packed batch that holds it."""
    return b"rekap-reference position=%d bytes=%d sha256=%b reason=%b" % (
        position,
        len(raw),
        sha256(raw).hexdigest().encode(),
        reason.encode(),
    )


def as_reference(raw: bytes) -> Reference | None:
    """The reference that `raw` is; None: it is none."""
    found = _REFERENCE.fullmatch(raw) if len(raw) <= MAX_REFERENCE_BYTES else None
    if found is None:
        return None
    position, size, digest, reason = found.groups()
    return Reference(int(position), int(size), digest.decode(), reason.decode())
