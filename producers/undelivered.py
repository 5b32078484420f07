"""Why a message did not get into the log on Kafka, in sentences that say what to do.

When that is so is found out by producers.publisher.
"""

from __future__ import annotations

from kafka.errors import KafkaError, KafkaTimeoutError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topics import COUNT_EVENTS
from schemas.language import Text


def not_acknowledged(connection: Connection, error: KafkaError, timeout_s: float) -> LogUnavailable:
    """What `error` means, with which messages were not acknowledged within `timeout_s`."""
    from event_log.kafka.probe import trouble_at  # it loads a client of its own, which takes a moment

    silent = isinstance(error, KafkaTimeoutError)
    if not silent or all(trouble_at(connection, server) for server in connection.servers):
        return broker_unavailable(connection, error, connection.topic(COUNT_EVENTS))
    return LogUnavailable(
        Text(
            id=f"Kafka di {connection} tidak mengonfirmasi apa pun {timeout_s:g} detik. Mungkin broker "
            "yang hidup terlalu sedikit untuk menyimpannya dengan aman (periksa: rekap topics check), atau "
            "kelebihan beban. Setelah itu ulangi perintah yang sama; yang sudah dikonfirmasi tidak hilang.",
            en=f"Kafka at {connection} acknowledged nothing for {timeout_s:g} s. Either too few of its "
            "brokers are up to keep a message safely (see rekap topics check), or they are overloaded. After "
            "that, run the same command again; nothing that was acknowledged is lost.",
        )
    )
