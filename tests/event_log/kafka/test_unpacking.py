"""Record batches that unpack to too much, or can't be read, in both clients."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any, Final

import pytest
import zstandard
from aiokafka.consumer import fetcher as aiokafka_fetcher
from aiokafka.record._crecords import DefaultRecordBatchBuilder
from kafka.consumer import fetcher as kafka_fetcher

import event_log.kafka.consumer
import event_log.kafka.group  # noqa: F401  (both bound the client that they use)
from event_log.kafka import unpacking
from event_log.kafka.bounds import UNPACKED_BYTES
from schemas.references import as_reference

CLIENTS: Final = {"aiokafka": aiokafka_fetcher, "kafka-python": kafka_fetcher}
CODECS: Final = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
HEADER_BYTES: Final = 61


def batch(values: list[bytes], codec: int = 0, base: int = 0, headers: Any = ()) -> bytes:
    """A record batch as a broker stores it."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, 1 << 30)
    for number, value in enumerate(values):
        assert builder.append(number, 1_000, b"k", value, list(headers)) is not None
    built = bytearray(builder.build())
    struct.pack_into(">q", built, 0, base)
    return bytes(built)


def read(client: str, fetched: bytes) -> list[tuple[int, bytes]]:
    """Offset and value of each record, as a consumer takes them out of a fetch."""
    records = CLIENTS[client].MemoryRecords(fetched)
    found = []
    while records.has_next():
        found += [(record.offset, record.value) for record in records.next_batch()]
    return found


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("codec", CODECS)
def test_what_fits_is_unpacked_as_before(client: str, codec: str) -> None:
    values = [Random(size).randbytes(size) + b"0" * size for size in (0, 1, 100, 70_000, 1_000_000)]
    assert read(client, batch(values, CODECS[codec], 7)) == list(enumerate(values, 7))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_that_unpacks_to_too_much_is_references_and_the_next_one_is_read(
    client: str, codec: str
) -> None:
    bomb = batch([b"first", bytes(UNPACKED_BYTES), b"third"], CODECS[codec], 10)
    found = read(client, bomb + batch([b"after"], 0, 13))
    assert [offset for offset, _ in found] == [10, 11, 12, 13]
    assert found[-1][1] == b"after"
    packed = bomb[HEADER_BYTES:]
    for offset, value in found[:-1]:
        reference = as_reference(value)
        assert reference == (offset, len(packed), sha256(packed).hexdigest(), "too_large")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_header_that_is_no_text_stops_nobody(client: str) -> None:
    bad = batch([b"a", b"b"], 0, 5, [("xx", b"1")]).replace(b"\x04xx", b"\x04\xff\xfe")
    found = read(client, bad + batch([b"after"], 0, 7))
    assert [offset for offset, _ in found] == [5, 6, 7]
    references = [as_reference(value) for _, value in found]
    assert [one.reason for one in references if one] == ["unreadable"] * 2
    assert references[-1] is None


@pytest.mark.parametrize("client", CLIENTS)
def test_a_packed_batch_that_is_damaged_stops_nobody(client: str) -> None:
    for codec in CODECS.values():
        good = batch([b"value" * 100], codec, 3)
        for cut in range(HEADER_BYTES + 1, len(good), 3):
            bad = bytearray(good)
            bad[cut:] = bytes(len(bad) - cut)
            found = read(client, bytes(bad) + batch([b"after"], 0, 4))
            assert [offset for offset, _ in found] == [3, 4]
            assert found[-1][1] == b"after"


@pytest.mark.parametrize("client", CLIENTS)
def test_one_fetch_of_many_bombs_ends_before_the_memory_does(client: str) -> None:
    """Each of these fits by itself."""
    large = UNPACKED_BYTES // 2
    fetched = b"".join(batch([bytes(large)], CODECS["zstd"], offset) for offset in range(100))
    assert len(fetched) < 1024 * 1024
    found = [offset for offset, _ in read(client, fetched)]
    assert found == [0, 1]  # the rest is fetched again, from 2 on


@pytest.mark.parametrize("unpack", [unpacking.unzip, unpacking.unpack_zstd])
def test_several_streams_one_after_the_other_are_bounded_together(unpack: Callable[[bytes], bytes]) -> None:
    half = UNPACKED_BYTES // 2
    zstd = zstandard.ZstdCompressor()
    packer = zstd.compress if unpack is unpacking.unpack_zstd else _gzip
    part = packer(bytes(half))
    assert unpack(part * 2) == bytes(half * 2)
    with pytest.raises(unpacking.BatchTooLarge):
        unpack(part * 3)


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=unpacking.GZIP_WINDOW)
    return packer.compress(data) + packer.flush()
