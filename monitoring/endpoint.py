"""A small HTTP endpoint: /metrics for Prometheus, /health for probes.

/health answers 200 or 503 with JSON `{"healthy": bool, "troubles": {part: reason}}`. There is no login and
nothing to write: whoever reaches the address may read, so it belongs on loopback or an internal network.
"""

from __future__ import annotations

import json
import socket
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitoring.health import Health
from monitoring.metrics import REGISTRY
from schemas.language import ExplainedError
from schemas.text import escaped_json
from serving.server import HttpServer

BACKLOG: Final = 32
"""Connections that may wait to be accepted: a few probes and one Prometheus ask."""


class EndpointUnusable(ExplainedError):
    """The address can't be listened at; the text says why and what to do."""


class Endpoint:
    """Listens as long as it is entered; a context manager. `url` is where."""

    def __init__(self, host: str, port: int, health: Health) -> None:
        """Listen at that address; port 0 takes a free one. Raises EndpointUnusable."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise EndpointUnusable(
                id=f"Metrik tidak dapat disajikan di {host}:{port} ({why}). Sebutkan alamat lain dengan "
                "--metrics "
                "HOST:PORT, atau hentikan yang memakai alamat itu.",
                en=f"Metrics can't be served at {host}:{port} ({why}). Name another address with --metrics "
                "HOST:PORT, or stop what listens there.",
            ) from error
        self._server = HttpServer(application(health), listener, "metrics-http")
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.port}"

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Listen no more."""
        self._server.stop()


def application(health: Health) -> Starlette:
    """What is served of `health` and of this process's metrics."""

    def metrics(_: Request) -> Response:
        health.measure()
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    def tell_health(_: Request) -> Response:
        troubles = health.troubles()
        return _json({"healthy": not troubles, "troubles": troubles}, 503 if troubles else 200)

    def missing(_: Request, __: Exception) -> Response:
        return _json({"error": "There is /metrics and /health."}, 404)

    return Starlette(
        routes=[Route("/metrics", metrics), Route("/health", tell_health)],
        exception_handlers={404: missing},
    )


def _json(document: dict[str, Any], status: int) -> Response:
    # A reason may quote what others wrote.
    return Response(escaped_json(json.dumps(document)) + "\n", status, media_type="application/json")
