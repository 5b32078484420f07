"""Compression of HTTP bodies: what clickhouse-connect, curl and browsers ask for and send.

`lz4` here is the LZ4 frame format and `zstd` plain Zstandard, as in ClickHouse's HTTP interface; ClickHouse's
own block format (`compress=1`) is not spoken. A decoder never gives more bytes than it was told to.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Protocol

DECODED_CHUNK: Final = 1 << 20
"""Bytes decoded at a time, so that a body that blows up is noticed after one chunk too many."""


class BodyTooLarge(Exception):
    """The body is larger, decoded, than the server takes."""


class BodyDamaged(Exception):
    """The body is not what its Content-Encoding says."""


class Encoder(Protocol):
    """Compresses a body piece by piece."""

    def compress(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...


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


class _Lz4Encoder:
    def __init__(self) -> None:
        assert _lz4 is not None
        self._frame = _lz4.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes) -> bytes:
        begin = b"" if self._begun else self._frame.begin()
        self._begun = True
        return bytes(begin + self._frame.compress(data))

    def flush(self) -> bytes:
        return bytes(self.compress(b"") + self._frame.flush())


_ENCODERS: Final[dict[str, Callable[[], Encoder]]] = {
    "gzip": lambda: zlib.compressobj(level=3, wbits=31),
    "deflate": lambda: zlib.compressobj(level=3),
}
_DECODERS: Final[dict[str, Callable[[], Any]]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": zlib.decompressobj,
}
_DAMAGED: tuple[type[Exception], ...] = (zlib.error, RuntimeError, EOFError)
if _lz4 is not None:
    _ENCODERS["lz4"] = _Lz4Encoder
    _DECODERS["lz4"] = _lz4.LZ4FrameDecompressor
if _zstd is not None:
    _ENCODERS["zstd"] = _zstd.ZstdCompressor
    _DECODERS["zstd"] = _zstd.ZstdDecompressor
    _DAMAGED += (_zstd.ZstdError,)
ENCODINGS: Final = tuple(_DECODERS)


def encoder_for(accepted: str) -> tuple[str, Encoder] | None:
    """The first encoding of an Accept-Encoding header that is known here, with a fresh encoder for it."""
    for offer in accepted.split(","):
        name, _, quality = offer.strip().partition(";")
        if name in _ENCODERS and quality.replace(" ", "") not in ("q=0", "q=0.0"):
            return name, _ENCODERS[name]()
    return None


def decode(body: bytes, encoding: str, limit: int) -> bytes:
    """The decoded body: any number of frames one after another, as clickhouse-connect sends its blocks.

    Raises BodyTooLarge over `limit` bytes, BodyDamaged when it is cut short or is something else.
    """
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest:
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
