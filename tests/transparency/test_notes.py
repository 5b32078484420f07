"""Keys, notes and checkpoints: published vectors are accepted, and nothing is taken that is not exact."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from tests.transparency.trees import LOG, ORIGIN, TIME, WITNESSES
from transparency.checkpoint import Checkpoint, open_checkpoint
from transparency.encoding import base64, decimal, unbase64
from transparency.errors import Malformed, NotProven
from transparency.keys import NoteSigner, SignatureType, VerifierKey, cosigned_at
from transparency.merkle import EMPTY_ROOT
from transparency.note import MAX_NOTE_BYTES, MAX_SIGNATURES, Note, Signature

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()
"""The example of the specification of signed notes."""

GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
""".encode()
"""The example of Go's note package."""

SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
"""Public keys of small order, and encodings that are not canonical."""

CHECKPOINT = Checkpoint(ORIGIN, 3, bytes(range(32)))


def test_the_example_of_the_specification_is_accepted() -> None:
    key = VerifierKey.parse(VKEY)
    note = Note.parse(NOTE)
    assert note.text == b"This is an example message.\n"
    assert list(note.verified([key])) == [key]
    assert (key.encode(), note.encode()) == (VKEY, NOTE)


def test_the_example_of_gos_note_package_is_made_and_accepted() -> None:
    signer = NoteSigner.parse(GO_SKEY)
    assert (signer.encode(), signer.verifier.encode()) == (GO_SKEY, GO_VKEY)
    note = Note.parse(GO_NOTE)
    assert Note(note.text).signed(signer).encode() == GO_NOTE
    assert note.verified([signer.verifier])


def test_the_key_ids_of_the_specification_of_cosignatures() -> None:
    raw = unbase64(
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==",
        "example",
    )
    assert cosigned_at(raw[4:]) == 1_679_315_147


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_keys_outside_the_prime_order_subgroup_are_refused(key: str) -> None:
    with pytest.raises(Malformed, match="prime-order"):
        VerifierKey("odd.example", bytes.fromhex(key))


def test_a_signature_with_r_of_small_order_is_refused() -> None:
    signer = NoteSigner("a", bytes(32))
    scalar = SigningKey(signer.seed)
    forged = bytes.fromhex(SMALL_ORDER[1]) + scalar.sign(b"text\n").signature[32:]
    assert not signer.verifier.verifies(b"text\n", forged)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a+b", "a+00000000+", VKEY[:-4], VKEY + "A", VKEY.replace("530d903a", "530D903A")),
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("example.com/foo", "example.com foo"),
        VKEY.replace("+Aek", "+Cek"),
        VKEY + "\n",
    ],
)
def test_a_vkey_is_exact(text: str) -> None:
    with pytest.raises(Malformed):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "text", ["", GO_SKEY[:-4], GO_SKEY.replace("c74f20a3", "c74f20a4"), GO_VKEY, "x+y+z"]
)
def test_a_private_key_is_exact_and_never_repeated_in_an_error(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        NoteSigner.parse(text)
    assert "AYEKFALV" not in str(caught.value)
    assert "81" not in repr(NoteSigner("a", b"\x81" * 32))


@pytest.mark.parametrize("name", ["", "a b", "a\u00a0b", "a\u3000", "a+b", "a\x01", "x" * 256])
def test_names_of_keys_have_no_spaces_and_plus_signs(name: str) -> None:
    with pytest.raises(Malformed, match="key name"):
        NoteSigner(name, bytes(32))


def lines(count: int) -> bytes:
    """A note with that many signature lines of unknown keys."""
    return Note(b"text\n", (Signature("a", b"1234", b"x"),) * count).encode()


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"text\n", b"text\n\n", NOTE[:-1], NOTE.replace(b"\n\n", b"\n"), lines(MAX_SIGNATURES + 1)),
        NOTE.replace(b"example message", b"example\tmessage"),
        NOTE.replace(b"example message", b"example\rmessage"),
        NOTE.replace(b"example message", b"\xff"),
        NOTE.replace("— ".encode(), b"- "),
        NOTE.replace(b"foo Uw", b"foo  Uw"),
        NOTE.replace(b"aQM=\n", b"aQN=\n"),
        NOTE.replace(b"aQM=\n", b"aQM\n"),
        NOTE + b"text\n",
        NOTE[: NOTE.index(b"Uw2")] + b"\n",
        NOTE[: NOTE.index(b"Uw2")] + b"Uw2QOg==\n",
        b"x" * MAX_NOTE_BYTES + NOTE,
    ],
)
def test_a_note_is_exact(raw: bytes) -> None:
    with pytest.raises(Malformed):
        Note.parse(raw)


def test_as_many_signatures_as_allowed_are_taken() -> None:
    assert len(Note.parse(lines(MAX_SIGNATURES)).signatures) == MAX_SIGNATURES


