"""A source's records as messages with their keys, made by the processes of a pool, for a publisher.

Nothing is assessed and nothing sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from producers.addressing import Addresses
from schemas.regions import Registry
from schemas.sources import Chunk, Lineage, Source
from stream_processors.assess import Assessor
from stream_processors.partition.assessing import Workers
from stream_processors.partition.source_records import RecordCounts, sorted_records


@dataclass(frozen=True, slots=True)
class Built:
    """The counts of a chunk's records, and the messages that are to be sent: key and bytes."""

    counts: RecordCounts
    messages: list[tuple[bytes, bytes]]


def build(assessor: Assessor, chunk: Chunk) -> Built:
    """The messages of a chunk, in order. Raises OSError when the source can't be read."""
    raws, counts = sorted_records(chunk)
    keys = _addresses(assessor.registry).keys_of(raws)
    return Built(counts, list(zip(keys, raws, strict=True)))


def built(source: Source, lineage: Lineage, workers: Workers) -> Iterator[Built]:
    """All of a source, in order. Raises OSError when it can't be read, and what `lineage` raises."""
    return workers.map(build, source.chunks(lineage))


_addressed: dict[int, Addresses] = {}


def _addresses(registry: Registry) -> Addresses:
    """This process's own, for its register."""
    found = _addressed.get(id(registry))
    if found is None:
        _addressed.clear()
        found = _addressed[id(registry)] = Addresses(registry)
    return found
