"""A source's records as messages with their keys, made by the processes of a pool, for a publisher.

Nothing is assessed and nothing sent. What the log is known to have accepted already is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from producers.addressing import Addresses
from producers.sources import Chunk, Lineage, Message, Source, Unreadable
from schemas.regions import Registry
from stream_processors.assess import Assessor
from stream_processors.partition.assessing import Workers


@dataclass(frozen=True, slots=True)
class Part:
    """A chunk, and the bytes of events that the log is known to have accepted of its stations."""

    chunk: Chunk
    accepted: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Built:
    """What became of a chunk's records: size = messages + unreadable + empty + repeated."""

    size: int
    messages: list[tuple[bytes, bytes]]  # key and bytes
    unreadable: list[Unreadable]
    empty: int  # records without any count
    repeated: int  # records that say what the log says already


def build(assessor: Assessor, part: Part) -> Built:
    """The messages of a part, in order. Raises OSError when the source can't be read."""
    raws: list[bytes] = []
    unreadable: list[Unreadable] = []
    empty = repeated = 0
    for record in part.chunk.records():
        if isinstance(record, Unreadable):
            unreadable.append(record)
        elif not isinstance(record, Message):
            empty += record.empty
            repeated += not record.empty
        elif record.raw in part.accepted:
            repeated += 1
        else:
            raws.append(record.raw)
    keys = _addresses(assessor.registry).keys_of(raws)
    messages = list(zip(keys, raws, strict=True))
    return Built(part.chunk.size, messages, unreadable, empty, repeated)


def built(source: Source, lineage: Lineage, workers: Workers) -> Iterator[Built]:
    """All of a source, in order. Raises OSError when it can't be read, and what `lineage` raises."""
    return workers.map(build, _parts(source, lineage))


def _parts(source: Source, lineage: Lineage) -> Iterator[Part]:
    told: set[bytes] = set()

    def remembering(contest: str, stations: Sequence[str]) -> Mapping[str, Sequence[bytes]]:
        found = lineage(contest, stations)
        for events in found.values():
            told.update(events)
        return found

    for chunk in source.chunks(remembering):
        yield Part(chunk, frozenset(told))
        told.clear()


_addressed: dict[int, Addresses] = {}


def _addresses(registry: Registry) -> Addresses:
    """This process's own, for its register."""
    found = _addressed.get(id(registry))
    if found is None:
        _addressed.clear()
        found = _addressed[id(registry)] = Addresses(registry)
    return found
