"""One set of bytes for one fact: canonical JSON (RFC 8785) and the event id drawn from it.

It does not judge what a document says; it only refuses what has no canonical form here: floats,
integers that other JSON readers would round, keys that are not ASCII strings.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import orjson

from schemas.text import quoted

MAX_EXACT_INTEGER: Final = 2**53 - 1
"""RFC 8785 writes numbers as IEEE doubles; beyond this two integers would share one spelling."""

NOT_IDENTITY: Final = ("event_id", "signature", "signatures")
"""The id can't contain itself, and signatures are made over the bytes that the id names."""


class NotCanonical(ValueError):
    """A document that has no canonical form here; the text says which part and why."""


def canonical(document: Any) -> bytes:
    """The RFC 8785 bytes of `document` (dicts with ASCII keys, lists, strings, integers, bools, None).

    orjson with sorted keys writes the same bytes as RFC 8785 for that subset: ASCII keys sort alike
    as bytes and as UTF-16 units, and without floats there is no number to format.
    Raises NotCanonical for anything outside the subset.
    """
    _refuse_what_has_no_form(document, "$")
    return dumps(document)


def dumps(document: Any) -> bytes:
    """`canonical` for a document that is known to be in the subset, as all that `decode` read is."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def event_id(document: dict[str, Any]) -> str:
    """The id of an event: hex SHA-256 (64 characters) over all of it but NOT_IDENTITY."""
    return sha256(identity_bytes(document)).hexdigest()


def identity_bytes(document: dict[str, Any]) -> bytes:
    """The canonical bytes that an event's id is the hash of, and that its signature is made over."""
    if "event_id" in document or "signature" in document or "signatures" in document:
        document = {key: value for key, value in document.items() if key not in NOT_IDENTITY}
    return dumps(document)


def _refuse_what_has_no_form(value: Any, place: str) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > MAX_EXACT_INTEGER:
            raise NotCanonical(
                f"{quoted(place)}: {quoted(value)} is too large for JSON; send an integer below 2^53"
            )
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical(f"{quoted(place)}: the key {quoted(repr(key))} must be ASCII text")
            _refuse_what_has_no_form(inner, f"{place}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            _refuse_what_has_no_form(inner, f"{place}[{number}]")
    else:
        raise NotCanonical(
            f"{quoted(place)}: a {type(value).__name__} can't be written; send an integer or text"
        )
