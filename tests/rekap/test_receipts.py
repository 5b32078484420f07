"""`rekap audit receipt` and `check-receipt`: an event's way from the log into a hand, and back."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import zxingcpp

from audit.receipts import NoReceipt, check_receipt, make_receipt
from event_log.leaf import leaf_hash
from rekap.qr_codes import qr_code
from tests.rekap.conftest import Rekap
from tests.rekap.messages import messages
from tests.transparency.trees import LOG, TIME, WITNESSES
from tests.worlds import pairs, submitted
from transparency.checkpoint import Checkpoint
from transparency.encoding import MAX_NUMBER
from transparency.policy import Policy
from transparency.proof import LogProof
from transparency.tiles import MAX_ENTRY_BYTES


@pytest.fixture
def signed(rekap: Rekap, own_count: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A directory whose log is published, and the policy that accepts it."""
    assert rekap("--data", own_count, "notary", "--once").code == 0
    policy = tmp_path / "log.policy"
    policy.write_text(f"log {(own_count / 'tlog' / '0' / 'log.vkey').read_text()}quorum none\n")
    return own_count, policy


def id_of(raw: bytes) -> str:
    """The id of an event."""
    return str(orjson.loads(raw)["event_id"])


def test_the_receipt_of_an_event_is_made_and_checked(
    rekap: Rekap, signed: tuple[Path, Path], tmp_path: Path
) -> None:
    data, policy = signed
    raw = messages()[1]
    file, event = tmp_path / "form.tlog-proof", tmp_path / "form.json"
    event.write_bytes(raw + b"\n")
    made = rekap("--data", data, "audit", "receipt", id_of(raw)[:12], "--out", file)
    assert made.code == 0, made.err
    assert made.out.startswith("The receipt of entry 1 was written to")
    arguments = ("audit", "check-receipt", file, "--event", event, "--policy", policy)
    checked = rekap(*arguments, "--format", "json")
    assert (checked.code, checked.json["verdict"], checked.json["index"]) == (0, "proven", 1)
    assert rekap("--lang", "id", *arguments).out.startswith("Terbukti: peristiwa ini entri 1 dari 10")
    event.write_bytes(messages()[0])
    failed = rekap(*arguments, "--format", "json")
    assert (failed.code, failed.json["verdict"]) == (1, "failed")


def test_a_receipt_that_brings_its_event_is_enough(
    rekap: Rekap, signed: tuple[Path, Path], tmp_path: Path
) -> None:
    data, policy = signed
    file = tmp_path / "form.tlog-proof"
    raw = messages()[0]
    made = rekap(
        "--data", data, "audit", "receipt", id_of(raw), "--out", file, "--with-event", "--format", "json"
    )
    assert made.json == {"index": 0, "file": str(file), "bytes": file.stat().st_size}
    assert LogProof.parse(file.read_bytes()).extra == raw
    assert rekap("audit", "check-receipt", file, "--policy", policy).code == 0


@pytest.mark.parametrize("with_event", [False, True])
def test_a_qr_code_holds_the_same_bytes(
    rekap: Rekap, signed: tuple[Path, Path], tmp_path: Path, with_event: bool
) -> None:
    data, _ = signed
    file, image = tmp_path / "form.tlog-proof", tmp_path / "form.png"
    more = ["--with-event"] if with_event else []
    subject = ("--data", data, "audit", "receipt", id_of(messages()[0]), "--out", file)
    assert rekap(*subject, "--qr", image, *more).code == 0
    (code,) = zxingcpp.read_barcodes(pixels(image))
    assert bytes(code.bytes) == file.read_bytes()
    assert rekap(*subject, "--qr", tmp_path / "form.svg").code == 0
    assert (tmp_path / "form.svg").read_bytes().startswith(b"<?xml")
    wrong = rekap(*subject, "--qr", tmp_path / "form.jpg")
    assert (wrong.code, ".svg or .png" in wrong.err) == (2, True)


def test_what_fits_into_no_code_is_said() -> None:
    assert qr_code(b"\xff" * 2_953, ".png") is not None
    assert qr_code(b"\xff" * 2_954, ".png") is None


def test_a_receipt_of_a_national_log_fits_into_one_code() -> None:
    note = Checkpoint("hitung.example/pemilu2029/11", 4_076_189, bytes(32)).signed(LOG)
    for witness in WITNESSES:
        note = note.signed(witness, TIME)
    receipt = LogProof(4_000_000, (bytes(range(32)),) * 22, note.encode()).encode()
    assert len(receipt) < 1_700
    assert qr_code(receipt, ".svg") is not None


