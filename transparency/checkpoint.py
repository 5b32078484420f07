"""Checkpoints (c2sp.org/tlog-checkpoint): what a log states of its tree, to be signed and cosigned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from transparency.encoding import base64, decimal, unbase64
from transparency.errors import Malformed, NotProven
from transparency.keys import NoteSigner, VerifierKey
from transparency.merkle import EMPTY_ROOT, HASH_BYTES
from transparency.note import Note, require_text

FEWEST_LINES: Final = 3
"""Origin, size and root."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` has `size` entries, and `root` is the root of their tree. `extensions`: further lines
    of other logs; ours have none."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> bytes:
        """The text of the note."""
        lines = (self.origin, str(self.size), base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """The checkpoint that the text of a note is. Raises Malformed."""
        decoded = require_text(text, "a checkpoint")
        origin, *rest = lines = decoded.split("\n")[:-1]
        if len(lines) < FEWEST_LINES or "" in lines or decoded[-1] != "\n":
            raise Malformed("a checkpoint is three or more lines, none empty: origin, size, root")
        size = decimal(rest[0], "the size of a checkpoint")
        root = unbase64(rest[1], "the root of a checkpoint", HASH_BYTES)
        if size == 0 and root != EMPTY_ROOT:
            raise Malformed("a checkpoint of size 0 has another root than the empty tree")
        return cls(origin, size, root, tuple(rest[2:]))

    def signed(self, signer: NoteSigner) -> Note:
        """The checkpoint as a note with the log's signature."""
        return Note(self.text()).signed(signer)


def open_checkpoint(note: Note, logs: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint of a note that one of the logs signed: the key is named as the origin is. Raises
    Malformed, and NotProven."""
    checkpoint = Checkpoint.parse(note.text)
    keys = [key for key in logs if key.name == checkpoint.origin]
    if not keys:
        raise NotProven(f"no key is known of the log {checkpoint.origin!a}")
    note.verified(keys)
    return checkpoint
