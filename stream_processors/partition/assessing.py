"""A pool of processes that read a source's chunks and assess their messages, in the order of the chunks.

Reading and assessing do not depend on the log, and are most of the work: they run on all cores, while the
owner decides, appends and adds up. The processes hold no lock and no file of the data directory, so that they
can't keep it locked after the owner; they end when the owner ends.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar

import pyarrow as pa

from event_log.leaf import leaf_hash
from schemas.sources import Chunk, Message, SourceRecord
from stream_processors.assess import Assessor
from stream_processors.partition.batch import Batch, assess_batch
from stream_processors.partition.source_records import RecordCounts, sorted_records

CHUNKS_AHEAD: Final = 2
"""Chunks submitted for each process: one that it works on, one that is queued, so that it never idles."""

ORPHAN_CHECK_S: Final = 1.0
"""How often a process checks that its owner is alive."""


Part = TypeVar("Part")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class AssessedChunk:
    """A chunk, read and assessed: the counts of its records, and its messages with the leaf hash of each."""

    counts: RecordCounts
    batch: Batch
    leaves: list[bytes]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A chunk of messages in memory that were just submitted."""

    raws: Sequence[bytes]

    @property
    def size(self) -> int:
        """The number of messages."""
        return len(self.raws)

    def records(self) -> Iterator[SourceRecord]:
        """The messages, each with its number for a place."""
        return (Message(raw, str(number)) for number, raw in enumerate(self.raws, 1))


def assess_entries(assessor: Assessor, raws: Sequence[bytes]) -> Batch:
    """Entries of the log, assessed in this process."""
    return assess_batch(assessor, raws)


def read_chunk(assessor: Assessor, chunk: Chunk) -> AssessedChunk:
    """The chunk, read and assessed in this process."""
    raws, counts = sorted_records(chunk)
    return AssessedChunk(counts, assess_batch(assessor, raws), [leaf_hash(raw) for raw in raws])


class Workers:
    """A pool of processes for one election; with `count` 0 the work is done in this process, on demand."""

    def __init__(self, assessor: Assessor, count: int) -> None:
        """Start them. Do it before files and locks are opened: a forked process has them too."""
        self._assessor = assessor
        self.count = count
        """How many there are."""
        self._pool: ProcessPoolExecutor | None = None
        if count:
            # With its first array pyarrow imports pandas, which takes 0.4 s: once here, not in each process.
            pa.array([""])
            method = "fork" if sys.platform.startswith("linux") else "spawn"
            self._pool = ProcessPoolExecutor(
                count, multiprocessing.get_context(method), _begin, (self._assessor, os.getpid())
            )
            for ready in [self._pool.submit(os.getpid) for _ in range(count)]:
                ready.result()

    def read(self, chunks: Iterable[Chunk]) -> Iterator[AssessedChunk]:
        """Every chunk, read and assessed, in order. Raises OSError when a source can't be read."""
        return self.map(read_chunk, chunks)

    def map(self, work: Callable[[Assessor, Part], Done], parts: Iterable[Part]) -> Iterator[Done]:
        """What `work` (a module's function) makes of every part, in order; raises what `work` raises."""
        if self._pool is None:
            for part in parts:
                yield work(self._assessor, part)
            return
        ahead: deque[Future[Done]] = deque()
        for part in parts:
            ahead.append(self._pool.submit(_work, work, part))
            if len(ahead) > self.count * CHUNKS_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; chunks not begun are dropped."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


_assessor: Assessor | None = None


def _begin(assessor: Assessor, owner: int) -> None:
    """Initialize a process of the pool: Ctrl-C is handled by the owner, and without an owner it ends."""
    global _assessor
    _assessor = assessor
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Assessing makes many objects and no cycles: the garbage collector would take half the time for nothing.
    # Code that makes cycles here collects them itself, without traversing the frozen objects.
    gc.disable()
    gc.freeze()
    threading.Thread(target=_end_with, args=(owner,), daemon=True).start()


def _end_with(owner: int) -> None:
    while os.getppid() == owner:
        time.sleep(ORPHAN_CHECK_S)
    os._exit(1)


def _work(work: Callable[[Assessor, Part], Done], part: Part) -> Done:
    assert _assessor is not None
    return work(_assessor, part)
