"""The records of a source: which messages they send, and how many there are of each other kind.

Both imports use it: the embedded engine, which decides at once, and the one that sends to Kafka.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.entry_size import EntryTooLarge, require_entry_size
from schemas.rejections import Reason
from schemas.sources import Chunk, Message, Unreadable

UNREADABLE_KEPT: Final = 1_000
"""Unreadable records that a report names one by one; all are counted."""


@dataclass(slots=True)
class RecordCounts:
    """The records of a chunk by what they are; without the last, those that send nothing."""

    size: int = 0  # all of them, and what is sent again because of them
    unreadable: list[Unreadable] = field(default_factory=list)
    empty: int = 0  # without any count
    unchanged: int = 0  # saying what the log says already
    superseded: int = 0  # of these, what is not in force any more
    rejected: Counter[Reason] = field(default_factory=Counter)  # that the log has and does not count
    only_recorded: Counter[Reason] = field(default_factory=Counter)  # sent only to be recorded


def sorted_records(chunk: Chunk) -> tuple[list[bytes], RecordCounts]:
    """The messages that the records of `chunk` send, and the counts of its records; one whose message is too
    large for the log is unreadable. Raises OSError."""
    raws: list[bytes] = []
    counts = RecordCounts(chunk.size)
    for record in chunk.records():
        if isinstance(record, Message):
            messages = (record.raw, *record.followed_by)
            try:
                for raw in messages:
                    require_entry_size(raw)
            except EntryTooLarge as error:
                counts.unreadable.append(Unreadable(record.place, error.said))
                continue
            raws += messages
            counts.size += len(record.followed_by)
            if record.not_counted is not None:
                counts.only_recorded[record.not_counted] += 1
        elif isinstance(record, Unreadable):
            counts.unreadable.append(record)
        elif record.rejected is not None:
            counts.rejected[record.rejected] += 1
        elif record.empty:
            counts.empty += 1
        else:
            counts.unchanged += 1
            counts.superseded += record.superseded
    return raws, counts


@dataclass(slots=True)
class ImportReport:
    """The outcomes of a source's records so far, but for those of the messages that it sent."""

    read: int = 0
    repeated: int = 0  # accepted before, or saying nothing that the log does not say already
    superseded: int = 0  # of these, what is not in force any more
    rejected: int = 0
    unreadable: int = 0
    empty: int = 0  # records that hold no count at all
    seconds: float = 0.0
    rejected_by_reason: dict[str, int] = field(default_factory=dict)
    unreadable_records: list[Unreadable] = field(default_factory=list)

    def add(self, counts: RecordCounts) -> None:
        """Add the records of a chunk."""
        self.read += counts.size
        self.repeated += counts.unchanged
        self.superseded += counts.superseded
        self.rejected += counts.rejected.total()
        self.unreadable += len(counts.unreadable)
        self.empty += counts.empty
        self.add_reasons(counts.rejected)
        room = UNREADABLE_KEPT - len(self.unreadable_records)
        self.unreadable_records.extend(counts.unreadable[:room])

    def add_reasons(self, counts: Mapping[Reason, int]) -> None:
        """Add to the reasons of what is not counted."""
        for reason, count in counts.items():
            self.rejected_by_reason[reason] = self.rejected_by_reason.get(reason, 0) + count
