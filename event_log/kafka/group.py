"""Topics read by a group of processes together: each partition by one of them, from where the group stands.

Records of a partition come in order. What was taken and not committed comes again to whoever reads its
partition next, and may come again to this process when the group is divided anew (`Polled.changed`). Where
the group has never committed it begins with the oldest record. While brokers are away nothing comes, and it
goes on when they are back.

Staying in the group needs nothing but `poll`, called at least every few minutes, `pause`d or not. What was
committed is a hint where to go on and never says what has been done: that is for the reader to know. For one
thread at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError
from kafka.structs import OffsetAndMetadata

from event_log.kafka.connection import Connection
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.survey import partitions_of
from event_log.kafka.topics import Topic

SESSION_MS: Final = 10_000
"""How long after its last heartbeat a process counts as dead and its partitions go to the others: longer than
any pause of a busy machine, short enough that a restart after a kill does not wait long."""

HEARTBEAT_MS: Final = 2_000
"""Several heartbeats may be lost before SESSION_MS is over."""

FETCH_WAIT_MS: Final = 100
"""How long a broker holds back an answer without records. A partition that was paused is asked about in the
next question only, so this is what it waits at the most."""

FETCH_BYTES: Final = 4 * 1024 * 1024
"""Asked of a partition at once; a single larger record comes all the same."""

RETRY_S: Final = 0.2
"""Pause after an error that goes away by itself, as brokers change their roles."""

ANSWER_MS: Final = 5_000
"""How long a commit or a question about ends may take: none is needed to go on."""

logger = logging.getLogger("rekap.kafka")


class Place(NamedTuple):
    """A partition of one of the topics."""

    topic: Topic
    partition: int


class GroupRecord(NamedTuple):
    """One record: where it stands, the bytes, and the headers that came with it."""

    place: Place
    offset: int
    raw: bytes
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll gave. `changed`: the group was divided anew before these records. Some partitions may be
    others' to read now; of those assigned, records may come again, or have been taken elsewhere meanwhile."""

    records: list[GroupRecord]
    changed: bool


class Group:
    """One process's part in a group that reads `topics`."""

    def __init__(
        self, connection: Connection, group: str, topics: Sequence[Topic], *, session_ms: int = SESSION_MS
    ) -> None:
        """Reach the brokers and find the topics; `group` is its name without the connection's prefix.
        Raises LogUnavailable."""
        self._connection = connection
        self._topics = {connection.topic(topic): topic for topic in topics}
        self._group = connection.group(group)
        self.generation: tuple[int, str] | None = None
        """Which division of the group its partitions are from; another one after each `changed`."""
        self._assignment: frozenset[TopicPartition] = frozenset()
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
            for name in self._topics:  # or the first division would be one of nothing
                self._consumer.partitions_for_topic(name)
        except KafkaError as error:
            raise broker_unavailable(connection, error, self._group) from error

    def poll(self, wait_s: float, most: int) -> Polled:
        """At most `most` records, waited for up to `wait_s` seconds. Raises LogUnavailable for what does not
        go away by itself, as a missing right."""
        try:
            came = self._consumer.poll(timeout_ms=int(wait_s * 1_000), max_records=most)
        except KafkaError as error:
            if not error.retriable:
                raise broker_unavailable(self._connection, error, self._group) from error
            logger.warning("Kafka: %s", error)
            time.sleep(RETRY_S)
            came = {}
        changed = self._has_changed()
        if changed and self._paused:
            self._consumer.pause(*self._consumer.assignment())
        records = [
            GroupRecord(self._place(where), one.offset, one.value or b"", one.headers)
            for where, some in came.items()
            for one in some
        ]
        return Polled(records, changed)

    def assigned(self) -> list[Place]:
        """The partitions that are this process's to read."""
        return sorted(
            (self._place(where) for where in self._consumer.assignment()),
            key=lambda place: (place.topic.name, place.partition),
        )

    def commit(self, offsets: Mapping[Place, int]) -> bool:
        """Let the group go on from these offsets in future; whether it was taken.

        It is not while brokers are away or when the group has been divided anew meanwhile: the records come
        again then. Places that are not assigned any more are left out. Raises LogUnavailable for a missing
        right.
        """
        assigned = self._consumer.assignment()
        kept = {
            self._named(place): OffsetAndMetadata(offset)
            for place, offset in offsets.items()
            if self._named(place) in assigned
        }
        if not kept:
            return True
        try:
            self._consumer.commit(kept, timeout_ms=ANSWER_MS)
        except KafkaError as error:
            if _is_refusal(error):
                raise broker_unavailable(self._connection, error, self._group) from error
            logger.warning("The group %s could not note how far it is: %s", self._group, error)
            return False
        return True

    def pause(self) -> None:
        """Let polls give no records; those that a poll on its way brings are given all the same."""
        if not self._paused:
            self._paused = True
            self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        """Let polls give records again."""
        if self._paused:
            self._paused = False
            self._consumer.resume(*self._consumer.assignment())

    def rewind(self, places: Iterable[Place]) -> None:
        """Begin again with the oldest record of these partitions. Those not assigned are left out."""
        assigned = self._consumer.assignment()
        found = [where for place in places if (where := self._named(place)) in assigned]
        if found:
            self._consumer.seek_to_beginning(*found)

    def position(self, place: Place) -> int | None:
        """The offset of the next record to take from an assigned partition; None: not known yet, or not
        assigned."""
        if (where := self._named(place)) not in self._consumer.assignment():
            return None
        try:
            found = self._consumer.position(where, timeout_ms=0)
        except KafkaError:
            return None
        return None if found is None else int(found)

    def ends(self) -> dict[Place, int] | None:
        """The offset that the next record of each assigned partition will have, None while the brokers do
        not say so."""
        try:
            found = self._consumer.end_offsets(list(self._consumer.assignment()), timeout_ms=ANSWER_MS)
        except KafkaError as error:
            if _is_refusal(error):
                raise broker_unavailable(self._connection, error, self._group) from error
            return None
        return {self._place(where): int(end) for where, end in found.items()}

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._consumer.close(autocommit=False, timeout_ms=ANSWER_MS)

    def _has_changed(self) -> bool:
        """Whether the group has been divided anew since this was asked last. A poll can end between the
        number of a division and the partitions that it brings: either of them is a change."""
        now = self._consumer.group_metadata()
        generation = (int(now.generation_id), str(now.member_id))
        assignment = frozenset(self._consumer.assignment())
        changed = (generation, assignment) != (self.generation, self._assignment)
        self.generation, self._assignment = generation, assignment
        return changed

    def _place(self, where: TopicPartition) -> Place:
        return Place(self._topics[where.topic], where.partition)

    def _named(self, place: Place) -> Any:
        return TopicPartition(self._connection.topic(place.topic), place.partition)


def _is_refusal(error: KafkaError) -> bool:
    return isinstance(error, AuthorizationError | SaslAuthenticationFailedError)
