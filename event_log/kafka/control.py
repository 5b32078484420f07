"""The control topic: its record says for which election the topics were opened; every process compares it.

Two registers on one log would give two different results, each of them consistent. So a process that writes
or reads the log refuses to start on any difference. It is no protection against somebody who writes to the
topic on purpose: of openings only the first record counts, and the right to write belongs to one user.

Later records announce the program that counts, each time that the administrator's is another one; the last of
them counts. A process with another program goes on, so that an upgrade can go machine by machine, and says so
in its health.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import orjson
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import REQUEST_MS, Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.producer import Producer, ProducerConfig
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import COUNT_EVENTS, ELECTION_CONTROL
from event_log.kafka.unpacking import bound_kafka_python
from schemas.canonical import dumps
from schemas.language import Text
from schemas.program import Program
from schemas.text import quoted

if TYPE_CHECKING:
    from schemas.elections import Election
    from schemas.regions import Registry

TYPE: Final = "ElectionOpened"
ANNOUNCED: Final = "ProgramAnnounced"
POLL_MS: Final = 500

LAST_RECORDS: Final = 100
"""Records at the topic's end that an announcement is looked for in: as many upgrades as nobody makes."""

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
    _write(connection, opened.encode())
    compare(connection, read_control(connection), opened)  # another process may have been faster
    return True


def require(connection: Connection, election: Election, registry: Registry) -> Opened:
    """What the topics were opened for. Raises LogUnavailable unless it is this election, with this register,
    and the partitions are as many as then."""
    held = read_control(connection)
    opened = Opened.of(election, registry, partitions_of(connection, COUNT_EVENTS))
    compare(connection, held, opened)
    return opened


def announce(connection: Connection, program: Program) -> bool:
    """Announce the program that counts from now on; False when it is the one announced last. Raises
    LogUnavailable."""
    if announced(connection) == program:
        return False
    _write(connection, dumps({"type": ANNOUNCED, **asdict(program)}))
    return True


def announced(connection: Connection) -> Program | None:
    """The program that was announced last; None: none was. Raises LogUnavailable."""
    found = None
    for raw in _read(connection, first=False):
        try:
            document = orjson.loads(raw)
            if document.pop("type") == ANNOUNCED and all(isinstance(one, str) for one in document.values()):
                found = Program(**document)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue  # what is no announcement announces nothing
    return found


def read_control(connection: Connection) -> Opened | None:
    """What the topics were opened for; None: nothing yet. Raises LogUnavailable."""
    for raw in _read(connection, first=True):
        return _decode(connection, raw)
    return None


def _write(connection: Connection, raw: bytes) -> None:
    producer = Producer(connection, ProducerConfig(REQUEST_MS))
    try:
        producer.send(ELECTION_CONTROL, 0, None, raw).get(timeout=REQUEST_MS / 1_000)
    except KafkaError as error:
        raise broker_unavailable(connection, error, connection.topic(ELECTION_CONTROL)) from error
    finally:
        producer.close(timeout_s=1)


def _read(connection: Connection, *, first: bool) -> list[bytes]:
    """The `first` record of the topic, or the last ones; none of an empty topic. Raises LogUnavailable."""
    topic = TopicPartition(connection.topic(ELECTION_CONTROL), 0)
    partitions_of(connection, ELECTION_CONTROL)  # a consumer would wait for a topic that is not there
    try:
        consumer = KafkaConsumer(**connection.client_settings(), enable_auto_commit=False)
        try:
            consumer.assign([topic])
            begin, end = consumer.beginning_offsets([topic])[topic], consumer.end_offsets([topic])[topic]
            consumer.seek(topic, begin if first else max(begin, end - LAST_RECORDS))
            return _polled(consumer, topic, end, 1 if first else LAST_RECORDS)
        finally:
            consumer.close(autocommit=False)
    except KafkaError as error:
        raise broker_unavailable(connection, error, topic.topic) from error


def _polled(consumer: KafkaConsumer, topic: TopicPartition, end: int, most: int) -> list[bytes]:
    """At most so many records before offset `end`. Raises KafkaError."""
    found: list[bytes] = []
    deadline = time.monotonic() + REQUEST_MS / 1_000
    # Marks of transactions take offsets too: only the consumer knows its position.
    while len(found) < most and consumer.position(topic) < end:
        if time.monotonic() > deadline:
            raise KafkaTimeoutError(topic.topic)
        found += [bytes(one.value or b"") for one in consumer.poll(timeout_ms=POLL_MS).get(topic, ())]
    return found[:most]


def _decode(connection: Connection, raw: bytes) -> Opened:
    try:
        document = orjson.loads(raw)
        if document.pop("type") != TYPE:
            raise ValueError
        opened = Opened(**document)
        texts = (opened.election, opened.definition_hash, opened.registry_hash)
        if not all(isinstance(one, str) for one in texts) or type(opened.partitions) is not int:
            raise ValueError
        if Opened.encode(opened) != raw:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError):
        name = connection.topic(ELECTION_CONTROL)
        raise LogUnavailable(
            Text(
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


def mismatch(connection: Connection, held: Opened | None, mine: Opened) -> Text | None:
    """How `held`, what the topics were opened for, differs from `mine`, and what to do; None: it does not."""
    if held == mine:
        return None
    where = f"{connection.prefix}* ({connection})"
    if held is None:
        return Text(
            id=f"Topik {where} belum dibuka untuk pemilu mana pun. Buka: rekap --data DIR topics create.",
            en=f"The topics {where} have not been opened for any election. Open them: rekap --data DIR "
            "topics create.",
        )
    if held.partitions != mine.partitions:
        return Text(
            id=f"Topik {where} dibuka dengan {held.partitions} partisi, kini {mine.partitions}: pesan suatu "
            "TPS kini di partisi lain. Mulai dengan awalan baru (--topic-prefix) dan ulang log ke sana.",
            en=f"The topics {where} were opened with {held.partitions} partitions and have "
            f"{mine.partitions} now: a station's messages are in another one. Begin with a new prefix "
            "(--topic-prefix) and replay the log there.",
        )
    what = _what_differs(held, mine)
    return Text(
        id=f"Topik {where} dibuka untuk {what.id}. Sebutkan direktori data yang sama dengan saat topik "
        "dibuka, atau awalan lain (--topic-prefix).",
        en=f"The topics {where} were opened for {what.en}. Name the data directory with which they were "
        "opened, or another prefix (--topic-prefix).",
    )


def _what_differs(held: Opened, mine: Opened) -> Text:
    if held.election != mine.election:
        return Text(
            id=f"{quoted(held.election)}, bukan {quoted(mine.election)}",
            en=f"{quoted(held.election)}, not {quoted(mine.election)}",
        )
    if held.definition_hash != mine.definition_hash:
        return Text(
            id=f"{quoted(held.election)} dengan definisi atau calon yang lain",
            en=f"{quoted(held.election)} with another definition or other candidates",
        )
    return Text(
        id=f"{quoted(held.election)} dengan daftar wilayah dan TPS yang lain",
        en=f"{quoted(held.election)} with another register",
    )
