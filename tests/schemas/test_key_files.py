"""Key files: what was written is read with its passphrase alone, and nothing else is taken for a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from nacl.pwhash import argon2id

from schemas import key_files
from schemas.input_files import InputRefused
from schemas.key_files import KeyFileUnusable, PassphraseWrong, key_id_in, read_key, write_key
from schemas.signing import Signer

PHRASE = "dua belas kata"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each passphrase at the least cost: 8 KiB instead of 256 MiB."""
    monkeypatch.setattr(key_files, "OPERATIONS", argon2id.OPSLIMIT_MIN)
    monkeypatch.setattr(key_files, "MEMORY", argon2id.MEMLIMIT_MIN)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A file with the key of 32 zeros."""
    write_key(tmp_path / "root.key", Signer(bytes(32)), PHRASE)
    return tmp_path / "root.key"


def test_a_key_is_read_with_its_passphrase(made: Path) -> None:
    assert read_key(made, PHRASE).seed == bytes(32)
    assert key_id_in(made) == Signer(bytes(32)).key_id
    assert made.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in made.parent.iterdir()] == ["root.key"]
    with pytest.raises(PassphraseWrong):
        read_key(made, PHRASE + " ")


def test_the_seed_is_not_in_the_file(tmp_path: Path) -> None:
    signer = Signer(b"this would be seen in plain text")
    write_key(tmp_path / "k", signer, PHRASE)
    assert signer.seed not in (tmp_path / "k").read_bytes()
    document = orjson.loads((tmp_path / "k").read_bytes())
    write_key(tmp_path / "l", signer, PHRASE)
    assert orjson.loads((tmp_path / "l").read_bytes())["secret"] != document["secret"]


def test_a_key_is_never_replaced(made: Path) -> None:
    before = made.read_bytes()
    with pytest.raises(FileExistsError):
        write_key(made, Signer.generate(), PHRASE)
    assert made.read_bytes() == before
    assert [path.name for path in made.parent.iterdir()] == ["root.key"]


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PassphraseWrong):
        write_key(tmp_path / "k", Signer.generate(), "eleven char")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"type": "x"},
        {"version": 2},
        {"kdf": "scrypt"},
        {"memory": 2**31},
        {"memory": 1},
        {"operations": 10**6},
        {"operations": 0},
        {"salt": "AAAA"},
        {"secret": "AAAA"},
        {"secret": "no base64!"},
        {"key_id": Signer(b"\1" * 32).key_id},
        {"operations": None},
    ],
    ids=str,
)
def test_what_is_no_key_file_of_ours_is_refused(made: Path, change: dict[str, Any]) -> None:
    made.write_bytes(orjson.dumps({**orjson.loads(made.read_bytes()), **change}))
    with pytest.raises(KeyFileUnusable) as raised:
        read_key(made, PHRASE)
    assert raised.value.said.id != raised.value.said.en


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b"x" * 10_000])
def test_hostile_files_are_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "k").write_bytes(raw)
    with pytest.raises((KeyFileUnusable, InputRefused)):
        read_key(tmp_path / "k", PHRASE)


def test_a_changed_secret_is_not_opened(made: Path) -> None:
    document = orjson.loads(made.read_bytes())
    for name in ("secret", "salt"):
        text = document[name]
        changed = {**document, name: text[:8] + ("A" if text[8] != "A" else "B") + text[9:]}
        made.write_bytes(orjson.dumps(changed))
        with pytest.raises(PassphraseWrong):
            read_key(made, PHRASE)
