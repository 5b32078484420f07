"""import and simulate with --broker: what is sent is in the log and is reported, whatever breaks."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest

from devtools.brokers import Broker
from event_log.errors import LogUnavailable
from event_log.kafka.admin.create import create
from event_log.kafka.connection import Connection
from event_log.kafka.control import Opened, open_topics
from event_log.kafka.log import KafkaLog
from event_log.kafka.topics import COUNT_EVENTS
from producers.publisher import Publisher
from producers.simulator.night import Night
from rekap import sending
from rekap.output.formats import Format
from rekap.session import Session
from schemas.data_directory import DataDirectory
from schemas.decode import MAX_BYTES
from schemas.sources import Lineage, Message, SourceRecord
from tests.rekap.conftest import Rekap
from tests.worlds import all_stations, election, pairs, registry, submitted

PARTITIONS = 3
VILLAGE = 1101012001


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    """A directory for the tiny election, in which nothing is counted."""
    return DataDirectory.create(tmp_path / "data", election(), registry())


def opened(connection: Connection, directory: DataDirectory) -> Connection:
    """Topics made and opened for the directory's election."""
    create(connection, partitions={COUNT_EVENTS.name: PARTITIONS})
    open_topics(connection, Opened.of(directory.election, directory.registry, PARTITIONS))
    return connection


@pytest.fixture
def topics(connection: Connection, directory: DataDirectory) -> Connection:
    return opened(connection, directory)


@pytest.fixture
def sent(rekap: Rekap, topics: Connection, directory: DataDirectory) -> Callable[..., Any]:
    """Runs a command line of the directory with the test's topics."""

    def run(command: str, *arguments: object) -> Any:
        where = ("--broker", ",".join(topics.servers), "--topic-prefix", topics.prefix)
        return rekap("--data", directory.path, command, *arguments, *where)

    return run


def in_log(connection: Connection) -> list[bytes]:
    """Every message in the log, partition after partition."""
    with KafkaLog(connection, COUNT_EVENTS) as log:
        reads = [log.read(partition, 0) for partition in range(log.partitions)]
        return [record.raw for some in reads for record in chain.from_iterable(some)]


