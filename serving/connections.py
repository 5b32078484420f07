"""A connection of the HTTP server whose request has a deadline, in a bounded set of connections.

uvicorn closes a connection that is idle after an answer; it waits for ever for the rest of a request that has
begun, and takes any number of connections. Here the head of a request has HEAD_S, from the first byte or from
the connection's beginning, and above MAX_CONNECTIONS the one that has waited longest without a whole request
makes room. So half-sent requests lock nobody out: whoever sends a whole request is served.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

IDLE_S: Final = 30
"""A silent connection is closed after this; clients connect again without being asked."""
HEAD_S: Final = 10
"""Seconds for the whole head of a request: over loopback it takes milliseconds."""
MAX_CONNECTIONS: Final = 128
"""Open connections. Clients keep a few open each; it is an eighth of the files that a process may usually
open, and the engine needs many."""


class BoundedConnection(H11Protocol):
    """One connection of one client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self.waits_since = time.monotonic()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and not self.has_request:
            self._wait_for_head()
        super().data_received(data)
        if self.has_request and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    @property
    def has_request(self) -> bool:
        """Whether the head of a request is there whose answer is not finished."""
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_head(self) -> None:
        self.waits_since = time.monotonic()
        self._deadline = self.loop.call_later(HEAD_S, self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if not self.has_request:
            self.transport.abort()

    def _make_room(self) -> None:
        waiting = [
            one
            for one in self.connections
            if isinstance(one, BoundedConnection) and not one.has_request and one is not self
        ]
        if waiting:
            min(waiting, key=lambda one: one.waits_since).transport.abort()
        else:
            self.transport.abort()
