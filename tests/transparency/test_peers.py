"""Other implementations take what we make, and find what we find: tessera, torchwood, x/mod, litewitness.

They are built where Go is, which takes a minute the first time.
"""

from __future__ import annotations

import http.client
import re
import shutil
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.transparency.go_peers import LiteWitness, Peers, build, litewitness
from tests.transparency.notary_worlds import MemoryLog
from tests.transparency.trees import (
    LOG,
    ORIGIN,
    TIME,
    WITNESSES,
    Files,
    oracle_root,
    published,
    some_entries,
)
from transparency.checkpoint import Checkpoint
from transparency.encoding import base64
from transparency.errors import Malformed, NotProven
from transparency.keys import NoteSigner
from transparency.merkle import leaf_hash, verify_consistency, verify_inclusion
from transparency.notary.heads import HeadStore
from transparency.notary.log_files import LogFiles
from transparency.notary.notary import Notary
from transparency.notary.refusals import RolledBack
from transparency.note import Note, Signature
from transparency.policy import Policy
from transparency.proof import LogProof
from transparency.tile_reader import FaultKind, TileReader, walk
from transparency.tiles import Tile, encode_bundle, split_bundle, tiles_of
from transparency.witness import Answer, Cosigned, KnowsOther, Refused, answer, request

pytestmark = pytest.mark.slow

SIZES = [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 1_000, 65_536, 70_000]
WHOLE_S = 40
"""How long fsck may take for a log that is as it should be: a second, on a machine that does little else."""
DAMAGED_S = 2
"""How long it may take for another one: on some damaged logs it never ends."""
CHANGED = 70_000
"""Entries of the log in which something is changed."""
POLICY = (
    f"log {LOG.verifier.encode()}\n"
    + "".join(f"witness w{n} {one.verifier.encode()}\n" for n, one in enumerate(WITNESSES, start=1))
    + "group g 2 w1 w2 w3\nquorum g\n"
).encode()


@pytest.fixture(scope="module")
def programs() -> Path:
    """The built programs."""
    return build()


@pytest.fixture
def peers(programs: Path, tmp_path: Path) -> Peers:
    """The peers, with a directory of the test's own."""
    return Peers(programs, tmp_path)


@pytest.fixture(scope="module")
def large() -> Files:
    """A log of CHANGED entries."""
    return published(some_entries(CHANGED))


def ours(files: Files) -> list[tuple[str, int]]:
    """Kind and first entry of each fault that our walk finds."""
    try:
        checkpoint = Checkpoint.parse(Note.parse(files["checkpoint"]).text)
        Note.parse(files["checkpoint"]).verified([LOG.verifier])
    except (Malformed, NotProven):
        return [("checkpoint", 0)]
    return [(fault.kind, fault.first) for fault in walk(checkpoint.size, checkpoint.root, files.read)]


def theirs(peers: Peers, files: Files, fsck_s: int = DAMAGED_S) -> tuple[str, str]:
    """What tessera's fsck and torchwood's client say."""
    log = peers.log(files, LOG.verifier)
    return peers.ask("fsck", *log, fsck_s), peers.ask("walk", *log)


@pytest.mark.parametrize("size", SIZES)
def test_logs_of_every_kind_of_size_are_accepted(peers: Peers, size: int) -> None:
    files = published(some_entries(size))
    assert ours(files) == []
    fsck, walked = theirs(peers, files, WHOLE_S)
    assert walked == "ok"
    assert fsck == "ok"


