"""The body of a request: whole, decoded, and never larger than allowed.

Takes Content-Length and chunked bodies in every encoding of `sinks.http_codec`. It does not look into them.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase
from typing import Final

from sinks.http_codec import ENCODINGS, BodyDamaged, BodyTooLarge, decode

MAX_READ_BODY: Final = 1 << 20
"""Bytes of a reader's request: a query of a megabyte is not written by a person."""
MAX_WRITE_BODY: Final = 256 << 20
"""Bytes of an insert: 50 times the batches that are sent."""
DISCARDED_BODY: Final = 16 << 20
"""Bytes of a refused request that are read and dropped: who is still sending does not hear a refusal."""
_PIECE: Final = 1 << 16
_LINE: Final = 64
"""Bytes of the line before a chunk: its size in hex, and room for extensions that nobody sends."""


def read_body(stream: BufferedIOBase, headers: Message[str, str], limit: int) -> bytes:
    """The decoded body of at most `limit` bytes. Raises BodyTooLarge and BodyDamaged; the connection must be
    closed then, because nobody knows where the next request begins."""
    encoding = headers.get("Content-Encoding", "identity")
    if encoding not in (*ENCODINGS, "identity"):
        raise BodyDamaged(f"Content-Encoding {encoding} is not known here; use {', '.join(ENCODINGS)}.")
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        body = b"".join(_chunks(stream, limit))
    else:
        body = _sized(stream, headers.get("Content-Length", "0"), limit)
    return body if encoding == "identity" else decode(body, encoding, limit)


def _sized(stream: BufferedIOBase, length: str, limit: int) -> bytes:
    if not (length.isascii() and length.isdecimal()):
        raise BodyDamaged("Content-Length is not a number.")
    size = int(length)
    if size > limit:
        for _ in range(min(size, DISCARDED_BODY) // _PIECE):
            stream.read(_PIECE)
        raise BodyTooLarge
    body = stream.read(size)
    if len(body) < size:
        raise BodyDamaged("The body is shorter than its Content-Length. Send it again.")
    return body


def _chunks(stream: BufferedIOBase, limit: int) -> Iterator[bytes]:
    left = limit
    while True:
        line = stream.readline(_LINE).split(b";")[0].strip()
        if not line or line.strip(b"0123456789abcdefABCDEF"):
            raise BodyDamaged("The chunked body is cut short or damaged. Send it again.")
        size = int(line, 16)
        left -= size
        if left < 0:
            raise BodyTooLarge
        chunk = stream.read(size)
        if len(chunk) < size:
            raise BodyDamaged("The chunked body is cut short. Send it again.")
        stream.readline(_LINE)
        if size == 0:
            return
        yield chunk
