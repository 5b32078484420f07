"""The tree of one partition of the log, made from its entries and held against the known heads.

Pure. An entry of the tree is the entry's own bytes; where these don't fit into a bundle, it is the reference
that stands for them everywhere else (schemas.references).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from event_log.leaf import leaf_hash
from event_log.reading import LogEntry
from schemas.references import reference_to
from transparency.merkle import EMPTY_ROOT
from transparency.notary.refusals import Damaged, Forked, RolledBack
from transparency.tile_builder import Resource, TileBuilder
from transparency.tiles import MAX_ENTRY_BYTES

TOO_LARGE: Final = "too_large"
"""The reason in the reference to an entry that does not fit."""


class Head(NamedTuple):
    """A tree: how many entries, and their root."""

    size: int
    root: bytes


EMPTY: Final = Head(0, EMPTY_ROOT)
"""The tree of a log without entries."""


class KnownHead(NamedTuple):
    """A head that somebody knows of the log: it has been signed, or may have been. `source`: who knows it."""

    head: Head
    source: str


class Referenced(NamedTuple):
    """Entries that stand in the tree by reference: how many, and the position of the first."""

    entries: int
    first: int


def tree_entry(entry: LogEntry) -> bytes:
    """What stands in the tree for an entry of the log."""
    if len(entry.raw) <= MAX_ENTRY_BYTES:
        return entry.raw
    return reference_to(entry.raw, entry.position, TOO_LARGE)


class LogTree:
    """The tree so far. `position`: that of the next entry, which on Kafka is not the number of entries."""

    def __init__(self, origin: str, partition: int, known: Iterable[KnownHead] = ()) -> None:
        self.origin = origin
        self.partition = partition
        self.position = 0
        self.referenced: Referenced | None = None
        self._builder = TileBuilder()
        self._known = sorted(known, key=lambda one: one.head.size)
        self._check()

    def add(self, entries: Sequence[LogEntry]) -> list[Resource]:
        """Append entries; the tiles that are full now. Raises Damaged and Forked; the tree is then of no
        further use."""
        full: list[Resource] = []
        start = 0
        while start < len(entries):
            end = len(entries)
            if self._known:
                end = min(end, start + self._known[0].head.size - self._builder.size)
            full += self._builder.add([self._checked(entry) for entry in entries[start:end]])
            start = end
            self._check()
        if entries:
            self.position = entries[-1].position + 1
        return full

    def head(self) -> Head:
        """The head to sign. Raises RolledBack where a longer one is known."""
        if self._known:
            longest = self._known[-1]
            raise RolledBack(self.origin, self._builder.size, longest.head.size, longest.source)
        return Head(self._builder.size, self._builder.root())

    @property
    def size(self) -> int:
        """The number of entries so far."""
        return self._builder.size

    def partial(self) -> list[Resource]:
        """The tiles of the right edge."""
        return self._builder.partial()

    def _checked(self, entry: LogEntry) -> bytes:
        if leaf_hash(entry.raw) != entry.leaf:
            raise Damaged(self.partition, entry.position)
        if len(entry.raw) > MAX_ENTRY_BYTES:
            entries, first = self.referenced or Referenced(0, entry.position)
            self.referenced = Referenced(entries + 1, first)
        return tree_entry(entry)

    def _check(self) -> None:
        while self._known and self._known[0].head.size == self._builder.size:
            known = self._known.pop(0)
            if known.head.root != self._builder.root():
                raise Forked(self.origin, known.head.size, known.source)
