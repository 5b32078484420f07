"""Reading a count that workers and a sink keep, on a real broker: the same contract as on one machine.

One night is counted for all tests of this module, and once more by the embedded runner. Whoever changes it
says so, and leaves it drained.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from clickhouse.client import connect
from clickhouse.ownership import find_owner
from clickhouse.ownership import own as owned_by
from devtools.brokers import free_ports
from event_log.kafka.topics import COUNT_EVENTS
from schemas.data_directory import DataDirectory
from schemas.tables import MANY_PARTITIONS
from sinks.definitions import migrated_definitions
from tests.distributed.cluster import Cluster
from tests.distributed.processes import Process
from tests.queries.world import insert, minute
from tests.rekap.conftest import Ran, Rekap
from tests.rekap.messages import CORRECTED, FLAGGED, messages
from tests.sinks.delivery.engine import Engine
from tests.worlds import (
    DPD,
    ELECTION_ID,
    PPWP,
    all_stations,
    election,
    form,
    id_of,
    pairs,
    registry,
    submitted,
)

PARTITIONS = 3

QUESTIONS = (
    ("results",),
    ("results", "--level", "province", "--region", "11"),
    ("results", "--level", "station", "--contest", "DPD"),
    ("results", "--level", "village", "--as-of", "2999-01-01T00:00:00Z"),
    ("progress", "--level", "village"),
    ("findings",),
    ("findings", "--count"),
    ("rejected",),
    ("rejected", "--region", "11"),
    ("rejected", "--count"),
    ("history", CORRECTED),
    ("history", FLAGGED),
)

ELSEWHERE = ("partition", "position", "recorded_at", "last_recorded_at")
"""What two logs have each of their own."""


@dataclass(frozen=True)
class Night:
    """A count on Kafka that has come to rest; `path` is its data directory, `url` its ClickHouse."""

    cluster: Cluster
    path: Path
    url: str

    @property
    def clickhouse(self) -> tuple[str, ...]:
        """The options that name its ClickHouse."""
        return ("--clickhouse", self.url)

    @property
    def broker(self) -> tuple[str, ...]:
        """The options that name its log."""
        connection = self.cluster.connection
        return ("--broker", ",".join(connection.servers), "--topic-prefix", connection.prefix)

    @property
    def everything(self) -> tuple[str, ...]:
        """Both."""
        return (*self.broker, *self.clickhouse)

    @contextmanager
    def without_sink(self) -> Iterator[None]:
        """What is sent meanwhile does not arrive; afterwards it has."""
        (sink,) = self.cluster.sinks()
        sink.freeze()
        try:
            yield
        finally:
            sink.thaw()
            self.cluster.drain()


@pytest.fixture(scope="module")
def engine(migrated_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database in a process of its own, behind ClickHouse's protocol."""
    directory = tmp_path_factory.mktemp("engine") / "clickhouse"
    shutil.copytree(migrated_directory, directory, symlinks=True)
    with Engine(directory) as one:
        yield one


