"""Why a message did not get into the log on Kafka, in sentences that say what to do.

When that is so is found out by producers.publisher.
"""

from __future__ import annotations

from typing import Final

from kafka.errors import KafkaError, KafkaTimeoutError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.probe import trouble_at
from event_log.kafka.topics import COUNT_EVENTS
from producers.addressing import unit_of
from schemas.decode import MAX_BYTES, content_id
from schemas.language import Said
from schemas.text import quoted

FRAME_BYTES: Final = 256
"""More than Kafka's own bytes around one message."""

LARGEST_BYTES: Final = COUNT_EVENTS.largest - FRAME_BYTES
"""The largest message that the log takes. What is larger than an event may be is taken, and rejected."""


class MessageTooLarge(Exception):
    """The log does not take a message of that size, and it was not sent; `said` names it. `unit`: what it is
    about, as far as it says so."""

    def __init__(self, raw: bytes) -> None:
        self.unit = unit_of(raw) or "-"
        name, size = f"{content_id(raw)[:16]} ({quoted(self.unit)})", len(raw)
        self.said = Said(
            id=f"Kiriman {name} tidak terkirim: {size} byte; log menerima {LARGEST_BYTES}, dan sebuah "
            f"peristiwa paling banyak {MAX_BYTES}. Perbaiki pembuatnya.",
            en=f"The message {name} was not sent: it has {size} bytes, the log takes {LARGEST_BYTES}, and an "
            f"event has {MAX_BYTES} at most. Mend what made it.",
        )
        super().__init__(self.said.en)


def not_acknowledged(connection: Connection, error: KafkaError, patience_s: float) -> LogUnavailable:
    """What `error` means, with which messages were not acknowledged within `patience_s`."""
    silent = isinstance(error, KafkaTimeoutError)
    if not silent or all(trouble_at(connection, server) for server in connection.servers):
        return broker_unavailable(connection, error, connection.topic(COUNT_EVENTS))
    return LogUnavailable(
        Said(
            id=f"Kafka di {connection} tidak mengonfirmasi apa pun {patience_s:g} detik. Mungkin broker "
            "yang hidup terlalu sedikit untuk menyimpannya dengan aman (periksa: rekap topics check), atau "
            "kelebihan beban. Setelah itu ulangi perintah yang sama; yang sudah dikonfirmasi tidak hilang.",
            en=f"Kafka at {connection} acknowledged nothing for {patience_s:g} s. Either too few of its "
            "brokers are up to keep a message safely (see rekap topics check), or they are overloaded. After "
            "that, run the same command again; nothing that was acknowledged is lost.",
        )
    )
