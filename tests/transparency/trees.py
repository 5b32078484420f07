"""RFC 6962 as its section 2.1 is written, to compare with, and logs in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from transparency.checkpoint import Checkpoint
from transparency.keys import NoteSigner, SignatureType
from transparency.tile_builder import TileBuilder

ORIGIN: Final = "pemilu.example/2029/0"
LOG: Final = NoteSigner(ORIGIN, bytes(range(32)))
WITNESSES: Final = [
    NoteSigner(f"witness{number}.example", bytes([number]) * 32, SignatureType.COSIGNATURE)
    for number in range(1, 4)
]
TIME: Final = 1_900_000_000

EDGE_SIZES: Final = sorted(
    {size for power in range(11) for size in (2**power - 1, 2**power, 2**power + 1)} | {600, 65_536 + 257}
)
"""0, and around every power of two up to 1,024; and a log with three levels of tiles."""


def oracle_root(entries: Sequence[bytes]) -> bytes:
    """MTH(D[n])."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + oracle_root(entries[:k]) + oracle_root(entries[k:])).digest()


def oracle_path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*oracle_path(m, entries[:k]), oracle_root(entries[k:])]
    return [*oracle_path(m - k, entries[k:]), oracle_root(entries[:k])]


def oracle_consistency(m: int, entries: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """PROOF(m, D[n]), by SUBPROOF(m, D[n], b)."""
    if m == len(entries):
        return [] if whole else [oracle_root(entries)]
    k = split(len(entries))
    if m <= k:
        return [*oracle_consistency(m, entries[:k], whole), oracle_root(entries[k:])]
    return [*oracle_consistency(m - k, entries[k:], False), oracle_root(entries[:k])]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def some_entries(size: int) -> list[bytes]:
    """Entries that differ."""
    return [b"entry %d" % number for number in range(size)]


def oracle_node(entries: Sequence[bytes]) -> Callable[[int, int], bytes]:
    """A NodeReader over entries."""
    return lambda level, index: oracle_root(entries[index << level : (index + 1) << level])


class Files(dict[str, bytes]):
    """The files of a log."""

    def read(self, path: str) -> bytes:
        """What is at `path`. Raises FileNotFoundError."""
        try:
            return self[path]
        except KeyError:
            raise FileNotFoundError(path) from None


def published(entries: Sequence[bytes], *, cosigners: int = 0) -> Files:
    """The files of a log of these entries, its checkpoint signed by LOG and the first of WITNESSES."""
    builder = TileBuilder()
    files = Files({one.tile.path: one.content for one in (*builder.add(entries), *builder.partial())})
    note = Checkpoint(ORIGIN, builder.size, builder.root()).signed(LOG)
    for witness in WITNESSES[:cosigners]:
        note = note.signed(witness, TIME)
    files["checkpoint"] = note.encode()
    return files
