"""The control topic: its record says for which election the topics were opened; every process compares it.

Two registers on one log would give two different results, each of them consistent. So a process that writes
or reads the log refuses to start on any difference. It is no protection against somebody who writes to the
topic on purpose: only its first record counts, and the right to write it belongs to one user.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import REQUEST_MS, Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import COUNT_EVENTS, ELECTION_CONTROL
from event_log.kafka.unpacking import bound_kafka_python
from schemas.canonical import dumps
from schemas.language import Said
from schemas.text import quoted

if TYPE_CHECKING:
    from schemas.elections import Election
    from schemas.regions import Registry

TYPE: Final = "ElectionOpened"
POLL_MS: Final = 500

bound_kafka_python()


@dataclass(frozen=True, slots=True)
class Opened:
    """What the topics were opened for: the election's id, the hashes (hex SHA-256) of its definition with
    candidates and of its register, and the number of partitions of count-events."""

    election: str
    definition_hash: str
    registry_hash: str
    partitions: int

    @classmethod
    def of(cls, election: Election, registry: Registry, partitions: int) -> Opened:
        """What a log of so many partitions is when it is opened for these."""
        return cls(election.id, election.hash, registry.hash, partitions)

    def __str__(self) -> str:
        hashes = f"{self.definition_hash[:8]}, {self.registry_hash[:8]}"
        return f"{self.election} ({hashes}), {self.partitions} partitions"

    def encode(self) -> bytes:
        """The record's bytes: canonical JSON."""
        return dumps({"type": TYPE, **asdict(self)})


def open_topics(connection: Connection, opened: Opened) -> bool:
    """Open the topics for an election; False when they were opened for it before. Raises LogUnavailable, also
    when they are opened for another one."""
    if (held := read_control(connection)) is not None:
        compare(connection, held, opened)
        return False
    topic = connection.topic(ELECTION_CONTROL)
    try:
        producer = KafkaProducer(**connection.client_settings(), acks="all", enable_idempotence=True)
        try:
            producer.send(topic, value=opened.encode(), partition=0).get(timeout=REQUEST_MS / 1_000)
        finally:
            producer.close(timeout=1)
    except KafkaError as error:
        raise broker_unavailable(connection, error, topic) from error
    compare(connection, read_control(connection), opened)  # another process may have been faster
    return True


def require(connection: Connection, election: Election, registry: Registry) -> Opened:
    """What the topics were opened for. Raises LogUnavailable unless it is this election, with this register,
    and the partitions are as many as then."""
    held = read_control(connection)
    opened = Opened.of(election, registry, partitions_of(connection, COUNT_EVENTS))
    compare(connection, held, opened)
    return opened


def read_control(connection: Connection) -> Opened | None:
    """What the topics were opened for; None: nothing yet. Raises LogUnavailable."""
    topic = TopicPartition(connection.topic(ELECTION_CONTROL), 0)
    partitions_of(connection, ELECTION_CONTROL)  # a consumer would wait for a topic that is not there
    try:
        consumer = KafkaConsumer(**connection.client_settings(), enable_auto_commit=False)
        try:
            consumer.assign([topic])
            raw = _first(consumer, topic)
        finally:
            consumer.close(autocommit=False)
    except KafkaError as error:
        raise broker_unavailable(connection, error, topic.topic) from error
    return None if raw is None else _decode(connection, raw)


def _first(consumer: KafkaConsumer, topic: TopicPartition) -> bytes | None:
    """The first record, or None of an empty topic. Raises KafkaError."""
    begin, end = consumer.beginning_offsets([topic])[topic], consumer.end_offsets([topic])[topic]
    if begin == end:
        return None
    consumer.seek(topic, begin)
    deadline = time.monotonic() + REQUEST_MS / 1_000
    while time.monotonic() < deadline:
        for record in consumer.poll(timeout_ms=POLL_MS).get(topic, ()):
            return bytes(record.value or b"")
    raise KafkaTimeoutError(topic.topic)


def _decode(connection: Connection, raw: bytes) -> Opened:
    try:
        document = orjson.loads(raw)
        if document.pop("type") != TYPE:
            raise ValueError
        opened = Opened(**document)
        if Opened.encode(opened) != raw or not isinstance(opened.partitions, int):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError):
        name = connection.topic(ELECTION_CONTROL)
        raise LogUnavailable(
            Said(
                id=f"Catatan pertama topik {quoted(name)} bukan {TYPE} yang dikenal versi ini. Pakai "
                "versi rekap yang membuatnya, atau awalan lain (--topic-prefix).",
                en=f"The first record of the topic {quoted(name)} is no {TYPE} that this version knows. "
                "Use the version of rekap that wrote it, or another prefix (--topic-prefix).",
            )
        ) from None
    return opened


def compare(connection: Connection, held: Opened | None, mine: Opened) -> None:
    """Raise LogUnavailable unless the topics were opened for `mine`."""
    if (said := mismatch(connection, held, mine)) is not None:
        raise LogUnavailable(said)


def mismatch(connection: Connection, held: Opened | None, mine: Opened) -> Said | None:
    """How `held`, what the topics were opened for, differs from `mine`, and what to do; None: it does not."""
    if held == mine:
        return None
    where = f"{connection.prefix}* ({connection})"
    if held is None:
        return Said(
            id=f"Topik {where} belum dibuka untuk pemilu mana pun. Buka: rekap --data DIR topics create.",
            en=f"The topics {where} have not been opened for any election. Open them: rekap --data DIR "
            "topics create.",
        )
    if held.partitions != mine.partitions:
        return Said(
            id=f"Topik {where} dibuka dengan {held.partitions} partisi, kini {mine.partitions}: pesan suatu "
            "TPS kini di partisi lain. Mulai dengan awalan baru (--topic-prefix) dan ulang log ke sana.",
            en=f"The topics {where} were opened with {held.partitions} partitions and have "
            f"{mine.partitions} now: a station's messages are in another one. Begin with a new prefix "
            "(--topic-prefix) and replay the log there.",
        )
    what = _what_differs(held, mine)
    return Said(
        id=f"Topik {where} dibuka untuk {what.id}. Sebutkan direktori data yang sama dengan saat topik "
        "dibuka, atau awalan lain (--topic-prefix).",
        en=f"The topics {where} were opened for {what.en}. Name the data directory with which they were "
        "opened, or another prefix (--topic-prefix).",
    )


def _what_differs(held: Opened, mine: Opened) -> Said:
    if held.election != mine.election:
        return Said(
            id=f"{quoted(held.election)}, bukan {quoted(mine.election)}",
            en=f"{quoted(held.election)}, not {quoted(mine.election)}",
        )
    if held.definition_hash != mine.definition_hash:
        return Said(
            id=f"{quoted(held.election)} dengan definisi atau calon yang lain",
            en=f"{quoted(held.election)} with another definition or other candidates",
        )
    return Said(
        id=f"{quoted(held.election)} dengan daftar wilayah dan TPS yang lain",
        en=f"{quoted(held.election)} with another register",
    )