@pytest.mark.parametrize("index", [0, 255, 256, 25_608, 65_535, 65_536, CHANGED - 1])
def test_a_changed_entry_is_found_by_all_at_the_same_place(peers: Peers, large: Files, index: int) -> None:
    files = Files(large)
    tile = Tile(None, index // 256, 256 if index < 69_888 else CHANGED % 256)
    entries = split_bundle(files[tile.path], tile)
    entries[index % 256] = b"other"
    files[tile.path] = encode_bundle(entries)
    assert ours(files) == [(FaultKind.ENTRY, index)]
    fsck, walked = theirs(peers, files)
    assert walked == f"hash mismatch for entry {index}"
    assert fsck != "ok"


@pytest.mark.parametrize(
    "change", ["order", "removed", "added", "tile", "missing", "root", "size", "signature"]
)
def test_what_is_changed_is_found_by_all(peers: Peers, change: str) -> None:
    size = 600
    files = published(some_entries(size))
    bundle = Tile(None, 1)
    entries = split_bundle(files[bundle.path], bundle)
    note = Note.parse(files["checkpoint"])
    checkpoint = Checkpoint.parse(note.text)
    if change == "order":
        files[bundle.path] = encode_bundle([*entries[:9], entries[10], entries[9], *entries[11:]])
    elif change == "removed":
        files[bundle.path] = encode_bundle([*entries[:9], *entries[10:]])
    elif change == "added":
        files[bundle.path] = encode_bundle([*entries[:9], b"new", *entries[9:]])
    elif change == "tile":
        tile = bytearray(files["tile/0/001"])
        tile[32 * 9] ^= 1
        files["tile/0/001"] = bytes(tile)
    elif change == "missing":
        del files["tile/0/001"]
    elif change == "root":
        files["checkpoint"] = Checkpoint(ORIGIN, size, bytes(32)).signed(LOG).encode()
    elif change == "size":
        files["checkpoint"] = Checkpoint(ORIGIN, size - 1, checkpoint.root).signed(LOG).encode()
    else:
        (signature,) = note.signatures
        other = Signature(signature.name, signature.key_id, bytes(64))
        files["checkpoint"] = Note(note.text, (other,)).encode()
    found = ours(files)
    assert found
    fsck, walked = theirs(peers, files)
    assert fsck != "ok"
    assert walked != "ok"
    if change in ("order", "removed", "added", "tile"):
        assert found[0][1] in (256 + 9, 256)  # a bundle of another length is placed as a whole
    if named := re.fullmatch(r"hash mismatch for entry (\d+)", walked):
        assert change in ("order", "removed", "added")
        assert int(named[1]) == 256 + 9
        if change == "order":
            assert found == [(FaultKind.ENTRY, 256 + 9), (FaultKind.ENTRY, 256 + 10)]


def test_a_changed_byte_anywhere_is_found_by_all(peers: Peers) -> None:
    size = 520
    untouched = published(some_entries(size))
    paths = sorted({tile.path for tile in tiles_of(size)})
    for number in range(24):
        digest = sha256(b"%d" % number).digest()
        files = Files(untouched)
        path = paths[digest[0] % len(paths)]
        content = bytearray(files[path])
        at = int.from_bytes(digest[1:5], "big") % len(content)
        content[at] ^= 1 << digest[5] % 8
        files[path] = bytes(content)
        found = ours(files)
        assert found, (path, at)
        fsck, walked = theirs(peers, files)
        assert fsck != "ok", (path, at)
        assert walked != "ok", (path, at)
        named = re.fullmatch(r"hash mismatch for entry (\d+)", walked)
        if named and found[0][0] == FaultKind.ENTRY:
            assert found[0][1] == int(named[1]), (path, at)


def test_notes_and_cosignatures_are_accepted(peers: Peers) -> None:
    note = Checkpoint(ORIGIN, 3, bytes(range(32))).signed(LOG)
    for witness in WITNESSES[:2]:
        note = note.signed(witness, TIME)
    vkey, policy = LOG.verifier.encode(), peers.file("policy", POLICY)
    assert peers.ask("note", peers.file("note", note.encode()), vkey) == "ok"
    assert peers.ask("cosigned", peers.file("note", note.encode()), policy) == "ok"
    assert Policy.parse(POLICY).check(note).witnesses == ("w1", "w2")
    changed = [
        Note(note.text.replace(b"\n3\n", b"\n4\n"), note.signatures),
        Note(note.text, note.signatures[1:]),
        Note(note.text, note.signatures[:2]),
        Note(note.text, (*note.signatures[:2], Signature("w", b"1234", note.signatures[2].signature))),
        Note(
            note.text,
            (*note.signatures[:2], Signature(WITNESSES[1].name, WITNESSES[1].verifier.key_id, bytes(72))),
        ),
    ]
    for other in changed:
        assert peers.ask("cosigned", peers.file("note", other.encode()), policy) != "ok"
        with pytest.raises((NotProven, Malformed)):
            Policy.parse(POLICY).check(other)


@pytest.mark.parametrize("size", [1, 2, 257, 600])
def test_proofs_are_accepted_and_changed_ones_refused_by_all(peers: Peers, size: int) -> None:
    entries = some_entries(size)
    files = published(entries, cosigners=2)
    reader = TileReader(size, files.read)
    top = oracle_root(entries)
    for index in sorted({0, size // 2, size - 1}):
        path = reader.inclusion_proof(index)
        proof = LogProof(index, tuple(path), files["checkpoint"], entries[index])
        arguments = (peers.file("entry", entries[index]), peers.file("policy", POLICY))
        assert peers.ask("proof", peers.file("proof", proof.encode()), *arguments) == "ok"
        other = LogProof(index, (*path[:-1], bytes(32)), files["checkpoint"])
        assert peers.ask("proof", peers.file("proof", other.encode()), *arguments) != "ok"
        with pytest.raises(NotProven):
            other.check(leaf_hash(entries[index]), Policy.parse(POLICY))
        leaf = base64(leaf_hash(entries[index]))
        hashes = [base64(one) for one in path]
        assert peers.ask("inclusion", leaf, index, size, base64(top), *hashes) == "ok"
        assert peers.ask("inclusion", leaf, index, size, base64(top), *hashes, base64(top)) != "ok"
        with pytest.raises(NotProven):
            verify_inclusion(leaf_hash(entries[index]), index, size, [*path, top], top)
    for old in sorted({1, size // 2, size - 1, size} - {0}):
        before, steps = oracle_root(entries[:old]), reader.consistency_proof(old)
        hashes = [base64(one) for one in steps]
        assert peers.ask("consistency", old, base64(before), size, base64(top), *hashes) == "ok"
        assert peers.ask("consistency", old, base64(bytes(32)), size, base64(top), *hashes) != "ok"
        with pytest.raises(NotProven):
            verify_consistency(old, size, bytes(32), top, steps)


# A witness


def ask(witness: LiteWitness, old: int, proof: list[bytes], note: Note) -> Answer:
    """What a witness answers."""
    connection = http.client.HTTPConnection(urlsplit(witness.url).netloc, timeout=10)
    connection.request("POST", "/add-checkpoint", request(old, proof, note.encode()))
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return answer(response.status, response.headers.get("Content-Type", ""), body, note.text, witness.key)


def test_a_real_witness_cosigns_what_grows_and_refuses_everything_else(peers: Peers, tmp_path: Path) -> None:
    entries = some_entries(600)
    files = published(entries)
    heads = {
        size: Checkpoint(ORIGIN, size, oracle_root(entries[:size])).signed(LOG) for size in (0, 5, 400, 600)
    }
    place, name = tmp_path / "witness", "witness.example/w1"
    with litewitness(peers, place, name, bytes([7]) * 32, LOG.verifier) as witness:
        assert witness.key == NoteSigner(name, bytes([7]) * 32, witness.key.type).verifier
        first = ask(witness, 0, [], heads[5])
        assert isinstance(first, Cosigned)
        noted = Note(heads[5].text, (*heads[5].signatures, first.signature))
        assert set(noted.verified([LOG.verifier, witness.key])) == {LOG.verifier, witness.key}
        proof = TileReader(400, files.read).consistency_proof(5)
        assert ask(witness, 0, [], heads[400]) == KnowsOther(5)
        short = ask(witness, 5, proof[:-1], heads[400])
        assert isinstance(short, Refused)
        assert short.inconsistent
        assert isinstance(ask(witness, 5, proof, heads[400]), Cosigned)
    with litewitness(peers, place, name, bytes([7]) * 32, LOG.verifier) as witness:  # it remembers
        assert ask(witness, 5, [], heads[5]) == KnowsOther(400)  # rolled back
        assert isinstance(ask(witness, 400, [], heads[400]), Cosigned)  # unchanged
        fork = Checkpoint(ORIGIN, 400, bytes(32)).signed(LOG)
        forked = ask(witness, 400, [], fork)
        assert isinstance(forked, Refused)
        assert forked.inconsistent
        grown = Checkpoint(ORIGIN, 600, oracle_root([b"other", *entries[1:]])).signed(LOG)
        longer = ask(witness, 400, TileReader(600, files.read).consistency_proof(400), grown)
        assert isinstance(longer, Refused)
        assert longer.inconsistent
        foreign = Checkpoint(ORIGIN, 600, oracle_root(entries)).signed(NoteSigner(ORIGIN, bytes(32)))
        refused = ask(witness, 400, [], foreign)
        assert isinstance(refused, Refused)
        assert (refused.status, refused.inconsistent) == (403, False)
        unknown = NoteSigner("unknown.example", bytes(32))
        unheard = ask(witness, 0, [], Checkpoint("unknown.example", 5, bytes(32)).signed(unknown))
        assert isinstance(unheard, Refused)
        assert unheard.status == 404
        proof = TileReader(600, files.read).consistency_proof(400)
        assert isinstance(ask(witness, 400, proof, heads[600]), Cosigned)


def test_a_night_under_real_witnesses(peers: Peers, tmp_path: Path) -> None:
    """Two of three have to cosign. What is published is taken by all; a log that was set back is not."""
    log, entries = MemoryLog(), some_entries(700)
    public = tmp_path / "public"

    def start(stack: ExitStack, policy: bytes) -> Notary:
        heads = stack.enter_context(HeadStore.open(tmp_path / "heads.sqlite"))
        notary = Notary(log, 0, LogFiles(public), heads, LOG, Policy.parse(policy))
        notary.start()
        return notary

    with ExitStack() as stack:
        lines = [f"log {LOG.verifier.encode()}"]
        for number in range(1, 4):
            place = tmp_path / f"witness{number}"
            one = litewitness(peers, place, f"witness.example/w{number}", bytes([number]) * 32, LOG.verifier)
            running = stack.enter_context(one)
            lines.append(f"witness w{number} {running.key.encode()} {running.url}")
        policy = "".join(f"{line}\n" for line in (*lines, "group g 2 w1 w2 w3", "quorum g")).encode()
        notary = start(stack, policy)
        for size in (0, 1, 256, 257, 700, 700):
            log.append(*entries[len(log.raws) : size])
            round = notary.sign()
            assert (round.published, round.cosigners) == (True, ("w1", "w2", "w3")), round.answers
            vkey = public / "log.vkey"
            assert peers.ask("walk", public, vkey) == "ok"
            assert peers.ask("fsck", public, vkey, WHOLE_S) == "ok"
            assert peers.ask("cosigned", public / "checkpoint", peers.file("policy", policy)) == "ok"
        path = TileReader(700, LogFiles(public).read).inclusion_proof(25)
        proof = LogProof(25, tuple(path), (public / "checkpoint").read_bytes())
        receipt, entry = peers.file("receipt", proof.encode()), peers.file("entry", entries[25])
        assert peers.ask("proof", receipt, entry, tmp_path / "policy") == "ok"
        shutil.rmtree(public)
        for file in tmp_path.glob("heads.sqlite*"):
            file.unlink()
        log.raws[600:] = [b"another night"]
        with pytest.raises(RolledBack, match="knows 700"):
            start(stack, policy)
