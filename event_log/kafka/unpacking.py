"""Bounds what record batches unpack to, and lets a reader go past a batch that can't be unpacked.

The clients unpack record batches themselves, without a bound, and stop at one that they can't read: for ever,
because a retry reads it again. Here their unpacking is replaced: no batch makes more than UNPACKED_BYTES
bytes, and one fetch little more than twice that, whatever it holds. Each record that can't be read keeps its
offset and has a reference (schemas.references) for its value, no key and no headers; what it means is up to
the caller. A checksum that differs is no matter of a sender, and stays an error of the client.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import lz4.frame
import snappy
import zstandard

from event_log.kafka.bounds import UNPACKED_BYTES
from schemas.references import reference_to

GZIP_WINDOW: Final = 31
"""zlib's number for a gzip stream with any window."""

ZSTD_WINDOW_BYTES: Final = 8 * 1024 * 1024
"""The largest window that a zstd decoder must support (RFC 8878); Kafka's producers stay below it."""

XERIAL: Final = b"\x82SNAPPY\x00"
"""How snappy begins as Java writes it: a header, then blocks with the length of each."""
XERIAL_HEADER_BYTES: Final = 16
LENGTH_BYTES: Final = 4
MAX_VARINT_BYTES: Final = 5

HEADER_BYTES: Final = 61
"""Of a record batch, before its records."""

MAGIC: Final = 2
"""The format of record batches since Kafka 0.11; brokers convert older ones."""

LOG_APPEND_TIME: Final = 1
"""The timestamp type of a batch whose records all have the time when the broker took them."""


class BatchTooLarge(ValueError):
    """A record batch unpacks to more than UNPACKED_BYTES."""


def unzip(packed: Any) -> bytes:
    """What gzip packed. Raises BatchTooLarge, and zlib.error."""
    rest, unpacked = bytes(packed), b""
    while rest:  # members one after the other
        decoder = zlib.decompressobj(GZIP_WINDOW)
        unpacked = _bounded(unpacked + decoder.decompress(rest, UNPACKED_BYTES + 1 - len(unpacked)))
        if not decoder.eof:
            raise ValueError("a gzip stream ends too early")
        rest = decoder.unused_data
    return unpacked


def unpack_lz4(packed: Any) -> bytes:
    """What LZ4 packed. Raises BatchTooLarge, and RuntimeError."""
    decoder = lz4.frame.LZ4FrameDecompressor()
    unpacked = _bounded(decoder.decompress(bytes(packed), UNPACKED_BYTES + 1))
    if not decoder.eof:
        raise ValueError("an LZ4 frame ends too early")
    return unpacked


def unpack_zstd(packed: Any) -> bytes:
    """What Zstandard packed. Raises BatchTooLarge, and zstandard.ZstdError."""
    decoder = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
    with decoder.stream_reader(io.BytesIO(packed), read_across_frames=True) as reader:
        return _bounded(reader.read(UNPACKED_BYTES + 1))


def unpack_snappy(packed: Any) -> bytes:
    """What Snappy packed. Raises BatchTooLarge, and ValueError."""
    data = bytes(packed)
    if not data.startswith(XERIAL):
        return _snappy_block(data, UNPACKED_BYTES)
    found, room, at = [], UNPACKED_BYTES, XERIAL_HEADER_BYTES
    while at < len(data):
        start = at + LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        found.append(_snappy_block(data[start:at], room))
        room -= len(found[-1])
    return b"".join(found)


def _snappy_block(data: bytes, room: int) -> bytes:
    """A block: it begins with what it unpacks to, and makes no more."""
    size = shift = 0
    for byte in data[:MAX_VARINT_BYTES]:
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if size > room:
        raise BatchTooLarge
    return bytes(snappy.uncompress(data))


def _bounded(unpacked: bytes) -> bytes:
    if len(unpacked) > UNPACKED_BYTES:
        raise BatchTooLarge
    return unpacked


