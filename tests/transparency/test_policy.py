"""Policies and proofs: what they ask for is asked for, and what is not exact is refused."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transparency.trees import LOG, ORIGIN, TIME, WITNESSES, published, some_entries
from transparency.errors import Malformed, NotProven
from transparency.keys import NoteSigner, SignatureType
from transparency.merkle import leaf_hash
from transparency.note import Note
from transparency.policy import Policy
from transparency.proof import MAX_EXTRA_BYTES, LogProof
from transparency.tile_reader import TileReader

LOG_LINE = f"log {LOG.verifier.encode()} http://127.0.0.1/log\n"
WITNESS_LINES = "".join(
    f"witness w{number} {witness.verifier.encode()}\n" for number, witness in enumerate(WITNESSES, start=1)
)
NESTED = (
    "# Two of the parties, and the university\n\n"
    f"{LOG_LINE}{WITNESS_LINES}"
    "group parties 1 w1 w2\n"
    "\tgroup both   all\tparties w3 \n"
    "quorum both\n"
)


def policy(text: str) -> Policy:
    """The policy of that text."""
    return Policy.parse(text.encode())


def test_a_policy_of_groups_is_satisfied_by_the_quorums_that_it_describes() -> None:
    parsed = policy(NESTED)
    assert parsed.logs[0].url == "http://127.0.0.1/log"
    names = ["w1", "w2", "w3"]
    satisfied = {some for count in range(4) for some in combinations(names, count) if parsed.satisfied(some)}
    assert satisfied == {("w1", "w3"), ("w2", "w3"), ("w1", "w2", "w3")}


@pytest.mark.parametrize(("k", "needed"), [("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 3)])
def test_k_of_n(k: str, needed: int) -> None:
    parsed = policy(f"{LOG_LINE}{WITNESS_LINES}group g {k} w1 w2 w3\nquorum g\n")
    files = published(some_entries(5), cosigners=3)
    note = Note.parse(files["checkpoint"])
    for count in range(4):
        some = Note(note.text, note.signatures[: 1 + count])
        if count >= needed:
            assert parsed.check(some).witnesses == ("w1", "w2", "w3")[:count]
        else:
            with pytest.raises(NotProven, match="quorum 'g' is not reached"):
                parsed.check(some)


def test_without_a_quorum_of_witnesses_the_log_alone_has_to_have_signed() -> None:
    parsed = policy(f"{LOG_LINE}quorum none\n")
    note = Note.parse(published(some_entries(5), cosigners=2)["checkpoint"])
    assert parsed.check(note).witnesses == ()
    with pytest.raises(NotProven, match="nobody"):
        parsed.check(Note(note.text, note.signatures[1:]))


def test_one_witness_can_be_the_quorum() -> None:
    parsed = policy(f"{LOG_LINE}{WITNESS_LINES}quorum w2\n")
    note = Note.parse(published(some_entries(5), cosigners=1)["checkpoint"])
    with pytest.raises(NotProven, match="cosigned by 'w1'"):
        parsed.check(note)
    assert parsed.check(note.signed(WITNESSES[1], TIME)).witnesses == ("w1", "w2")


def test_a_cosignature_that_does_not_hold_is_not_passed_over() -> None:
    parsed = policy(f"{LOG_LINE}{WITNESS_LINES}group g any w1 w2 w3\nquorum g\n")
    note = Note.parse(published(some_entries(5), cosigners=2)["checkpoint"])
    other = Note.parse(published(some_entries(6), cosigners=2)["checkpoint"])
    with pytest.raises(NotProven, match="does not hold"):
        parsed.check(Note(note.text, (*note.signatures[:2], other.signatures[2])))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "quorum line"),
        ("quorum none\nquorum none\n", "line 2: there is a second quorum line"),
        ("quorum none", "does not end|ends with a line feed"),
        ("quorum missing\n", "not defined"),
        ("group g all none\nquorum none\n", "not defined"),
        (f"{WITNESS_LINES}group g 0 w1\nquorum g\n", "threshold"),
        (f"{WITNESS_LINES}group g 2 w1\nquorum g\n", "threshold"),
        (f"{WITNESS_LINES}group g 01 w1\nquorum g\n", "threshold"),
        (f"{WITNESS_LINES}group g some w1\nquorum g\n", "threshold"),
        (f"{WITNESS_LINES}group g any\nquorum g\n", "expected"),
        (f"{WITNESS_LINES}group g any w1 w1\nquorum g\n", "member already"),
        (f"{WITNESS_LINES}group g any w1\ngroup h any w1\nquorum g\n", "member already"),
        (f"{WITNESS_LINES}group w1 any w2\nquorum w1\n", "taken"),
        (f"{WITNESS_LINES}group g any g\nquorum g\n", "not defined"),
        (f"witness none {WITNESSES[0].verifier.encode()}\nquorum none\n", "taken"),
        (f"{WITNESS_LINES}witness again {WITNESSES[0].verifier.encode()}\nquorum none\n", "there already"),
        (f"witness w {LOG.verifier.encode()}\nquorum none\n", "0x04"),
        (f"log {WITNESSES[0].verifier.encode()}\nquorum none\n", "0x01"),
        (f"{LOG_LINE}{LOG_LINE}quorum none\n", "there already"),
        ("log\nquorum none\n", "expected"),
        ("quorum none extra\n", "expected"),
        ("quorum none\r\n", "control characters"),
        ("quorum none\0\n", "control characters"),
        ("Quorum none\n", "expected"),
        ("#" * 70_000, "at most"),
    ],
)
def test_a_policy_is_exact(line: str, error: str) -> None:
    with pytest.raises(Malformed, match=error):
        policy(line)


def test_one_public_key_under_two_names_is_one_witness() -> None:
    same = NoteSigner("another.example", WITNESSES[0].seed, SignatureType.COSIGNATURE)
    with pytest.raises(Malformed, match="under this name or another"):
        policy(f"{WITNESS_LINES}witness again {same.verifier.encode()}\nquorum none\n")


def test_names_may_be_any_bytes() -> None:
    raw = f"{LOG_LINE}witness ".encode() + b"\xff\xe2 " + WITNESSES[0].verifier.encode().encode()
    assert Policy.parse(raw + b"\nquorum \xff\xe2\n").satisfied([b"\xff\xe2".decode("latin-1")])


# Proofs

ENTRIES = some_entries(300)
FILES = published(ENTRIES, cosigners=2)
POLICY = policy(f"{LOG_LINE}{WITNESS_LINES}group g 2 w1 w2 w3\nquorum g\n")


def proof_of(index: int, extra: bytes | None = None) -> LogProof:
    """The proof of an entry of FILES."""
    reader = TileReader(len(ENTRIES), FILES.read)
    return LogProof(index, tuple(reader.inclusion_proof(index)), FILES["checkpoint"], extra)


@pytest.mark.parametrize("index", [0, 1, 255, 256, 299])
@pytest.mark.parametrize("extra", [None, b"", b"the entry"])
def test_a_proof_is_read_as_it_is_written_and_holds(index: int, extra: bytes | None) -> None:
    proof = proof_of(index, extra)
    assert LogProof.parse(proof.encode()) == proof
    accepted = LogProof.parse(proof.encode()).check(leaf_hash(ENTRIES[index]), POLICY)
    assert (accepted.checkpoint.origin, accepted.checkpoint.size) == (ORIGIN, 300)
    assert (accepted.witnesses, accepted.times) == (("w1", "w2"), (TIME, TIME))


def test_a_proof_of_the_only_entry_has_no_hashes() -> None:
    files = published([b"one"], cosigners=2)
    proof = LogProof(0, (), files["checkpoint"])
    assert LogProof.parse(proof.encode()).check(leaf_hash(b"one"), POLICY).checkpoint.size == 1


def test_a_proof_holds_for_its_entry_and_policy_alone() -> None:
    proof = proof_of(7)
    for leaf, index, checked in (
        (leaf_hash(b"other"), 7, POLICY),
        (leaf_hash(ENTRIES[7]), 8, POLICY),
        (leaf_hash(ENTRIES[7]), 7, policy(f"{LOG_LINE}{WITNESS_LINES}group g 3 w1 w2 w3\nquorum g\n")),
        (leaf_hash(ENTRIES[7]), 7, policy("quorum none\n")),
    ):
        with pytest.raises(NotProven):
            LogProof(index, proof.hashes, proof.checkpoint).check(leaf, checked)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(
            (b"proof@v1", b"proof@v2"),
            (b"index 7", b"index 07"),
            (b"index 7\n", b""),
            (b"index 7", b"index -7"),
        ),
        *((b"extra eA==\n", b"extra eA=\n"), (b"extra eA==\nindex 7", b"index 7\nextra eA==")),
        *((b"extra eA==", b"extra e A=="), (b"\n\n", b"\n"), (b"index 7\n", b"index 7\nAAAA\n")),
        *((b"index 7\n", b"index 7\n" + 63 * (b"A" * 43 + b"=\n")), (b"index 7\n", b"index 7\r\n")),
    ],
)
def test_a_proof_is_exact(old: bytes, new: bytes) -> None:
    raw = proof_of(7, b"x").encode()
    assert old in raw
    with pytest.raises(Malformed):
        LogProof.parse(raw.replace(old, new, 1))


def test_a_proof_has_bounds() -> None:
    with pytest.raises(Malformed, match="extra has at most"):
        LogProof.parse(proof_of(7, bytes(MAX_EXTRA_BYTES + 1)).encode())
    with pytest.raises(Malformed, match="a proof has at most"):
        LogProof.parse(b"c2sp.org/tlog-proof@v1\n" * 100_000)


@given(st.binary(max_size=200), st.integers(0, 1_500))
def test_bytes_that_are_no_proof_are_refused_and_never_crash(noise: bytes, at: int) -> None:
    raw = proof_of(7, b"x").encode()
    for attempt in (noise, raw[:at] + noise + raw[at:], raw[:at]):
        try:
            proof = LogProof.parse(attempt)
        except Malformed:
            continue
        assert proof.encode() == attempt
