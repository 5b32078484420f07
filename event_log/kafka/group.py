"""One member of a consumer group: polls the partitions assigned to it, commits offsets, notices rebalances.

Records of a partition come in order. Records that were polled and not committed are redelivered to the member
that the partition is assigned to next, and may be redelivered to this one after a rebalance
(`Polled.rebalanced`). Without a committed offset a partition is consumed from its oldest record. While
brokers are away a poll returns nothing; it resumes when they are back.

Staying in the group needs nothing but `poll`, called at least every few minutes, `pause`d or not. A committed
offset is only where to resume: the caller keeps its own record of what was processed. For one thread at a
time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from kafka import KafkaConsumer
from kafka import TopicPartition as KafkaPartition
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError
from kafka.structs import OffsetAndMetadata

from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.topic_state import partitions_of
from event_log.kafka.topics import Topic
from event_log.kafka.unpacking import bound_kafka_python

SESSION_MS: Final = 10_000
"""How long after its last heartbeat a process counts as dead and its partitions go to the others: longer than
any pause of a busy machine, short enough that a restart after a kill does not wait long."""

HEARTBEAT_MS: Final = 2_000
"""Several heartbeats may be lost before SESSION_MS is over."""

FETCH_WAIT_MS: Final = 100
"""fetch.max.wait.ms. A partition that was paused is in the next fetch only, so this is its longest delay
after a resume."""

FETCH_BYTES: Final = 4 * 1024 * 1024
"""max.partition.fetch.bytes; a single larger record is fetched all the same."""

RETRY_S: Final = 0.2
"""Pause before a poll is retried after an error that goes away by itself, as a change of leaders."""

TIMEOUT_MS: Final = 5_000
"""Timeout of a commit or of a request for end offsets: neither is needed to go on."""

logger = logging.getLogger("rekap.kafka")

bound_kafka_python()


class TopicPartition(NamedTuple):
    """A partition of a declared topic."""

    topic: Topic
    partition: int


class GroupRecord(NamedTuple):
    """One record of a poll: the partition that it is from, its offset, value and headers."""

    source: TopicPartition
    offset: int
    raw: bytes
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll returned. `rebalanced`: the group was rebalanced before these records. Some partitions may
    be assigned to others now; records of those assigned here may be redelivered, or were processed by another
    member meanwhile."""

    records: list[GroupRecord]
    rebalanced: bool


