"""Ed25519 keys with a name, as notes use them, and the text forms in which they are handed on.

A signature is valid as libsodium says: stricter than RFC 8032 where libraries differ. Public keys outside the
prime-order subgroup are refused when they are read, since libraries disagree about their signatures.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Final, Self

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from transparency.encoding import MAX_NUMBER, base64, shown, unbase64
from transparency.errors import Malformed

PUBLIC_KEY_BYTES: Final = 32
SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
TIME_BYTES: Final = 8
KEY_ID_BYTES: Final = 4

MAX_NAME: Final = 255
"""Characters of a key's name: origins of other cosignature types have a byte for their length."""

PRIVATE: Final = "PRIVATE+KEY+"
"""How a signing key's text begins."""


class SignatureType(IntEnum):
    """The byte that says what a key signs."""

    NOTE = 0x01
    COSIGNATURE = 0x04


def require_name(name: str) -> str:
    """`name`, if a key may have it. Raises Malformed."""
    if not 0 < len(name) <= MAX_NAME or any(one.isspace() or one < " " or one == "+" for one in name):
        raise Malformed(
            f"the key name {shown(name)} is not 1 to {MAX_NAME} characters without spaces and plus signs"
        )
    return name


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name; what it verifies depends on its type."""

    name: str
    public_key: bytes
    type: SignatureType = SignatureType.NOTE

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES or not crypto_core_ed25519_is_valid_point(
            self.public_key
        ):
            raise Malformed(f"the key of {self.name} is not a point of Ed25519's prime-order subgroup")

    @property
    def key_id(self) -> bytes:
        """The four bytes that name this key, with its name, in signature lines."""
        material = bytes([self.type]) + self.public_key
        return sha256(self.name.encode() + b"\n" + material).digest()[:KEY_ID_BYTES]

    def encode(self) -> str:
        """The key as a vkey."""
        return f"{self.name}+{self.key_id.hex()}+{base64(bytes([self.type]) + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that a vkey holds. Raises Malformed, also for types that are not known here."""
        name, _, rest = text.partition("+")
        key_id, _, material = rest.partition("+")
        raw = unbase64(material, f"the key of {shown(name)}")
        kind = SignatureType(raw[0]) if raw and raw[0] in tuple(SignatureType) else None
        if kind is None:
            raise Malformed(
                f"the key of {shown(name)} is of no type that is known here (1: note, 4: cosignature)"
            )
        key = cls(name, raw[1:], kind)
        if key.key_id.hex() != key_id:
            raise Malformed(f"the key of {name} has the id {key.key_id.hex()}, not {shown(key_id)}")
        return key

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature`, as a note carries it behind the key id, is this key's of the note `text`."""
        if self.type is SignatureType.COSIGNATURE:
            if len(signature) != TIME_BYTES + SIGNATURE_BYTES:
                return False
            time = cosigned_at(signature)
            if time > MAX_NUMBER:
                return False
            text, signature = cosigned_message(text, time), signature[TIME_BYTES:]
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            VerifyKey(self.public_key).verify(text, signature)
        except BadSignatureError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key with its name. Ed25519 signs deterministically: one text has one signature."""

    name: str
    seed: bytes = field(repr=False)
    type: SignatureType = SignatureType.NOTE

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.seed) != SEED_BYTES:
            raise Malformed(f"the private key of {self.name} has {len(self.seed)} bytes, not {SEED_BYTES}")

    @classmethod
    def generate(cls, name: str, kind: SignatureType = SignatureType.NOTE) -> Self:
        """A new key from the system's randomness."""
        return cls(name, bytes(SigningKey.generate()), kind)

    @property
    def verifier(self) -> VerifierKey:
        """The public key."""
        return VerifierKey(self.name, bytes(SigningKey(self.seed).verify_key), self.type)

    def sign(self, text: bytes, time: int = 0) -> bytes:
        """The signature of the note `text`, as a note carries it behind the key id; `time`, in seconds since
        1970, stands in cosignatures."""
        if self.type is SignatureType.COSIGNATURE:
            return (
                struct.pack(">Q", time) + SigningKey(self.seed).sign(cosigned_message(text, time)).signature
            )
        return SigningKey(self.seed).sign(text).signature

    def encode(self) -> str:
        """The private key as text, in the form of Go's note package: keep it secret."""
        return f"{PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{base64(bytes([self.type]) + self.seed)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The private key that `encode` wrote. Raises Malformed, whose text does not repeat the key."""
        name, _, rest = text.removeprefix(PRIVATE).partition("+")
        key_id, _, material = rest.partition("+")
        try:
            raw = unbase64(material, "private key")
            signer = cls(name, raw[1:], SignatureType(raw[0]))
        except (Malformed, ValueError, IndexError):
            raise Malformed(
                f"this is not a private key: {PRIVATE}<name>+<id>+<base64> was expected"
            ) from None
        if not text.startswith(PRIVATE) or signer.verifier.key_id.hex() != key_id:
            raise Malformed(f"the private key of {signer.name} does not fit its id")
        return signer


def cosigned_message(text: bytes, time: int) -> bytes:
    """What a cosigner signs of the checkpoint `text` at that time (c2sp.org/tlog-cosignature)."""
    return b"cosignature/v1\ntime %d\n" % time + text


def cosigned_at(signature: bytes) -> int:
    """The time that a cosignature states, in seconds since 1970."""
    return int.from_bytes(signature[:TIME_BYTES], "big")
