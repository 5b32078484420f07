"""Signatures of events: the bytes that are signed, names of keys, and the published rule of what is valid."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha512
from typing import Any, Final

import orjson
import pytest

from schemas.canonical import canonical, identity_bytes
from schemas.decode import decode, encode
from schemas.rejections import Reason, Rejected
from schemas.signing import (
    Signer,
    is_sound,
    is_valid,
    key_id_of,
    pre_authentication,
    public_key_of,
    signed_bytes,
    verifies,
)
from tests.worlds import all_stations, pairs, submitted

ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's base point."""
IDENTITY: Final = (1).to_bytes(32, "little")
"""The neutral element as a point is written."""

_SMALL: Final = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
_MIXED: Final = "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
_MIXED_2: Final = "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d"
_GOOD: Final = "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623"
_LARGE: Final = "ec" + "ff" * 31

# The cases of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko), as published with the paper: what it
# is, message, public key, signature, whether libsodium accepts it.
CASES: Final = (
    (
        "small A, small R, S = 0",
        "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
        _SMALL,
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a" + "00" * 32,
        False,
    ),
    (
        "small A, mixed R",
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        _SMALL,
        _MIXED + "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
        False,
    ),
    (
        "mixed A, small R",
        "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
        _MIXED,
        _SMALL + "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
        False,
    ),
    (
        "mixed A, mixed R",
        "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
        _MIXED_2,
        "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
        "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
        True,
    ),
    (
        "valid only where the cofactor is multiplied in",
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        _MIXED_2,
        "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
        "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
        False,
    ),
    (
        "valid only where the cofactor is multiplied in first",
        "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
        _MIXED_2,
        "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
        "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
        False,
    ),
    (
        "S above the order",
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        _GOOD,
        "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
        "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
        False,
    ),
    (
        "S far above the order",
        "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
        _GOOD,
        "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
        "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
        False,
    ),
    (
        "R not in its canonical form, reduced for the hash",
        "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
        _MIXED,
        _LARGE + "03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
        False,
    ),
    (
        "R not in its canonical form",
        "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
        _MIXED,
        _LARGE + "ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
        False,
    ),
    (
        "A not in its canonical form, reduced for the hash",
        "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
        _LARGE,
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
        False,
    ),
    (
        "A not in its canonical form",
        "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
        _LARGE,
        "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
        "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
        False,
    ),
)


@pytest.mark.parametrize(("what", "message", "key", "signature", "valid"), CASES, ids=[c[0] for c in CASES])
def test_odd_signatures_are_judged_as_published(
    what: str, message: str, key: str, signature: str, valid: bool
) -> None:
    public_key = bytes.fromhex(key)
    assert is_valid(public_key, bytes.fromhex(signature), bytes.fromhex(message)) is valid, what
    # The one that libsodium accepts is of a key that nobody can enrol; so are all on which libraries differ.
    assert is_sound(key_id_of(public_key)) is (key == _GOOD)


def test_an_r_of_small_order_is_refused_under_a_sound_key_too() -> None:
    """Go, OpenSSL and WebCrypto accept this one: the published rule refuses it."""
    seed = bytes(range(32))
    signer = Signer(seed)
    public_key = public_key_of(signer.key_id)
    assert public_key is not None
    clamped = bytearray(sha512(seed).digest()[:32])
    clamped[0] &= 248
    clamped[31] = clamped[31] & 127 | 64
    challenge = int.from_bytes(sha512(IDENTITY + public_key + b"message").digest(), "little")
    s = challenge * int.from_bytes(clamped, "little") % ORDER
    assert is_sound(signer.key_id)
    assert not is_valid(public_key, IDENTITY + s.to_bytes(32, "little"), b"message")


def test_keys_that_are_no_points_are_not_sound() -> None:
    for raw in (bytes(32), IDENTITY, b"\xff" * 32, bytes.fromhex(_SMALL), bytes.fromhex(_LARGE)):
        assert not is_sound(key_id_of(raw))
    assert not is_sound("short")


def test_a_key_has_one_name() -> None:
    name = Signer(bytes(32)).key_id
    raw = public_key_of(name)
    assert raw is not None
    assert len(name) == 43
    assert key_id_of(raw) == name
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert [last for last in alphabet if public_key_of(name[:-1] + last) == raw] == [name[-1]]
    assert public_key_of(f"{name}=") is None


def test_the_encoding_is_dsse_s() -> None:
    """The example of its specification."""
    assert pre_authentication(b"http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    document = {"b": 1, "a": "x", "event_id": "i", "signature": "s", "signatures": []}
    assert signed_bytes(document) == b'DSSEv1 32 application/vnd.rekap.event+json 15 {"a":"x","b":1}'


def document() -> dict[str, Any]:
    """A count, as a device would sign it."""
    read: dict[str, Any] = orjson.loads(submitted(all_stations()[0], pairs(1, 2, 3), seq=1))
    return {name: value for name, value in read.items() if name != "event_id"}


def test_a_signed_event_is_read_and_has_the_id_of_its_signed_bytes() -> None:
    signer = Signer.generate()
    signed = signer.signed(document())
    raw = encode(signed)
    found = decode(raw)
    assert (found.event.key_id, found.event.seq) == (signer.key_id, 1)  # type: ignore[union-attr]
    assert verifies(signer.key_id, signed["signature"], signed_bytes(orjson.loads(raw)))
    assert signed_bytes(signed).endswith(identity_bytes(signed))
    assert decode(canonical(signed)).event_id == found.event_id


def test_every_changed_byte_of_the_signed_part_breaks_the_signature() -> None:
    signer = Signer(bytes(32))
    signed = signer.signed(document())
    message = signed_bytes(signed)
    assert verifies(signer.key_id, signed["signature"], message)
    for place in range(len(message)):
        changed = bytearray(message)
        changed[place] ^= 1
        assert not verifies(signer.key_id, signed["signature"], bytes(changed))
    assert not verifies(Signer(b"\1" * 32).key_id, signed["signature"], message)
    assert not verifies(signer.key_id, b64encode(bytes(64)).decode(), message)


def test_the_bytes_without_their_type_are_not_what_is_signed() -> None:
    """A signature made for something else with these bytes in it proves nothing here."""
    signer = Signer(bytes(32))
    body = identity_bytes({**document(), "key_id": signer.key_id})
    signature = signer.signature({**document(), "key_id": signer.key_id})
    assert not verifies(signer.key_id, signature, body)
    assert not verifies(signer.key_id, signature, pre_authentication(b"application/json", body))


@pytest.mark.parametrize("seq", [0, -1, 2**32, 1.0, "1", True])
def test_a_sequence_number_is_an_integer_of_four_bytes(seq: object) -> None:
    with pytest.raises(Rejected) as raised:
        decode(orjson.dumps({**document(), "seq": seq}))
    assert raised.value.rejection.reason is Reason.MALFORMED
