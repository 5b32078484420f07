"""Runs requests of Kafka's admin client, with retries, and turns its errors into sentences.

A broker that fails is no error while another one answers: the requests are idempotent and retried. Messages
are read and written elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from event_log.kafka.connection import ANSWER_MS, Connection
from event_log.kafka.errors import broker_unavailable

RETRY_S: Final = 0.2
"""Pause between attempts: the next one finds another broker at once as a rule."""

Answer = TypeVar("Answer")


def ask(connection: Connection, request: Callable[[KafkaAdminClient], Answer]) -> Answer:
    """The result of `request` with an admin client, retried with a new client while brokers are away.

    `request` must be idempotent. Raises LogUnavailable for Kafka's errors.
    """
    deadline = time.monotonic() + ANSWER_MS / 1_000
    while True:
        client = _client(connection)
        try:
            return request(client)
        except KafkaError as error:
            if not error.retriable or time.monotonic() > deadline:
                raise broker_unavailable(connection, error) from error
        finally:
            client.close()
        time.sleep(RETRY_S)


def _client(connection: Connection) -> KafkaAdminClient:
    """A connected client; it retries every address for ANSWER_MS."""
    try:
        return KafkaAdminClient(**connection.client_settings())
    except KafkaError as error:
        raise broker_unavailable(connection, error) from error
