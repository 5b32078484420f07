"""Every example of docs/transparency.md is what the code makes, and its verifier decides as the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from event_log.reading import LogEntry
from tests.transparency.trees import oracle_root
from transparency.checkpoint import Checkpoint
from transparency.keys import NoteSigner, SignatureType
from transparency.merkle import leaf_hash
from transparency.notary.log_tree import tree_entry
from transparency.note import Note
from transparency.policy import Policy
from transparency.proof import LogProof
from transparency.tile_builder import TileBuilder
from transparency.tile_reader import TileReader

TEXT: Final = (Path(__file__).parents[2] / "docs" / "transparency.md").read_text(encoding="utf-8")
BLOCKS: Final = dict(re.findall(r"^```(\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
ENTRIES: Final = [line.encode() for line in BLOCKS["entries"].splitlines()]
LOG: Final = NoteSigner("hitung.example/pemilu/0", bytes([1]) * 32)
WITNESS: Final = NoteSigner("saksi.example/w1", bytes([2]) * 32, SignatureType.COSIGNATURE)
TIME: Final = 1_893_456_000


def files() -> dict[str, bytes]:
    """The files of the example."""
    builder = TileBuilder()
    builder.add(ENTRIES)
    made = {one.tile.path: one.content for one in builder.partial()}
    note = Checkpoint(LOG.name, builder.size, builder.root()).signed(LOG).signed(WITNESS, TIME)
    return made | {"checkpoint": note.encode()}


def verifier() -> Any:
    """The function `check` of the document."""
    space: dict[str, Any] = {}
    exec(compile(BLOCKS["python"], "docs/transparency.md", "exec"), space)
    return space["check"]


def test_the_tree_of_the_example() -> None:
    assert [leaf_hash(entry).hex() for entry in ENTRIES] == BLOCKS["leaves"].split()
    assert oracle_root(ENTRIES).hex() == BLOCKS["root"].strip()


def test_the_files_of_the_example() -> None:
    made = files()
    bundle = "tile/entries/000.p/3"
    assert made[bundle].hex() == "".join(BLOCKS[bundle].split())
    assert made["tile/0/000.p/3"].hex() == "".join(BLOCKS["leaves"].split())
    assert made["checkpoint"].decode() == BLOCKS["checkpoint"]


def test_the_proof_of_the_example() -> None:
    made = files()
    path = TileReader(3, made.__getitem__).inclusion_proof(1)
    proof = LogProof(1, tuple(path), made["checkpoint"])
    assert proof.encode().decode() == BLOCKS["proof"]
    accepted = proof.check(leaf_hash(ENTRIES[1]), Policy.parse(BLOCKS["policy"].encode()))
    assert accepted.witnesses == ("w1",)


def test_the_verifier_of_the_document_needs_nothing_of_ours() -> None:
    imported = re.findall(r"^(?:from|import) (\w+)", BLOCKS["python"], re.MULTILINE)
    assert set(imported) - set(sys.stdlib_module_names) == {"nacl"}
    script = BLOCKS["python"] + (
        "import sys\n"
        f"print(check({BLOCKS['proof'].encode()!r}, {ENTRIES[1]!r}, {LOG.verifier.encode()!r}, "
        f"[{WITNESS.verifier.encode()!r}], 1))\n"
        "assert not [name for name in sys.modules if name.startswith(('transparency', 'schemas', 'rekap'))]\n"
    )
    ran = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("(1, 3)\n", "")


def outcome(decide: Any, *arguments: Any) -> bool:
    """Whether a verifier takes it."""
    try:
        decide(*arguments)
    except Exception:
        return False
    return True


def test_the_verifier_of_the_document_decides_as_the_code_does() -> None:
    """Each byte of the proof is changed in turn, and the entry, the keys and the policy."""
    check = verifier()
    proof, entry = BLOCKS["proof"].encode(), ENTRIES[1]
    keys = (LOG.verifier.encode(), [WITNESS.verifier.encode()], 1)
    policy = Policy.parse(BLOCKS["policy"].encode())

    def ours(raw: bytes, about: bytes) -> None:
        LogProof.parse(raw).check(leaf_hash(about), policy)

    assert outcome(check, proof, entry, *keys)
    assert outcome(ours, proof, entry)
    for at in range(len(proof)):
        changed = proof[:at] + bytes([proof[at] ^ 1]) + proof[at + 1 :]
        assert not outcome(ours, changed, entry), at
        assert not outcome(check, changed, entry, *keys), at
    for about in (ENTRIES[0], entry + b" ", b""):
        assert not outcome(check, proof, about, *keys)
        assert not outcome(ours, proof, about)
    other = NoteSigner(LOG.name, bytes([9]) * 32).verifier.encode()
    assert not outcome(check, proof, entry, other, *keys[1:])
    assert not outcome(check, proof, entry, keys[0], [], 1)


def test_the_reference_to_an_entry_that_is_too_large() -> None:
    large = b"x" * 70_000
    entry = LogEntry(3, 0, None, large, leaf_hash(large))
    assert tree_entry(entry) == BLOCKS["reference"].removesuffix("\n").encode()


def test_no_example_is_left_out() -> None:
    """The command line of `sh` is held by tests/rekap/test_help.py."""
    executed = {"entries", "reference", "leaves", "root", "policy", "checkpoint", "proof", "python"}
    assert set(BLOCKS) == executed | {"tile/entries/000.p/3", "sh"}


def test_the_note_of_the_example_is_the_published_one() -> None:
    note = Note.parse(BLOCKS["checkpoint"].encode())
    assert set(note.verified([LOG.verifier, WITNESS.verifier])) == {LOG.verifier, WITNESS.verifier}
