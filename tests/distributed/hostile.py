"""Sends the hostile messages of tests.corpus to the topics of a count."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import islice
from random import Random
from typing import Any, Final

from kafka import KafkaProducer

from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import (
    COUNT_EVENTS,
    COUNT_ROWS,
    DISTRICT_TALLIES,
    NATION_TALLIES,
    PROVINCE_TALLIES,
    Topic,
)
from producers.addressing import Addresses
from schemas.tally_messages import TallyMalformed, TallyMessage, decode_tally
from tests.corpus import messages
from tests.corpus.messages import Hostile
from tests.distributed.cluster import Cluster
from tests.distributed.nights import nation, night

TALLIES: Final = (DISTRICT_TALLIES, PROVINCE_TALLIES, NATION_TALLIES)

COUNTS: Final = 10
ROW_MESSAGES: Final = 4
"""So many right messages of a topic are the beginnings of hostile ones."""


def hostile(cluster: Cluster) -> dict[Topic, list[Hostile]]:
    """The messages for each topic, made from what stands there now."""
    key = Addresses(nation()[1]).key_of(night()[0])
    return {
        COUNT_EVENTS: list(messages.events(night()[:COUNTS], key)),
        COUNT_ROWS: list(messages.rows(_published_rows(cluster))),
        **{topic: list(messages.tallies(next(iter(newest(cluster, topic).values())))) for topic in TALLIES},
    }


def send(cluster: Cluster, topic: Topic, hostile: Iterable[Hostile]) -> None:
    """Send them to all partitions in turn; all are there when it returns."""
    settings: dict[str, Any] = {"acks": "all", "max_request_size": 1 << 21}
    with closing(KafkaProducer(**cluster.connection.client_settings(), **settings)) as producer:
        name = cluster.connection.topic(topic)
        partitions = len(producer.partitions_for(name))
        sent = [
            producer.send(name, value, key, list(headers), number % partitions)
            for number, (value, key, headers) in enumerate(hostile)
        ]
        for one in sent:
            one.get(timeout=60)


def poison(cluster: Cluster, chance: Random) -> None:
    """Send one message to each topic."""
    for topic, choices in hostile(cluster).items():
        send(cluster, topic, [chance.choice(choices)])


def newest(cluster: Cluster, topic: Topic) -> dict[int, TallyMessage]:
    """By partition the last total on that topic."""
    found = {}
    with KafkaLog(cluster.connection, topic) as log:
        for partition in range(log.partitions):
            for records in log.read(partition, log.begins()[partition]):
                for record in records:
                    try:
                        found[partition] = decode_tally(record.raw)
                    except TallyMalformed:
                        continue  # a hostile one
    return found


def _published_rows(cluster: Cluster) -> list[tuple[Any, bytes]]:
    """Headers and value of the first messages of count-rows."""
    with KafkaLog(cluster.connection, COUNT_ROWS) as log:
        found = [
            record
            for partition in range(log.partitions)
            for records in islice(log.read(partition, log.begins()[partition]), 1)
            for record in records
        ]
    return [(record.headers, record.raw) for record in found[:ROW_MESSAGES]]