def pixels(image: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A PNG of two colours as grey values: what segno writes, one bit a pixel."""
    raw, at, chunks = image.read_bytes(), 8, {}
    while at < len(raw):
        (length,) = struct.unpack(">I", raw[at : at + 4])
        chunks[raw[at + 4 : at + 8]] = raw[at + 8 : at + 8 + length]
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    lines = rows[:, 1:].copy()
    for number, kind in enumerate(rows[:, 0]):
        assert kind in (0, 2)
        if kind == 2:  # what differs from the line above
            lines[number] += lines[number - 1]
    return np.unpackbits(lines, axis=1)[:, :width] * np.uint8(255)


def test_there_is_no_receipt_before_the_checkpoint(
    rekap: Rekap, signed: tuple[Path, Path], tmp_path: Path
) -> None:
    data, _ = signed
    raw = submitted("1101012001004", pairs(1, 2, 3))
    log = tmp_path / "more.jsonl"
    log.write_bytes(raw + b"\n")
    assert rekap("--data", data, "import", log).code == 0
    early = rekap("--data", data, "audit", "receipt", id_of(raw), "--out", tmp_path / "r")
    assert early.code == 1
    assert "Wait for the next one" in early.err
    assert not (tmp_path / "r").exists()
    assert rekap("--data", data, "notary", "--once").code == 0
    assert rekap("--data", data, "audit", "receipt", id_of(raw), "--out", tmp_path / "r").code == 0


def test_what_is_asked_wrongly_is_said(rekap: Rekap, signed: tuple[Path, Path], tmp_path: Path) -> None:
    data, policy = signed
    for arguments, words in (
        (("audit", "receipt", "0" * 12), "needs --out FILE"),
        (("audit", "check-receipt", "x"), "needs --policy FILE"),
        (("audit", "receipt", "nonsense", "--out", "x"), "hex digits"),
        (("audit", "receipt", "0" * 12, "--out", "x", "--policy", policy), "--policy is for"),
        (("audit", "check-receipt", "x", "--policy", policy, "--with-event"), "--with-event is for"),
    ):
        refused = rekap("--data", data, *arguments)
        assert (refused.code, words in refused.err) == (2, True), refused.err
    unknown = rekap("--data", data, "audit", "receipt", "0" * 12, "--out", tmp_path / "r")
    assert unknown.code == 1
    assert "There is no event" in unknown.err
    assert rekap("audit", "check-receipt", tmp_path / "none", "--policy", policy).code == 3


def test_a_receipt_without_its_event_is_not_checked(
    rekap: Rekap, signed: tuple[Path, Path], tmp_path: Path
) -> None:
    data, policy = signed
    file = tmp_path / "form.tlog-proof"
    assert rekap("--data", data, "audit", "receipt", id_of(messages()[1])[:12], "--out", file).code == 0
    checked = rekap("audit", "check-receipt", file, "--policy", policy, "--format", "json")
    assert (checked.code, checked.json["verdict"]) == (1, "not_checked")


def test_a_witness_with_an_impossible_time_is_no_crash() -> None:
    entry, time = b"{}", MAX_NUMBER
    note = Checkpoint(LOG.name, 1, leaf_hash(entry)).signed(LOG).signed(WITNESSES[0], time)
    witness = WITNESSES[0].verifier.encode()
    policy = Policy.parse(f"log {LOG.verifier.encode()}\nwitness w1 {witness}\nquorum w1\n".encode())
    checked = check_receipt(LogProof(0, (), note.encode()).encode(), entry, policy)
    assert checked.as_dict()["witnesses"] == [{"name": "w1", "time": None}]
    assert "Witnessed by w1 (at no possible time)" in checked.sentence.en
    assert "Disaksikan w1 (waktu tidak masuk akal)" in checked.sentence.id


def test_an_entry_that_stands_by_reference_has_no_receipt() -> None:
    with pytest.raises(NoReceipt, match="a reference with its SHA-256 stands in its place"):
        make_receipt(lambda _: b"", LOG.verifier, 0, bytes(MAX_ENTRY_BYTES + 1), with_event=False)


def test_a_receipt_before_the_first_run_of_the_notary(rekap: Rekap, own_count: Path, tmp_path: Path) -> None:
    event = id_of(messages()[1])[:12]
    early = rekap("--data", own_count, "--lang", "id", "audit", "receipt", event, "--out", tmp_path / "r")
    assert early.code == 1
    assert "Jalankan rekap notary lebih dulu" in early.err
