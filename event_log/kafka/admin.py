"""Asking a cluster about itself, and changing it: one client at a time, its errors as sentences.

For set-up and checks; messages are read and written elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable


@contextmanager
def administration(connection: Connection) -> Iterator[KafkaAdminClient]:
    """An admin client, closed at the end. Raises LogUnavailable for every error of Kafka's inside."""
    try:
        client = KafkaAdminClient(**connection.client_settings())
        try:
            yield client
        finally:
            client.close()
    except KafkaError as error:
        raise broker_unavailable(connection, error) from error
