"""A real engine behind ClickHouse's HTTP protocol, in a process of its own that can be killed and come back.

`FaultyProxy` is a proxy between a client and the engine that injects faults of networks and servers: it
refuses connections, answers errors, cuts a request or an answer off. Without a fault it only forwards bytes.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from clickhouse.client import connect
from devtools.brokers import free_ports

_SERVES: Final = """
import sys
from clickhouse.interface.server import Server

with Server(sys.argv[1], allow_writes=True, port=int(sys.argv[2])):
    print("ready", flush=True)
    sys.stdin.read()  # until whoever wants it is gone
"""

Fault = Literal["refuse", "answer 500", "cut the insert", "lose the answer"]
"""What goes wrong: nobody takes the connection; every answer is an error; an insert is cut off half way; an
insert happens and its answer is lost."""


class Engine:
    """The engine over the directory of a chDB database; a context manager."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_ports(1)[0]
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it listens, whether it is up or not."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Bring it up, with its data and at its address; until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVES, f"chdb://{self._directory}", str(self._port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class FaultyProxy:
    """Listens at a URL of its own and passes on to an engine, with `fault` while that is set."""

    def __init__(self, engine: Engine) -> None:
        self._to = urlsplit(engine.url)
        self.fault: Fault | None = None
        self.happened = 0  # how often the fault struck
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self.fault == "refuse":
                self.happened += 1
                return
            with socket.create_connection((str(self._to.hostname), int(self._to.port or 0))) as server:
                self._pass(client, server)

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        """Both ways, until one side ends or the fault strikes."""
        # Not select(): it takes no descriptor beyond 1,023, and a whole run of tests has more open.
        with selectors.DefaultSelector() as ends:
            for one in (client, server):
                ends.register(one, selectors.EVENT_READ)
            self._pass_between(client, server, ends)

    def _pass_between(
        self, client: socket.socket, server: socket.socket, ends: selectors.BaseSelector
    ) -> None:
        is_insert = False
        while True:
            for key, _ in ends.select():
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                data = ready.recv(1 << 16)
                if not data:
                    return
                if ready is client:
                    head = data[:2_000]
                    if head.startswith((b"POST", b"GET")):
                        is_insert = b"INSERT" in head
                        if self.fault == "refuse":
                            self.happened += 1
                            return
                        if self.fault == "answer 500":
                            self.happened += 1
                            client.sendall(_ERROR)
                            return
                    if self.fault == "cut the insert" and is_insert:
                        self.happened += 1
                        server.sendall(data[: len(data) // 2])
                        return
                    server.sendall(data)
                elif self.fault == "lose the answer" and is_insert:
                    self.happened += 1
                    return
                else:
                    client.sendall(data)


_MESSAGE: Final = b"Code: 241. DB::Exception: Memory limit (total) exceeded. (MEMORY_LIMIT_EXCEEDED)\n"
_ERROR: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: 241\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_MESSAGE), _MESSAGE)
)


def column(url: str, sql: str) -> list[object]:
    """The first column of what a query answers at that URL."""
    client = connect(url, readonly=True)
    found = [row[0] for row in client.query(sql).result_rows]
    client.close()
    return found
