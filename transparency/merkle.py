"""The Merkle tree of RFC 6962: roots, inclusion proofs and consistency proofs, made and verified.

Proofs are made from the hashes of perfect subtrees, wherever these are kept (a NodeReader): the node
(level, index) covers the leaves from index * 2**level to (index + 1) * 2**level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from transparency.encoding import MAX_NUMBER
from transparency.errors import NotProven

HASH_BYTES: Final = 32
"""Of SHA-256."""

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of the tree without leaves."""

MAX_PROOF_HASHES: Final = 63
"""Hashes of the longest proof: a tree has fewer than 2**63 leaves."""

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
"""RFC 6962, section 2.1: without them an inner node could be passed off as a leaf."""

NodeReader = Callable[[int, int], bytes]
"""The hash of the perfect subtree (level, index)."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of the leaf that holds `entry`."""
    return sha256(LEAF_PREFIX + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above two hashes."""
    return sha256(NODE_PREFIX + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root above 2**k hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def peaks_of(hashes: Sequence[bytes]) -> list[bytes]:
    """The roots of the perfect subtrees that hashes of one level consist of, the largest first."""
    peaks, start = [], 0
    while left := len(hashes) - start:
        width = 1 << (left.bit_length() - 1)
        peaks.append(perfect_root(hashes[start : start + width]))
        start += width
    return peaks


class Frontier:
    """The right edge of a growing tree, which is enough to give its root: at most 63 hashes.

    `peaks` are the roots of the perfect subtrees that the tree consists of, the largest first: one for each
    bit of `size` that is set.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if not 0 <= size <= MAX_NUMBER or len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has not {len(peaks)} peaks")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        for _ in range((self.size ^ (self.size + 1)).bit_length() - 1):
            leaf = node_hash(self.peaks.pop(), leaf)
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return root_of_peaks(self.peaks)


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """The root above perfect subtrees, the largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root(size: int, node: NodeReader) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _range_hash(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: NodeReader) -> list[bytes]:
    """The proof that the leaf `index` is in the tree of `size` leaves, from the leaf's sibling up. Raises
    ValueError where there is no such leaf."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: NodeReader) -> list[bytes]:
    """The proof that the tree of `old` leaves is how the tree of `new` leaves begins. Raises ValueError."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves is not how one of {new} leaves can begin")
    if old in (0, new):
        return []
    start, end, path = 0, new, []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(start, middle, node))
            start = middle
    if start:
        path.append(_range_hash(start, end, node))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Hold a leaf's hash and its proof against a root (RFC 9162, section 2.1.3.2). Raises NotProven."""
    if not 0 <= index < size:
        raise NotProven(f"there is no leaf {index} in a tree of {size} leaves")
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise NotProven(f"the inclusion proof of leaf {index} has too many hashes")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise NotProven(f"the inclusion proof of leaf {index} has too few hashes")
    if found != root:
        raise NotProven(f"the inclusion proof leads from leaf {index} to another root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Hold two roots and the proof between them against each other (RFC 9162, section 2.1.4.2). Raises
    NotProven."""
    if not 0 <= old <= new:
        raise NotProven(f"a tree of {old} leaves is not how one of {new} leaves can begin")
    if old in (0, new):
        if proof:
            raise NotProven("the consistency proof has too many hashes")
        if old_root != (new_root if old else EMPTY_ROOT):
            raise NotProven(f"two different roots are given for {old} leaves")
        if new == 0 and new_root != EMPTY_ROOT:
            raise NotProven("the root of an empty tree is another one")
        return
    hashes = list(proof) if old & (old - 1) else [old_root, *proof]
    if not hashes:
        raise NotProven("the consistency proof has too few hashes")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_found = new_found = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise NotProven("the consistency proof has too many hashes")
        if node & 1 or node == last:
            old_found, new_found = node_hash(sibling, old_found), node_hash(sibling, new_found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise NotProven("the consistency proof has too few hashes")
    if (old_found, new_found) != (old_root, new_root):
        raise NotProven(f"the tree of {new} leaves does not begin with the tree of {old} leaves")


def _split(count: int) -> int:
    """The largest power of two below `count`: where RFC 6962 splits that many leaves."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(start: int, end: int, node: NodeReader) -> bytes:
    """The hash above the leaves from `start` to `end`, a range that RFC 6962 splits off."""
    count = end - start
    if not count & (count - 1):
        level = count.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range_hash(start, middle, node), _range_hash(middle, end, node))
