"""The accepted events that importers get of the log on Kafka: those that the fold accepts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from event_log.accepted import AcceptedEvents
from event_log.errors import LogUnavailable
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.log import KafkaLog
from event_log.kafka.partitioner import partition_of
from event_log.kafka.topics import COUNT_EVENTS
from producers.publisher import Publisher
from producers.simulator.faults import Faults
from schemas.ballots import Ballots
from schemas.decode import decode, encode
from stream_processors.assess import Assessor
from stream_processors.authority import Authority
from stream_processors.distributed import ranges
from stream_processors.distributed.lineage import LogLineage
from stream_processors.fold import Folded, PlacedMessage, fold
from stream_processors.partition.assessing import Workers
from tests.keys import PHONE, device, enrolled, opened, registrar, revoked, signed, signed_world
from tests.producers.simulator.nights import four_provinces, messages, night
from tests.worlds import corrected, pairs, stations, submitted

PARTITIONS = 4
ELECTION, REGISTER = four_provinces()
CONTESTS = Ballots(ELECTION, REGISTER).contests
PLACE = partial(partition_of, partitions=PARTITIONS)
STATIONS = [station.decode() for station in REGISTER.station_ids.tolist()]


@pytest.fixture
def topics(connection: Connection) -> Connection:
    """The shared broker, with this test's own topics."""
    create(connection, partitions={COUNT_EVENTS.name: PARTITIONS})
    return connection


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    assessor = Assessor(ELECTION, REGISTER, Ballots(ELECTION, REGISTER), PLACE)
    with Workers(assessor, 0) as workers:
        yield workers


@pytest.fixture
def file(tmp_path: Path) -> Iterator[AcceptedEvents]:
    with AcceptedEvents.open(tmp_path / "accepted.sqlite") as file:
        yield file


class Asked:
    """A lineage, and how many entries it had to read."""

    def __init__(self, topics: Connection, file: AcceptedEvents, workers: Workers) -> None:
        self.entries_read = 0
        self.lineage = LogLineage(
            *(topics, file, workers),
            partial(Authority, REGISTER, ELECTION.identity),
            self._progress,
        )

    def _progress(self, done: int, total: int) -> None:
        assert self.entries_read < done <= total
        self.entries_read = done

    def all(self) -> dict[tuple[str, str], Sequence[bytes]]:
        """Every station's events in every contest."""
        return {
            (contest, station): events
            for contest in CONTESTS
            for station, events in self.lineage(contest, STATIONS).items()
        }


def send(topics: Connection, raws: Sequence[bytes]) -> None:
    with Publisher(topics, REGISTER) as publisher:
        for raw in raws:
            publisher.publish(raw)


def send_astray(topics: Connection, raw: bytes, key: bytes, partition: int) -> None:
    """As a foreign program would that knows nothing of keys."""
    with closing(KafkaProducer(**topics.client_settings())) as producer:
        producer.send(topics.topic(COUNT_EVENTS), raw, key, partition=partition).get(30)


def folded(topics: Connection) -> Folded:
    with KafkaLog(topics, COUNT_EVENTS) as log:
        placed = [
            PlacedMessage.of(record.raw, record.key, partition)
            for partition in range(log.partitions)
            for record in chain.from_iterable(log.read(partition, 0))
        ]
    return fold(placed, ELECTION, REGISTER, PLACE)


def versions(found: Mapping[tuple[str, str], Sequence[bytes]]) -> dict[tuple[int, str], int]:
    """The version that each station's own events, alone, come to. One fold of all of them: it is told nothing
    of a station but what stands in that station's events."""
    told = fold(chain.from_iterable(found.values()), ELECTION, REGISTER)
    return {unit: one.version for unit, one in told.in_force.items()}


def test_what_is_told_of_a_night_is_what_the_fold_accepts(
    topics: Connection, file: AcceptedEvents, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "RANGE_ENTRIES", 149)  # lineages then go across many ranges
    raws = messages(night(Faults()))
    send(topics, raws)
    send_astray(topics, raws[0], b"1101", 3)
    send_astray(topics, b"no event", b"", 2)
    asked = Asked(topics, file, workers)
    found = asked.all()
    expected = folded(topics)
    assert versions(found) == {unit: one.version for unit, one in expected.in_force.items()}
    assert max(map(len, found.values())) > 1
    assert expected.rejected
    assert asked.entries_read == len(raws) + 2
    told = fold(chain.from_iterable(found.values()), ELECTION, REGISTER)
    assert told.accepted == expected.accepted  # in this order, each upon the one before
    assert told.rejected.keys() <= {"already_counted", "superseded_mismatch"}
    assert told.rejected
    assert told.repeated == 0


