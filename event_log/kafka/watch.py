"""What a running process asks its cluster about from time to time: whether it answers, and what has changed.

`ends` is for one thread, on a connection of its own: an answer never waits for a fetch. `troubles` may be
asked by another one. Nothing is decided by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from kafka.errors import KafkaError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection
from event_log.kafka.consumer import Consumer
from event_log.kafka.control import Opened, announced, read_control
from event_log.kafka.errors import broker_unavailable
from event_log.kafka.settings import drifted, is_denied
from event_log.kafka.topics import COUNT_EVENTS, Topic
from schemas.program import this_program

TOPICS_PART: Final = "topics"
PROGRAM_PART: Final = "program"
"""Parts of a process's health."""


class ClusterWatch:
    """Asks one cluster about one election's topics. A monitoring.watch.Watched."""

    def __init__(self, connection: Connection, opened: Opened, topics: Sequence[Topic]) -> None:
        """Connect. `opened`: what the topics were opened for when the process started; `topics`: those it
        uses. Raises LogUnavailable."""
        self._connection = connection
        self._opened = opened
        self._topics = tuple(topics)
        name = connection.topic(COUNT_EVENTS)
        try:
            self._consumer = Consumer(connection, name)
        except KafkaError as error:
            raise broker_unavailable(connection, error, name) from error

    def ends(self, timeout_s: float) -> Sequence[int] | None:
        """The end of the log by partition; None: no answer within the timeout."""
        try:
            return self._consumer.ends(self._opened.partitions, timeout_s)
        except KafkaError:
            return None

    def troubles(self) -> Mapping[str, str | None]:
        """By part what has changed since the start, as a sentence; None: nothing. A part is left out while
        the brokers do not answer."""
        found: dict[str, str | None] = {}
        with suppress(LogUnavailable):
            held = read_control(self._connection)
            if held != self._opened:
                found[PROGRAM_PART] = (
                    f"The topics were opened for {self._opened} when this process started, and are now for "
                    f"{held or 'nothing'}. Stop writing to them, and find out who made them anew."
                )
            else:
                found[PROGRAM_PART] = self._program()
        try:
            differences = drifted(self._connection, self._topics)
        except LogUnavailable as error:
            if is_denied(error):
                found[TOPICS_PART] = f"The settings of the topics can't be compared: {error}"
        else:
            found[TOPICS_PART] = (
                f"Topics are not as declared: {'; '.join(map(str, differences[:5]))}. Set them back with "
                "kafka-configs.sh; rekap topics check lists all."
                if differences
                else None
            )
        return found

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    def _program(self) -> str | None:
        other, mine = announced(self._connection), this_program()
        if other is None or other == mine:
            return None
        what = "version" if other.version != mine.version else "rules"
        return (
            f"This process has another {what} than what rekap topics create announced last: {mine} here, "
            f"{other} there. Run one version everywhere: docs/operations.md, Upgrading."
        )
