"""From bytes to an event, the only place where JSON from outside is parsed.

Rejected are: more than 65,535 bytes, bytes that are not UTF-8, what is not one JSON object, a key given twice
(most parsers silently keep the last), figures out of bounds, unknown fields, and an event id that is
not the hash of the event. Whether the event makes sense in an election is not asked here.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError

from schemas.canonical import dumps, identity_bytes
from schemas.control_events import EVENT_TYPES, AnyEvent, Event, Report
from schemas.events import SCHEMA_VERSION
from schemas.references import as_reference
from schemas.rejections import Reason, Rejected, reject
from schemas.text import quoted
from schemas.upcasts import upcast
from schemas.validation_words import explained

MAX_BYTES: Final = 65_535
"""One event: what a length of 16 bits can say. The widest ballot of 2024 with every field filled and written
out in words takes 40 KiB."""

_ID_NAME: Final = "event_id"
_ID_KEY: Final = b'"event_id":"'
_SIGNATURE_KEY: Final = b'"signature":'
_AFTER_ID: Final = ("key_id", "occurred_at", "payload")
"""The keys of an event that may sort right behind its id; every event has the last one."""
_ID_MEMBER_LENGTH: Final = len(_ID_KEY) + 64 + len(b'",')
_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(Event)
_BY_TYPE: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in EVENT_TYPES}
"""The same as _EVENT for a type that is known already, at three quarters of the cost."""


class Decoded(NamedTuple):
    """A valid event and its id (hex SHA-256), whether or not the sender had written the id; `identity` are
    the bytes that the id is the hash of, and that signatures are made over."""

    event: AnyEvent
    event_id: str
    identity: bytes

    @property
    def report(self) -> Report:
        """The event, for who knows that it reports figures of a unit and is no control event."""
        assert isinstance(self.event, Report)
        return self.event


def decode(raw: bytes) -> Decoded:
    """The event in `raw`. Raises Rejected (malformed, unknown_schema_version, wrong_event_id); no other."""
    document = _parse(raw)
    try:
        canonical_bytes = dumps(document)
    except TypeError:  # read, but nested more deeply than can be written, or with numbers that can't be
        raise _malformed(
            "JSON tanpa bentuk kanonik: bersarang terlalu dalam, atau bilangannya terlalu besar",
            "no canonical form: nested too deeply, or with a number that is too large",
        ) from None
    if canonical_bytes != raw:
        # Bytes in their canonical form can't hold a key twice; only other spellings need the slow look.
        _refuse_duplicate_keys(raw)
    identity = _identity(document, canonical_bytes)
    actual_id = sha256(identity).hexdigest()
    stated_id = document.get("event_id")
    if document.get("schema_version") != SCHEMA_VERSION:
        raw = dumps(_lift(document))
    try:
        # Strictly, so that "1" and 1.0 are no 1; of JSON, because only there a list may be a tuple.
        event: AnyEvent = _validator_of(document).validate_json(raw, strict=True)
    except ValidationError as error:
        raise _explain(error) from None
    if stated_id is not None and stated_id != actual_id:
        raise reject(
            Reason.WRONG_EVENT_ID,
            id=f"event_id tertulis {quoted(stated_id)}, padahal isinya menghasilkan {actual_id}. "
            "Pesan ini berubah di jalan atau dibuat keliru; kirim ulang aslinya.",
            en=f"event_id says {quoted(stated_id)}, but the content gives {actual_id}. "
            "The message was changed on its way or built wrongly; send the original again.",
        )
    return Decoded(event, actual_id, identity)


def content_id(raw: bytes) -> str:
    """The name of bytes that hold no event (hex SHA-256 of them), so that garbage too is kept only once."""
    return sha256(raw).hexdigest()


def encode(document: dict[str, Any]) -> bytes:
    """The canonical bytes of an event with its event id written in; `document` must be canonical-ready."""
    identity = identity_bytes(document)
    following = next((key for key in _AFTER_ID if key in document), None)
    if following is None or "signature" in document or "signatures" in document:
        # Whoever signs does so once, on a device; what is read a million times is read by `decode`.
        return dumps({**document, _ID_NAME: sha256(identity).hexdigest()})
    # Put in where it sorts, instead of writing everything again. See `_identity` for why the first hit is it.
    place = identity.index(b'"%b":' % following.encode())
    return b'%b"event_id":"%b",%b' % (
        identity[:place],
        sha256(identity).hexdigest().encode(),
        identity[place:],
    )


def _validator_of(document: dict[str, Any]) -> TypeAdapter[Any]:
    kind = document.get("type")
    return _BY_TYPE.get(kind, _EVENT) if isinstance(kind, str) else _EVENT


def _parse(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        raise _malformed(
            f"pesan {len(raw)} byte, batasnya {MAX_BYTES}; kirim satu peristiwa per pesan",
            f"the message has {len(raw)} bytes, the limit is {MAX_BYTES}; send one event a message",
        )
    if (reference := as_reference(raw)) is not None:
        name = f"{reference.size} byte, sha256 {reference.sha256}, position {reference.position}"
        raise _malformed(
            f"byte-nya terlalu banyak atau rusak dan hanya ada di topik log ({name}); kirim satu peristiwa "
            f"per pesan, paling banyak {MAX_BYTES} byte",
            f"its bytes are too many or damaged, and only the log's topic has them ({name}); send one event "
            f"a message, of at most {MAX_BYTES} bytes",
        )
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as unicode_error:
            raise _malformed(
                f"byte ke-{unicode_error.start} bukan UTF-8; kirim JSON dalam UTF-8",
                f"byte {unicode_error.start} is not UTF-8; send JSON in UTF-8",
            ) from None
        raise _malformed(
            f"bukan JSON mulai karakter ke-{error.pos}; kirim satu objek JSON",
            f"not JSON from character {error.pos} on; send one JSON object",
        ) from None
    if not isinstance(document, dict):
        raise _malformed("bukan objek JSON", "not a JSON object; send one event as {...}")
    return document


def _identity(document: dict[str, Any], canonical_bytes: bytes) -> bytes:
    """`identity_bytes(document)`, cut out of the canonical bytes where that is possible: in half the time."""
    stated = document.get("event_id")
    # Inside a string the quotes would be escaped, and only `contest`, `device` and `election` sort before it:
    # texts, or the event is rejected. So the first hit is the member itself.
    start = canonical_bytes.find(_ID_KEY)
    end = start + _ID_MEMBER_LENGTH
    if not (isinstance(stated, str) and len(stated) == 64 and canonical_bytes[end - 1 : end] == b","):
        return identity_bytes(document)
    if "signatures" in document:  # an event about keys: there are few
        return identity_bytes(document)
    rest = canonical_bytes[:start] + canonical_bytes[end:]
    if "signature" in document:
        # What sorts behind it holds no such key, or the event is rejected: the last hit is the member itself.
        # `type` sorts behind it, so that a comma follows.
        member = _SIGNATURE_KEY + dumps(document["signature"]) + b","
        start = rest.rfind(_SIGNATURE_KEY)
        if rest[start : start + len(member)] != member:
            return identity_bytes(document)
        rest = rest[:start] + rest[start + len(member) :]
    return rest


def _lift(document: dict[str, Any]) -> dict[str, Any]:
    version = document.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise reject(
            Reason.UNKNOWN_SCHEMA_VERSION,
            id=f"schema_version {version} lebih baru daripada yang dikenal program ini ({SCHEMA_VERSION}); "
            "perbarui program lalu kirim ulang.",
            en=f"schema_version {version} is newer than this program knows ({SCHEMA_VERSION}); "
            "update the program, then send it again.",
        )
    return upcast(document, SCHEMA_VERSION)


def _refuse_duplicate_keys(raw: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                raise _malformed(
                    f'kunci "{quoted(key)}" tertulis dua kali; tulis sekali saja',
                    f'the key "{quoted(key)}" is given twice; give it once',
                )
            seen[key] = value
        return seen

    try:
        json.loads(raw, object_pairs_hook=unique)
    except RecursionError:
        raise _malformed("JSON bersarang terlalu dalam", "the JSON is nested too deeply") from None
    except ValueError as error:
        place = error.pos if isinstance(error, json.JSONDecodeError) else 0
        raise _malformed(
            f"bukan JSON mulai karakter ke-{place}; kirim satu objek JSON",
            f"not JSON from character {place} on; send one JSON object",
        ) from None


def _explain(error: ValidationError) -> Rejected:
    said = explained(error, top="type")
    return _malformed(f"bidang {said.id}", f"field {said.en}")


def _malformed(indonesian: str, english: str) -> Rejected:
    return reject(Reason.MALFORMED, id=f"Pesan tidak terbaca: {indonesian}.", en=f"Can't be read: {english}.")
