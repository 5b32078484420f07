"""The notary signs what goes on from what it signed before, and nothing else, whatever disk it finds."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from event_log.errors import LogUnavailable
from event_log.sqlite import SqliteLog
from schemas.language import Text
from schemas.references import as_reference
from tests.transparency.notary_worlds import MemoryLog, World
from tests.transparency.trees import LOG, ORIGIN, oracle_root, some_entries
from transparency.checkpoint import Checkpoint
from transparency.keys import NoteSigner
from transparency.merkle import leaf_hash
from transparency.notary import witnesses
from transparency.notary.heads import HeadStore
from transparency.notary.log_files import LogFiles
from transparency.notary.log_tree import EMPTY, Head
from transparency.notary.notary import Notary
from transparency.notary.refusals import (
    Damaged,
    ForeignCheckpoint,
    Forked,
    HeadMoved,
    NotConfirmed,
    Refused,
    RolledBack,
)
from transparency.notary.signing_key import KeyUnusable, load_key, make_key
from transparency.notary.witnesses import all_told
from transparency.note import Note
from transparency.policy import Witness
from transparency.tile_reader import TileReader


def started(world: World) -> Notary:
    """A notary that has started."""
    notary = world.notary()
    notary.start()
    return notary


def test_an_empty_log_has_a_checkpoint(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert started(world).sign().published
    assert world.published() == EMPTY
    assert (world.public / "log.vkey").read_text() == f"{LOG.verifier.encode()}\n"


@pytest.mark.parametrize("gaps", [0, 1])
def test_a_growing_log_is_published_head_by_head(tmp_path: Path, gaps: int) -> None:
    world = World(tmp_path, log=MemoryLog(gaps))
    notary = started(world)
    entries = some_entries(1_300)
    done = 0
    for size in (1, 2, 3, 200, 255, 256, 257, 513, 513, 1_300):
        world.log.append(*entries[done:size])
        done = size
        assert notary.sign().head == Head(size, oracle_root(entries[:size]))
        assert world.published() == Head(size, oracle_root(entries[:size]))
    again = started(world)
    assert again.sign().repaired == ()
    assert world.published() == Head(1_300, oracle_root(entries))


def test_partial_tiles_are_removed_once_nobody_asks_for_them(tmp_path: Path) -> None:
    world = World(tmp_path)
    notary = started(world)
    seen = set()
    for _ in range(6):
        world.log.append(*some_entries(60))
        notary.sign()
        seen |= world.tiles()
        assert world.tiles() >= world.tiles_wanted()
    assert "tile/entries/000.p/240" in seen - world.tiles()
    assert {"tile/entries/001.p/44", "tile/entries/001.p/104"} <= world.tiles()


def test_what_is_published_is_readable_by_everybody(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(300))
    started(world).sign()
    for path in (world.public, *world.public.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644)
    assert (world.folder / "heads.sqlite").stat().st_mode & 0o077 == 0


def test_an_entry_that_does_not_fit_stands_as_the_reference_to_it(tmp_path: Path) -> None:
    world = World(tmp_path, log=MemoryLog(gaps=1))
    world.log.append(b"small", bytes(65_535), bytes(65_536))
    head = started(world).sign().head
    entries = TileReader(3, LogFiles(world.public).read).entries(0)
    assert entries[:2] == [b"small", bytes(65_535)]
    reference = as_reference(entries[2])
    assert reference is not None
    assert (reference.position, reference.size, reference.reason) == (4, 65_536, "too_large")
    assert head.root == oracle_root(entries)


def test_a_tile_that_holds_something_else_is_written_again_and_reported(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(600))
    started(world).sign()
    damaged = world.public / "tile" / "entries" / "001"
    damaged.write_bytes(b"damaged")
    (world.public / "tile" / "0" / "000").unlink()
    notary = started(world)
    assert notary.sign().repaired == ("tile/entries/001",)
    assert world.published() is not None


# Nothing is signed that does not go on from before


def test_a_log_that_was_set_back_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(10))
    started(world).sign()
    del world.log.raws[7:]
    with pytest.raises(RolledBack, match=r"has 7 entries, and .* knows 10"):
        world.notary().start()
    world.log.append(*some_entries(5))
    with pytest.raises(Forked, match="first 10 entries"):
        world.notary().start()


@pytest.mark.parametrize("change", ["changed", "removed", "added", "order"])
def test_a_log_that_was_changed_is_refused(tmp_path: Path, change: str) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(300))
    started(world).sign()
    raws = world.log.raws
    if change == "changed":
        raws[4] = b"changed"
    elif change == "removed":
        del raws[4]
        raws.append(b"new")
    elif change == "added":
        raws.insert(4, b"new")
    else:
        raws[4], raws[5] = raws[5], raws[4]
    raws += some_entries(20)
    with pytest.raises(Forked, match="first 300 entries"):
        world.notary().start()


def test_the_published_checkpoint_is_enough_when_the_heads_are_lost_or_old(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(10))
    started(world).sign()
    shutil.copy(tmp_path / "heads.sqlite", tmp_path / "old.sqlite")
    world.log.append(b"more")
    started(world).sign()
    for path in tmp_path.glob("heads.sqlite*"):
        path.unlink()
    for restored in (None, tmp_path / "old.sqlite"):
        if restored is not None:
            for path in tmp_path.glob("heads.sqlite*"):
                path.unlink()
            shutil.copy(restored, tmp_path / "heads.sqlite")
        kept = world.log.raws[:]
        world.log.raws[10] = b"other"
        with pytest.raises(Forked, match="checkpoint"):
            world.notary().start()
        world.log.raws[:] = kept
        started(world).sign()
        with closing(HeadStore.open(tmp_path / "heads.sqlite")) as heads:
            assert heads.last(ORIGIN) == Head(11, oracle_root(kept))


def test_the_heads_are_enough_when_the_published_directory_is_lost(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(300))
    started(world).sign()
    shutil.rmtree(world.public)
    started(world).sign()
    assert world.published() == Head(300, oracle_root(world.log.raws))
    shutil.rmtree(world.public)
    world.log.raws[0] = b"other"
    with pytest.raises(Forked, match=r"heads\.sqlite"):
        world.notary().start()


def test_an_entry_whose_hash_differs_is_named_and_nothing_is_signed(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = SqliteLog.open(path)
    entries = some_entries(10)
    with log.transaction():
        log.append(entries, [leaf_hash(one) for one in entries], 1)
    log.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER event_is_never_updated")
        connection.execute("UPDATE event SET body = ? WHERE position = 7", (b"changed",))
    heads = HeadStore.open(tmp_path / "heads.sqlite")
    notary = Notary(SqliteLog.open(path, readonly=True), 0, LogFiles(tmp_path / "public"), heads, LOG)
    with pytest.raises(Damaged, match="Entry 7 of partition 0"):
        notary.start()
    assert heads.last(ORIGIN) is None
    assert not (tmp_path / "public" / "checkpoint").exists()


def test_a_checkpoint_with_another_key_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(10))
    started(world).sign()
    world.signer = NoteSigner(ORIGIN, bytes(32))
    with pytest.raises(ForeignCheckpoint, match="nobody whose key is known"):
        world.notary().start()


def test_of_two_notaries_one_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    one, other = started(world), started(world)
    world.log.append(b"first")
    one.sign()
    world.log.append(b"second")
    with pytest.raises(HeadMoved, match="Stop one of them"):
        other.sign()
    assert one.sign().head.size == 2
    other.start()
    assert other.sign().head.size == 2


def test_heads_are_only_ever_added_at_the_end(tmp_path: Path) -> None:
    with HeadStore.open(tmp_path / "heads.sqlite") as heads:
        heads.advance("a", None, Head(3, bytes(32)))
        for last, new in ((None, Head(4, bytes(32))), (Head(3, b"x" * 32), Head(4, bytes(32)))):
            with pytest.raises(HeadMoved):
                heads.advance("a", last, new)
        for size in (2, 3):
            with pytest.raises(HeadMoved):
                heads.advance("a", Head(3, bytes(32)), Head(size, b"x" * 32))
        heads.advance("b", None, EMPTY)
        assert (heads.last("a"), heads.last("b"), heads.last("c")) == (Head(3, bytes(32)), EMPTY, None)
    with closing(sqlite3.connect(tmp_path / "heads.sqlite")) as connection:
        for statement in ("UPDATE head SET root = zeroblob(32)", "DELETE FROM head"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(statement)


def test_a_file_that_holds_no_heads_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "heads.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(LogUnavailable, match="Nothing is signed"):
        HeadStore.open(tmp_path / "heads.sqlite")


# Witnesses


def test_a_quorum_of_witnesses_is_published_and_less_is_not(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 3, quorum=2)
    world.witnesses[2].down = True
    world.log.append(*some_entries(5))
    notary = started(world)
    assert notary.sign().cosigners == ("w1", "w2")
    world.witnesses[1].down = True
    world.log.append(b"more")
    round = notary.sign()
    assert (round.published, round.cosigners, round.head.size) == (False, ("w1",), 6)
    published = world.published()
    assert published is not None
    assert published.size == 5
    world.witnesses[1].down = world.witnesses[2].down = False
    assert notary.sign().cosigners == ("w1", "w2", "w3")
    assert [one.size for one in world.witnesses] == [6, 6, 6]
    published = world.published()
    assert published is not None
    assert published.size == 6


def test_a_witness_that_missed_much_is_caught_up(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 2, quorum=1)
    notary = started(world)
    world.witnesses[1].down = True
    for number in range(600):
        world.log.append(b"%d" % number)
        if number % 100 == 7:
            notary.sign()
    world.witnesses[1].down = False
    assert notary.sign().cosigners == ("w1", "w2")
    assert world.witnesses[1].size == 600


def test_only_a_witness_remembers_when_everything_was_set_back(tmp_path: Path) -> None:
    """Log, heads and published files are those of yesterday: signing on would be a fork."""
    world = World.with_witnesses(tmp_path / "now", 3, quorum=2)
    world.folder.mkdir()
    world.log.append(*some_entries(10))
    started(world).sign()
    shutil.copytree(world.folder, tmp_path / "yesterday")
    world.log.append(*some_entries(10))
    started(world).sign()
    world.folder = tmp_path / "yesterday"
    del world.log.raws[10:]
    world.log.append(b"another night")
    with pytest.raises(RolledBack, match="w1 knows 20"):
        world.notary().start()
    for witness in world.witnesses[1:]:
        witness.down = True
    with pytest.raises(RolledBack):
        world.notary().start()
    shutil.rmtree(world.folder)
    world.folder.mkdir()
    world.log.raws.clear()
    with pytest.raises(RolledBack, match="has 0 entries, and w1 knows 20"):
        world.notary().start()


def test_a_witness_that_saw_another_log_of_the_same_size_says_so(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 1, quorum=1)
    world.log.append(*some_entries(3))
    world.witnesses[0].size, world.witnesses[0].root = 3, bytes(32)
    with HeadStore.open(tmp_path / "heads.sqlite") as heads:
        heads.advance(ORIGIN, None, Head(3, oracle_root(world.log.raws)))
    with pytest.raises(Forked, match="w1"):
        world.notary().start()


def test_nothing_is_signed_before_witnesses_confirmed(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 3, quorum=2)
    for witness in world.witnesses:
        witness.down = True
    world.log.append(*some_entries(3))
    notary = world.notary()
    with pytest.raises(NotConfirmed, match="nobody listens"):
        notary.start()
    assert not (world.public / "checkpoint").exists()
    for witness in world.witnesses:
        witness.down = False
    notary.start()
    assert notary.sign().published


def test_one_witness_can_stop_nobody_where_two_of_three_are_enough(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 3, quorum=2)
    world.witnesses[0].size, world.witnesses[0].root = 1_000, bytes(32)
    world.log.append(*some_entries(3))
    round = started(world).sign()
    assert (round.published, round.cosigners, list(round.alarms)) == (True, ("w2", "w3"), ["w1"])


def test_without_a_quorum_a_witness_that_contradicts_is_believed_at_the_start(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 1, quorum=0)
    world.witnesses[0].size, world.witnesses[0].root = 1_000, bytes(32)
    with pytest.raises(RolledBack, match="w1 knows 1000"):
        world.notary().start()


def test_without_a_quorum_a_witness_that_contradicts_later_stops_the_publication(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 1, quorum=0)
    world.log.append(*some_entries(3))
    notary = started(world)
    assert notary.sign().published
    before = (world.public / "checkpoint").read_bytes()
    world.witnesses[0].size, world.witnesses[0].root = 1_000, bytes(32)
    world.log.append(b"more")
    round = notary.sign()
    assert (round.published, list(round.alarms)) == (False, ["w1"])
    assert (world.public / "checkpoint").read_bytes() == before
    world.witnesses[0].down = True  # silence is no contradiction
    assert notary.sign().published


def test_a_start_says_how_much_it_compared(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.log.append(*some_entries(3))
    notary = started(world)
    assert notary.compared == 0
    notary.sign()
    world.log.append(b"more")
    assert started(world).compared == 3


def test_a_witness_that_answers_nonsense_is_one_that_does_not_answer(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 2, quorum=1)
    world.log.append(b"x")
    for nonsense in (
        (200, "text/plain", b"yes"),
        (409, "text/x.tlog.size", b"-1"),
        (500, "", b"\xff" * 70_000),
    ):
        world.witnesses[0].add_checkpoint = lambda _, said=nonsense: said  # type: ignore[method-assign,misc]
        round = started(world).sign()
        assert (round.published, round.cosigners) == (True, ("w2",))


def test_a_witness_that_drips_delays_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses, "DEADLINE_S", 2.0)
    world = World.with_witnesses(tmp_path, 2, quorum=1)
    world.log.append(b"x")
    notary = started(world)
    go_on, asked = threading.Event(), []

    def drip(body: bytes) -> tuple[int, str, bytes]:
        asked.append(body)
        go_on.wait(10)
        raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(world.witnesses[0], "add_checkpoint", drip)
        for reason in ("took more than 2 s", "has not answered an earlier request"):
            round = notary.sign()
            assert round.published
            assert reason in all_told(round.answers).en
        assert len(asked) == 1
        go_on.set()
        notary._witnesses._running[world.witnesses[0].signer.verifier].done.wait(10)
    assert notary.sign().cosigners == ("w1", "w2")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "refused: HTTP 302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnonsense\n", "no answer: Malformed"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000, "no answer: Malformed"),
        (b"nonsense\r\n\r\n", "no answer: BadStatusLine"),
        (b"", "no answer: RemoteDisconnected"),
    ],
)
def test_answers_over_http_are_bounded_and_redirects_not_followed(
    tmp_path: Path, answer: bytes, told: str
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(65_536)
        with contextlib.suppress(OSError):
            connection.sendall(answer)
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/prefix/"
    key = World.with_witnesses(tmp_path, 1, 1).witnesses[0].signer.verifier
    asked = witnesses.Witnesses([Witness("w1", key, url)])
    note = Checkpoint(ORIGIN, 0, EMPTY.root).signed(LOG)
    assert told in all_told(asked.begin(0, note, lambda _: []).collect()).en
    thread.join()
    listener.close()


@pytest.mark.parametrize("url", [None, "ftp://a/", "http:///x", "http://127.0.0.1:1/", "nonsense"])
def test_a_witness_that_cannot_be_asked_is_said_so(tmp_path: Path, url: str | None) -> None:
    key = World.with_witnesses(tmp_path, 1, 1).witnesses[0].signer.verifier
    note = Checkpoint(ORIGIN, 0, EMPTY.root).signed(LOG)
    answers = witnesses.Witnesses([Witness("w1", key, url)]).begin(0, note, lambda _: []).collect()
    assert "w1 no answer" in all_told(answers).en
    assert "w1 tidak menjawab" in all_told(answers).id
    if url is None:
        assert "kebijakan tidak menyebut URL" in all_told(answers).id


def test_cosignatures_stand_in_the_checkpoint(tmp_path: Path) -> None:
    world = World.with_witnesses(tmp_path, 2, quorum=2)
    world.log.append(b"x")
    started(world).sign()
    note = Note.parse((world.public / "checkpoint").read_bytes())
    assert [one.name for one in note.signatures] == [ORIGIN, "witness1.example", "witness2.example"]


# The key's file


def test_a_key_is_made_once_and_for_one_account(tmp_path: Path) -> None:
    path = tmp_path / "0.key"
    made = make_key(path, ORIGIN)
    assert load_key(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_key(path, ORIGIN)
    assert [one.name for one in tmp_path.iterdir()] == ["0.key"]
    for content in (b"", b"PRIVATE+KEY+a+b+c\n", b"\xff\n"):
        path.write_bytes(content)
        with pytest.raises(KeyUnusable, match="Restore this file"):
            load_key(path)


def test_a_crash_while_a_key_is_written_leaves_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "0.key"

    def crash(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", crash)
        with pytest.raises(KeyboardInterrupt):
            make_key(path, ORIGIN)
    assert not path.exists()
    assert make_key(path, ORIGIN) == load_key(path)


def test_refusals_are_sentences_in_both_languages() -> None:
    for one in (
        Damaged(0, 7),
        RolledBack("a", 1, 2, "w1"),
        Forked("a", 1, "w1"),
        HeadMoved("a"),
        ForeignCheckpoint("a", "/p", "why"),
        NotConfirmed("a", Text("w1 diam", "w1 silent")),
    ):
        assert isinstance(one, Refused)
        assert one.said.id != one.said.en
        assert str(one) == one.said.en
