"""An ASGI application, served by uvicorn on a thread of its own until it is stopped.

The process goes on with its own work on its own threads, and signals stay its own. The application runs on
the thread's event loop; what blocks belongs on other threads.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from serving.connections import IDLE_S, BoundedConnection

MAX_HEAD: Final = 64 << 10
"""Bytes of a request's head: a URL with a statement and its parameters."""
START_S: Final = 30
"""How long starting waits for the listener: some milliseconds on an idle machine."""
STOP_S: Final = 10
"""How long stopping waits for the thread."""
GRACE_S: Final = 1
"""How long requests under way may take to end when the server stops."""
LOOK_S: Final = 0.005

# Refused requests and clients that went away are no news for stderr.
logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
logging.getLogger("uvicorn.error").propagate = False


class HttpServer:
    """Serves from its making until `stop`. `port` is the listener's."""

    def __init__(self, application: ASGIApp, listener: socket.socket, name: str) -> None:
        """Takes the listener over; the thread is called `name` and does not keep the process alive. Raises
        RuntimeError when it does not start, which closes the listener."""
        self._listener = listener
        self.port: int = listener.getsockname()[1]
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
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
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The HTTP server {name} did not start within {START_S} s.")
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """Close the listener and every connection. Again is harmless."""
        self._server.should_exit = True
        self._thread.join(STOP_S)
        self._listener.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._listener]))
