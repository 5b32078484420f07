"""One query on a thread of its own, whose blocks an event loop takes.

The engine blocks its thread, and everything of a connection happens on the thread that made it. At most
BLOCKS_AHEAD blocks wait for the loop: a client that reads slowly slows the query down, and does not fill the
memory. Abandoning it ends the thread at its next block.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

from clickhouse.interface.errors import STD_EXCEPTION
from clickhouse.interface.session import EngineError, Query, Session

BLOCKS_AHEAD: Final = 2
LOOK_S: Final = 0.1
"""How often a thread that waits for the loop looks whether it was abandoned."""


class _Abandoned(Exception):
    """Nobody takes the blocks any more."""


class Execution:
    """A query under way. `begin` first; then `blocks` or `rest`; `abandon` at the end in any case."""

    def __init__(self, directory: Path, query: Query, *, on_end: Callable[[], None]) -> None:
        """Starts at once. `on_end` is called on the loop when its thread has closed the connection."""
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[Mapping[str, str] | bytes | EngineError | None] = asyncio.Queue(
            BLOCKS_AHEAD
        )
        self._abandoned = threading.Event()
        self._on_end = on_end
        thread = threading.Thread(
            target=self._run, args=(directory, query), name="clickhouse-query", daemon=True
        )
        thread.start()

    async def begin(self) -> Mapping[str, str]:
        """ClickHouse's counters, once the first block is made: errors come before it mostly, while a status
        can still be sent. Raises EngineError."""
        try:
            first = await self._parts.get()
        except asyncio.CancelledError:
            self.abandon()
            raise
        if isinstance(first, EngineError):
            raise first
        assert isinstance(first, Mapping)
        return first

    async def blocks(self) -> AsyncIterator[bytes]:
        """The result, block by block. Raises EngineError."""
        while (part := await self._parts.get()) is not None:
            if isinstance(part, EngineError):
                raise part
            assert isinstance(part, bytes)
            yield part

    async def rest(self) -> bytes:
        """The whole result. Raises EngineError."""
        try:
            return b"".join([block async for block in self.blocks()])
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Take no more. Harmless when it has ended."""
        self._abandoned.set()

    def _run(self, directory: Path, query: Query) -> None:
        try:
            try:
                with Session(directory, query) as session:
                    answer = session.run()
                    self._give(dict(answer.summary))
                    for block in answer.chunks:
                        if block:
                            self._give(block)
                self._give(None)
            except EngineError as error:
                self._give(error)
            except _Abandoned:
                return
            except Exception as error:  # a client always gets an answer
                self._give(EngineError(f"Code: {STD_EXCEPTION}. DB::Exception: {error}"))
        except (_Abandoned, RuntimeError):  # the loop has ended
            return
        finally:
            self._call_on_end()

    def _give(self, part: Mapping[str, str] | bytes | EngineError | None) -> None:
        waiting = asyncio.run_coroutine_threadsafe(self._parts.put(part), self._loop)
        while True:
            try:
                waiting.result(LOOK_S)
                return
            except TimeoutError:
                if self._abandoned.is_set():
                    waiting.cancel()
                    raise _Abandoned from None

    def _call_on_end(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._on_end)
        except RuntimeError:  # the loop has ended, and with it everybody who waits for a turn
            return
