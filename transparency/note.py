"""Signed notes (c2sp.org/signed-note): a text and the lines of those who signed it.

A note that was parsed proves nothing. Only `verified` says whose signatures hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from transparency.encoding import base64, shown, unbase64
from transparency.errors import Malformed, NotProven
from transparency.keys import KEY_ID_BYTES, NoteSigner, VerifierKey, require_name

MAX_NOTE_BYTES: Final = 256 * 1024
"""Of a whole note: a hundred signatures of a type that has 2,420 bytes fit."""

MAX_SIGNATURES: Final = 100
"""Lines of one note, as in Go's note package."""

SEPARATOR: Final = b"\n\n"
_LINE_START: Final = "— "


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line: the name and id of a key, and what that key made."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line, with its line feed."""
        return f"{_LINE_START}{self.name} {base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """The signature of a line without its line feed. Raises Malformed."""
        if not line.startswith(_LINE_START):
            raise Malformed(f"{shown(line)} is not a signature line: an em dash and a space begin it")
        name, _, data = line.removeprefix(_LINE_START).partition(" ")
        require_name(name)
        raw = unbase64(data, f"the signature of {shown(name)}")
        if len(raw) <= KEY_ID_BYTES:
            raise Malformed(f"the signature of {shown(name)} is empty")
        return cls(name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text (it ends with a line feed) and its signature lines."""

    text: bytes
    signatures: tuple[Signature, ...] = ()

    def encode(self) -> bytes:
        """The note as it is published."""
        return self.text + b"\n" + "".join(one.line() for one in self.signatures).encode()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The note that `raw` is. Raises Malformed."""
        decoded = require_text(raw, "a note")
        at = raw.rfind(SEPARATOR)
        if at < 0 or decoded[-1] != "\n":
            raise Malformed(
                "a note is a text, an empty line, and signature lines that each end with a line feed"
            )
        lines = raw[at + len(SEPARATOR) :].decode().split("\n")[:-1]
        if not 0 < len(lines) <= MAX_SIGNATURES:
            raise Malformed(f"a note has 1 to {MAX_SIGNATURES} signature lines, not {len(lines)}")
        return cls(raw[: at + 1], tuple(Signature.parse(line) for line in lines))

    def signed(self, signer: NoteSigner, time: int = 0) -> Self:
        """The same note with one signature more; `time` stands in cosignatures."""
        key = signer.verifier
        made = Signature(key.name, key.key_id, signer.sign(self.text, time))
        return type(self)(self.text, (*self.signatures, made))

    def verified(self, keys: Iterable[VerifierKey]) -> dict[VerifierKey, tuple[Signature, ...]]:
        """The signatures of known keys, all of which hold; those of other keys are passed over. Raises
        NotProven where one does not hold, and where there is none."""
        known = {(key.name, key.key_id): key for key in keys}
        found: dict[VerifierKey, tuple[Signature, ...]] = {}
        for one in self.signatures:
            key = known.get((one.name, one.key_id))
            if key is None:
                continue
            if not key.verifies(self.text, one.signature):
                raise NotProven(f"the signature of {key.name} ({key.key_id.hex()}) does not hold")
            found[key] = (*found.get(key, ()), one)
        if not found:
            raise NotProven("nobody whose key is known signed this note")
        return found


def require_text(raw: bytes, what: str) -> str:
    """`raw` as text without control characters but line feeds. Raises Malformed."""
    if not 0 < len(raw) <= MAX_NOTE_BYTES:
        raise Malformed(f"{what} has 1 to {MAX_NOTE_BYTES} bytes, not {len(raw)}")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} is not UTF-8: byte {error.start}") from None
    if any(one < " " and one != "\n" for one in text):
        raise Malformed(f"{what} holds control characters other than line feeds")
    return text
