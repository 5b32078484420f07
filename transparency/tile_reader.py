"""Reads the tiles of a published log: hashes for proofs, and a walk that checks every tile and every entry.

Nothing that is read is trusted: a proof is made from whatever the tiles hold and is verified by whoever
uses it, and the walk holds all of it against the root of a checkpoint.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transparency import merkle
from transparency.errors import Malformed
from transparency.merkle import leaf_hash, peaks_of, perfect_root, root_of_peaks
from transparency.tiles import TILE_LEVELS, TILE_WIDTH, Tile, levels_of, split_bundle, split_hashes, width_of

KEPT_TILES: Final = 64
"""Tiles kept in memory: 0.5 MiB. A proof needs at most eight levels of two."""

Read = Callable[[str], bytes]
"""What is at a path below the log's prefix. Raises FileNotFoundError where there is nothing."""


class TileReader:
    """The hashes of a log of `size` entries."""

    def __init__(self, size: int, read: Read) -> None:
        self.size = size
        self._read = read
        self._kept: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def node(self, level: int, index: int) -> bytes:
        """The hash of a perfect subtree: a merkle.NodeReader. Raises Malformed, FileNotFoundError."""
        tile_level, within = divmod(level, TILE_LEVELS)
        first = index << within
        tile = Tile(tile_level, first // TILE_WIDTH, width_of(tile_level, first // TILE_WIDTH, self.size))
        start = first % TILE_WIDTH
        hashes = self.hashes(tile)[start : start + (1 << within)]
        if len(hashes) != 1 << within:
            raise ValueError(f"a log of {self.size} entries has no node {index} at level {level}")
        return perfect_root(hashes)

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of a tile of this size. Raises Malformed, FileNotFoundError."""
        assert tile.level is not None
        place = (tile.level, tile.index)
        found = self._kept.get(place)
        if found is None:
            found = split_hashes(*self._fetch(tile))[: tile.width]
            self._kept[place] = found
            if len(self._kept) > KEPT_TILES:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(place)
        return found

    def entries(self, index: int) -> list[bytes]:
        """The entries of the bundle `index`. Raises Malformed, FileNotFoundError."""
        tile = Tile(None, index, width_of(0, index, self.size))
        return split_bundle(*self._fetch(tile))[: tile.width]

    def entry(self, index: int) -> bytes:
        """The entry `index`. Raises Malformed, FileNotFoundError, and IndexError beyond the log's end."""
        if not 0 <= index < self.size:
            raise IndexError(f"the log has {self.size} entries, and no entry {index}")
        return self.entries(index // TILE_WIDTH)[index % TILE_WIDTH]

    def root(self) -> bytes:
        """The root that the tiles of the right edge give. Raises Malformed, FileNotFoundError."""
        return merkle.root(self.size, self.node)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """See merkle.inclusion_proof."""
        return merkle.inclusion_proof(index, self.size, self.node)

    def consistency_proof(self, old: int) -> list[bytes]:
        """See merkle.consistency_proof."""
        return merkle.consistency_proof(old, self.size, self.node)

    def _fetch(self, tile: Tile) -> tuple[bytes, Tile]:
        """What is there, and of which tile: a log may remove a partial tile once the full one is there."""
        try:
            return self._read(tile.path), tile
        except FileNotFoundError:
            if tile == tile.full:
                raise
        return self._read(tile.full.path), tile.full


class FaultKind(StrEnum):
    """What is wrong with a log."""

    ROOT = "root"
    TILE = "tile"
    ENTRY = "entry"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Fault:
    """A place where a log is not what its checkpoint says: `first` to `last` are the entries that it
    concerns, `path` the file, where one is known."""

    kind: FaultKind
    first: int
    last: int
    path: str
    text: str


def walk(size: int, root: bytes, read: Read) -> Iterator[Fault]:
    """Check a whole log, from the root down to every entry, and yield what is wrong; nothing: the log is what
    the checkpoint (size and root) says. Memory for one tile a level, whatever the size."""
    if size == 0:
        if root != merkle.EMPTY_ROOT:
            yield Fault(FaultKind.ROOT, 0, 0, "checkpoint", "the root is not that of an empty log")
        return
    reader = TileReader(size, read)
    peaks: list[bytes] = []
    edges: list[tuple[Tile, list[bytes]]] = []
    for level in reversed(range(levels_of(size))):
        count = size >> (TILE_LEVELS * level)
        if count % TILE_WIDTH == 0:
            continue
        tile = Tile(level, count // TILE_WIDTH, count % TILE_WIDTH)
        try:
            row = reader.hashes(tile)
        except (Malformed, FileNotFoundError) as error:
            yield _unreadable(tile, size, error)
            return
        edges.append((tile, row))
        peaks += peaks_of(row)
    if root_of_peaks(peaks) != root:
        yield Fault(
            FaultKind.ROOT, 0, size - 1, "checkpoint", "the tiles of the right edge give another root"
        )
        # Which of the two is wrong is not known; what the rest holds is compared with the tiles.
    for tile, row in edges:
        yield from _below(reader, tile, row)


def _below(reader: TileReader, tile: Tile, row: list[bytes]) -> Iterator[Fault]:
    """Check everything below a tile whose hashes are taken as right."""
    assert tile.level is not None
    if tile.level == 0:
        yield from _check_bundle(reader, tile, row)
        return
    for number, expected in enumerate(row):
        child = Tile(tile.level - 1, tile.index * TILE_WIDTH + number)
        try:
            hashes = reader.hashes(child)
        except (Malformed, FileNotFoundError) as error:
            yield _unreadable(child, reader.size, error)
            continue
        if perfect_root(hashes) == expected:
            yield from _below(reader, child, hashes)
        else:
            yield from _damaged(reader, child, hashes, expected)


def _check_bundle(reader: TileReader, tile: Tile, row: list[bytes]) -> Iterator[Fault]:
    bundle = Tile(None, tile.index, tile.width)
    first = tile.index * TILE_WIDTH
    try:
        entries = reader.entries(tile.index)
    except (Malformed, FileNotFoundError) as error:
        yield _unreadable(bundle, reader.size, error)
        return
    for number, (entry, expected) in enumerate(zip(entries, row, strict=True)):
        if leaf_hash(entry) != expected:
            at = first + number
            yield Fault(
                FaultKind.ENTRY, at, at, bundle.path, f"entry {at} is not the one that its leaf hash names"
            )


def _damaged(reader: TileReader, tile: Tile, hashes: list[bytes], expected: bytes) -> Iterator[Fault]:
    """A full tile that does not hash to what stands above it. Where its entries do, the hashes that differ
    are named."""
    first, last = _covered(tile, reader.size)
    if tile.level == 0:
        try:
            leaves = [leaf_hash(entry) for entry in reader.entries(tile.index)]
        except (Malformed, FileNotFoundError):
            leaves = []
        if leaves and perfect_root(leaves) == expected:
            for number, (one, other) in enumerate(zip(hashes, leaves, strict=True)):
                if one != other:
                    at = first + number
                    yield Fault(FaultKind.TILE, at, at, tile.path, f"the leaf hash of entry {at} is another")
            return
    yield Fault(FaultKind.TILE, first, last, tile.path, f"{tile.path} does not hash to what stands above it")


def _unreadable(tile: Tile, size: int, error: Exception) -> Fault:
    first, last = _covered(tile, size)
    if isinstance(error, FileNotFoundError):
        return Fault(FaultKind.MISSING, first, last, tile.path, f"{tile.path} is missing")
    return Fault(FaultKind.TILE, first, last, tile.path, str(error))


def _covered(tile: Tile, size: int) -> tuple[int, int]:
    """The first and last entry below a tile."""
    below = TILE_WIDTH << (TILE_LEVELS * (tile.level or 0))
    return tile.index * below, min((tile.index + 1) * below, size) - 1
