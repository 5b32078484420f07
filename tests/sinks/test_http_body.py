"""Bodies of requests: whole or refused, whatever a client sends."""

from __future__ import annotations

import gzip
from email.message import Message
from io import BytesIO

import pytest

from sinks.http_body import read_body
from sinks.http_codec import BodyDamaged, BodyTooLarge

LIMIT = 100


def read(sent: bytes, **headers: str) -> bytes:
    message: Message[str, str] = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return read_body(BytesIO(sent), message, LIMIT)


def test_a_body_is_as_long_as_it_says_and_no_longer() -> None:
    assert read(b"SELECT 1 and the next request", Content_Length="8") == b"SELECT 1"
    assert read(b"anything") == b""


def test_chunks_are_put_together() -> None:
    sent = b"3\r\nSEL\r\n5;x=1\r\nECT 1\r\n0\r\n\r\n"
    assert read(sent, Transfer_Encoding="chunked") == b"SELECT 1"


def test_an_encoded_body_is_decoded() -> None:
    body = gzip.compress(b"SELECT 1")
    assert read(body, Content_Length=str(len(body)), Content_Encoding="gzip") == b"SELECT 1"


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "\u0663", ""])
def test_a_length_that_is_none_is_damage(length: str) -> None:
    with pytest.raises(BodyDamaged):
        read(b"SELECT 1", Content_Length=length)


@pytest.mark.parametrize(
    "sent", [b"", b"-5\r\nSELECT", b"0x5\r\nSELEC\r\n", b"zz\r\n", b"5\r\nSEL", b"3\r\nSEL\r\n"]
)
def test_chunks_cut_short_or_of_no_size_are_damage(sent: bytes) -> None:
    with pytest.raises(BodyDamaged):
        read(sent, Transfer_Encoding="chunked")


def test_a_body_cut_short_is_damage() -> None:
    with pytest.raises(BodyDamaged):
        read(b"SELECT", Content_Length="8")


def test_an_encoding_that_nobody_knows_is_damage() -> None:
    with pytest.raises(BodyDamaged, match="br is not known here; use gzip"):
        read(b"SELECT 1", Content_Length="8", Content_Encoding="br")


def test_no_more_than_the_limit_is_taken_however_it_comes() -> None:
    long = b"x" * (LIMIT + 1)
    with pytest.raises(BodyTooLarge):
        read(long, Content_Length=str(len(long)))
    with pytest.raises(BodyTooLarge):
        read(b"%x\r\n%b\r\n0\r\n\r\n" % (len(long), long), Transfer_Encoding="chunked")
    with pytest.raises(BodyTooLarge):
        read(
            b"32\r\n" + b"x" * 50 + b"\r\n33\r\n" + b"x" * 51 + b"\r\n0\r\n\r\n", Transfer_Encoding="chunked"
        )
    packed = gzip.compress(long)
    with pytest.raises(BodyTooLarge):
        read(packed, Content_Length=str(len(packed)), Content_Encoding="gzip")