def situng(path: Path, *votes: int) -> Path:
    """A file of SITUNG with a row for each station of a village, by the votes of its second pair."""
    rows = [
        {
            "kel_id": VILLAGE,
            "tps_no": number,
            "kpu_pas1": 10,
            "kpu_pas2": two,
            "kpu_sah": 10 + two,
            "kpu_tidak_sah": 0,
            "kpu_pengguna": 10 + two,
        }
        for number, two in enumerate(votes, 1)
    ]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_import_sends_every_record_and_reports_what_the_log_acknowledged(
    sent: Callable[..., Any], topics: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("station,vote_1\n1101012001001,5\n1101012001002,x\n1101012001003,\n")
    ran = sent("import", file, "--contest", "PPWP", "--format", "json")
    assert ran.code == 1
    said = ran.json
    assert said.pop("seconds") >= 0
    assert said == {
        "read": 3,
        "sent": 1,
        "repeated": 0,
        "superseded": 0,
        "rejected": 0,
        "unreadable": 1,
        "empty": 1,
        "not_counted_by_reason": {},
    }
    assert "counts.csv:3" in ran.err
    (raw,) = in_log(topics)
    assert orjson.loads(raw)["station"] == "1101012001001"


def test_what_the_log_has_accepted_is_not_sent_again_and_a_change_becomes_a_correction(
    sent: Callable[..., Any], topics: Connection, tmp_path: Path
) -> None:
    file = situng(tmp_path / "tps.parquet", 1, 2, 3)
    first = sent("import", file)
    assert first.code == 0
    assert "3 sent and acknowledged by the log, 0 there already" in " ".join(first.out.split())
    again = sent("import", file)
    assert "Nothing new" in again.out
    assert "0 sent" in again.out
    assert len(in_log(topics)) == 3
    situng(file, 1, 99, 3)
    assert sent("import", file, "--format", "json").json.items() >= {"sent": 1, "repeated": 2}.items()
    events = [orjson.loads(raw) for raw in in_log(topics)]
    (correction,) = [event for event in events if event["type"] == "CountCorrected"]
    assert correction["station"] == f"{VILLAGE}002"
    assert correction["payload"]["form"]["votes"] == {"1": 10, "2": 99}


def test_nothing_is_counted_where_it_is_sent_from(
    sent: Callable[..., Any], directory: DataDirectory, tmp_path: Path
) -> None:
    sent("import", situng(tmp_path / "tps.parquet", 1))
    assert not directory.log_path.exists()


@pytest.mark.parametrize("speed", [(), ("--speed", "1000000000")])
def test_simulate_sends_the_very_messages_of_the_night(
    rekap: Rekap, connection: Connection, tmp_path: Path, speed: tuple[str, ...]
) -> None:
    path = tmp_path / "night"
    rekap("--data", path, "init", "--election", "pemilu2024", "--provinces", "31", "--size", "30")
    directory = DataDirectory.open(path)
    opened(connection, directory)
    where = ("--broker", ",".join(connection.servers), "--topic-prefix", connection.prefix)
    ran = rekap(
        *("--data", path, "simulate", "--contest", "PPWP", "--seed", 3, "--format", "json"), *speed, *where
    )
    night = Night(directory.election, directory.registry, 3, contests=["PPWP"])
    records = [record for chunk in night.chunks() for record in chunk.records()]
    raws = [record.raw for record in records if isinstance(record, Message)]
    assert len(raws) == len(records)
    assert (ran.code, ran.err) == (0, "")
    assert ran.json.items() >= {"read": len(raws), "sent": len(raws), "repeated": 0}.items()
    assert sorted(in_log(connection)) == sorted(raws)


def test_topics_of_another_election_are_refused_before_anything_is_sent(
    rekap: Rekap, topics: Connection, tmp_path: Path
) -> None:
    other = DataDirectory.create(tmp_path / "other", election(count_unlisted_stations=True), registry())
    ran = rekap(
        *("--data", other.path, "import", situng(tmp_path / "tps.parquet", 1)),
        *("--broker", ",".join(topics.servers), "--topic-prefix", topics.prefix),
    )
    assert (ran.code, ran.out) == (3, "")
    assert in_log(topics) == []


def test_without_topics_it_ends_with_3_and_says_how_to_make_them(
    rekap: Rekap, connection: Connection, directory: DataDirectory, tmp_path: Path
) -> None:
    ran = rekap(
        *("--data", directory.path, "import", situng(tmp_path / "tps.parquet", 1)),
        *("--broker", ",".join(connection.servers), "--topic-prefix", connection.prefix),
    )
    assert (ran.code, ran.out) == (3, "")
    assert "topics create" in ran.err


@dataclass(frozen=True, slots=True)
class Part:
    """Some messages of a source."""

    raws: Sequence[bytes]

    @property
    def size(self) -> int:
        return len(self.raws)

    def records(self) -> Iterator[SourceRecord]:
        return (Message(raw, "here") for raw in self.raws)


@dataclass(frozen=True, slots=True)
class InTwoParts:
    """A source during which something happens: after its first part."""

    raws: Sequence[bytes]
    meanwhile: Callable[[], None]

    @property
    def size(self) -> int:
        return len(self.raws)

    def chunks(self, lineage: Lineage) -> Iterator[Part]:
        half = len(self.raws) // 2
        yield Part(self.raws[:half])
        lineage("PPWP", all_stations())
        self.meanwhile()
        yield Part(self.raws[half:])


def test_a_message_too_large_for_the_log_is_named_and_the_others_are_sent(
    topics: Connection, directory: DataDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    small = submitted("1101012001001", pairs(1, 2, 3))
    large = submitted("1101012001002", pairs(1, 2, 3), signature="x" * MAX_BYTES)
    session = Session("en", directory.path)
    report = sending.send(session, InTwoParts([large, small], lambda: None), topics, processes=0)
    assert (report.read, report.sent, report.unreadable) == (2, 1, 1)
    assert sending.tell(session, report, Format.TABLE) == 1
    assert "  here: The message " in (said := capsys.readouterr().err)
    assert f"an event has {MAX_BYTES} at most" in said
    assert in_log(topics) == [small]


@pytest.mark.usefixtures("startable")
def test_a_broker_that_goes_away_ends_it_with_what_was_sent_and_the_same_again_goes_on(
    directory: DataDirectory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sending, "Publisher", partial(Publisher, timeout_s=3))
    raws = [submitted(station, pairs(1, 2, 3)) for station in all_stations()]
    session = Session("en", directory.path)
    with Broker.start() as broker:
        connection = opened(Connection.of(broker.bootstrap), directory)

        def go_away() -> None:
            while len(in_log(connection)) < len(raws) // 2:
                time.sleep(0.05)
            broker.kill()

        with pytest.raises(LogUnavailable, match=r"can't be reached.*run the same command again"):
            sending.send(session, InTwoParts(raws, go_away), connection, processes=0)
        assert "Broken off: 25 messages were acknowledged by the log, 25 were not" in capsys.readouterr().err
        broker.restart()
        report = sending.send(session, InTwoParts(raws, lambda: None), connection, processes=0)
        assert (report.read, report.sent, report.unreadable) == (50, 50, 0)
        assert set(in_log(connection)) == set(raws)


def test_ctrl_c_ends_with_130_and_says_what_was_sent(topics: Connection, directory: DataDirectory) -> None:
    where = ["--broker", ",".join(topics.servers), "--topic-prefix", topics.prefix]
    command = [sys.executable, "-m", "rekap", "--data", str(directory.path), "simulate", "--speed", "0.001"]
    sender = subprocess.Popen([*command, *where], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not in_log(topics) and sender.poll() is None:
        time.sleep(0.1)
    sender.send_signal(signal.SIGINT)
    out, err = sender.communicate(timeout=60)
    assert (sender.returncode, out) == (130, "")
    sent = len(in_log(topics))
    assert err.startswith(f"Broken off: {sent} messages were acknowledged by the log, 0 were not")
    assert err.endswith("Stopped. Nothing is lost: the same command continues from here.\n")
