"""Probes one address step by step after a timeout, to find the cause for the error's sentence.

Clients of kafka-python retry until their timeout and then report only the timeout: that a password was wrong
or a certificate not trusted is lost. Here each step is made alone. It is used for error sentences alone.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any, Final

from kafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NoError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
    for_code,
)
from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection, Security

STEP_S: Final = 3.0
"""Timeout of each step; a broker delays its answer after a wrong password."""

HANDSHAKE_VERSION: Final = 1
"""The one after which log-in messages are requests like all others, of version 0 or newer."""


def trouble_at(connection: Connection, server: str) -> Exception | None:
    """What goes wrong at one address of the cluster: an OSError (ssl.SSLError: TLS) where it can't be
    connected to, a KafkaError where it can't be logged in to; None where both work."""
    host, _, port = server.rpartition(":")
    security = connection.security
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=STEP_S) as plain:
            if security is None or security.protocol == "PLAINTEXT":
                return None
            if not security.protocol.endswith("SSL"):
                _log_in(plain, host, security)
                return None
            context = ssl.create_default_context(cafile=str(security.ca_file) if security.ca_file else None)
            with context.wrap_socket(plain, server_hostname=host.strip("[]")) as private:
                if security.mechanism is not None:
                    _log_in(private, host, security)
    except (OSError, KafkaError) as error:
        return error
    return None


def _log_in(stream: socket.socket, host: str, security: Security) -> None:
    """Log in as that user. Raises KafkaError and OSError."""
    protocol = KafkaProtocol(client_id="rekap")
    answer = _ask(stream, protocol, SaslHandshakeRequest(mechanism=security.mechanism), HANDSHAKE_VERSION)
    if for_code(answer.error_code) is not NoError:
        raise UnsupportedSaslMechanismError(f"not {security.mechanism} but {', '.join(answer.mechanisms)}")
    mechanism = get_sasl_mechanism(security.mechanism)(
        host=host,
        sasl_mechanism=security.mechanism,
        sasl_plain_username=security.username,
        sasl_plain_password=security.password,
        security_protocol=security.protocol,
    )
    while not mechanism.is_done():
        answer = _ask(stream, protocol, SaslAuthenticateRequest(mechanism.auth_bytes()), 0)
        if for_code(answer.error_code) is not NoError:
            raise SaslAuthenticationFailedError(answer.error_message)
        try:
            mechanism.receive(answer.auth_bytes)
        except ValueError as error:  # it does not know the password either, so it is somebody else
            raise SaslAuthenticationFailedError(str(error)) from error


def _ask(stream: socket.socket, protocol: KafkaProtocol, request: Any, version: int) -> Any:
    """The answer to one request. Raises KafkaConnectionError when the other side hangs up."""
    request.API_VERSION = version
    protocol.send_request(request)
    stream.sendall(protocol.send_bytes())
    while True:
        received = stream.recv(4096)
        if not received:
            raise KafkaConnectionError("hung up")
        for _, answer in protocol.receive_bytes(received):
            return answer
