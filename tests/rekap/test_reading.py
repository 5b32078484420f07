"""Reading: through the owner while there is one, alone when there is none, never hiding what is missing."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from clickhouse.client import connect
from clickhouse.ownership import find_owner
from event_log.reading import LogEntry
from event_log.sqlite import SqliteLog
from rekap.reading import NothingYet, reader
from rekap.session import Session
from schemas.data_directory import DataDirectory
from stream_processors.embedded.runner import Runner
from tests.queries.world import insert, minute
from tests.rekap.conftest import Rekap
from tests.rekap.messages import CORRECTED, VILLAGE
from tests.worlds import ELECTION_ID, election, pairs, registry, submitted

READERS = (
    ("results",),
    ("results", "--level", "station", "--contest", "DPD"),
    ("results", "--as-of", "2999-01-01T00:00:00Z"),
    ("progress", "--level", "village"),
    ("findings",),
    ("findings", "--count"),
    ("rejected", "--region", "11"),
    ("history", CORRECTED),
    ("history", "11"),
    ("log",),
    ("verify",),
)


def test_every_question_has_the_same_answer_through_the_owner(rekap: Rekap, own_count: Path) -> None:
    alone = [rekap("--data", own_count, *command, "--format", "json") for command in READERS]
    assert [ran.code for ran in alone] == [0] * len(READERS)
    with Runner.open(DataDirectory.open(own_count), command="import", workers=0):
        through = [rekap("--data", own_count, *command, "--format", "json") for command in READERS]
    assert through == alone


def test_what_comes_in_is_seen_by_the_next_question(rekap: Rekap, own_count: Path) -> None:
    with Runner.open(DataDirectory.open(own_count), command="import", workers=0) as runner:
        (before,) = rekap("--data", own_count, "results", "--format", "json").json
        runner.submit([submitted(f"{VILLAGE[:-1]}2001", pairs(1, 2, 3))])
        (after,) = rekap("--data", own_count, "results", "--format", "json").json
    assert (before["version"], after["version"]) == (7, 8)


def test_no_reader_leaves_the_directory_owned(rekap: Rekap, own_count: Path) -> None:
    assert rekap("--data", own_count, "results").code == 0
    assert rekap("--data", own_count, "results", "--region", "4711").code == 2
    assert find_owner(own_count) is None


def test_a_log_that_is_ahead_is_said(rekap: Rekap, own_count: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = DataDirectory.open(own_count)
    with Runner.open(directory, command="import", workers=0) as runner:
        # The projection is cut off: what is appended from now on is in the log only.
        monkeypatch.setattr(runner._projector, "put", lambda _: None)
        runner.submit([submitted("1101012002001", pairs(1, 2, 3))])
    ran = rekap("--data", own_count, "results", "--format", "json")
    assert ran.code == 0
    assert "last 1 events of the log are not in these results yet" in " ".join(ran.err.split())
    assert ran.json[0]["version"] == 7
    assert "is 1 messages behind the log" in rekap("--data", own_count, "progress").out
    with Runner.open(directory, command="serve", workers=0):
        pass
    ran = rekap("--data", own_count, "results", "--format", "json")
    assert (ran.err, ran.json[0]["version"]) == ("", 8)


def test_a_directory_whose_set_up_was_interrupted_says_what_to_do(rekap: Rekap, tmp_path: Path) -> None:
    DataDirectory.create(tmp_path / "data", election(), registry())
    ran = rekap("--data", tmp_path / "data", "results")
    assert ran.code == 3
    assert "nothing to read" in ran.err
    with pytest.raises(NothingYet), reader(Session("en", tmp_path / "data"), "test"):
        pass
    assert find_owner(tmp_path / "data") is None


def test_a_reader_waits_for_an_owner_that_is_getting_ready(rekap: Rekap, own_count: Path) -> None:
    from clickhouse.ownership import own

    def hold() -> None:
        with own(own_count, "import"):
            held.set()
            time.sleep(0.5)

    held = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    assert rekap("--data", own_count, "results").code == 0
    holder.join()


def test_verify_names_what_differs_and_ends_with_1(rekap: Rekap, own_count: Path) -> None:
    client = connect(DataDirectory.open(own_count).clickhouse_url)
    row = {
        "election": ELECTION_ID,
        "contest": "PPWP",
        "level": "province",
        "parent": "0",
        "unit": "12",
        "version": 5,
        "recorded_at": minute(0),
        "votes": {"1": 7},
        "clean_votes": {},
    }
    insert(client, "tally_history", [row])
    client.close()
    ran = rekap("--data", own_count, "verify", "--format", "json")
    assert ran.code == 1
    said = ran.json
    assert said["equal"] is False
    assert said["difference_count"] == len(said["differences"]) > 0
    place = {"contest": "PPWP", "level": "province", "parent": "0", "unit": "12", "version": 5}
    (found,) = [one for one in said["differences"] if one["key"] == place]
    assert (found["table"], found["column"], found["log"]) == ("tally_history", "row", None)
    assert found["shown"]["votes"] == {"1": 7}
    ran = rekap("--data", own_count, "verify")
    assert ran.code == 1
    assert "Different:" in ran.out
    assert "PPWP province 0 12 5" in ran.out
    assert "The log is what counts" in ran.err


def test_what_is_not_shown_yet_is_not_verified(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    shutil.copytree(own_count / "clickhouse", tmp_path / "before", symlinks=True)
    with Runner.open(DataDirectory.open(own_count), command="test", workers=0) as runner:
        runner.submit(
            [submitted("1202022002003", pairs(1, 2, 3)), submitted("1202022002002", pairs(1, 2, 3))]
        )
    shutil.rmtree(own_count / "clickhouse")
    shutil.copytree(tmp_path / "before", own_count / "clickhouse", symlinks=True)
    ran = rekap("--data", own_count, "verify", "--format", "json")
    assert (ran.code, ran.json["equal"], ran.json["not_verified"]) == (1, None, 2)
    ran = rekap("--data", own_count, "verify")
    assert (ran.code, ran.out.startswith("Not verified to the end.")) == (1, True)
    ran = rekap("--data", own_count, "verify", "--as-far-as-shown", "--format", "json")
    assert (ran.code, ran.json["equal"], ran.json["as_far_as_shown"]) == (0, True, True)
    ran = rekap("--data", own_count, "verify", "--as-far-as-shown")
    assert ran.out.startswith("Equal as far as shown: ")
    advice = " ".join(rekap("--data", own_count, "verify").err.split())
    assert f"rekap --data {own_count} serve brings what is shown up to the log" in advice
    Runner.open(DataDirectory.open(own_count), command="serve", workers=0).close()
    assert rekap("--data", own_count, "verify").code == 0


def with_another_log(directory: DataDirectory, change: Callable[[list[LogEntry]], list[LogEntry]]) -> None:
    """Put a log into the directory that is like its own but for a change."""
    with closing(SqliteLog.open(directory.log_path, readonly=True)) as log:
        entries = change(list(log.entries(0)))
    for file in directory.path.glob(f"{directory.log_path.name}*"):
        file.unlink()
    with closing(SqliteLog.open(directory.log_path)) as log, log.transaction():
        log.append([one.raw for one in entries], [one.leaf for one in entries], log.now())


def test_verify_does_not_call_an_older_version_a_difference(rekap: Rekap, own_count: Path) -> None:
    with closing(connect(DataDirectory.open(own_count).clickhouse_url)) as client:
        client.command("DROP VIEW correction")
        client.command("ALTER TABLE schema_migration DELETE WHERE number > 10 SETTINGS mutations_sync = 2")
    for language, answer in (("en", "Not verified: what is shown"), ("id", "Belum diperiksa: yang")):
        ran = rekap("--data", own_count, "--lang", language, "verify")
        assert (ran.code, ran.out.startswith(answer)) == (1, True)
        assert f"rekap --data {own_count} serve" in ran.out
    ran = rekap("--data", own_count, "verify", "--format", "json")
    assert (ran.code, ran.json["equal"], ran.json["difference_count"]) == (1, None, None)
    (part,) = ran.json["not_compared"]
    assert (part["reason"], "schema 10" in part["detail"]) == ("outdated", True)
    ran = rekap("--data", own_count, "verify", "--as-far-as-shown", "--format", "json")
    assert (ran.code, ran.json["equal"]) == (1, None)
    with Runner.open(DataDirectory.open(own_count), command="serve", workers=0):
        pass  # brings it up to date
    assert rekap("--data", own_count, "verify").code == 0


def test_verify_finds_a_log_that_was_cut_off(rekap: Rekap, own_count: Path) -> None:
    with_another_log(DataDirectory.open(own_count), lambda entries: entries[:-1])
    ran = rekap("--data", own_count, "verify", "--format", "json")
    assert (ran.code, ran.json["equal"], ran.json["resting"]) == (1, False, False)
    first = ran.json["differences"][0]
    place = {"table": "sink_position", "key": {"partition": 0}, "column": "position"}
    assert first == place | {"log": 8, "shown": 9}
    beyond = [one for one in ran.json["differences"] if one["column"] == "row" and one["log"] is None]
    assert {one["table"] for one in beyond} >= {"event", "station_history", "station"}
    ran = rekap("--data", own_count, "verify")
    assert "Change nothing: what is shown still has the messages." in " ".join(ran.err.split())
    assert "Move" not in ran.err


def test_verify_finds_an_entry_that_is_not_what_was_recorded(rekap: Rekap, own_count: Path) -> None:
    def exchanged(entries: list[LogEntry]) -> list[LogEntry]:
        garbage = entries[8]._replace(raw=b"garbage as well, and other bytes")
        return [*entries[:8], garbage, *entries[9:]]

    with_another_log(DataDirectory.open(own_count), exchanged)
    ran = rekap("--data", own_count, "verify", "--format", "json")
    assert ran.code == 1
    (difference,) = [one for one in ran.json["differences"] if one["table"] == "log"]
    assert (difference["key"], difference["column"]) == ({"partition": 0, "position": 8}, "leaf")
    assert difference["log"] != difference["shown"]


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def test_the_log_is_followed_without_keeping_anybody_from_counting(own_count: Path) -> None:
    command = [sys.executable, "-m", "rekap", "--data", str(own_count), "log", "--from", "8", "--follow"]
    following = subprocess.Popen(
        [*command, "--format", "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watchdog = threading.Timer(60, following.kill)  # what never comes fails here, and does not hang
    watchdog.start()
    assert [json.loads(line)["position"] for line in lines_of(following, 2)] == [8, 9]
    time.sleep(1.5)  # it waits, and owns nothing
    with Runner.open(DataDirectory.open(own_count), command="import", workers=0) as runner:
        runner.submit([submitted("1101012002001", pairs(1, 2, 3))])
        (line,) = lines_of(following, 1)
    assert json.loads(line)["event"]["station"] == "1101012002001"
    watchdog.cancel()
    following.send_signal(signal.SIGINT)
    _, err = following.communicate(timeout=30)
    assert (following.returncode, err) == (0, "")


def test_serve_answers_until_it_is_stopped_and_frees_the_directory(own_count: Path) -> None:
    command = [sys.executable, "-m", "rekap", "--data", str(own_count), "serve"]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert serving.stderr is not None
    said = serving.stderr.readline()
    url = re.search(r"http://\S+", said)
    assert url, said
    query = "SELECT valid FROM tally_now WHERE level = 'nation' AND contest = 'PPWP'"
    with urllib.request.urlopen(url[0], query.encode(), timeout=30) as answer:
        assert answer.read() == b"3292\n"
    serving.send_signal(signal.SIGINT)
    out, err = serving.communicate(timeout=30)
    assert (serving.returncode, out) == (0, "")
    assert "free again" in err
    assert find_owner(own_count) is None
