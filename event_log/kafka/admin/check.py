"""Compares the topics on the cluster with the declared ones, and names each difference with what to do.

Nothing is changed: a setting that somebody chose is theirs to take back, and a number of partitions can't be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, mismatch, read_control
from event_log.kafka.topic_state import TopicState, partitions_of, topic_states
from event_log.kafka.topics import ALL_TOPICS, COUNT_EVENTS, ELECTION_CONTROL, Topic
from schemas.language import Text

if TYPE_CHECKING:
    from schemas.elections import Election
    from schemas.regions import Registry


@dataclass(frozen=True, slots=True)
class TopicDifference:
    """Where the cluster is not as declared: `setting` of the topic (with its prefix) is `found`, and should
    be `expected`. `said`: what to do."""

    topic: str
    setting: str
    expected: str
    found: str
    said: Text


def check(connection: Connection) -> list[TopicDifference]:
    """All differences; none means that the topics can be used. Raises LogUnavailable."""
    there = topic_states(connection, ALL_TOPICS)
    by_name = {topic.name: found for topic, found in there.items()}
    differences: list[TopicDifference] = []
    for topic in ALL_TOPICS:
        name = connection.topic(topic)
        if topic in there:
            differences += _of_one(name, topic, there[topic], by_name)
        else:
            differences.append(TopicDifference(name, "topic", "there", "missing", MISSING))
    return differences


def differences(connection: Connection, election: Election, registry: Registry) -> list[TopicDifference]:
    """Those of the topics; where all are there, also whether they were opened for this election. Raises
    LogUnavailable."""
    found = check(connection)
    if not any(one.setting == "topic" for one in found):
        found += check_election(connection, election, registry)
    return found


def check_election(connection: Connection, election: Election, registry: Registry) -> list[TopicDifference]:
    """Whether the topics, which are there, were opened for this election. Raises LogUnavailable."""
    name = connection.topic(ELECTION_CONTROL)
    held = read_control(connection)
    mine = Opened.of(election, registry, partitions_of(connection, COUNT_EVENTS))
    said = mismatch(connection, held, mine)
    if said is None:
        return []
    return [TopicDifference(name, "opened for", str(mine), str(held or "nothing"), said)]


MISSING = Text(id="Buat: rekap topics create.", en="Make it: rekap topics create.")
NUMBER = Text(
    id="Jumlah partisi tidak dapat diperbaiki tanpa mengubah letak pesan. Mulai dengan awalan baru "
    "(--topic-prefix) dan ulang log ke sana.",
    en="A number of partitions can't be put right without moving messages. Begin with a new prefix "
    "(--topic-prefix) and replay the log there.",
)
SETTING = Text(
    id="Kembalikan dengan kafka-configs.sh, lalu periksa lagi.",
    en="Set it back with kafka-configs.sh, then check again.",
)
COPIES = Text(
    id="Topik ini tidak dapat ditulis: salinannya lebih sedikit daripada min.insync.replicas. Tambah salinan "
    "dengan kafka-reassign-partitions.sh.",
    en="The topic can't be written: it has fewer copies than min.insync.replicas. Add copies with "
    "kafka-reassign-partitions.sh.",
)
BEHIND = Text(
    id="Topik ini tidak dapat ditulis: terlalu sedikit broker yang hidup. Hidupkan kembali broker yang mati.",
    en="The topic can't be written: too few brokers are up. Bring the dead ones back.",
)
UNSERVED = Text(
    id="Topik ini tidak dapat dibaca seluruhnya: tidak ada broker yang melayani partisi itu. Hidupkan "
    "kembali broker yang mati.",
    en="The topic can't be read as a whole: no broker serves that partition. Bring the dead ones back.",
)


def _of_one(
    name: str, topic: Topic, found: TopicState, there: Mapping[str, TopicState]
) -> Iterator[TopicDifference]:
    model = there.get(topic.like or "")
    wanted = model.partitions if model else found.partitions if topic.may_differ else topic.partitions
    if found.partitions != wanted:
        yield TopicDifference(name, "partitions", str(wanted), str(found.partitions), NUMBER)
    for setting, value in topic.settings(found.replication).items():
        held = found.settings.get(setting, "")
        if held != value:
            yield TopicDifference(name, setting, value, held, SETTING)
    needed = int(found.settings["min.insync.replicas"])
    unserved = [partition for partition, led in enumerate(found.led) if not led]
    if found.replication < needed:
        yield TopicDifference(name, "replication", f">= {needed}", str(found.replication), COPIES)
    elif unserved:
        yield TopicDifference(name, "leader", "every partition", f"not {_listed(unserved)}", UNSERVED)
    elif min(found.in_sync) < needed:
        few = [partition for partition, copies in enumerate(found.in_sync) if copies < needed]
        yield TopicDifference(name, "in sync", f">= {needed}", f"fewer in {_listed(few)}", BEHIND)


def _listed(partitions: list[int]) -> str:
    return ", ".join(map(str, partitions))
