"""The decoded bodies of requests: what clickhouse-connect and curl send, never larger than allowed.

`lz4` here is the LZ4 frame format and `zstd` plain Zstandard, as in ClickHouse's HTTP interface; ClickHouse's
own block format (`compress=1`) is not spoken. A decoder never gives more bytes than it was told to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, Final

MAX_READ_BODY: Final = 1 << 20
"""Bytes of a reader's request: parameters of a long list of stations, and the statement."""
MAX_WRITE_BODY: Final = 256 << 20
"""Bytes of an insert: 50 times the batches that are sent."""

DECODED_CHUNK: Final = 1 << 20
"""Bytes decoded at a time, so that a body that blows up is noticed after one chunk too many."""

MAX_FRAMES: Final = 1_000
"""Compressed frames of a body. What follows a frame is copied to look at the next one, so the work grows with
frames times bytes; clickhouse-connect sends one for each of its blocks."""


class BodyTooLarge(Exception):
    """The body is larger, decoded, than the server takes."""


class BodyDamaged(Exception):
    """The body is not what its Content-Encoding says."""


def _first_of(*names: str) -> ModuleType | None:
    """A codec comes with clickhouse-connect or with Python, or the client has none of it either."""
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


_lz4: Final = _first_of("lz4.frame")
_zstd: Final = _first_of("compression.zstd", "backports.zstd")


_DECODERS: Final[dict[str, Callable[[], Any]]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": zlib.decompressobj,
}
_DAMAGED: tuple[type[Exception], ...] = (zlib.error, RuntimeError, EOFError)
if _lz4 is not None:
    _DECODERS["lz4"] = _lz4.LZ4FrameDecompressor
if _zstd is not None:
    _DECODERS["zstd"] = _zstd.ZstdDecompressor
    _DAMAGED += (_zstd.ZstdError,)
ENCODINGS: Final = tuple(_DECODERS)


def decode(body: bytes, encoding: str, limit: int) -> bytes:
    """The decoded body: any number of frames one after another, as clickhouse-connect sends its blocks.

    Raises BodyTooLarge over `limit` bytes, BodyDamaged when it is cut short or is something else.
    """
    parts: list[bytes] = []
    size = frames = 0
    rest = body
    while rest:
        frames += 1
        if frames > MAX_FRAMES:
            raise BodyDamaged(f"The body has more than {MAX_FRAMES} {encoding} frames. Send larger ones.")
        decoder = _DECODERS[encoding]()
        try:
            while True:
                part = decoder.decompress(rest, DECODED_CHUNK)
                size += len(part)
                if size > limit:
                    raise BodyTooLarge
                parts.append(part)
                if decoder.eof:
                    break
                rest = getattr(decoder, "unconsumed_tail", b"")
                if not part and not rest:
                    raise BodyDamaged(f"The body ends in the middle of its {encoding} data. Send it again.")
        except _DAMAGED as error:
            raise BodyDamaged(f"The body is not {encoding}: {error}") from error
        rest = decoder.unused_data or b""
    return b"".join(parts)
