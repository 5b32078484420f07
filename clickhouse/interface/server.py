"""Serves ClickHouse's own HTTP interface over a chDB directory that this process has open.

One process can have a chDB directory open. Its owner lets everybody who may (`clickhouse.interface.access`)
read the running count through this: clickhouse-connect, curl, a notebook. Readers get connections of their
own on which they can neither write, nor reach files or other hosts, nor change that
(`clickhouse.interface.guard`, `clickhouse.interface.session`). It binds to loopback only: it is for this
machine, a gateway for the public is another thing. It speaks the part of the interface that
`clickhouse.interface.request` names. A query that brings the engine down brings this process down; the log is
safe from that, and running the command again continues.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import uvicorn

from clickhouse.client import connect
from clickhouse.interface.access import TOKEN_FILE, new_token
from clickhouse.interface.app import Served, application
from clickhouse.interface.connections import IDLE_S, BoundedConnection
from clickhouse.interface.session import end_queries

MAX_HEAD: Final = 64 << 10
"""Bytes of a request's head: a URL with a statement and its parameters."""
STOP_S: Final = 10
"""How long stopping waits for queries that were told to end."""
START_S: Final = 30
"""How long starting waits for the listener: some milliseconds on an idle machine."""
LOOK_S: Final = 0.05

# Refused requests and clients that went away are no news for stderr.
logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
logging.getLogger("uvicorn.error").propagate = False


class Server:
    """The HTTP interface over the chDB directory of `chdb_url`, from `start` to `stop`; a context manager.

    `url` is where it listens. `token` lets another account in; it is kept in `token_directory` too, where
    that is given. `allow_writes` lets clients do everything that the protocol can: for tests of what writes
    over HTTP.
    """

    def __init__(
        self,
        chdb_url: str,
        *,
        token_directory: Path | None = None,
        allow_writes: bool = False,
        port: int = 0,
    ) -> None:
        """`port` 0 takes a free one."""
        self._chdb_url = chdb_url
        self._token_directory = token_directory
        self._allow_writes = allow_writes
        self._port = port
        self._running: _Running | None = None

    @property
    def url(self) -> str:
        """The base URL for clients of the HTTP interface."""
        return f"http://127.0.0.1:{self._started.port}"

    @property
    def token(self) -> str:
        """What a client gives for a password when it is not of this account."""
        return self._started.served.token

    @property
    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("The server is not started: use it as a context manager, or call start().")
        return self._running

    def start(self) -> None:
        """Listen, on a thread that does not keep the process alive. Raises SinkUnavailable when the directory
        cannot be opened, OSError when the port is taken or the token's file can't be written."""
        self._running = _Running(self._chdb_url, self._token_directory, self._allow_writes, self._port)

    def stop(self) -> None:
        """Close the listener, end running queries, and return when their connections are closed."""
        if self._running is None:
            return
        running, self._running = self._running, None
        running.stop()
        if self._token_directory is not None:
            with contextlib.suppress(OSError):
                (self._token_directory / TOKEN_FILE).unlink()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Running:
    def __init__(self, chdb_url: str, token_directory: Path | None, allow_writes: bool, port: int) -> None:
        self._directory = Path(unquote(urlsplit(chdb_url).path))
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        try:
            # Held as long as the server: it keeps the engine open, and prepared as `connect` prepares it.
            self._keeper = connect(chdb_url, readonly=True)
            try:
                version, timezone = self._keeper.query("SELECT version(), timezone()").result_rows[0]
                token = new_token(token_directory)
            except BaseException:
                self._keeper.close()
                raise
        except BaseException:
            self._listener.close()
            raise
        self.port = self._listener.getsockname()[1]
        self.served = Served(self._directory, token, allow_writes, version, timezone)
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(self.served),
                http=BoundedConnection,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=IDLE_S,
                h11_max_incomplete_event_size=MAX_HEAD,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, name="clickhouse-http", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(LOOK_S / 10)

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))

    def stop(self) -> None:
        """End what runs, close what is open, and let the engine go: it cannot close before its
        connections."""
        self.served.stopping = True  # from here on a request gets no turn
        deadline = time.monotonic() + STOP_S
        while self.served.running and time.monotonic() < deadline:
            end_queries(self._directory)
            time.sleep(LOOK_S)
        self._server.should_exit = True
        self._thread.join(STOP_S)
        self._listener.close()
        self._keeper.close()