@dataclass(slots=True)
class UnreadableRecord:
    """Stands for a record of a batch that can't be read. Both clients take it for a record of theirs."""

    offset: int
    timestamp: int
    timestamp_type: int
    value: bytes
    key: None = None
    headers: tuple[()] = ()
    checksum: None = None

    @property
    def size_in_bytes(self) -> int:
        """Bytes of its value."""
        return len(self.value)

    def validate_crc(self) -> bool:
        """The batch's checksum was compared before."""
        return True


class _Batch:
    """A record batch of a client, whose records can all be iterated over."""

    def __init__(self, batch: Any, packed: memoryview, took: Callable[[int], None]) -> None:
        """`took` is called with the bytes of what was iterated over."""
        self._batch = batch
        self._packed = packed
        self._took = took

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        batch = self._batch
        offset, size = batch.base_offset, 0
        try:
            for record in batch:
                size += len(record.value or b"") + len(record.key or b"")
                yield record
                offset = record.offset + 1
        except Exception as error:  # what bytes of others may raise in a client is not known
            reason = "too_large" if isinstance(error, BatchTooLarge) else "unreadable"
            is_log_time = batch.timestamp_type == LOG_APPEND_TIME
            timestamp = batch.max_timestamp if is_log_time else batch.first_timestamp
            for missing in range(offset, batch.next_offset):
                value = reference_to(self._packed, missing, reason)
                size += len(value)
                yield UnreadableRecord(missing, timestamp, batch.timestamp_type, value)
        self._took(size)


def _records_class(memory_records: Any) -> Any:
    """A client's class of the record batches of one fetch, with the bounds."""

    class BoundedRecords:
        def __init__(self, fetched: Any) -> None:
            self._records = memory_records(fetched)
            self._fetched = memoryview(fetched)
            self._at = 0
            self._unpacked = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._records, name)

        def has_next(self) -> bool:
            # What is left is fetched again, from the next offset.
            return self._unpacked <= UNPACKED_BYTES and bool(self._records.has_next())

        def next_batch(self) -> Any:
            if not self.has_next():
                return None
            batch = self._records.next_batch()
            start, self._at = self._at, self._at + _batch_length(self._fetched, self._at)
            if batch is None or batch.magic < MAGIC or batch.is_control_batch:
                return batch
            return _Batch(batch, self._fetched[start + HEADER_BYTES : self._at], self._take)

        def _take(self, size: int) -> None:
            self._unpacked += size

    return BoundedRecords


def _batch_length(fetched: memoryview, at: int) -> int:
    """Bytes of the batch there: its offset and length come first."""
    return 12 + int.from_bytes(fetched[at + 8 : at + 12], "big")


def bound_aiokafka() -> None:
    """From now on every consumer of aiokafka in this process, also Faust's, has the bounds."""
    from aiokafka.consumer import fetcher
    from aiokafka.record import memory_records
    from aiokafka.record._crecords import default_records as compiled

    _replace(compiled)
    fetcher.MemoryRecords = _records_class(memory_records.MemoryRecords)


def bound_kafka_python() -> None:
    """From now on every consumer of kafka-python in this process has the bounds."""
    from kafka.consumer import fetcher
    from kafka.record import default_records, memory_records

    _replace(default_records)
    fetcher.MemoryRecords = _records_class(memory_records.MemoryRecords)


def _replace(records: Any) -> None:
    """Replace the functions that a client's module of record batches unpacks with."""
    for name, function in _FUNCTIONS.items():
        if not callable(getattr(records, name, None)):
            raise RuntimeError(f"{records.__name__} has no {name}: this version unpacks elsewhere.")
        setattr(records, name, function)


_FUNCTIONS: Final[dict[str, Callable[[Any], bytes]]] = {
    "gzip_decode": unzip,
    "snappy_decode": unpack_snappy,
    "lz4_decode": unpack_lz4,
    "zstd_decode": unpack_zstd,
}
