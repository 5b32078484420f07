"""Private keys as files that a passphrase opens: Argon2id makes a key of it, SecretBox encrypts the seed.

A file is one JSON object for this account alone, and is never replaced. Whoever has it and not the passphrase
has to try passphrases one by one, each at the cost that the file states.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Final

import orjson
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random

from schemas.input_files import open_input
from schemas.language import ExplainedError
from schemas.private_files import FILE_MODE
from schemas.signing import SEED_BYTES, Signer
from schemas.text import quoted

TYPE: Final = "rekap-key"
VERSION: Final = 1
MAX_FILE_BYTES: Final = 4_096
"""A key file has some 400."""

OPERATIONS: Final = argon2id.OPSLIMIT_MODERATE
MEMORY: Final = argon2id.MEMLIMIT_MODERATE
"""Passes, and bytes, of a new file: 256 MiB and half a second of a processor for each passphrase tried."""
MOST_OPERATIONS: Final = 20
MOST_MEMORY: Final = 2**30
"""What a file may ask for: one from elsewhere must not take this machine's memory."""

MIN_PASSPHRASE: Final = 12
"""Characters. Fewer are found by trying, whatever each try costs."""


class KeyFileUnusable(ExplainedError):
    """The file holds no key that can be used; the sentence says why."""


class PassphraseWrong(ExplainedError):
    """The passphrase does not open the file."""


def write_key(path: Path, signer: Signer, passphrase: str) -> None:
    """Write the key to a new file, on the disk when this returns. Raises PassphraseWrong for one that is too
    short, FileExistsError and OSError."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise PassphraseWrong(
            id=f"Frasa sandi terlalu pendek: paling sedikit {MIN_PASSPHRASE} karakter.",
            en=f"The passphrase is too short: {MIN_PASSPHRASE} characters at least.",
        )
    salt = random(argon2id.SALTBYTES)
    secret = _box(passphrase, salt, OPERATIONS, MEMORY).encrypt(signer.seed)
    document = {
        "type": TYPE,
        "version": VERSION,
        "key_id": signer.key_id,
        "kdf": "argon2id",
        "operations": OPERATIONS,
        "memory": MEMORY,
        "salt": b64encode(salt).decode(),
        "secret": b64encode(secret).decode(),
    }
    raw = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    # Another name first: a crash leaves no half of a key.
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, FILE_MODE)
        file.write(raw)
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(part, path)
    finally:
        part.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def key_id_in(path: Path) -> str:
    """The public key in the file, for which no passphrase is needed. Raises KeyFileUnusable and OSError."""
    return str(_read(path)["key_id"])


def read_key(path: Path, passphrase: str) -> Signer:
    """The key in the file. Raises PassphraseWrong, KeyFileUnusable, InputRefused and OSError."""
    document = _read(path)
    box = _box(passphrase, document["salt"], document["operations"], document["memory"])
    try:
        seed = box.decrypt(document["secret"])
    except CryptoError:
        raise PassphraseWrong(
            id=f"Frasa sandi tidak membuka {quoted(path)}. Ulangi dengan frasa yang benar.",
            en=f"The passphrase does not open {quoted(path)}. Try again with the right one.",
        ) from None
    signer = Signer(seed) if len(seed) == SEED_BYTES else None
    if signer is None or signer.key_id != document["key_id"]:
        raise _unusable(path, "key_id")
    return signer


def _read(path: Path) -> dict[str, Any]:
    """The file, checked. Raises KeyFileUnusable."""
    with open_input(path, MAX_FILE_BYTES) as file:
        raw = file.read()
    try:
        document = orjson.loads(raw)
        if document["type"] != TYPE or document["kdf"] != "argon2id":
            raise _unusable(path, "type")
        if document["version"] != VERSION:
            raise _unusable(path, "version")
        document["salt"] = b64decode(document["salt"], validate=True)
        document["secret"] = b64decode(document["secret"], validate=True)
        fits = (
            len(document["salt"]) == argon2id.SALTBYTES
            and argon2id.OPSLIMIT_MIN <= int(document["operations"]) <= MOST_OPERATIONS
            and argon2id.MEMLIMIT_MIN <= int(document["memory"]) <= MOST_MEMORY
            and len(document["secret"]) == SecretBox.NONCE_SIZE + SecretBox.MACBYTES + SEED_BYTES
        )
    except (ValueError, TypeError, KeyError):
        raise _unusable(path, "JSON") from None
    if not fits:
        raise _unusable(path, "operations, memory, salt, secret")
    return dict(document)


def _box(passphrase: str, salt: bytes, operations: int, memory: int) -> SecretBox:
    return SecretBox(argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), salt, operations, memory))


def _unusable(path: Path, what: str) -> KeyFileUnusable:
    return KeyFileUnusable(
        id=f"{quoted(path)} bukan berkas kunci yang dapat dipakai ({what}). Pulihkan dari cadangannya.",
        en=f"{quoted(path)} is no key file that can be used ({what}). Restore it from a copy.",
    )
