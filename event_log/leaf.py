"""The hash of one entry of the log, as RFC 6962 defines the leaf of its Merkle tree.

It commits to the bytes that were received, not to what they mean.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

LEAF_PREFIX: Final = b"\x00"
"""RFC 6962, section 2.1: keeps a leaf from passing for an inner node."""


def leaf_hash(raw: bytes) -> bytes:
    """The leaf hash (32 bytes) of the entry `raw`."""
    return sha256(LEAF_PREFIX + raw).digest()
