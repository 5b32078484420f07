"""`rekap notary` signs the log of a data directory, beside an import, and refuses a log that was set back."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from event_log.errors import LogUnavailable
from event_log.leaf import leaf_hash
from event_log.reading import LogEntry
from event_log.sqlite import SqliteLog
from rekap.commands.notary import _tell
from rekap.session import Session
from schemas.data_directory import DataDirectory
from schemas.directory_identity import adopt
from schemas.language import Text
from schemas.references import reference_to
from stream_processors.embedded.runner import Runner
from tests.rekap.conftest import Rekap
from tests.transparency.notary_worlds import MemoryWitness
from tests.transparency.trees import WITNESSES
from tests.worlds import election, pairs, submitted
from transparency.checkpoint import Checkpoint, open_checkpoint
from transparency.keys import VerifierKey
from transparency.notary import witnesses
from transparency.notary.log_tree import Head
from transparency.notary.notary import Round
from transparency.note import Note
from transparency.tile_reader import TileReader, walk


def published(public: Path) -> Checkpoint:
    """The checkpoint below `public`, held against its key, its tiles and its entries."""
    key = VerifierKey.parse((public / "log.vkey").read_text().strip())
    checkpoint = open_checkpoint(Note.parse((public / "checkpoint").read_bytes()), [key])
    assert list(walk(checkpoint.size, checkpoint.root, lambda path: (public / path).read_bytes())) == []
    return checkpoint


def in_log(path: Path) -> list[bytes]:
    """The entries of a directory's log."""
    with closing(SqliteLog.open(path / "log.sqlite", readonly=True)) as log:
        return [entry.raw for entry in log.read()]


def test_the_log_is_signed_and_published(rekap: Rekap, own_count: Path) -> None:
    signed = rekap("--data", own_count, "notary", "--once")
    assert (signed.code, signed.out) == (0, "")
    raws = in_log(own_count)
    assert signed.err == f"{len(raws)} entries signed and published.\n"
    public = own_count / "tlog" / "0"
    checkpoint = published(public)
    assert (checkpoint.origin, checkpoint.size) == (f"{election().id}/0", len(raws))
    reader = TileReader(checkpoint.size, lambda path: (public / path).read_bytes())
    assert reader.entries(0) == raws
    again = rekap("--data", own_count, "--lang", "id", "notary", "--once")
    assert again.err == f"{len(raws)} entri ditandatangani dan terbit.\n"
    assert (own_count / "notary" / "0.key").stat().st_mode & 0o777 == 0o600


