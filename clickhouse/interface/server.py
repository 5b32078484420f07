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

import contextlib
import socket
import time
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from clickhouse.client import connect
from clickhouse.interface.access import TOKEN_FILE, new_token
from clickhouse.interface.app import Served, application
from clickhouse.interface.session import end_queries
from serving.server import HttpServer

BACKLOG: Final = 128
"""Connections that may wait to be accepted."""
STOP_S: Final = 10
"""How long stopping waits for queries that were told to end."""
LOOK_S: Final = 0.05


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
        listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
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
            listener.close()
            raise
        self.served = Served(self._directory, token, allow_writes, version, timezone)
        try:
            self._server = HttpServer(application(self.served), listener, "clickhouse-http")
        except BaseException:
            self._keeper.close()
            raise
        self.port = self._server.port

    def stop(self) -> None:
        """End what runs, close what is open, and let the engine go: it cannot close before its
        connections."""
        self.served.stopping = True  # from here on a request gets no turn
        deadline = time.monotonic() + STOP_S
        while self.served.running and time.monotonic() < deadline:
            end_queries(self._directory)
            time.sleep(LOOK_S)
        self._server.stop()
        self._keeper.close()
