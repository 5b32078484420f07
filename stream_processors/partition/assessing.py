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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self, TypeVar

import pyarrow as pa

from event_log.leaf import leaf_hash
from schemas.entry_size import EntryTooLarge, require_entry_size
from schemas.rejections import Reason
from schemas.sources import Chunk, Message, Record, Unreadable
from stream_processors.assess import Assessor
from stream_processors.partition.batch import Batch, assess_batch

CHUNKS_AHEAD: Final = 2
"""Chunks submitted for each process: one that it works on, one that is queued, so that it never idles."""

ORPHAN_CHECK_S: Final = 1.0
"""How often a process checks that its owner is alive."""


Part = TypeVar("Part")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Reading:
    """One chunk, read and assessed: the messages with the leaf hash of each, and the records without a
    message."""

    size: int  # its records, and what is sent again because of them
    batch: Batch
    leaves: list[bytes]
    unreadable: list[Unreadable]
    empty: int  # records without any count
    unchanged: int  # records that say what the log says already
    superseded: int = 0  # of these, records of what is not in force any more
    rejected: Mapping[Reason, int] = field(
        default_factory=dict
    )  # records that the log has and does not count


@dataclass(frozen=True, slots=True)
class Submitted:
    """A chunk of messages in memory that were just submitted."""

    raws: Sequence[bytes]

    @property
    def size(self) -> int:
        """The number of messages."""
        return len(self.raws)

    def records(self) -> Iterator[Record]:
        """The messages, each with its number for a place."""
        return (Message(raw, str(number)) for number, raw in enumerate(self.raws, 1))


@dataclass(slots=True)
class Records:
    """A chunk's records, sorted: what is to be sent, and how many there are of what is not."""

    size: int = 0
    raws: list[bytes] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    empty: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: dict[Reason, int] = field(default_factory=dict)
    not_counted: dict[Reason, int] = field(default_factory=dict)  # of `raws`: they are only to be recorded


def sorted_records(chunk: Chunk) -> Records:
    """The records of `chunk`; one whose message is too large for the log is unreadable. Raises OSError."""
    found = Records(chunk.size)
    for record in chunk.records():
        if isinstance(record, Message):
            messages = (record.raw, *record.followed_by)
            try:
                for raw in messages:
                    require_entry_size(raw)
            except EntryTooLarge as error:
                found.unreadable.append(Unreadable(record.place, error.said))
                continue
            found.raws += messages
            found.size += len(record.followed_by)
            if record.not_counted is not None:
                found.not_counted[record.not_counted] = found.not_counted.get(record.not_counted, 0) + 1
        elif isinstance(record, Unreadable):
            found.unreadable.append(record)
        elif record.rejected is not None:
            found.rejected[record.rejected] = found.rejected.get(record.rejected, 0) + 1
        elif record.empty:
            found.empty += 1
        else:
            found.unchanged += 1
            found.superseded += record.superseded
    return found


def assess_entries(assessor: Assessor, raws: Sequence[bytes]) -> Batch:
    """Entries of the log, assessed in this process."""
    return assess_batch(assessor, raws)


def read_chunk(assessor: Assessor, chunk: Chunk) -> Reading:
    """The chunk, read and assessed in this process."""
    found = sorted_records(chunk)
    return Reading(
        found.size,
        assess_batch(assessor, found.raws),
        [leaf_hash(raw) for raw in found.raws],
        found.unreadable,
        found.empty,
        found.unchanged,
        found.superseded,
        found.rejected,
    )


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

    def read(self, chunks: Iterable[Chunk]) -> Iterator[Reading]:
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