@pytest.fixture(scope="module")
def night(broker: str, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """The messages of tests/rekap/messages.py, counted by a worker and brought to ClickHouse by a sink."""
    folder = tmp_path_factory.mktemp("night")
    directory = DataDirectory.create(folder / "data", election(count_unlisted_stations=True), registry())
    with Cluster(directory, broker, engine.url, folder, partitions=PARTITIONS) as cluster:
        cluster.worker()
        cluster.sink()
        cluster.send(messages())
        cluster.drain()
        yield Night(cluster, directory.path, engine.url)


def plain(rows: Any) -> Any:
    """Rows without what belongs to their log, in an order that does not depend on it."""
    if isinstance(rows, dict):
        return {name: plain(value) for name, value in rows.items() if name not in ELSEWHERE}
    if isinstance(rows, list):
        return [plain(row) for row in rows]
    return rows


def by_content(rows: list[Any]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_every_question_has_the_answer_that_one_machine_gives(
    rekap: Rekap, night: Night, kept_count: Path, question: tuple[str, ...]
) -> None:
    here = rekap("--data", kept_count, *question, "--format", "json")
    there = rekap("--data", night.path, *question, *night.clickhouse, "--format", "json")
    assert (there.err, there.code) == (here.err, here.code) == ("", 0)
    assert by_content(plain(there.json)) == by_content(plain(here.json))
    if question[0] != "rejected":  # which come in the order of the log
        assert plain(there.json) == plain(here.json)


def test_the_state_has_the_digest_that_one_machine_gives(
    rekap: Rekap, night: Night, kept_count: Path
) -> None:
    here = rekap("--data", kept_count, "verify", "--format", "json").json
    there = verified(rekap, night).json
    # The log on Kafka has other entries at other positions, and so other batches of them.
    assert {**there, "cells": 0, "earlier_sums": 0} == {**here, "cells": 0}
    assert there["equal"]


def test_a_region_has_come_to_the_same_state(rekap: Rekap, night: Night, kept_count: Path) -> None:
    """On the way there are other states: of an hour's messages, each log takes in others together."""
    asked = ("history", "11", "--limit", "1", "--format", "json")
    here = rekap("--data", kept_count, *asked).json
    there = rekap("--data", night.path, *asked, *night.clickhouse).json
    for row in (*here, *there):
        del row["changes"]
    assert plain(there) == plain(here)
    assert {row["position"] for row in there} == {None}


def test_no_reader_of_a_server_owns_the_directory(rekap: Rekap, night: Night) -> None:
    assert rekap("--data", night.path, "results", *night.clickhouse).code == 0
    assert not (night.path / "clickhouse").exists()
    assert find_owner(night.path) is None


# The log


def test_the_log_comes_straight_from_kafka_with_its_own_bytes_and_places(rekap: Rekap, night: Night) -> None:
    rows = rekap("--data", night.path, "log", *night.broker, "--format", "json").json
    places = [(row["partition"], row["position"]) for row in rows]
    assert places == [
        (partition, position)
        for partition, end in sorted(night.cluster.ends().items())
        for position in range(end)
    ]
    sent = {id_of(raw) for raw in messages() if b'"event_id"' in raw}
    assert {row["event_id"] for row in rows} - {""} >= sent
    (garbage,) = [row for row in rows if row["event_id"] == ""]
    assert garbage["event"] == {"not": "an event"}
    assert {(row["outcome"], row["reason"], row["version"]) for row in rows} == {(None, None, None)}


def test_with_clickhouse_the_log_says_what_became_of_each_entry(rekap: Rekap, night: Night) -> None:
    log = rekap("--data", night.path, "log", *night.everything, "--format", "json").json
    mirror = rekap("--data", night.path, "log", *night.clickhouse, "--format", "json").json
    assert log == mirror
    assert {row["outcome"] for row in log} == {"accepted", "rejected"}


def test_a_partition_and_a_position_choose_entries(rekap: Rekap, night: Night) -> None:
    whole = rekap("--data", night.path, "log", *night.broker, "--format", "json").json
    partition, end = max(night.cluster.ends().items(), key=lambda pair: pair[1])
    for options in (night.broker, night.clickhouse):
        asked = ("log", *options, "--partition", partition, "--from", 1, "--limit", 2, "--format", "json")
        rows = rekap("--data", night.path, *asked).json
        assert [(row["partition"], row["position"]) for row in rows] == [(partition, 1), (partition, 2)]
        rows = rekap("--data", night.path, "log", *options, "--from", 1, "--format", "json").json
        assert len(rows) == sum(row["position"] >= 1 for row in whole)
        rows = rekap("--data", night.path, "log", *options, "--from", end, "--format", "json")
        assert (rows.code, rows.json) == (0, [])
    refused = rekap("--data", night.path, "log", *night.broker, "--partition", PARTITIONS)
    assert refused.code == 2
    assert f"{PARTITIONS} partitions, from 0 to {PARTITIONS - 1}" in " ".join(refused.err.split())


def test_a_table_of_several_partitions_names_them(rekap: Rekap, night: Night, kept_count: Path) -> None:
    for options in (night.broker, night.clickhouse):
        ran = rekap("--data", night.path, "log", *options)
        assert ran.out.split()[:2] == ["Partition", "Position"]
        assert len(ran.out.splitlines()) == 1 + len(messages())
    assert rekap("--data", kept_count, "log").out.split()[0] == "Position"


def test_what_is_not_shown_is_named_by_its_place(
    rekap: Rekap, night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rekap.commands.log.TABLE_ROWS", 9)
    ran = rekap("--data", night.path, "log", *night.broker)
    partition, end = sorted(night.cluster.ends().items())[-1]
    assert f"--partition {partition} --from {end - 1}" in ran.err


def test_an_event_is_looked_up_in_clickhouse_and_read_from_kafka(rekap: Rekap, night: Night) -> None:
    event = id_of(messages()[3])
    refused = rekap("--data", night.path, "log", *night.broker, "--event", event[:8])
    assert refused.code == 2
    assert "name --clickhouse too" in " ".join(refused.err.split())
    for options in (night.everything, night.clickhouse):
        ran = rekap("--data", night.path, "log", *options, "--event", event[:8], "--format", "json")
        assert ran.code == 0
        (row,) = ran.json
        assert (row["event_id"], row["outcome"], row["version"]) == (event, "accepted", 2)
    nothing = rekap("--data", night.path, "log", *night.everything, "--event", "00000000", "-f", "json")
    assert (nothing.code, nothing.json) == (1, [])


@contextmanager
def following(night: Night, *options: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The rows that `rekap log --follow` writes, as they come; it ends with Ctrl-C."""
    command = [sys.executable, "-m", "rekap", "--lang", "en", "--data", str(night.path), "log", *options]
    process = subprocess.Popen(
        [*command, "--follow", "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield map(json.loads, process.stdout)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("where", ["broker", "clickhouse", "everything"])
def test_the_log_is_followed_from_kafka_and_from_clickhouse(night: Night, where: str) -> None:
    there = sum(night.cluster.ends().values())
    with following(night, *getattr(night, where)) as rows:
        seen = [next(rows) for _ in range(there)]
        assert len({(row["partition"], row["position"]) for row in seen}) == there
        raw = submitted("1101012001001", pairs(1, 2, 3), device=f"follow-{where}")  # contradicts: rejected
        night.cluster.send([raw])
        last = next(rows)
        assert last["event_id"] == id_of(raw)
        if where == "clickhouse":
            assert last["outcome"] == "rejected"
    night.cluster.drain()


# How far it is, and whether it is right


def test_progress_says_how_far_what_is_shown_is_behind_kafka(rekap: Rekap, night: Night) -> None:
    ran = rekap("--data", night.path, "progress", *night.everything)
    assert "Every message in the log is in what is shown here" in ran.out
    with night.without_sink():
        night.cluster.send([submitted("1202022001001", pairs(1, 1, 1)), b"behind"])
        ran = rekap("--data", night.path, "progress", *night.everything)
        assert (ran.code, ran.err) == (0, "")
        assert "is 2 messages behind the log" in ran.out
        ran = rekap("--data", night.path, "progress", *night.everything, "--format", "json")
        assert "is 2 messages behind the log" in ran.err
        assert len(ran.json) == 3
    ran = rekap("--data", night.path, "progress", *night.everything, "--format", "json")
    assert (ran.code, ran.err) == (0, "")


def verified(rekap: Rekap, night: Night, *options: object) -> Ran:
    return rekap("--data", night.path, "verify", *night.everything, *options, "--format", "json")


def test_verify_names_the_state_that_the_log_gives(rekap: Rekap, night: Night) -> None:
    ran = verified(rekap, night)
    assert (ran.code, ran.err) == (0, "")
    entries = [one.raw for one in night.cluster.entries()]
    said = ran.json
    assert (said["equal"], said["events"], said["differences"]) == (True, len(entries), [])
    assert (said["resting"], said["not_verified"], said["not_compared"]) == (True, 0, [])
    assert said["inconsistent_regions"] == 0
    assert said["state_digest"] == night.cluster.folded().state_digest()
    ran = rekap("--data", night.path, "verify", *night.everything)
    assert ran.out.startswith("Equal: ")
    earlier = ["Not"] * bool(said["earlier_sums"])  # how many there are, the batches decide
    assert [line.split()[0] for line in ran.out.splitlines()] == ["Equal:", *earlier, "State"]


def test_verify_rejects_what_stands_in_the_wrong_place_as_the_workers_do(rekap: Rekap, night: Night) -> None:
    raw = submitted("1202022002001", pairs(50, 50, 50))
    producer = KafkaProducer(**night.cluster.connection.client_settings(), acks="all")
    name = night.cluster.connection.topic(COUNT_EVENTS)
    producer.send(name, raw, key=b"1101").get(timeout=60)
    producer.close()
    night.cluster.drain()
    rows = rekap("--data", night.path, "rejected", *night.clickhouse, "--reason", "wrong_key", "-f", "json")
    assert [row["event_id"] for row in rows.json] == [id_of(raw)]
    ran = verified(rekap, night)
    assert (ran.code, ran.json["equal"], ran.json["resting"]) == (0, True, True)


def test_what_has_not_arrived_is_neither_verified_nor_hidden(rekap: Rekap, night: Night) -> None:
    with night.without_sink():
        night.cluster.send([submitted("1201012001001", pairs(3, 2, 1))])
        ran = verified(rekap, night, "--wait", "0.2")
        said = ran.json
        assert (ran.code, said["equal"], said["resting"], said["not_verified"]) == (1, None, False, 1)
        assert said["events"] == sum(night.cluster.ends().values()) - 1
        so_far = verified(rekap, night, "--wait", "0", "--as-far-as-shown")
        assert (so_far.code, so_far.json["equal"], so_far.json["as_far_as_shown"]) == (0, True, True)
        ran = rekap("--data", night.path, "verify", *night.everything, "--wait", "0")
        assert ran.code == 1
        assert ran.out.startswith("Not verified to the end.")
        assert "--as-far-as-shown" in ran.err
        assert "1 events of the log were not in what is shown yet" in " ".join(ran.out.split())


def test_verify_waits_for_what_is_on_its_way(rekap: Rekap, night: Night) -> None:
    (sink,) = night.cluster.sinks()
    sink.freeze()
    night.cluster.send([submitted("1201012001002", pairs(3, 2, 1))])
    threading.Timer(2, sink.thaw).start()
    ran = verified(rekap, night, "--wait", "120")
    assert (ran.code, ran.json["not_verified"], ran.json["resting"]) == (0, 0, True)
    night.cluster.drain()


def test_a_count_under_way_raises_no_false_alarm(rekap: Rekap, night: Night) -> None:
    def paced() -> Iterator[bytes]:
        for station in all_stations():
            time.sleep(0.2)
            yield submitted(station, form({"21": 30, "22": 70}), DPD)

    migrated_definitions()  # takes seconds, once a process, and the count would be over
    said = []
    sending = threading.Thread(target=night.cluster.send, args=(paced(),))
    sending.start()
    while sending.is_alive():
        ran = verified(rekap, night, "--wait", "0", "--as-far-as-shown")
        assert (ran.code, ran.json["differences"]) == (0, [])
        said.append(ran.json)
    sending.join()
    assert {one["resting"] for one in said} != {True}
    night.cluster.drain()
    ran = verified(rekap, night)
    assert (ran.code, ran.json["resting"], ran.json["not_compared"]) == (0, True, [])


@contextmanager
def invented(night: Night, level: str, unit: str, more: int) -> Iterator[None]:
    """In ClickHouse a newer snapshot of a region, which nothing in the log gives."""
    with closing(connect(night.url)) as client:
        asked = "SELECT max(version) FROM tally_history WHERE contest = 'PPWP' AND unit = {unit:String}"
        version = int(client.query(asked, parameters={"unit": unit}).result_rows[0][0]) + more
        row = {
            "election": ELECTION_ID,
            "contest": PPWP,
            "level": level,
            "parent": {"nation": "", "province": "0"}[level],
            "unit": unit,
            "version": version,
            "recorded_at": minute(0),
            "partition": MANY_PARTITIONS,
            "votes": {"1": 777},
            "clean_votes": {},
        }
        insert(client, "tally_history", [row])
        try:
            yield
        finally:
            for table in ("tally", "tally_history"):
                client.command(
                    f"ALTER TABLE {table} DELETE WHERE unit = '{unit}' AND version = {version} "
                    "AND contest = 'PPWP' SETTINGS mutations_sync = 2"
                )


def test_verify_finds_a_total_that_the_log_does_not_give(rekap: Rekap, night: Night) -> None:
    with invented(night, "province", "12", more=1):
        ran = verified(rekap, night, "--wait", "1")
        said = ran.json
        assert (ran.code, said["equal"], said["resting"], said["not_compared"]) == (1, False, True, [])
        keys = [one["key"] for one in said["differences"]]
        assert "votes.1" in {one["column"] for one in said["differences"]}
        assert {(one["level"], one["unit"]) for one in keys} == {("province", "12")}
        assert said["inconsistent_regions"] == 2  # itself, and the nation
        ran = rekap("--data", night.path, "verify", *night.everything, "--wait", "1")
        assert ran.code == 1
        assert ran.out.startswith("Inconsistent: 2 totals")
        assert "Different: " in ran.out
        assert "PPWP province 12 " in ran.out
        assert "rekap worker with --republish" in " ".join(ran.err.split())


def test_a_new_database_that_is_filled_as_advised_is_equal(
    rekap: Rekap, night: Night, tmp_path: Path
) -> None:
    new = DataDirectory.create(tmp_path / "new", election(count_unlisted_stations=True), registry())
    ours = [("sink", ["--data", str(new.path), "sink", *night.broker])]
    with invented(night, "province", "12", more=1):
        said = " ".join(rekap("--data", night.path, "verify", *night.everything, "--wait", "1").err.split())
        assert "fill a new database: run rekap sink into it, and one rekap worker with --republish" in said
        ours.append(("worker", ["--data", str(night.path), "worker", *night.broker, "--republish"]))
        running = [Process(name, line, tmp_path / f"{name}.log", tmp_path) for name, line in ours]
        try:
            night.cluster.until(
                lambda: (own := find_owner(new.path)) is not None and own.url is not None, "it"
            )
            ran = rekap("--data", new.path, "verify", *night.broker, "--format", "json")
            assert (ran.code, ran.json["equal"], ran.json["not_verified"]) == (0, True, 0), ran.json
        finally:
            for one in reversed(running):
                one.remove()
        with closing(connect(night.url)) as client:  # the evidence is where it was
            asked = "SELECT count() FROM tally_history WHERE unit = '12' AND votes['1'] = 777"
            assert int(client.query(asked).result_rows[0][0]) == 1
    night.cluster.drain()


def test_totals_that_moved_on_are_named_and_not_guessed(rekap: Rekap, night: Night) -> None:
    with night.without_sink():
        night.cluster.send([submitted("1201012001003", pairs(3, 2, 1))])
        with invented(night, "nation", "0", more=4):
            ran = verified(rekap, night, "--wait", "0")
            said = ran.json
            assert (ran.code, said["equal"], said["resting"]) == (1, None, False)
            (aside,) = said["not_compared"]
            assert (aside["level"], aside["reason"], aside["rows"]) == ("nation", "ahead", 1)
            assert aside["values"] > 15
            ran = rekap("--data", night.path, "verify", *night.everything, "--wait", "0")
            said = " ".join(ran.out.split())
            assert "(1 x nation), because the count goes on" in said
            assert "verify again then" in said
    assert verified(rekap, night).json["resting"]


# A sink that owns the directory

HELD_S = 4.0
"""Longer than a sink takes to start and to find the directory owned."""


def test_a_directory_that_a_sink_fills_is_read_as_any_other(
    rekap: Rekap, night: Night, tmp_path: Path
) -> None:
    path = tmp_path / "data"
    DataDirectory.create(path, election(count_unlisted_stations=True), registry())
    with owned_by(path, "results"):  # another process has it for a moment
        sink = Process("sink", ["--data", str(path), "sink", *night.broker], tmp_path / "sink.log", tmp_path)
        time.sleep(HELD_S)
    try:
        night.cluster.until(lambda: (owner := find_owner(path)) is not None and owner.url is not None, "it")
        own = ("--data", path)
        ran = rekap(*own, "verify", *night.broker, "--format", "json")
        assert (ran.code, ran.json["equal"], ran.json["not_verified"]) == (0, True, 0), ran.err
        for question in (("results",), ("findings",), ("rejected",), ("history", CORRECTED), ("log",)):
            here = rekap(*own, *question, "--format", "json")
            there = rekap("--data", night.path, *question, *night.clickhouse, "--format", "json")
            assert here == there
            assert here.code == 0
        with following(Night(night.cluster, path, "")) as rows:
            ends = night.cluster.ends()
            assert [next(rows)["position"] for _ in range(sum(ends.values()))]
            night.cluster.send([raw := submitted("1101012001001", pairs(1, 2, 3), device="own")])
            assert next(rows)["event_id"] == id_of(raw)
        assert sink.end() == 0
    finally:
        sink.remove()
    night.cluster.drain()
    ran = rekap(*own, "results", "--format", "json")
    assert ran == rekap("--data", night.path, "results", *night.clickhouse, "--format", "json")
    ran = rekap(*own, "verify", *night.broker, "--format", "json")
    assert (ran.code, ran.json["equal"]) == (0, True)
    assert find_owner(path) is None


# What can't be


@pytest.mark.parametrize(
    ("command", "options", "sentence"),
    [
        ("results", ("--clickhouse", "http://127.0.0.1:{port}"), "ClickHouse does not answer at"),
        ("results", ("--clickhouse", "ftp://127.0.0.1"), "A database URL cannot begin with"),
        ("log", ("--broker", "127.0.0.1:{port}"), "Kafka can't be reached"),
        ("verify", ("--broker", "127.0.0.1:{port}", "{clickhouse}"), "Kafka can't be reached"),
        ("progress", ("--broker", "127.0.0.1:{port}", "{clickhouse}"), "Kafka can't be reached"),
    ],
)
def test_what_does_not_answer_is_said(
    rekap: Rekap, night: Night, command: str, options: tuple[str, ...], sentence: str
) -> None:
    values = {"port": free_ports(1)[0], "clickhouse": f"--clickhouse={night.url}"}
    ran = rekap("--data", night.path, command, *(option.format(**values) for option in options))
    assert (ran.code, ran.out) == (3, "")
    assert sentence in " ".join(ran.err.split())


def test_another_election_is_refused(rekap: Rekap, night: Night, tmp_path: Path) -> None:
    DataDirectory.create(tmp_path / "other", election(), registry())  # counts no unlisted stations
    for command in ("log", "verify", "progress"):
        ran = rekap("--data", tmp_path / "other", command, *night.everything)
        assert (ran.code, ran.out) == (3, "")
        assert "another definition" in " ".join(ran.err.split())
    another = election().model_copy(update={"id": "elsewhere2024"})
    DataDirectory.create(tmp_path / "elsewhere", another, registry())
    ran = rekap("--data", tmp_path / "elsewhere", "results", *night.clickhouse)
    assert (ran.code, ran.out) == (3, "")
    assert "holds nothing of elsewhere2024" in " ".join(ran.err.split())


def test_a_server_s_projections_need_the_log_that_they_came_from(rekap: Rekap, night: Night) -> None:
    ran = rekap("--data", night.path, "verify", *night.clickhouse)
    assert (ran.code, ran.out) == (2, "")
    assert "--broker" in ran.err
