"""Keys and signed events of the tiny election (tests/worlds.py), the same in every run."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Any, Final

import orjson

from schemas.authority import WATCHING
from schemas.ballots import Ballots
from schemas.decode import encode
from schemas.events import Role
from schemas.identity import Identity
from schemas.signing import Signer
from stream_processors.assess import Assessor
from tests.worlds import ELECTION_ID, World, world

NOON: Final = "2024-02-14T12:00:00+07:00"
ALL_ROLES: Final = tuple(role for role in Role if role not in WATCHING)


@cache
def signer(name: str) -> Signer:
    """The key of that name."""
    return Signer(sha256(f"key of the tests: {name}".encode()).digest())


ROOTS: Final = tuple(signer(f"root {number}") for number in range(3))
REGISTRAR: Final = signer("registrar of 11")
PHONE: Final = signer("phone")


@cache
def signed_world(*signed_roles: Role) -> World:
    """The tiny election with three keys at its root, two of which are needed. Without `signed_roles` all
    roles must sign."""
    plain = world()
    identity = Identity(
        roots=tuple(one.key_id for one in ROOTS), threshold=2, signed_roles=signed_roles or ALL_ROLES
    )
    definition = plain.election.with_identity(identity)
    ballots = Ballots(definition, plain.registry)
    return World(definition, plain.registry, ballots, Assessor(definition, plain.registry, ballots))


def by_root(
    kind: str, payload: dict[str, Any], *, at: str = NOON, signers: tuple[Signer, ...] = ROOTS[:2]
) -> bytes:
    """A control event of the whole election."""
    document: dict[str, Any] = {
        "type": kind,
        "schema_version": 1,
        "election": ELECTION_ID,
        "occurred_at": at,
        "payload": payload,
    }
    for one in signers:
        document = one.cosigned(document)
    return encode(document)


def opened(**changes: Any) -> bytes:
    """ElectionOpened."""
    there = signed_world()
    return by_root(
        "ElectionOpened",
        {"definition": there.election.hash, "registry": there.registry.hash, **changes},
    )


def registrar(key: Signer = REGISTRAR, regions: tuple[str, ...] = ("11",), at: str = NOON) -> bytes:
    """RegistrarEnrolled."""
    return by_root("RegistrarEnrolled", {"key": key.key_id, "regions": list(regions)}, at=at)


def by_registrar(
    kind: str, payload: dict[str, Any], region: str = "1101", *, by: Signer = REGISTRAR, at: str = NOON
) -> bytes:
    """A control event of a district."""
    document = {
        "type": kind,
        "schema_version": 1,
        "election": ELECTION_ID,
        "occurred_at": at,
        "region": region,
        "payload": payload,
    }
    return encode(by.signed(document))


def device(key: Signer = PHONE, role: str = "kpps", **more: Any) -> dict[str, Any]:
    """A device as DeviceEnrolled has it."""
    return {"key": key.key_id, "role": role, **more}


def enrolled(*devices: dict[str, Any], region: str = "1101", by: Signer = REGISTRAR, at: str = NOON) -> bytes:
    """DeviceEnrolled."""
    return by_registrar("DeviceEnrolled", {"devices": list(devices)}, region, by=by, at=at)


def revoked(*keys: Signer, region: str = "1101", by: Signer = REGISTRAR) -> bytes:
    """DeviceRevoked."""
    payload = {"keys": [key.key_id for key in keys], "note": "hilang"}
    return by_registrar("DeviceRevoked", payload, region, by=by)


def signed(raw: bytes, seq: int, by: Signer = PHONE, role: str | None = "kpps", **more: Any) -> bytes:
    """The event signed by that key in that role."""
    document = {**orjson.loads(raw), "seq": seq, **more}
    document.pop("event_id", None)
    if role is not None:
        document["submitted_by"] = {"officer": "o-1", "role": role}
    return encode(by.signed(document))
