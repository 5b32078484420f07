"""Compressed bodies: decoded to what was sent, or an error, and never more than allowed."""

from __future__ import annotations

import gzip
import zlib

import lz4.frame
import pytest
from backports import zstd
from clickhouse_connect.driver.compression import get_compressor
from hypothesis import given, settings
from hypothesis import strategies as st

from clickhouse.interface.body import ENCODINGS, MAX_FRAMES, BodyDamaged, BodyTooLarge, decode

LIMIT = 10_000_000


def encode(encoding: str, *parts: bytes) -> bytes:
    whole = b"".join(parts)
    if encoding == "gzip":
        return gzip.compress(whole)
    if encoding == "deflate":
        return zlib.compress(whole)
    if encoding == "lz4":
        return bytes(lz4.frame.compress(whole))
    return bytes(zstd.compress(whole))


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=25)
@given(parts=st.lists(st.binary(max_size=3000), max_size=4))
def test_decoding_gives_what_was_encoded(encoding: str, parts: list[bytes]) -> None:
    body = encode(encoding, *parts)
    assert decode(body, encoding, LIMIT) == b"".join(parts)
    assert decode(body + body, encoding, LIMIT) == b"".join(parts) * 2


@pytest.mark.parametrize("encoding", ["gzip", "lz4", "zstd"])
def test_blocks_as_clickhouse_connect_sends_them_are_decoded(encoding: str) -> None:
    block = bytes(range(256)) * 5000
    compressor = get_compressor(encoding)
    body = compressor.compress_block(block) + compressor.compress_block(block)
    body += compressor.flush() or b""  # type: ignore[no-untyped-call]
    assert decode(bytes(body), encoding, LIMIT) == block * 2


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_blows_up_is_refused(encoding: str) -> None:
    with pytest.raises(BodyTooLarge):
        decode(encode(encoding, bytes(50_000_000)), encoding, LIMIT)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_cut_short_or_of_another_kind_is_damaged(encoding: str) -> None:
    body = encode(encoding, bytes(range(256)) * 100)
    for damaged in (body[: len(body) // 2], b"hello world, this is plain text"):
        with pytest.raises(BodyDamaged):
            decode(damaged, encoding, LIMIT)


def test_a_body_of_very_many_frames_is_refused() -> None:
    """Each frame costs a copy of what follows it."""
    with pytest.raises(BodyDamaged, match="Send larger ones"):
        decode(gzip.compress(b"") * (MAX_FRAMES + 1), "gzip", LIMIT)