class ConsumerGroup:
    """One process's membership of a consumer group that consumes `topics`."""

    def __init__(
        self, connection: Connection, group: str, topics: Sequence[Topic], *, session_ms: int = SESSION_MS
    ) -> None:
        """Connect to the brokers and find the topics; `group` is its name without the connection's prefix.
        Raises LogUnavailable."""
        self._connection = connection
        self._topics = {connection.topic(topic): topic for topic in topics}
        self._group = connection.group(group)
        self.generation: tuple[int, str] | None = None
        """The generation of the group that its assignment is from; a new one after each rebalance."""
        self._assignment: frozenset[KafkaPartition] = frozenset()
        self._paused = False
        for topic in topics:  # a consumer would wait for a topic that is not there
            partitions_of(connection, topic)
        try:
            self._consumer = KafkaConsumer(
                **connection.client_settings(),
                group_id=self._group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                session_timeout_ms=session_ms,
                heartbeat_interval_ms=min(HEARTBEAT_MS, session_ms // 4),
                fetch_max_wait_ms=FETCH_WAIT_MS,
                max_partition_fetch_bytes=FETCH_BYTES,
                metrics_enabled=False,
            )
            self._consumer.subscribe(list(self._topics))
            for name in self._topics:  # or the first rebalance would assign no partitions
                self._consumer.partitions_for_topic(name)
        except KafkaError as error:
            raise broker_unavailable(connection, error, self._group) from error

    def poll(self, wait_s: float, most: int) -> Polled:
        """At most `most` records, after waiting up to `wait_s` seconds for any. Raises LogUnavailable for
        what does not go away by itself, as a missing right."""
        try:
            came = self._consumer.poll(timeout_ms=int(wait_s * 1_000), max_records=most)
        except KafkaError as error:
            if not error.retriable:
                raise broker_unavailable(self._connection, error, self._group) from error
            logger.warning("Kafka poll failed; retrying: %s", error)
            time.sleep(RETRY_S)
            came = {}
        rebalanced = self._has_rebalanced()
        if rebalanced and self._paused:
            self._consumer.pause(*self._consumer.assignment())
        records = [
            GroupRecord(self._source(where), one.offset, one.value or b"", one.headers)
            for where, some in came.items()
            for one in some
        ]
        return Polled(records, rebalanced)

    def assigned(self) -> list[TopicPartition]:
        """The partitions that are assigned to this process."""
        return sorted(
            (self._source(where) for where in self._consumer.assignment()),
            key=lambda source: (source.topic.name, source.partition),
        )

    def commit(self, offsets: Mapping[TopicPartition, int]) -> bool:
        """Commit these offsets, from which the group resumes; whether that succeeded.

        It fails while brokers are away or after a rebalance: the records are redelivered then. Partitions
        that are not assigned any more are left out. Raises LogUnavailable for a missing right.
        """
        assigned = self._consumer.assignment()
        kept = {
            self._named(source): OffsetAndMetadata(offset)
            for source, offset in offsets.items()
            if self._named(source) in assigned
        }
        if not kept:
            return True
        try:
            self._consumer.commit(kept, timeout_ms=TIMEOUT_MS)
        except KafkaError as error:
            if _is_denied(error):
                raise broker_unavailable(self._connection, error, self._group) from error
            logger.warning("Offset commit failed for group %s: %s", self._group, error)
            return False
        return True

    def pause(self) -> None:
        """Let polls return no records (backpressure); records that were fetched already may still be
        returned."""
        if not self._paused:
            self._paused = True
            self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Let polls return records again."""
        if self._paused:
            self._paused = False
            self._consumer.resume(*self._consumer.assignment())

    def seek_to_beginning(self, sources: Iterable[TopicPartition]) -> None:
        """Consume these partitions again from their oldest record. Those not assigned are left out."""
        assigned = self._consumer.assignment()
        found = [where for source in sources if (where := self._named(source)) in assigned]
        if found:
            self._consumer.seek_to_beginning(*found)

    def position(self, source: TopicPartition) -> int | None:
        """The offset of the next record to poll from an assigned partition; None: not known yet, or not
        assigned."""
        if (where := self._named(source)) not in self._consumer.assignment():
            return None
        try:
            found = self._consumer.position(where, timeout_ms=0)
        except KafkaError:
            return None
        return None if found is None else int(found)

    def ends(self) -> dict[TopicPartition, int] | None:
        """The end offset of each assigned partition: that of its next record. None while the brokers do not
        answer."""
        try:
            found = self._consumer.end_offsets(list(self._consumer.assignment()), timeout_ms=TIMEOUT_MS)
        except KafkaError as error:
            if _is_denied(error):
                raise broker_unavailable(self._connection, error, self._group) from error
            return None
        return {self._source(where): int(end) for where, end in found.items()}

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._consumer.close(autocommit=False, timeout_ms=TIMEOUT_MS)

    def _has_rebalanced(self) -> bool:
        """Whether there was a rebalance since the last call. A poll can end between the new generation and
        its assignment: a change of either counts."""
        now = self._consumer.group_metadata()
        generation = (int(now.generation_id), str(now.member_id))
        assignment = frozenset(self._consumer.assignment())
        rebalanced = (generation, assignment) != (self.generation, self._assignment)
        self.generation, self._assignment = generation, assignment
        return rebalanced

    def _source(self, where: KafkaPartition) -> TopicPartition:
        return TopicPartition(self._topics[where.topic], where.partition)

    def _named(self, source: TopicPartition) -> Any:
        return KafkaPartition(self._connection.topic(source.topic), source.partition)


def _is_denied(error: KafkaError) -> bool:
    return isinstance(error, AuthorizationError | SaslAuthenticationFailedError)
