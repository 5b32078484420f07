"""Proofs that stand alone (c2sp.org/tlog-proof): an entry's place, its inclusion proof, and the checkpoint.

Whoever has the entry, the file and a policy can check it without a network. `extra` is authenticated by
nothing: use it only as something to be hashed and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from transparency.encoding import base64, decimal, unbase64
from transparency.errors import Malformed
from transparency.merkle import HASH_BYTES, MAX_PROOF_HASHES, verify_inclusion
from transparency.note import MAX_NOTE_BYTES, Note, require_text
from transparency.policy import Accepted, Policy

HEADER: Final = "c2sp.org/tlog-proof@v1"
SUFFIX: Final = ".tlog-proof"

MAX_EXTRA_BYTES: Final = 128 * 1024
"""Of `extra`: an entry, and as much around it."""

MAX_PROOF_BYTES: Final = 2 * MAX_NOTE_BYTES
"""Of the whole file."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """That an entry is entry number `index` of the log of a checkpoint. `hashes` lead from the leaf's sibling
    to the root; `checkpoint` is the signed note as the log published it."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The proof as a file."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [base64(one) for one in self.hashes]
        return "".join(f"{line}\n" for line in (*lines, "")).encode() + self.checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The proof that a file holds. Raises Malformed."""
        if len(raw) > MAX_PROOF_BYTES:
            raise Malformed(f"a proof has at most {MAX_PROOF_BYTES} bytes, not {len(raw)}")
        head, found, checkpoint = raw.partition(b"\n\n")
        if not found:
            raise Malformed("a proof has an empty line between its hashes and its checkpoint")
        lines = require_text(head, "a proof").split("\n")
        if lines.pop(0) != HEADER:
            raise Malformed(f"a proof begins with the line {HEADER}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = unbase64(lines.pop(0).removeprefix("extra "), "extra")
            if len(extra) > MAX_EXTRA_BYTES:
                raise Malformed(f"extra has at most {MAX_EXTRA_BYTES} bytes, not {len(extra)}")
        if not lines or not lines[0].startswith("index "):
            raise Malformed("a proof has a line with the index of its entry")
        index = decimal(lines.pop(0).removeprefix("index "), "index")
        if len(lines) > MAX_PROOF_HASHES:
            raise Malformed(f"a proof has at most {MAX_PROOF_HASHES} hashes, not {len(lines)}")
        hashes = tuple(unbase64(line, "a hash of the proof", HASH_BYTES) for line in lines)
        Note.parse(checkpoint)
        return cls(index, hashes, checkpoint, extra)

    def check(self, leaf: bytes, policy: Policy) -> Accepted:
        """Hold the proof against the leaf hash of an entry and a policy. Raises Malformed and NotProven."""
        accepted = policy.check(Note.parse(self.checkpoint))
        checkpoint = accepted.checkpoint
        verify_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return accepted
