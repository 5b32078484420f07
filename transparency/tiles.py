"""The files of a log and their names (c2sp.org/tlog-tiles): tiles of hashes, and bundles of entries.

A tile of level 0 holds leaf hashes, one of level n the roots of full tiles of level n - 1. What is at the
right edge of a tree is partial, and has its width in its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from transparency.encoding import MAX_NUMBER, shown
from transparency.errors import Malformed
from transparency.merkle import HASH_BYTES

TILE_LEVELS: Final = 8
"""Levels of the tree that one tile covers."""
TILE_WIDTH: Final = 1 << TILE_LEVELS
"""Hashes of a full tile, entries of a full bundle."""

MAX_LEVEL: Final = 63
"""As the format has it; a tree of 2**63 leaves reaches 7."""

MAX_ENTRY_BYTES: Final = 0xFFFF
"""Of one entry: a bundle gives its length in two bytes."""
LENGTH_BYTES: Final = 2

CHECKPOINT_PATH: Final = "checkpoint"

_PATH: Final = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile; `level` None: a bundle of entries. `width` is 256 unless it is partial."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below the log's own prefix."""
        level = "entries" if self.level is None else self.level
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{index_path(self.index)}{partial}"

    @property
    def full(self) -> Tile:
        """The full tile at its place."""
        return Tile(self.level, self.index)

    @classmethod
    def parse(cls, path: str) -> Self:
        """The tile of a path. Raises Malformed, also where another path would be that tile's."""
        found = _PATH.fullmatch(path)
        if found is not None:
            level, high, low, width = found.groups()
            index = int(high.replace("x", "").replace("/", "") + low)
            tile = cls(None if level == "entries" else int(level), index, int(width) if width else TILE_WIDTH)
            if tile.path == path and (tile.level or 0) <= MAX_LEVEL and index <= MAX_NUMBER:
                return tile
        raise Malformed(f"{shown(path)} is not the path of a tile")


def index_path(index: int) -> str:
    """An index in groups of three digits: x001/x234/067."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def width_of(level: int, index: int, size: int) -> int:
    """How many hashes the tile (level, index) has in a tree of `size` leaves: 0 to 256."""
    there = (size >> (TILE_LEVELS * level)) - index * TILE_WIDTH
    return max(0, min(TILE_WIDTH, there))


def levels_of(size: int) -> int:
    """How many levels of tiles a tree of `size` leaves has."""
    return (size.bit_length() + TILE_LEVELS - 1) // TILE_LEVELS


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and bundle of a log of `size` entries, each of its own width at that size."""
    for level in (None, *range(levels_of(size))):
        hashes = size >> (TILE_LEVELS * (level or 0))
        for index in range((hashes + TILE_WIDTH - 1) // TILE_WIDTH):
            yield Tile(level, index, width_of(level or 0, index, size))


def partial_tiles(size: int) -> list[Tile]:
    """The partial ones of `tiles_of`, the bundle first."""
    partial = []
    for level in (None, *range(levels_of(size))):
        hashes = size >> (TILE_LEVELS * (level or 0))
        if width := hashes % TILE_WIDTH:
            partial.append(Tile(level, hashes // TILE_WIDTH, width))
    return partial


def split_hashes(raw: bytes, tile: Tile) -> list[bytes]:
    """The hashes of a tile. Raises Malformed where there are not as many as its width says."""
    if len(raw) != tile.width * HASH_BYTES:
        raise Malformed(f"{tile.path} has {len(raw)} bytes, not {tile.width * HASH_BYTES}")
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle. Raises Malformed where one is too large."""
    return b"".join(framed(entry) for entry in entries)


def framed(entry: bytes) -> bytes:
    """An entry as it stands in a bundle, behind its length. Raises Malformed where it is too large."""
    if len(entry) > MAX_ENTRY_BYTES:
        raise Malformed(f"an entry has at most {MAX_ENTRY_BYTES} bytes, not {len(entry)}")
    return len(entry).to_bytes(LENGTH_BYTES, "big") + entry


def split_bundle(raw: bytes, tile: Tile) -> list[bytes]:
    """The entries of a bundle. Raises Malformed where there are not as many as its width says, or bytes are
    left over."""
    entries, at = [], 0
    for number in range(tile.width):
        start = at + LENGTH_BYTES
        at = start + int.from_bytes(raw[at:start], "big")
        if at > len(raw) or start > len(raw):
            raise Malformed(f"{tile.path} ends within entry {tile.index * TILE_WIDTH + number}")
        entries.append(raw[start:at])
    if at != len(raw):
        raise Malformed(f"{tile.path} has {len(raw) - at} bytes after its {tile.width} entries")
    return entries
