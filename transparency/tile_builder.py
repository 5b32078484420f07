"""Makes the tiles of a growing log, with memory for its right edge alone.

That is at most 255 entries and 255 hashes a level. It can go on from the partial tiles of an earlier run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

from transparency.merkle import leaf_hash, peaks_of, perfect_root, root_of_peaks
from transparency.tiles import (
    TILE_LEVELS,
    TILE_WIDTH,
    Tile,
    framed,
    levels_of,
    partial_tiles,
    split_bundle,
    split_hashes,
)


class Resource(NamedTuple):
    """A file of the log: its tile, and what it holds."""

    tile: Tile
    content: bytes


class TileBuilder:
    """The right edge of a log of `size` entries."""

    def __init__(self) -> None:
        self.size = 0
        self._bundle: list[bytes] = []
        self._rows: list[list[bytes]] = []

    @classmethod
    def resume(cls, size: int, read: Callable[[str], bytes]) -> Self:
        """Go on from a log of `size` entries; `read` gives what is at a path. The caller holds `root()`
        against a checkpoint that it trusts. Raises Malformed, and what `read` raises."""
        builder = cls()
        builder.size = size
        builder._rows = [[] for _ in range(levels_of(size))]
        for tile in partial_tiles(size):
            raw = read(tile.path)
            if tile.level is None:
                builder._bundle = [framed(entry) for entry in split_bundle(raw, tile)]
            else:
                builder._rows[tile.level] = split_hashes(raw, tile)
        return builder

    def add(self, entries: Iterable[bytes]) -> list[Resource]:
        """Append entries; the bundles and tiles that are full now. Raises Malformed where an entry is too
        large; nothing from it on is appended then."""
        full: list[Resource] = []
        for entry in entries:
            self._bundle.append(framed(entry))
            self._append(0, leaf_hash(entry), full)
            self.size += 1
            if len(self._bundle) == TILE_WIDTH:
                bundle = Tile(None, self.size // TILE_WIDTH - 1)
                full.append(Resource(bundle, b"".join(self._bundle)))
                self._bundle = []
        return full

    def partial(self) -> list[Resource]:
        """What is partial now, to be published before a checkpoint of this size."""
        return [
            Resource(tile, b"".join(self._bundle if tile.level is None else self._rows[tile.level]))
            for tile in partial_tiles(self.size)
        ]

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        return root_of_peaks([peak for row in reversed(self._rows) for peak in peaks_of(row)])

    def _append(self, level: int, one: bytes, full: list[Resource]) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row.append(one)
        if len(row) == TILE_WIDTH:
            self._rows[level] = []
            hashes = (self.size + 1) >> (level * TILE_LEVELS)
            full.append(Resource(Tile(level, hashes // TILE_WIDTH - 1), b"".join(row)))
            self._append(level + 1, perfect_root(row), full)