def test_it_is_signed_beside_the_process_that_counts(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    before = len(in_log(own_count))
    with Runner.open(DataDirectory.open(own_count), command="test", workers=0) as runner:
        assert rekap("--data", own_count, "notary", "--once", "--out", tmp_path / "www").code == 0
        assert published(tmp_path / "www" / "0").size == before
        runner.submit([submitted("1101012001004", pairs(1, 2, 3))])
        assert rekap("--data", own_count, "notary", "--once", "--out", tmp_path / "www").code == 0
        assert published(tmp_path / "www" / "0").size == before + 1


def test_the_name_of_a_log_is_set_once(rekap: Rekap, own_count: Path) -> None:
    assert rekap("--data", own_count, "notary", "--once", "--origin", "hitung.example/a").code == 0
    assert published(own_count / "tlog" / "0").origin == "hitung.example/a/0"
    assert rekap("--data", own_count, "notary", "--once").code == 0
    other = rekap("--data", own_count, "notary", "--once", "--origin", "hitung.example/b")
    assert other.code == 2
    assert "hitung.example/a/0" in other.err
    in_indonesian = ("--lang", "id", "--data", own_count, "notary", "--once", "--origin", "b")
    assert "log ini bernama hitung.example/a/0" in rekap(*in_indonesian).err
    assert rekap("--data", own_count, "notary", "--once", "--origin", "a b").code == 2


def test_a_log_that_was_set_back_is_refused(rekap: Rekap, own_count: Path) -> None:
    assert rekap("--data", own_count, "notary", "--once").code == 0
    before = (own_count / "tlog" / "0" / "checkpoint").read_bytes()
    with closing(sqlite3.connect(own_count / "log.sqlite")) as connection, connection:
        connection.execute("DROP TRIGGER event_is_never_deleted")
        connection.execute("DELETE FROM event WHERE position = (SELECT MAX(position) FROM event)")
    refused = rekap("--data", own_count, "notary", "--once")
    assert refused.code == 3
    assert "Nothing is signed. Restore the whole log" in refused.err
    assert (
        "Tidak ada yang ditandatangani" in rekap("--data", own_count, "--lang", "id", "notary", "--once").err
    )
    assert (own_count / "tlog" / "0" / "checkpoint").read_bytes() == before


def test_a_lost_key_is_not_made_again(rekap: Rekap, own_count: Path) -> None:
    assert rekap("--data", own_count, "notary", "--once").code == 0
    (own_count / "notary" / "0.key").unlink()
    for _ in range(2):
        refused = rekap("--data", own_count, "notary", "--once")
        assert refused.code == 3
        assert "Restore its key" in refused.err
        shutil.rmtree(own_count / "tlog", ignore_errors=True)  # the heads alone are enough
    (own_count / "notary" / "0.key").write_text("something else")
    assert "Restore this file" in rekap("--data", own_count, "notary", "--once").err


def test_a_copy_signs_only_when_it_takes_over(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    assert rekap("--data", own_count, "notary", "--once").code == 0
    copy = tmp_path / "copy"
    shutil.copytree(own_count, copy, symlinks=True)
    assert rekap("--data", copy, "notary", "--once").code == 2
    adopt(copy)
    refused = rekap("--data", copy, "notary", "--once")
    assert refused.code == 3
    assert "--take-over" in refused.err
    assert rekap("--data", copy, "notary", "--once", "--take-over").code == 0
    assert rekap("--data", copy, "notary", "--once").code == 0


def test_a_log_without_an_election_night_is_said_so(rekap: Rekap, tmp_path: Path, empty_count: Path) -> None:
    assert rekap("--data", tmp_path / "nowhere", "notary", "--once").code == 2
    assert rekap("--data", empty_count, "notary", "--once").err == "0 entries signed and published.\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Path, list[MemoryWitness]]:
    """A policy in which two of three witnesses are asked for, and the witnesses."""
    them = [MemoryWitness(one) for one in WITNESSES]
    lines = [
        f"witness w{n} {one.signer.verifier.encode()} http://w{n}.invalid"
        for n, one in enumerate(them, start=1)
    ]
    policy = tmp_path / "policy"
    policy.write_text("\n".join([*lines, "group g 2 w1 w2 w3", "quorum g", ""]))

    def post(url: str, body: bytes) -> tuple[int, str, bytes]:
        return them[int(url.removeprefix("http://w")[0]) - 1].add_checkpoint(body)

    monkeypatch.setattr(witnesses.Witnesses.__init__, "__defaults__", (post,))
    return policy, them


def know(own_count: Path, rekap: Rekap, them: list[MemoryWitness]) -> None:
    """Let the witnesses know the log's key, which the first run makes."""
    assert rekap("--data", own_count, "notary", "--once").code == 0
    key = VerifierKey.parse((own_count / "tlog" / "0" / "log.vkey").read_text().strip())
    for one in them:
        one.log = key


def test_witnesses_are_asked_and_named(
    rekap: Rekap, own_count: Path, asked: tuple[Path, list[MemoryWitness]]
) -> None:
    policy, them = asked
    know(own_count, rekap, them)
    size = len(in_log(own_count))
    done = rekap("--data", own_count, "notary", "--once", "--policy", policy)
    assert done.err == f"{size} entries signed and published, cosigned by w1, w2, w3.\n"
    them[0].size, them[0].root = 1_000, bytes(32)
    warned = rekap("--data", own_count, "notary", "--once", "--policy", policy)
    assert warned.code == 0
    assert "WARNING: the witness w1 saw another log named" in warned.err
    assert f"{election().id}/0 (knows 1000 entries)" in warned.err
    them[1].down = True
    refused = rekap("--data", own_count, "notary", "--once", "--policy", policy)
    assert refused.code == 3
    assert "w1 knows 1000" in refused.err


def test_one_run_ends_with_1_where_witnesses_are_missing(
    rekap: Rekap, own_count: Path, asked: tuple[Path, list[MemoryWitness]]
) -> None:
    policy, them = asked
    know(own_count, rekap, them)
    for one in them:
        one.down = True
    missing = rekap("--data", own_count, "notary", "--once", "--policy", policy)
    assert missing.code == 1
    assert missing.err.endswith("Nothing is signed.\n")


def test_of_several_logs_those_that_are_not_published_are_named() -> None:
    told: list[Text] = []

    class Listener:
        def say(self, said: Text) -> None:
            told.append(said)

    answers = {"w1": witnesses.Unreachable(witnesses.NO_URL)}
    rounds = [
        Round("x/0", Head(3, bytes(32)), {}, (), published=True, repaired=()),
        Round("x/1", Head(4, bytes(32)), answers, (), published=False, repaired=("tile/0/000",)),
    ]
    _tell(cast(Session, Listener()), rounds, ())
    assert [one.en for one in told] == [
        "Warning: the published file tile/0/000 of the log x/1 differed from the log, and was written again.",
        "3 entries signed and published.",
        "x/1: 4 entries signed and not published: the witnesses do not agree. "
        "w1 no answer: the policy names no URL of this witness.",
    ]
    assert told[-1].id == (
        "x/1: 4 entri ditandatangani, belum terbit: saksi tidak cukup setuju. "
        "w1 tidak menjawab: kebijakan tidak menyebut URL saksi ini."
    )


def test_entries_of_older_versions_that_are_too_large_are_said_so(rekap: Rekap, own_count: Path) -> None:
    with closing(SqliteLog.open(own_count / "log.sqlite")) as log, log.transaction():
        position = log.append([bytes(65_536)], [leaf_hash(bytes(65_536))], log.now())
    signed = rekap("--data", own_count, "notary", "--once")
    assert signed.code == 0
    assert f"1 entries of the log {election().id}/0 have more than 65535 bytes" in signed.err
    assert f"the first at position {position}" in signed.err
    assert "Keep log.sqlite" in signed.err
    public = own_count / "tlog" / "0"
    entry = TileReader(position + 1, lambda path: (public / path).read_bytes()).entry(position)
    assert entry == reference_to(bytes(65_536), position, "too_large")
    assert published(public).size == position + 1


def test_a_policy_that_is_none_is_wrong_usage(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.write_text("quorum nobody\n")
    refused = rekap("--data", own_count, "notary", "--once", "--policy", policy)
    assert refused.code == 2
    assert "line 1: 'nobody' is not defined before" in refused.err
    assert not (own_count / "notary").exists()


def test_it_goes_on_until_it_is_told_to_stop(
    own_count: Path, rekap: Rekap, asked: tuple[Path, list[MemoryWitness]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Witnesses that do not answer at the start are asked again; only what is new is told."""
    policy, them = asked
    know(own_count, rekap, them)
    for one in them:
        one.down = True
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            for one in them:
                one.down = False
        if len(pauses) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    done = rekap("--data", own_count, "notary", "--policy", policy, "--every", 7)
    size = len(in_log(own_count))
    lines = done.err.splitlines()
    assert done.code == 0
    assert lines[0].startswith("The witnesses that the policy asks for")
    assert lines[0].endswith("Nothing is signed. Asking again every 7 s.")  # once, though asked twice
    assert lines[1].startswith(f"The log {election().id}/0 ({size} entries) goes on from what was signed")
    assert lines[2:] == [f"{size} entries signed and published, cosigned by w1, w2, w3.", "Done."]
    assert pauses[:2] == [7, 7]
    assert all(6 < pause <= 7 for pause in pauses[2:])


def test_a_log_that_is_out_of_reach_for_a_while_stops_nobody(
    own_count: Path, rekap: Rekap, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls, pauses = SqliteLog.entries, 0, 0

    def entries(*arguments: Any) -> Iterator[LogEntry]:
        nonlocal calls
        calls += 1
        if 2 <= calls <= 4:  # the first is the start
            raise LogUnavailable(Text(id="Log tidak terjangkau.", en="The log is out of reach."))
        return real(*arguments)

    def sleep(_: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr(SqliteLog, "entries", entries)
    monkeypatch.setattr(time, "sleep", sleep)
    done = rekap("--data", own_count, "notary")
    size = len(in_log(own_count))
    assert done.code == 0
    assert "was never signed before: there is nothing to compare it with" in done.err.splitlines()[0]
    assert done.err.splitlines()[1:] == [
        "The log is out of reach.",
        f"{size} entries signed and published.",
        "Done.",
    ]
    assert published(own_count / "tlog" / "0").size == size
