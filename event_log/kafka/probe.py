"""Probes one address step by step after a timeout, to find the cause for the error's sentence.

Clients of kafka-python retry until their timeout and then report only the timeout: that a password was wrong
or a certificate not trusted is lost. Here each step is made alone. It is used for error sentences alone.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from aiokafka import errors as aiokafka_errors
from aiokafka.conn import create_conn
from kafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection, Security

STEP_S: Final = 3.0
"""Timeout of each step; a broker delays its answer after a wrong password."""

_REFUSALS: Final[dict[type[Exception], type[KafkaError]]] = {
    aiokafka_errors.SaslAuthenticationFailed: SaslAuthenticationFailedError,
    aiokafka_errors.UnsupportedSaslMechanismError: UnsupportedSaslMechanismError,
    aiokafka_errors.IllegalSaslStateError: IllegalSaslStateError,
}
"""aiokafka's errors of a login that was refused, and kafka-python's."""

logging.getLogger("aiokafka").addHandler(logging.NullHandler())  # exceptions tell what fails


def trouble_at(connection: Connection, server: str) -> Exception | None:
    """What goes wrong at one address of the cluster: an OSError (ssl.SSLError: TLS) where it can't be
    connected to, a KafkaError where it refuses the user; None where both work, or it does not answer as
    Kafka."""
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    security = connection.security
    try:
        with socket.create_connection((host, int(port)), timeout=STEP_S) as plain:
            if security is None:
                return None
            context = _tls(security)
            if context is not None:
                context.wrap_socket(plain, server_hostname=host).close()
    except OSError as error:
        return error
    if security.mechanism is None:
        return None
    with ThreadPoolExecutor(1) as thread:  # the caller's may have an event loop of its own
        return thread.submit(asyncio.run, _refusal(host, int(port), security, context)).result()


def _tls(security: Security) -> ssl.SSLContext | None:
    if not security.protocol.endswith("SSL"):
        return None
    return ssl.create_default_context(cafile=str(security.ca_file) if security.ca_file else None)


async def _refusal(
    host: str, port: int, security: Security, context: ssl.SSLContext | None
) -> KafkaError | None:
    """Why the broker refuses this user; None where it does not."""
    try:
        opened = await create_conn(
            host,
            port,
            client_id="rekap",
            request_timeout_ms=int(STEP_S * 1_000),
            ssl_context=context,
            security_protocol=security.protocol,
            sasl_mechanism=security.mechanism,
            sasl_plain_username=security.username,
            sasl_plain_password=security.password,
        )
    except tuple(_REFUSALS) as error:
        return _REFUSALS[type(error)](str(error))
    except ValueError as error:  # it does not know the password either, so it is somebody else
        return SaslAuthenticationFailedError(str(error))
    except (OSError, aiokafka_errors.KafkaError):
        return None
    opened.close()
    return None
