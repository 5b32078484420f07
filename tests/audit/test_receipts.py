"""A receipt proves one event under a policy, and nothing else; everything in it counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audit.receipts import NoReceipt, Verdict, check_receipt, make_receipt
from tests.transparency.trees import LOG, ORIGIN, TIME, WITNESSES, Files, published, some_entries
from transparency.keys import NoteSigner
from transparency.policy import Policy

ENTRIES = some_entries(300)
FILES = published(ENTRIES, cosigners=2)
WITNESS_LINES = "".join(f"witness w{n} {one.verifier.encode()}\n" for n, one in enumerate(WITNESSES, start=1))
POLICY = Policy.parse(f"log {LOG.verifier.encode()}\n{WITNESS_LINES}group g 2 w1 w2 w3\nquorum g\n".encode())
ALONE = Policy.parse(f"log {LOG.verifier.encode()}\nquorum none\n".encode())


def receipt_of(index: int, *, with_event: bool = False) -> bytes:
    """The receipt of an entry of FILES."""
    proof = make_receipt(FILES.read, LOG.verifier, index, ENTRIES[index], with_event=with_event)
    return proof.encode()


@pytest.mark.parametrize("index", [0, 7, 255, 256, 299])
def test_a_receipt_proves_its_event(index: int) -> None:
    checked = check_receipt(receipt_of(index), ENTRIES[index], POLICY)
    assert checked.verdict is Verdict.PROVEN
    assert (checked.origin, checked.index, checked.size) == (ORIGIN, index, 300)
    at = datetime.fromtimestamp(TIME, UTC)
    assert checked.witnesses == (("w1", at), ("w2", at))
    assert f"entry {index} of the 300 of the log {ORIGIN}. Witnessed by w1 (2030-" in checked.sentence.en
    assert "Terbukti" in checked.sentence.id


def test_a_receipt_may_bring_its_event_and_a_line_feed_of_an_editor_is_left_out() -> None:
    assert check_receipt(receipt_of(7, with_event=True), None, POLICY).verdict is Verdict.PROVEN
    assert check_receipt(receipt_of(7), ENTRIES[7] + b"\n", POLICY).verdict is Verdict.PROVEN
    assert check_receipt(receipt_of(7), ENTRIES[7] + b"\n\n", POLICY).verdict is Verdict.FAILED
    missing = check_receipt(receipt_of(7), None, POLICY)
    assert missing.verdict is Verdict.NOT_CHECKED
    assert "--event" in missing.sentence.en
    other = check_receipt(receipt_of(7, with_event=True), ENTRIES[8], POLICY)
    assert other.verdict is Verdict.FAILED  # what was asked about counts, not what the receipt brings


def test_nothing_is_told_of_a_receipt_that_does_not_prove() -> None:
    three = Policy.parse(
        f"log {LOG.verifier.encode()}\n{WITNESS_LINES}group g 3 w1 w2 w3\nquorum g\n".encode()
    )
    for raw, event, policy in (
        (receipt_of(7), ENTRIES[8], POLICY),
        (receipt_of(7).replace(b"index 7", b"index 8"), ENTRIES[7], POLICY),
        (receipt_of(7), ENTRIES[7], three),
        (receipt_of(7), ENTRIES[7], Policy.parse(b"quorum none\n")),
        (receipt_of(7)[:-1], ENTRIES[7], POLICY),
        (b"", ENTRIES[7], POLICY),
    ):
        checked = check_receipt(raw, event, policy)
        assert checked.verdict is Verdict.FAILED
        assert checked.as_dict() == {
            "verdict": "failed",
            "origin": None,
            "index": None,
            "size": None,
            "witnesses": [],
            "sentence": {"id": checked.sentence.id, "en": checked.sentence.en},
        }
        assert checked.sentence.id != checked.sentence.en


def test_every_changed_byte_of_a_receipt_fails() -> None:
    raw = receipt_of(7)
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert check_receipt(changed, ENTRIES[7], POLICY).verdict is Verdict.FAILED, at


def test_a_policy_without_witnesses_is_told() -> None:
    checked = check_receipt(receipt_of(7), ENTRIES[7], ALONE)
    assert checked.verdict is Verdict.PROVEN
    assert checked.witnesses == ()
    assert "asks for no witness" in checked.sentence.en


def test_no_receipt_is_given_out_that_proves_nothing() -> None:
    with pytest.raises(NoReceipt, match="covers 300 entries"):
        make_receipt(FILES.read, LOG.verifier, 300, b"next", with_event=False)
    with pytest.raises(NoReceipt, match="does not prove entry 7"):
        make_receipt(FILES.read, LOG.verifier, 7, b"other", with_event=False)
    with pytest.raises(NoReceipt, match="nobody whose key is known"):
        make_receipt(FILES.read, NoteSigner(ORIGIN, bytes(32)).verifier, 7, ENTRIES[7], with_event=False)
    with pytest.raises(NoReceipt, match="checkpoint is missing"):
        make_receipt(Files().read, LOG.verifier, 7, ENTRIES[7], with_event=False)
    damaged = Files(FILES)
    damaged["tile/0/000"] = bytes(8_192)
    with pytest.raises(NoReceipt, match="does not prove entry 7"):
        make_receipt(damaged.read, LOG.verifier, 7, ENTRIES[7], with_event=False)
    del damaged["tile/0/000"]
    with pytest.raises(NoReceipt, match="tile/0/000 is missing"):
        make_receipt(damaged.read, LOG.verifier, 7, ENTRIES[7], with_event=False)
