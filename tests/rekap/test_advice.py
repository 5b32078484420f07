"""What an error advises is done here, word by word: it helps, and deletes nothing that is there only once."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from clickhouse.client import connect
from event_log.sqlite import SqliteLog
from schemas.ballots import Ballots
from schemas.data_directory import DataDirectory
from schemas.tables import MANY_PARTITIONS
from sinks.baseline import insert_baseline
from sinks.migrate import migrate
from sinks.rows import Rows
from sinks.writer import Writer
from stream_processors.embedded.runner import Runner
from tests.queries.world import insert, minute
from tests.rekap.conftest import Rekap
from tests.rekap.messages import messages
from tests.worlds import ELECTION_ID, election, pairs, registry, submitted


def one_line(text: str) -> str:
    """A wrapped sentence as it was."""
    return " ".join(text.split())


def test_what_is_shown_is_moved_away_and_made_again(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    directory = DataDirectory.open(own_count)
    with closing(connect(directory.clickhouse_url)) as client:
        client.command("TRUNCATE TABLE rejected")
    ran = rekap("--data", own_count, "verify")
    assert ran.code == 1
    moved = re.search(
        r"Move (\S+) out of (\S+) and keep it .* run rekap --data (\S+) serve", one_line(ran.err)
    )
    assert moved is not None
    assert moved.groups() == (str(own_count / "clickhouse"), str(own_count), str(own_count))
    shutil.move(own_count / "clickhouse", tmp_path / "evidence")
    Runner.open(directory, command="serve", workers=0).close()
    assert rekap("--data", own_count, "verify").code == 0
    assert (tmp_path / "evidence").is_dir()


@pytest.mark.parametrize("damage", ["cut_off", "changed"])
def test_a_log_that_was_damaged_is_put_back_from_a_backup(
    rekap: Rekap, own_count: Path, tmp_path: Path, damage: str
) -> None:
    directory = DataDirectory.open(own_count)
    shutil.copy(directory.log_path, tmp_path / "backup")
    with closing(SqliteLog.open(directory.log_path, readonly=True)) as log:
        entries = list(log.entries(0))
    for file in own_count.glob(f"{directory.log_path.name}*"):
        file.unlink()
    kept = entries[:-1] if damage == "cut_off" else [*entries[:-1], entries[-1]._replace(raw=b"forged")]
    with closing(SqliteLog.open(directory.log_path)) as log, log.transaction():
        log.append([one.raw for one in kept], [one.leaf for one in kept], log.now())
    ran = rekap("--data", own_count, "verify")
    assert ran.code == 1
    said = one_line(ran.err)
    assert "put the log back from a backup, and verify again" in said
    assert "Move" not in said
    (line,) = re.findall(rf"\(rekap --data {own_count} (log --format jsonl --output) FILE\)", said)
    copy = tmp_path / "copy.jsonl"
    assert rekap("--data", own_count, *line.split(), copy).code == 0
    rows = [json.loads(line) for line in copy.read_text("utf-8").splitlines()]
    assert [one["position"] for one in rows] == [one.position for one in entries]
    for file in own_count.glob(f"{directory.log_path.name}*"):
        file.rename(tmp_path / f"damaged-{file.name}")
    shutil.copy(tmp_path / "backup", directory.log_path)
    assert rekap("--data", own_count, "verify").code == 0


def test_messages_that_the_log_lost_are_got_back_from_what_is_shown(
    rekap: Rekap, own_count: Path, tmp_path: Path
) -> None:
    directory = DataDirectory.open(own_count)
    shutil.copy(directory.log_path, tmp_path / "older")
    new = [
        submitted("1202022002003", pairs(1, 2, 3)),
        b"no event",
        submitted("1202022002002", pairs(1, 2, 3)),
    ]
    with Runner.open(directory, command="test", workers=0) as runner:
        runner.submit(new)
    shutil.copy(tmp_path / "older", directory.log_path)
    (tmp_path / "one.jsonl").write_bytes(submitted("1101012002001", pairs(5, 5, 5)) + b"\n")
    refused = rekap("--data", own_count, "import", tmp_path / "one.jsonl")
    assert refused.code == 3
    said = one_line(refused.err)
    lost = own_count.with_name("messages.jsonl")
    commands = re.findall(rf"rekap --data {own_count} ((?:log|import)[^,.]*(?:\.jsonl)?)", said)
    assert commands == [f"log --format jsonl --output {lost}", f"import {lost}"]
    assert f"move {own_count / 'clickhouse'} out of that directory" in said
    assert rekap("--data", own_count, *commands[0].split()).code == 0
    shutil.move(own_count / "clickhouse", tmp_path / "evidence")
    rekap("--data", own_count, *commands[1].split())
    with closing(SqliteLog.open(directory.log_path, readonly=True)) as log:
        assert {entry.raw for entry in log.read()} >= {*messages(), *new}
    assert rekap("--data", own_count, "verify").code == 0


@pytest.fixture
def from_kafka(tmp_path: Path) -> DataDirectory:
    """A directory as a sink leaves it: totals of several partitions, and no log of its own."""
    directory = DataDirectory.create(tmp_path / "data", election(), registry())
    ballots = Ballots(directory.election, directory.registry)
    rows = Rows(ELECTION_ID, directory.registry, ballots)
    with closing(connect(directory.clickhouse_url)) as client:
        migrate(client)
        insert_baseline(rows, Writer(client, ELECTION_ID), directory.registry, ballots)
        place = {"contest": "PPWP", "level": "nation", "unit": "0", "partition": MANY_PARTITIONS}
        total = {"election": ELECTION_ID, "version": 3, "recorded_at": minute(0), "votes": {"1": 7}}
        insert(client, "tally_history", [place | total])
        Writer(client, ELECTION_ID).move(4, 0, partition=2)
    return directory


@pytest.mark.parametrize("has_empty_log", [False, True])
def test_a_directory_filled_from_kafka_asks_for_its_broker(
    rekap: Rekap, from_kafka: DataDirectory, tmp_path: Path, has_empty_log: bool
) -> None:
    if has_empty_log:
        SqliteLog.open(from_kafka.log_path).close()
    ran = rekap("--data", from_kafka.path, "verify")
    assert ran.code == 2
    assert "comes from a log on Kafka. Name that log: --broker HOST:PORT" in one_line(ran.err)
    (tmp_path / "one.jsonl").write_bytes(submitted("1101012002001", pairs(5, 5, 5)) + b"\n")
    ran = rekap("--data", from_kafka.path, "import", tmp_path / "one.jsonl")
    assert ran.code == 3
    assert "was filled by rekap sink from a log on Kafka" in one_line(ran.err)
    assert "clickhouse out of" not in one_line(ran.err)
    with closing(connect(from_kafka.clickhouse_url, readonly=True)) as client:
        assert client.command("SELECT max(position) FROM sink_position") == 4
        assert client.command("SELECT count() FROM event") == 0


def test_a_count_with_a_log_of_its_own_is_not_compared_with_a_broker_s(rekap: Rekap, own_count: Path) -> None:
    ran = rekap("--data", own_count, "verify", "--broker", "127.0.0.1:1")
    assert ran.code == 2
    assert "has a log of its own" in one_line(ran.err)


def test_a_part_that_can_not_be_compared_is_neither_equal_nor_different(
    rekap: Rekap, own_count: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from queries import all_rows

    expression = all_rows._expression

    def without_document(name: str, kind: str) -> str:
        return "no_such_column" if name == "document" else expression(name, kind)

    monkeypatch.setattr(all_rows, "_expression", without_document)  # as an older schema would not have it
    for language, told in (("en", "Not compared: recap. The database"), ("id", "Tidak dibandingkan: recap.")):
        ran = rekap("--data", own_count, "--lang", language, "verify")
        assert ran.code == 1
        assert told in one_line(ran.out)
    ran = rekap("--data", own_count, "verify", "--format", "json")
    assert (ran.code, ran.json["equal"]) == (1, None)
    (part,) = ran.json["not_compared"]
    assert (part["table"], part["reason"]) == ("recap", "unreadable")
    assert "no_such_column" in part["detail"]
    assert rekap("--data", own_count, "verify", "--as-far-as-shown").code == 1
