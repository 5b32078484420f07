"""What a log sends to a witness and what comes back (c2sp.org/tlog-witness), without the network.

The witness's answer is trusted for nothing but its own cosignature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from transparency.encoding import base64, decimal
from transparency.errors import Malformed, NotProven
from transparency.keys import VerifierKey
from transparency.merkle import MAX_PROOF_HASHES
from transparency.note import Note, Signature, require_text

ADD_CHECKPOINT: Final = "add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
"""The content type of an answer that names the size that the witness knows."""

MAX_ANSWER_BYTES: Final = 64 * 1024
"""Of an answer: cosignatures of several types fit; more is not read."""
MAX_ANSWER_LINES: Final = 16

OK: Final = 200
BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403
NOT_FOUND: Final = 404
CONFLICT: Final = 409
UNPROCESSABLE: Final = 422


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness cosigned: its line, which holds."""

    signature: Signature


@dataclass(frozen=True, slots=True)
class KnowsOther:
    """The witness cosigned a checkpoint of that size before, and was asked with another."""

    size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The witness does not cosign. `inconsistent`: it says that this tree is not how the one that it knows
    goes on, which is a fork or a fault and never goes away by asking again."""

    status: int
    text: str
    inconsistent: bool


Answer = Cosigned | KnowsOther | Refused


def request(old: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The body of add-checkpoint: the size that the witness knows, the consistency proof from there, and the
    signed checkpoint. Raises ValueError."""
    if len(proof) > MAX_PROOF_HASHES:
        raise ValueError(f"a consistency proof has at most {MAX_PROOF_HASHES} hashes")
    lines = (f"old {old}", *(base64(one) for one in proof), "")
    return "".join(f"{line}\n" for line in lines).encode() + checkpoint


def monitoring_path(origin: str) -> str:
    """Where a witness serves the newest checkpoint of a log that it cosigned."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"


def answer(status: int, content_type: str, body: bytes, text: bytes, key: VerifierKey) -> Answer:
    """What a witness's answer says of the checkpoint `text`. Raises Malformed, and NotProven where it has no
    cosignature of `key` that holds."""
    if len(body) > MAX_ANSWER_BYTES:
        raise Malformed(f"the answer of {key.name} has more than {MAX_ANSWER_BYTES} bytes")
    if status == OK:
        return Cosigned(_cosignature(body, text, key))
    if status == CONFLICT and content_type.partition(";")[0].strip() == SIZE_TYPE:
        return KnowsOther(
            decimal(body.decode("ascii", "replace").removesuffix("\n"), "the size in the answer")
        )
    return Refused(status, body[:200].decode("utf-8", "replace").strip(), status == UNPROCESSABLE)


def _cosignature(body: bytes, text: bytes, key: VerifierKey) -> Signature:
    decoded = require_text(body, f"the answer of {key.name}")
    lines = decoded.split("\n")
    if lines.pop() != "" or len(lines) > MAX_ANSWER_LINES:
        raise Malformed(f"the answer of {key.name} is not 1 to {MAX_ANSWER_LINES} signature lines")
    signatures = tuple(Signature.parse(line) for line in lines)
    found = Note(text, signatures).verified([key])
    if not found:
        raise NotProven(f"the answer of {key.name} has no cosignature of it")
    return found[key][-1]
