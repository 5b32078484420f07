"""Rows and totals arrive once, with the positions that they complete, whatever is redelivered."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from event_log.kafka.connection import Connection
from event_log.kafka.group import ConsumerGroup
from event_log.kafka.topics import COUNT_ROWS, Topic
from monitoring.logs import FIELDS
from monitoring.metrics import REGISTRY
from schemas.regions import Level
from schemas.tables import MANY_PARTITIONS
from schemas.tally_messages import TallyMalformed
from sinks.delivery.delivery import TOPICS
from sinks.delivery.process import group_of
from sinks.delivery.tally_rows import TallyRows
from sinks.migrate import migrate
from sinks.row_messages import encode
from tests.sinks.delivery.engine import Engine
from tests.sinks.delivery.support import (
    AT,
    ENDS,
    ROWS,
    WORLD,
    Publisher,
    assert_arrived,
    flush,
    positions,
    reaches,
    running,
    total,
)
from tests.waiting import wait_until

GARBAGE = (b"", b"not ours", b"[]", b"{}", b"\xff" * 1_000, b"[" * 100_000, b"9" * 10_000)


def set_aside(topic: Topic) -> float:
    """How many messages of the topic this process has set aside."""
    return REGISTRY.get_sample_value("rekap_messages_set_aside_total", {"topic": topic.name}) or 0


def test_rows_arrive_with_their_positions(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with running(topics, engine.url):
        publisher.rows(0, 0, 30)
        publisher.rows(1, 0, 5)
        publisher.rows(0, 30, 1)
        wait_until(lambda: positions(database) == {0: 30, 1: 4})
    assert_arrived(database, {0: 31, 1: 5})


def test_totals_of_provinces_and_the_nation_are_rows_without_a_position(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with running(topics, engine.url):
        publisher.total(total("11", 4, Level.PROVINCE, "0"))
        publisher.total(total("0", 7))
        publisher.total(total("0", 6))  # one that comes late
        wait_until(lambda: database.command("SELECT count() FROM tally FINAL") == 2)
    found = database.query(
        "SELECT unit, level, parent, version, valid, votes, stations_expected, partition, position, "
        "toUnixTimestamp64Micro(recorded_at) FROM tally FINAL ORDER BY unit"
    ).result_rows
    votes = {"1": 7, "2": 7, "3": 7}
    assert found == [
        ("0", "nation", "", 7, 7, votes, 50, MANY_PARTITIONS, 0, AT + 7),
        ("11", "province", "0", 4, 4, dict.fromkeys(votes, 4), 24, MANY_PARTITIONS, 0, AT + 4),
    ]


def test_what_is_published_again_changes_nothing(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with running(topics, engine.url):
        for _ in range(2):
            publisher.rows(0, 0, 10)
        publisher.rows(0, 4, 9)
        wait_until(lambda: positions(database) == {0: 12})
    assert_arrived(database, {0: 13})


def test_a_sink_goes_on_where_the_last_one_ended(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    for first in (0, 10, 20):
        publisher.rows(1, first, 10)
        with running(topics, engine.url):
            wait_until(partial(reaches, database, {1: first + 9}))
    assert_arrived(database, {1: 30})
    with closing(ConsumerGroup(topics, group_of(database), TOPICS)) as group:
        wait_until(lambda: group.poll(0.1, 10).records == [] and group.assigned() != [])
        (source,) = (one for one in group.assigned() if one.topic is COUNT_ROWS and one.partition == 1)
        wait_until(lambda: group.position(source) == (group.ends() or {})[source])  # nothing is left to take


def test_rows_in_the_middle_of_a_flush_are_redelivered_with_all_of_it(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    """A sink that ended between the rows and their position must find them, not a gap."""
    rows = flush(0, 0, 10)
    (last,) = encode({"sink_position": rows.pop("sink_position")}, -1)
    (first,) = encode(rows)
    publisher.raw(COUNT_ROWS, first.value, 0, first.headers)
    with running(topics, engine.url):
        wait_until(lambda: database.command("SELECT count() FROM event") == 10)
    assert positions(database) == {}
    publisher.raw(COUNT_ROWS, last.value, 0, last.headers)
    with running(topics, engine.url) as sink:
        wait_until(lambda: positions(database) == {0: 9})
        assert sink.health.troubles() == {}
    assert_arrived(database, {0: 10})


def test_a_new_database_gets_everything_although_another_one_has_it(
    topics: Connection,
    publisher: Publisher,
    engine: Engine,
    database: Client,
    tmp_path: Path,
) -> None:
    url = f"chdb://{tmp_path}/other"
    publisher.rows(0, 0, 10)
    publisher.total(total("0", 7))
    with running(topics, engine.url):
        wait_until(lambda: positions(database) == {0: 9})
    with closing(connect(url)) as other:
        migrate(other)
        with running(topics, url):
            wait_until(lambda: positions(other) == {0: 9})
            wait_until(lambda: other.command("SELECT count() FROM tally FINAL") == 1)
        assert_arrived(other, {0: 10})


def test_two_sinks_share_the_partitions_and_one_does_all_when_the_other_ends(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client
) -> None:
    with running(topics, engine.url) as first:
        publisher.rows(0, 0, 10)
        publisher.rows(1, 0, 10)
        wait_until(lambda: positions(database) == {0: 9, 1: 9})
        with running(topics, engine.url) as second:
            wait_until(lambda: bool(second.group.assigned()))
            publisher.rows(0, 10, 10)
            publisher.rows(1, 10, 10)
            wait_until(lambda: positions(database) == {0: 19, 1: 19})
            assert not set(first.group.assigned()) & set(second.group.assigned())
        publisher.rows(0, 20, 10)
        publisher.rows(1, 20, 10)
        wait_until(lambda: positions(database) == {0: 29, 1: 29})
        assert first.health.troubles() == {}
    assert_arrived(database, {0: 30, 1: 30})


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: repr(value[:10]))
def test_a_message_that_is_none_is_set_aside_with_its_place_and_nothing_else_is_lost(
    topics: Connection,
    publisher: Publisher,
    engine: Engine,
    database: Client,
    caplog: pytest.LogCaptureFixture,
    topic: Topic,
    value: bytes,
) -> None:
    before = set_aside(topic)
    publisher.rows(0, 0, 10)
    headers = [("tables", b"event:1,sink_position:9"), ("format", b"7"), ("after", b"x"), ("checksum", b"0")]
    for said in (headers, headers[:1], [], [("format", b"1")]):
        publisher.raw(topic, value, 0, said, key=b"0|PPWP")
    publisher.rows(0, 10, 10)
    publisher.total(total("0", 7))
    with running(topics, engine.url) as sink:
        wait_until(lambda: positions(database) == {0: 19})
        wait_until(lambda: database.command("SELECT count() FROM tally FINAL") == 1)
        assert sink.health.troubles() == {}
    assert_arrived(database, {0: 20})
    assert set_aside(topic) == before + 4
    places = [record.__dict__[FIELDS] for record in caplog.records if "set aside" in record.message]
    assert {(one["topic"], one["partition"]) for one in places} == {(topic.name, 0)}
    assert len({one["offset"] for one in places}) == 4


@pytest.mark.parametrize("change", [{"partition": 1}, {"position": 10**9}, {"outcome": "other"}], ids=str)
def test_rows_that_can_not_be_are_set_aside_before_any_of_them_is_inserted(
    topics: Connection, publisher: Publisher, engine: Engine, database: Client, change: dict[str, object]
) -> None:
    publisher.rows(0, 0, 10)
    forged = flush(0, 10, 3)
    for name, value in change.items():
        table = "event" if name == "outcome" else "sink_position"
        rows = forged[table]
        place = rows.schema.get_field_index(name)
        column = pa.array([value] * rows.num_rows, rows.schema.field(place).type)
        forged[table] = rows.set_column(place, rows.schema.field(place), column)
    for headers, raw in encode(forged, 9):
        publisher.raw(COUNT_ROWS, raw, 0, headers)
    publisher.rows(0, 10, 5)
    with running(topics, engine.url):
        wait_until(lambda: positions(database) == {0: 14})
    assert_arrived(database, {0: 15})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"election": "other"}, "of 'other', which is not in this election"),
        ({"contest": "DPRD"}, "which is not in this election"),
        ({"unit": "nowhere"}, "'nowhere'.*not in this election"),
        ({"parent": "11"}, "whose place in the register is another"),
        ({"level": Level.PROVINCE}, "whose place in the register is another"),
        ({"cells": {0: (7, 7)}}, "with a ballot 0 that is another here"),
        ({"cells": {2: (7,) * 22}}, "with a ballot 2 that is another here"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_totals_that_do_not_fit_the_election_are_refused(change: dict[str, object], said: str) -> None:
    totals = TallyRows(WORLD.election, WORLD.registry, WORLD.ballots, ROWS, ENDS)
    with pytest.raises(TallyMalformed, match=f"{said}.*same data directory"):
        totals.decode(replace(total("0", 7), **change).encode())  # type: ignore[arg-type]
