"""The Faust settings of a worker, each with its reason."""

from __future__ import annotations

import ssl
from typing import Any, Final

import faust
from yarl import URL

from event_log.kafka.connection import Connection, Security

SESSION_S: Final = 10.0
"""session.timeout: a worker without heartbeats for so long loses its partitions. The count of its districts
stops until the rebalance."""

BUFFER: Final = 64
"""Messages that Faust buffers for an agent while the engine works. Each holds the records of one fetch and
partition (see faust_transport)."""


class App(faust.App):
    """Faust's app, without state on a disk."""

    async def on_first_start(self) -> None:
        """Make no directory for tables: there are none, and the working directory may not be writable."""


App.logger = faust.App.logger  # these lines are Faust's, not ours


def app_settings(connection: Connection, session_s: float) -> dict[str, Any]:
    """Keyword arguments for App."""
    settings: dict[str, Any] = {
        "broker": [URL(f"kafka://{server}") for server in connection.servers],
        "store": "memory://",
        # Publishing is idempotent; exactly_once would cost a transaction for each event.
        "processing_guarantee": "at_least_once",
        "web_enabled": False,
        "topic_allow_declare": False,  # `rekap topics create` does, with settings that are checked
        "topic_disable_leader": True,
        "consumer_auto_offset_reset": "earliest",
        "broker_session_timeout": session_s,
        "broker_heartbeat_interval": session_s / 4,
        "stream_buffer_maxsize": BUFFER,
        # An agent that waits for the engine would block the rebalance that it waits for.
        "stream_wait_empty": False,
        "worker_redirect_stdouts": False,
    }
    if connection.security is not None:
        credentials = _credentials(connection.security)
        if credentials is not None:
            settings["broker_credentials"] = credentials
    return settings


def _credentials(security: Security) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = None
    if security.protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=security.ca_file)
    if security.mechanism is not None:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            mechanism=security.mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)
