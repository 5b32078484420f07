"""Ed25519 signatures of events: which bytes are signed, how a key is named, and when a signature is valid.

Signed is DSSE's pre-authentication encoding of the bytes that the event id is the hash of, so that the type
is inside the signature. Valid is what libsodium accepts: stricter than RFC 8032 where libraries differ. Keys
outside the prime-order subgroup are refused when they are enrolled (`is_sound`), since libraries disagree
about their signatures. A key is named by itself, so that checking a signature needs no table.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from schemas.canonical import identity_bytes
from schemas.events import KEY_ID_PATTERN

EVENT_PAYLOAD: Final = b"application/vnd.rekap.event+json"
"""The payload type of a signed event."""

SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_KEY_ID: Final = re.compile(KEY_ID_PATTERN)


def pre_authentication(payload_type: bytes, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding (PAE) of a payload with its type."""
    return b"DSSEv1 %d %b %d %b" % (len(payload_type), payload_type, len(payload), payload)


def signed_bytes(document: dict[str, Any]) -> bytes:
    """The bytes that signatures of this event are made over."""
    return signed_of(identity_bytes(document))


def signed_of(identity: bytes) -> bytes:
    """The same of an event with these identity bytes (schemas.canonical)."""
    return pre_authentication(EVENT_PAYLOAD, identity)


def key_id_of(public_key: bytes) -> str:
    """The name of a key: its 32 bytes in base64url without padding, 43 characters."""
    return urlsafe_b64encode(public_key).rstrip(b"=").decode()


def public_key_of(key_id: str) -> bytes | None:
    """The public key that is named so; None for what is no such name."""
    if _KEY_ID.fullmatch(key_id) is None:
        return None
    return urlsafe_b64decode(f"{key_id}=")


def is_sound(key_id: str) -> bool:
    """Whether the name is that of a public key in Ed25519's prime-order subgroup, in its canonical form."""
    public_key = public_key_of(key_id)
    return public_key is not None and crypto_core_ed25519_is_valid_point(public_key)


def is_valid(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether libsodium accepts the signature of `message`."""
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def verifies(key_id: str, signature: str, message: bytes) -> bool:
    """Whether a signature as an event carries it is valid for the key of that name."""
    public_key = public_key_of(key_id)
    return public_key is not None and is_valid(public_key, b64decode(signature), message)


class Signer:
    """A private key. Ed25519 signs deterministically: one message has one signature."""

    __slots__ = ("_key", "key_id")

    def __init__(self, seed: bytes) -> None:
        """From the 32 bytes that the key is made of."""
        self._key = SigningKey(seed)
        self.key_id = key_id_of(bytes(self._key.verify_key))

    @classmethod
    def generate(cls) -> Signer:
        """A new key from the system's randomness."""
        return cls(bytes(SigningKey.generate()))

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes."""
        return bytes(self._key)

    def signature(self, document: dict[str, Any]) -> str:
        """The signature of the event in base64; `document` has all of its signed part, `key_id` too where
        its type has one."""
        return b64encode(self._key.sign(signed_bytes(document)).signature).decode()

    def signed(self, document: dict[str, Any]) -> dict[str, Any]:
        """The event with this key's name and signature, for types that one key signs."""
        named = {**document, "key_id": self.key_id}
        return {**named, "signature": self.signature(named)}

    def cosigned(self, document: dict[str, Any]) -> dict[str, Any]:
        """The event with a signature of this key more, for types that several keys sign."""
        others = [one for one in document.get("signatures") or () if one["key_id"] != self.key_id]
        own = {"key_id": self.key_id, "signature": self.signature(document)}
        return {**document, "signatures": [*others, own]}
