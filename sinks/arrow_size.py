"""What an Arrow record batch unpacks to, read from its message before anything is unpacked.

Arrow allocates what a message says that its buffers hold, and 2 MB can say terabytes. The message is a
FlatBuffer: tables with a list of where their fields are. Only the fields that say sizes are read here.
"""

from __future__ import annotations

import struct
from typing import Final

CONTINUATION: Final = 0xFFFFFFFF
PREFIX_BYTES: Final = 8
"""Of a message: the continuation marker and the length of its metadata."""

RECORD_BATCH: Final = 3
"""The type of a message with a record batch."""

HEADER_TYPE, HEADER = 1, 2
"""Fields of a message."""
BUFFERS, COMPRESSION = 2, 3
"""Fields of a record batch."""

BUFFER_BYTES: Final = 16
"""A buffer is an offset and a length of 64 bits."""

NOT_COMPRESSED: Final = -1
"""In place of the length of what a buffer unpacks to."""


def unpacked_size(message: bytes) -> int:
    """Bytes of all buffers of the record batch that `message` holds. Raises ValueError when it holds none."""
    try:
        marker, length = struct.unpack_from("<II", message)
        metadata = message[PREFIX_BYTES : PREFIX_BYTES + length]
        body = memoryview(message)[PREFIX_BYTES + length :]
        root = _uint32(metadata, 0)
        kind = _field(metadata, root, HEADER_TYPE)
        header = _field(metadata, root, HEADER)
        if marker != CONTINUATION or kind is None or metadata[kind] != RECORD_BATCH or header is None:
            raise ValueError("it is no record batch")
        batch = header + _uint32(metadata, header)
        place = _field(metadata, batch, BUFFERS)
        if place is None:
            return 0
        is_compressed = _field(metadata, batch, COMPRESSION) is not None
        vector = place + _uint32(metadata, place)
        size = 0
        for number in range(_uint32(metadata, vector)):
            offset, packed = struct.unpack_from("<qq", metadata, vector + 4 + number * BUFFER_BYTES)
            if offset < 0 or packed < 0 or offset + packed > len(body):
                raise ValueError("a buffer is outside of the message")
            unpacked = NOT_COMPRESSED
            if is_compressed and packed:
                (unpacked,) = struct.unpack_from("<q", body, offset)
            if unpacked < NOT_COMPRESSED:
                raise ValueError("a buffer has a negative size")
            size += packed if unpacked == NOT_COMPRESSED else unpacked
    except (struct.error, IndexError) as error:
        raise ValueError("it ends too early") from error
    return size


def _field(data: bytes, table: int, number: int) -> int | None:
    """Where a field of the table there is; None: it is not there."""
    (back,) = struct.unpack_from("<i", data, table)
    fields = table - back
    if fields < 0:
        raise ValueError("a table is outside of the message")
    (size,) = struct.unpack_from("<H", data, fields)
    at = 4 + 2 * number
    if at + 2 > size:
        return None
    (offset,) = struct.unpack_from("<H", data, fields + at)
    return table + offset if offset else None


def _uint32(data: bytes, at: int) -> int:
    (value,) = struct.unpack_from("<I", data, at)
    return int(value)
