"""Compares the settings of topics with the declared ones, for processes that use them while they run.

`require_whole_log` is asked at a start: a log that Kafka compacts or shortens gives other totals than what
was sent, without an error. event_log.kafka.admin.check compares everything, for an administrator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kafka.errors import AuthorizationError

from event_log.errors import LogUnavailable
from event_log.kafka.connection import Connection
from event_log.kafka.topic_state import topic_states
from event_log.kafka.topics import COUNT_EVENTS, Topic
from schemas.language import Text
from schemas.text import quoted

SHORTENS: Final = ("cleanup.policy", "retention.ms", "retention.bytes")
"""Settings by which Kafka removes entries of the log."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A setting of a topic that is not as declared."""

    topic: str
    setting: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} is {quoted(self.found)}, not {self.expected}"


def drifted(connection: Connection, topics: Sequence[Topic]) -> list[Drift]:
    """The settings of these topics that are not as declared; a topic that is missing has drifted, too. Raises
    LogUnavailable, also without the right to see settings."""
    found = topic_states(connection, topics)
    differences = []
    for topic in topics:
        name = connection.topic(topic)
        if topic not in found:
            differences.append(Drift(name, "topic", "there", "missing"))
            continue
        state = found[topic]
        differences += [
            Drift(name, setting, expected, held)
            for setting, expected in topic.settings(state.replication).items()
            if (held := state.settings.get(setting, "")) != expected
        ]
    return differences


def require_whole_log(connection: Connection) -> None:
    """Raise LogUnavailable where Kafka removes entries of the log: its totals would not be those of what was
    sent. Raises LogUnavailable as well where that can't be seen."""
    shortening = [one for one in drifted(connection, [COUNT_EVENTS]) if one.setting in SHORTENS]
    if shortening:
        what = "; ".join(map(str, shortening))
        raise LogShortened(
            Text(
                id=f"Kafka menghapus isi log ({what}). Jumlah yang dibuat darinya bukan jumlah dari semua "
                "yang dikirim. Kembalikan setelan itu dengan kafka-configs.sh; jika sudah ada yang terhapus, "
                "pulihkan log dari cadangan: docs/operations.md.",
                en=f"Kafka removes entries of the log ({what}). Totals made of it are not those of what was "
                "sent. Set it back with kafka-configs.sh; if entries are gone already, restore the log from "
                "a backup: docs/operations.md.",
            )
        )


def is_denied(error: LogUnavailable) -> bool:
    """Whether that is for want of a right, and not because brokers are away."""
    return isinstance(error.__cause__, AuthorizationError)


class LogShortened(LogUnavailable):
    """Kafka removes entries of the log; the text says by which setting."""
