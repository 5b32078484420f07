"""What goes to a witness and what comes back, byte by byte."""

from __future__ import annotations

import pytest

from tests.transparency.trees import LOG, ORIGIN, TIME, WITNESSES, oracle_root, some_entries
from transparency.checkpoint import Checkpoint
from transparency.errors import Malformed, NotProven
from transparency.note import Note, Signature
from transparency.witness import (
    MAX_ANSWER_BYTES,
    SIZE_TYPE,
    Cosigned,
    KnowsOther,
    Refused,
    answer,
    monitoring_path,
    request,
)

NOTE = Checkpoint(ORIGIN, 5, oracle_root(some_entries(5))).signed(LOG)
KEY = WITNESSES[0].verifier
LINE = NOTE.signed(WITNESSES[0], TIME).signatures[-1]
PLAIN = "text/plain"


def test_a_request_is_the_old_size_the_proof_and_the_checkpoint() -> None:
    body = request(3, [bytes(32), bytes(range(32))], NOTE.encode())
    assert body == (
        b"old 3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n" + NOTE.encode()
    )
    assert request(0, [], NOTE.encode()) == b"old 0\n\n" + NOTE.encode()
    with pytest.raises(ValueError, match="63"):
        request(1, [bytes(32)] * 64, NOTE.encode())


def test_the_path_of_a_log_at_a_witness() -> None:
    digest = "4d3203c8f35cdf600e475f55fede6081a703d3d322f208865fca2ec4f0e030f8"
    assert monitoring_path("example.com/log") == f"{digest}/checkpoint"


def test_a_cosignature_of_the_witness_is_taken_out_of_those_of_others() -> None:
    other = NOTE.signed(WITNESSES[1], TIME).signatures[-1]
    body = (other.line() + LINE.line()).encode()
    assert answer(200, PLAIN, body, NOTE.text, KEY) == Cosigned(LINE)


def test_a_cosignature_of_another_checkpoint_or_key_is_none() -> None:
    wrong = Checkpoint(ORIGIN, 6, bytes(32)).signed(LOG)
    for text, line in ((wrong.text, LINE), (NOTE.text, NOTE.signed(WITNESSES[1], TIME).signatures[-1])):
        with pytest.raises(NotProven):
            answer(200, PLAIN, line.line().encode(), text, KEY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        LINE.line().encode()[:-1],
        LINE.line().encode() * 17,
        b"<html>",
        b"x" * (MAX_ANSWER_BYTES + 1),
    ],
)
def test_an_answer_is_exact(body: bytes) -> None:
    with pytest.raises(Malformed):
        answer(200, PLAIN, body, NOTE.text, KEY)


def test_other_answers() -> None:
    assert answer(409, SIZE_TYPE, b"7\n", NOTE.text, KEY) == KnowsOther(7)
    with pytest.raises(Malformed):
        answer(409, SIZE_TYPE, b"-7\n", NOTE.text, KEY)
    assert answer(409, PLAIN, b"7\n", NOTE.text, KEY) == Refused(409, "7", inconsistent=False)
    assert answer(422, PLAIN, b"bad proof\n", NOTE.text, KEY) == Refused(422, "bad proof", inconsistent=True)
    assert answer(503, PLAIN, b"\xff" * 500, NOTE.text, KEY).__class__ is Refused


def test_a_note_with_the_answer_added_is_verified() -> None:
    taken = answer(200, PLAIN, LINE.line().encode(), NOTE.text, KEY)
    assert isinstance(taken, Cosigned)
    assert isinstance(taken.signature, Signature)
    assert KEY in Note(NOTE.text, (*NOTE.signatures, taken.signature)).verified([KEY])