@given(st.binary(max_size=300))
def test_whatever_is_taken_is_written_again_byte_for_byte(raw: bytes) -> None:
    for attempt in (raw, NOTE[: len(raw)] + raw[:3] + NOTE[len(raw) :]):
        try:
            note = Note.parse(attempt)
        except Malformed:
            continue
        assert note.encode() == attempt


def test_unknown_keys_are_passed_over_and_a_known_one_has_to_hold() -> None:
    other = NoteSigner("other.example", bytes(32))
    note = CHECKPOINT.signed(LOG).signed(other)
    assert list(note.verified([LOG.verifier])) == [LOG.verifier]
    wrong = Signature(ORIGIN, LOG.verifier.key_id, bytes(64))
    for signatures in ((*note.signatures, wrong), (wrong, *note.signatures)):
        with pytest.raises(NotProven, match="does not hold"):
            Note(note.text, signatures).verified([LOG.verifier])
    same_name = NoteSigner(ORIGIN, bytes([9]) * 32)
    with pytest.raises(NotProven, match="nobody"):
        note.verified([same_name.verifier])


def test_a_cosignature_states_its_time_and_is_none_of_another_kind() -> None:
    witness = WITNESSES[0]
    note = CHECKPOINT.signed(LOG).signed(witness, TIME)
    assert set(note.verified([LOG.verifier, witness.verifier])) == {LOG.verifier, witness.verifier}
    cosignature = note.signatures[-1]
    assert cosigned_at(cosignature.signature) == TIME
    later = Signature(
        cosignature.name, cosignature.key_id, struct.pack(">Q", TIME + 1) + cosignature.signature[8:]
    )
    with pytest.raises(NotProven):
        Note(note.text, (later,)).verified([witness.verifier])
    as_note = NoteSigner(witness.name, witness.seed, SignatureType.NOTE)
    assert as_note.verifier.key_id != witness.verifier.key_id
    assert not witness.verifier.verifies(note.text, as_note.sign(note.text))
    assert not as_note.verifier.verifies(note.text, cosignature.signature)
    far = struct.pack(">Q", 2**63) + witness.sign(note.text, 2**63)[8:]
    assert not witness.verifier.verifies(note.text, far)


def test_a_checkpoint_is_three_lines() -> None:
    text = CHECKPOINT.text()
    assert text == f"{ORIGIN}\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n".encode()
    assert Checkpoint.parse(text) == CHECKPOINT
    assert Checkpoint.parse(text + b"more\n").extensions == ("more",)
    assert Checkpoint.parse(text + b"more\n").text() == text + b"more\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *((b"\n3\n", b"\n03\n"), (b"\n3\n", b"\n-3\n"), (b"\n3\n", b"\n+3\n"), (b"\n3\n", b"\n3 \n")),
        *(
            (b"\n3\n", b"\n\n"),
            (b"\n3\n", b"\n%d\n" % 2**63),
            (b"\n3\n", "\n٣\n".encode()),
            (b"Hh8=", b"Hh9="),
        ),
        *((b"Hh8=", b"Hg=="), (b"AAEC", b"AAE_"), (b"\n3\n", b"\n0\n"), (b"pemilu.example/2029/0", b"")),
        *((b"Hh8=\n", b"Hh8="), (b"Hh8=\n", b"Hh8=\n\n"), (b"\n3\nAAEC", b"\n3 AAEC")),
    ],
)
def test_a_checkpoint_is_exact(old: bytes, new: bytes) -> None:
    text = CHECKPOINT.text()
    assert old in text
    with pytest.raises(Malformed):
        Checkpoint.parse(text.replace(old, new))


def test_a_checkpoint_counts_with_a_signature_of_the_log_that_it_names() -> None:
    note = CHECKPOINT.signed(LOG)
    assert open_checkpoint(note, [LOG.verifier]) == CHECKPOINT
    other = Checkpoint("pemilu.example/2029/1", 3, bytes(32))
    with pytest.raises(NotProven, match="no key is known of the log"):
        open_checkpoint(other.signed(LOG), [LOG.verifier])
    with pytest.raises(NotProven, match="nobody"):
        open_checkpoint(other.signed(LOG), [NoteSigner(other.origin, bytes(32)).verifier])
    assert open_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT).signed(LOG), [LOG.verifier]).size == 0


@given(st.binary(max_size=80))
def test_base64_has_one_text_for_one_value(data: bytes) -> None:
    assert unbase64(base64(data), "it") == data


@pytest.mark.parametrize("text", ["A", "AA", "AB==", "AA==\n", "A A=", "AA=", "AAA=AAA=", "é"])
def test_other_texts_are_not_base64(text: str) -> None:
    with pytest.raises(Malformed):
        unbase64(text, "it")


@pytest.mark.parametrize(
    "text", ["", "00", "01", "1_0", " 1", "1\n", "²", "١", "9223372036854775808", "1" * 5_000]
)
def test_numbers_have_one_text(text: str) -> None:
    with pytest.raises(Malformed, match="decimal"):
        decimal(text, "it")
    assert decimal("9223372036854775807", "it") == 2**63 - 1
