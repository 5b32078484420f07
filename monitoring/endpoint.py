"""A small HTTP endpoint: /metrics for Prometheus, /health for probes.

/health answers 200 or 503 with JSON `{"healthy": bool, "troubles": {part: reason}}`. There is no login and
nothing to write: whoever reaches the address may read, so it belongs on loopback or an internal network.
"""

from __future__ import annotations

import json
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from monitoring.health import Health
from monitoring.metrics import REGISTRY

IDLE_S: Final = 10
"""Seconds that a client may take for its request: nothing here is long."""

POLL_S: Final = 0.05
"""How often the listener looks whether it is to stop."""


class EndpointUnusable(Exception):
    """The address can't be listened at; the text says why and what to do."""


class Endpoint:
    """Listens as long as it is entered; a context manager. `url` is where."""

    def __init__(self, host: str, port: int, health: Health) -> None:
        """Listen at that address; port 0 takes a free one. Raises EndpointUnusable."""
        try:
            self._listener = _Listener((host, port), health)
        except (OSError, OverflowError) as error:
            raise EndpointUnusable(
                f"Metrics can't be served at {host}:{port} ({getattr(error, 'strerror', None) or error}). "
                "Name another address with --metrics HOST:PORT, or stop what listens there."
            ) from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._listener.server_port}"
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(POLL_S,), name="metrics-http", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Listen no more."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], health: Health) -> None:
        self.health = health
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(REGISTRY))
        elif path == "/health":
            troubles = self.server.health.troubles()
            status = HTTPStatus.SERVICE_UNAVAILABLE if troubles else HTTPStatus.OK
            self._json(status, {"healthy": not troubles, "troubles": troubles})
        else:
            self._json(HTTPStatus.NOT_FOUND, {"error": "There is /metrics and /health."})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _json(self, status: HTTPStatus, document: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(document).encode() + b"\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Who answers, without versions that only help an attacker."""
        return "rekap"

    def log_message(self, format: str, *args: Any) -> None:
        """Probes come every few seconds: they are not worth a line."""
