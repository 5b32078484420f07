"""Asking a cluster about itself, and changing it: one client at a time, its errors as sentences.

A broker that dies on the way is no error while another one answers: what is asked here can be asked again.
Messages are read and written elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from event_log.kafka.connection import ANSWER_MS, Connection
from event_log.kafka.errors import broker_unavailable

PAUSE_S: Final = 0.2
"""Between attempts: the next one finds another broker at once as a rule."""

Answer = TypeVar("Answer")


def ask(connection: Connection, question: Callable[[KafkaAdminClient], Answer]) -> Answer:
    """What `question` gets from an admin client, asked again (with a new client) while brokers come and go.

    `question` has to come to the same when it is asked twice. Raises LogUnavailable for Kafka's errors.
    """
    deadline = time.monotonic() + ANSWER_MS / 1_000
    while True:
        client = _client(connection)
        try:
            return question(client)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise broker_unavailable(connection, error) from error
        finally:
            client.close()
        time.sleep(PAUSE_S)


def _client(connection: Connection) -> KafkaAdminClient:
    """A client that has found the cluster: it has asked every address, again and again, for ANSWER_MS."""
    try:
        return KafkaAdminClient(**connection.client_settings())
    except KafkaError as error:
        raise broker_unavailable(connection, error) from error
