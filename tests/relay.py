"""A broker whose answers can be lost on their way: what it took in then happened, and nobody was told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from typing import Any

from devtools.brokers import Broker


class Relay:
    """Carries bytes between clients and one port on loopback."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._target = 0
        self._deaf = threading.Event()
        self._open: set[socket.socket] = set()

    def begin(self, target: int) -> None:
        """Carry to and from this port."""
        self._target = target
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_answers(self) -> None:
        """From now on requests arrive, and answers get lost."""
        self._deaf.set()

    def carry_answers(self) -> None:
        """Answers arrive again, on new connections: the old ones are cut."""
        self._deaf.clear()
        for end in list(self._open):
            self._shut(end)

    def end(self) -> None:
        """Carry nothing more."""
        self._listener.close()
        self.carry_answers()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                self._open |= {client, server}
                for source, sink, answers in ((client, server, False), (server, client, True)):
                    threading.Thread(target=self._carry, args=(source, sink, answers), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while some := source.recv(65_536):
                if not (answers and self._deaf.is_set()):
                    sink.sendall(some)
        for end in (source, sink):
            self._shut(end)

    def _shut(self, end: socket.socket) -> None:
        self._open.discard(end)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


class RelayedBroker(Broker):
    """A broker that every client is sent to through a relay."""

    def __init__(
        self, nodes: int = 1, *, properties: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        self.relay = Relay()
        address = {"advertised.listeners": f"CLIENT://127.0.0.1:{self.relay.port}"}
        super().__init__(nodes, properties={**address, **(properties or {})}, **settings)
        self.relay.begin(self.ports[0])

    def stop(self) -> None:
        """End the broker and its relay."""
        super().stop()
        self.relay.end()