def test_the_next_import_reads_only_newer_entries(
    topics: Connection, file: AcceptedEvents, workers: Workers, tmp_path: Path
) -> None:
    raws = messages(night(Faults(), contests=["PPWP"]))
    half = len(raws) // 2
    send(topics, raws[:half])
    Asked(topics, file, workers).all()
    send(topics, raws[half:])
    again = Asked(topics, file, workers)
    found = again.all()
    assert again.entries_read == len(raws) - half
    with AcceptedEvents.open(tmp_path / "another.sqlite") as fresh:
        assert Asked(topics, fresh, workers).all() == found
    third = Asked(topics, file, workers)
    assert third.all() == found
    assert third.entries_read == 0


def test_a_file_that_does_not_fit_the_log_is_not_believed(
    topics: Connection, file: AcceptedEvents, workers: Workers
) -> None:
    raws = messages(night(Faults(), contests=["PPWP"]))
    other = Connection(topics.servers, f"{topics.prefix}other.")
    create(other, partitions={COUNT_EVENTS.name: PARTITIONS})
    send(topics, raws)
    send(other, raws[1:] + raws[:1])
    Asked(topics, file, workers).all()
    asked = Asked(other, file, workers)
    found = asked.all()
    assert asked.entries_read == len(raws)
    assert versions(found) == {unit: one.version for unit, one in folded(other).in_force.items()}
    # Nor one of which the log is only the beginning.
    shorter = Connection(topics.servers, f"{topics.prefix}shorter.")
    create(shorter, partitions={COUNT_EVENTS.name: PARTITIONS})
    send(shorter, raws[1:5])
    assert sum(map(len, Asked(shorter, file, workers).all().values())) <= 4


def test_nothing_is_told_of_a_log_whose_beginning_was_removed(
    topics: Connection, file: AcceptedEvents, workers: Workers
) -> None:
    send(topics, messages(night(Faults(), contests=["PPWP"])))
    with closing(KafkaAdminClient(**topics.client_settings())) as admin:
        admin.delete_records({TopicPartition(topics.topic(COUNT_EVENTS), 1): 3})
    with pytest.raises(LogUnavailable, match="begins at position 3 now"):
        Asked(topics, file, workers).all()


def test_who_asks_nothing_reads_nothing(topics: Connection, file: AcceptedEvents, workers: Workers) -> None:
    send(topics, messages(night(Faults(), contests=["PPWP"])))
    assert Asked(topics, file, workers).entries_read == 0
    assert file.read_positions() == {}


def test_the_documents_of_a_region_are_given_too(
    topics: Connection, file: AcceptedEvents, workers: Workers
) -> None:
    province = REGISTER.ids[1]

    def document(votes: int, supersedes: str | None) -> bytes:
        payload = {"document": "D", "cells": {"votes": {"1": votes}}, "supersedes": supersedes}
        return encode(
            {
                "type": "RecapCertified",
                "schema_version": 1,
                "election": ELECTION.id,
                "contest": CONTESTS[0],
                "region": province,
                "payload": payload,
            }
        )

    first = document(1, None)
    second = document(2, decode(first).event_id)
    send(topics, [first, second])
    asked = Asked(topics, file, workers)
    assert asked.lineage(CONTESTS[0], [province, STATIONS[0]]) == {province: [first, second]}


def test_in_an_election_with_keys_only_what_their_holders_sent_is_told(
    topics: Connection, file: AcceptedEvents
) -> None:
    here = signed_world()
    station = stations("1101012001")[0]
    count = signed(submitted(station, pairs(1, 2, 3)), 1)
    after = signed(corrected(station, count, pairs(4, 5, 6)), 2)
    forged = submitted(station, pairs(7, 8, 9))
    sent = [opened(), registrar(), enrolled(device(stations=[station])), forged, count, revoked(PHONE), after]
    with Publisher(topics, here.registry) as publisher:
        for raw in sent:
            publisher.publish(raw)
    assessor = Assessor(here.election, here.registry, here.ballots, PLACE)
    for _ in range(2):  # who may submit is in no file: the log is read from its beginning each time
        with Workers(assessor, 0) as workers:
            authority = partial(Authority, here.registry, here.election.identity)
            lineage = LogLineage(*(topics, file, workers), authority, lambda *_: None)
            assert lineage("PPWP", [station]) == {station: [count]}
    with KafkaLog(topics, COUNT_EVENTS) as log:
        everywhere = [
            partition
            for partition in range(PARTITIONS)
            if [entry.raw for entry in log.entries(partition)][:2] == sent[:2]
        ]
    assert everywhere == list(range(PARTITIONS))
