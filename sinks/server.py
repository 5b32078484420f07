"""Serves ClickHouse's own HTTP interface over a chDB directory that this process has open.

One process can have a chDB directory open. Its owner lets everybody else on this machine read the running
count through this: clickhouse-connect, curl, a notebook. Readers get connections of their own on which they
can neither write, nor reach files or other hosts, nor change that (`sinks.read_guard`, `sinks.http_session`).
It binds to loopback only and asks for no password: it is for this machine, a gateway for the public is
another thing. It speaks the part of the interface that `sinks.http_query` names. A query that brings the
engine down brings this process down; the log is safe from that, and running the command again continues.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sinks.client import connect
from sinks.http_handler import Handler, Served
from sinks.http_session import end_queries

MAX_CONNECTIONS: Final = 64
"""Each is a thread. Clients keep a few connections open; this is room for some dozen of them."""
MAX_QUERIES: Final = 8
"""Queries that run at once. On a machine's few cores more would only make each other slow, and each may take
READER_MEMORY_BYTES."""
POLL_S: Final = 0.05
"""How often the listener looks whether it is to stop: what stopping an idle server takes."""
STOP_S: Final = 10
"""How long stopping waits for queries that were told to end."""


class Server:
    """The HTTP interface over the chDB directory of `chdb_url`, from `start` to `stop`; a context manager.

    `url` is where it listens. `allow_writes` lets clients do everything that the protocol can: for tests of
    what writes over HTTP.
    """

    def __init__(self, chdb_url: str, *, allow_writes: bool = False, port: int = 0) -> None:
        """`port` 0 takes a free one."""
        self._chdb_url = chdb_url
        self._allow_writes = allow_writes
        self._port = port
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL for clients of the HTTP interface."""
        if self._listener is None:
            raise RuntimeError("The server is not started: use it as a context manager, or call start().")
        return f"http://127.0.0.1:{self._listener.server_port}"

    def start(self) -> None:
        """Listen, on a thread that does not keep the process alive. Raises SinkUnavailable when the directory
        cannot be opened, OSError when the port is taken."""
        self._listener = _Listener(self._chdb_url, self._allow_writes, self._port)
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(POLL_S,), name="clickhouse-http", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the listener, end running queries, and return when their connections are closed."""
        if self._listener is None:
            return
        listener, self._listener = self._listener, None
        listener.shutdown()
        listener.close()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer, Served):
    daemon_threads = True
    block_on_close = False  # idle connections of clients would hold it for IDLE_S
    request_queue_size = 128

    def __init__(self, chdb_url: str, allow_writes: bool, port: int) -> None:
        self.directory = Path(unquote(urlsplit(chdb_url).path))
        self.allow_writes = allow_writes
        self.connections = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self.turns = threading.BoundedSemaphore(MAX_QUERIES)
        self.stopping = False
        self._open: set[Any] = set()
        super().__init__(("127.0.0.1", port), Handler)
        try:
            # Held as long as the server: it keeps the engine open, and prepared as `connect` prepares it.
            self._keeper = connect(chdb_url, readonly=True)
        except BaseException:
            self.server_close()
            raise
        self.version, self.timezone = self._keeper.query("SELECT version(), timezone()").result_rows[0]

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.connections.acquire(blocking=False):
            request.sendall(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            self.shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)
            self.connections.release()

    def close(self) -> None:
        """End what runs, close what is open, and let the engine go: it cannot close before its
        connections."""
        self.stopping = True  # from here on a connection gets no turn
        self.server_close()
        deadline = time.monotonic() + STOP_S
        for _ in range(MAX_QUERIES):  # whoever has all turns knows that nothing runs
            while not self.turns.acquire(timeout=POLL_S) and time.monotonic() < deadline:
                end_queries(self.directory)
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        self._keeper.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news."""
