"""Compares two sequences of leaf hashes, and says what was done to one of them to make the other.

Pure. Each difference is told once, at the number that the entry has (or should have) in the tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final, NamedTuple

ALIGNED_AT_MOST: Final = 2_000
"""Entries between the first and the last difference that are aligned one by one: the time grows with their
square. What is longer is told as one range."""


class EditKind(StrEnum):
    """What was done."""

    CHANGED = "entry_changed"
    REMOVED = "entry_removed"
    ADDED = "entry_added"
    REORDERED = "entries_reordered"
    REPLACED = "entries_replaced"


class Edit(NamedTuple):
    """What was done to the entries `first` to `last` of the tree; of one that was added, `first` is the
    place that it took."""

    kind: EditKind
    first: int
    last: int


def edits(tree: Sequence[bytes], found: Sequence[bytes]) -> Iterator[Edit]:
    """What was done to the entries of the tree to make those that were found; nothing: they are equal."""
    start, most = 0, min(len(tree), len(found))
    while start < most and tree[start] == found[start]:
        start += 1
    end = 0
    while end < most - start and tree[-1 - end] == found[-1 - end]:
        end += 1
    ours, theirs = tree[start : len(tree) - end], found[start : len(found) - end]
    if not ours and not theirs:
        return
    if len(ours) == len(theirs) and Counter(ours) == Counter(theirs):
        yield Edit(EditKind.REORDERED, start, start + len(ours) - 1)
        return
    if not ours or not theirs:
        kind = EditKind.REMOVED if ours else EditKind.ADDED
        yield from (Edit(kind, start + number, start + number) for number in range(len(ours or theirs)))
        return
    if max(len(ours), len(theirs)) > ALIGNED_AT_MOST:
        yield Edit(EditKind.REPLACED, start, start + max(len(ours), len(theirs)) - 1)
        return
    yield from _aligned(ours, theirs, start)


def _aligned(ours: Sequence[bytes], theirs: Sequence[bytes], start: int) -> Iterator[Edit]:
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for tag, first, last, other_first, other_last in matcher.get_opcodes():
        if tag == "equal":
            continue
        both = min(last - first, other_last - other_first)
        for number in range(first, first + both):
            yield Edit(EditKind.CHANGED, start + number, start + number)
        for number in range(first + both, last):
            yield Edit(EditKind.REMOVED, start + number, start + number)
        for number in range(other_first + both, other_last):
            at = first + both + number - other_first - both
            yield Edit(EditKind.ADDED, start + at, start + at)
