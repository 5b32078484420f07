"""What every source of events offers: its work cut into chunks, and the messages in each of them.

A chunk is cheap to make and to send to another process; the work (reading, building, encoding) happens in
`messages`. Chunks are made in the order in which their messages are to be appended. A source appends
nothing and decides nothing: what is accepted is the affair of stream_processors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.language import Text
from schemas.rejections import Reason


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes of one event, and where they come from (a file and a place in it) for reports.

    `not_counted`: it is sent only to be recorded, for that reason. `followed_by` are events that follow from
    it and are sent right after it: rejected ones of the log that waited for it, among others.
    """

    raw: bytes
    place: str
    not_counted: Reason | None = None
    followed_by: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that could not be turned into an event: where it is, and why."""

    place: str
    said: Text


@dataclass(frozen=True, slots=True)
class NothingNew:
    """A record that says nothing that the log does not say yet: `empty` when it holds no count at all.

    `superseded`: the log has it, and it is not in force any more. `rejected`: the log has it and does not
    count it, for that reason.
    """

    place: str
    empty: bool
    superseded: bool = False
    rejected: Reason | None = None


SourceRecord = Message | Unreadable | NothingNew

Lineage = Callable[[str, Sequence[str]], Mapping[str, Sequence[bytes]]]
"""(contest, units) -> for each of these stations that has any, the bytes of its count events, or of these
regions, of its certified recapitulations, oldest first: those that were accepted, and those that were
rejected because of what was accepted or because of `not_counted`. With it a source finds out what a record
changes: see producers.importers.lineage."""


class Chunk(Protocol):
    """A part of a source's work, picklable."""

    @property
    def size(self) -> int:
        """How many records it holds, for progress."""
        ...

    def records(self) -> Iterator[SourceRecord]:
        """Its records, in order, each as a message or as a report. Raises OSError only."""
        ...


class Source(Protocol):
    """A file, a folder or a simulated night."""

    @property
    def size(self) -> int | None:
        """How many records there are in all, where that is known before reading."""
        ...

    def chunks(self, lineage: Lineage) -> Iterator[Chunk]:
        """The work in order. No station of one contest is in two chunks of a source that reads lineages,
        so that later chunks may be made before earlier ones are appended."""
        ...
