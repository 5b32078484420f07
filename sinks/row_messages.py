"""Rows of the projections as messages of a topic: what workers publish and the sink inserts.

A message carries Arrow record batches one after the other, each of rows of one table, without their schemas,
which are those of `schemas.tables` on both sides: the header `tables` names table and length of each,
`format` the version of all this. What is small travels together, because a message costs more than its bytes.
The rows come out as they went in, or not at all: a checksum is compared before the bytes are looked into.

It does not say that all rows of a batch of events have arrived. Who publishes puts the table
`sink_position` last, with the position that the batch goes on from in the header `after`, and who reads moves
its own position when that comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import pyarrow as pa

from schemas.tables import TABLES, size_of
from schemas.text import quoted
from sinks.arrow_size import unpacked_size

FORMAT: Final = 10
"""Another one whenever a table has other columns or words, or messages are made otherwise."""

TABLES_HEADER: Final = "tables"
"""The header that says what a message holds: `table:bytes`, with commas between."""

LARGEST: Final = 900_000
"""Bytes of a message's value at the most: brokers and producers take 1 MiB with headers unless told
otherwise. Only a single row that is larger makes a larger message."""

TOGETHER: Final = 2_000_000
"""Bytes of rows, uncompressed, that a message is tried with first: events compress to a fifth or less."""

AFTER: Final = "after"
"""The header of a position's message that says which position its rows follow on."""

MORE: Final = "more"
"""The header of a position's message while a backlog is read: more rows of the partition are being made."""

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1), use_threads=False)
"""Of 20,000 events: 2.6 MB in 20 ms; LZ4 makes 4.9 MB of them in 37. A worker has no core to spare."""


WORTH_COMPRESSING: Final = 50_000
"""Bytes of rows from which on they are compressed here: below, setting it up takes longer than all the rest,
and the producer compresses what it sends together."""


MAX_DIGITS: Final = 16
"""Of a number in a header. Python refuses thousands of them."""

MAX_UNPACKED: Final = 16 * 1024 * 1024
"""Bytes that the columns of a message may unpack to: eight times what a message is tried with first, so that
a single row that is larger fits too."""


class RowsUndecodable(ValueError):
    """A message that holds no rows for this version; the text says why and what to do."""


class RowMessage(NamedTuple):
    """One message: its headers (`tables`, `format`, `checksum`, perhaps `after` and `more`) and its value."""

    headers: list[tuple[str, bytes]]
    value: bytes


def encode(
    tables: Mapping[str, pa.Table], after: int | None = None, *, more: bool = False
) -> list[RowMessage]:
    """Messages for the rows of the tables, in the order of `tables`; without rows there are none.

    `after`: the position in the log that these rows follow on, so that rows that are missing before them are
    noticed (-1: none; None: not said); it is said where the last table is, `sink_position`, and so is `more`.
    Tables must have the schemas of `schemas.tables`: raises ValueError for another one.
    """
    messages: list[RowMessage] = []
    waiting: list[tuple[str, bytes]] = []
    for name, table in tables.items():
        if not table.schema.equals(TABLES[name]):
            raise ValueError(f"These are not the columns of {name}: {table.schema}")
        for value in _values(table):
            if sum(len(held) for _, held in waiting) + len(value) > LARGEST:
                messages += _together(waiting)
                waiting = []
            waiting.append((name, value))
    said = [] if after is None else [(AFTER, str(after).encode())]
    return messages + _together(waiting, [*said, (MORE, b"")] if more else said)


def fit_together(tables: Mapping[str, pa.Table]) -> bool:
    """Whether these tables surely are one message: it arrives as a whole or not at all."""
    return sum(map(size_of, tables.values())) <= LARGEST // 2


def holds_position(headers: Sequence[tuple[str, bytes]]) -> bool:
    """Whether a message ends with `sink_position`."""
    *_, last = (dict(headers).get(TABLES_HEADER) or b"").split(b",")
    return last.startswith(b"sink_position:")


def goes_on_from(headers: Sequence[tuple[str, bytes]]) -> int | None:
    """The position that the rows of a batch follow on, None when it is not said. Raises RowsUndecodable."""
    said = dict(headers).get(AFTER)
    if said is None:
        return None
    try:
        if len(said) > MAX_DIGITS:
            raise ValueError
        return int(said)
    except ValueError:
        raise RowsUndecodable(f"A message says that it goes on from {quoted(repr(said))}. {OURS}") from None


def more_follows(headers: Sequence[tuple[str, bytes]]) -> bool:
    """Whether more rows of the same partition are being made, to follow soon."""
    return any(name == MORE for name, _ in headers)


def decode(headers: Sequence[tuple[str, bytes]], value: bytes) -> list[tuple[str, pa.Table]]:
    """Table and rows of each batch, in order. Raises RowsUndecodable."""
    said = dict(headers)
    if said.get("format") != str(FORMAT).encode():
        raise RowsUndecodable(
            f"A message holds rows of format {quoted(_shown(said, 'format'))}; this version of rekap reads "
            f"{FORMAT}. Use one version for all workers and sinks of an election."
        )
    shown = _shown(said, TABLES_HEADER)
    if said.get("checksum") != _checksum(value):
        raise RowsUndecodable(f"A message with rows of {quoted(shown)} differs from its checksum. {OURS}")
    found, start = [], 0
    for name, length in _parts(shown):
        found.append((name, _rows(name, value[start : start + length])))
        start += length
    if start != len(value):
        raise RowsUndecodable(f"A message with rows of {quoted(shown)} has {len(value)} bytes. {OURS}")
    return found


def _parts(shown: str) -> Iterator[tuple[str, int]]:
    """Table and length of each batch, as a header says."""
    for part in shown.split(","):
        name, _, length = part.partition(":")
        if name not in TABLES or not (length.isascii() and length.isdecimal()) or len(length) > MAX_DIGITS:
            raise RowsUndecodable(
                f"A message holds rows of a table {quoted(repr(part))}, which there is not. {OURS}"
            )
        yield name, int(length)


def _rows(name: str, value: bytes) -> pa.Table:
    schema = TABLES[name]
    try:
        size = unpacked_size(value)
        if size > MAX_UNPACKED:
            raise ValueError(f"{len(value)} bytes unpack to {size}")
        batch = pa.ipc.read_record_batch(pa.py_buffer(value), schema)
        for field, column in zip(schema, batch, strict=True):
            # In full, or offsets of somebody else's could point outside. Text need not be UTF-8: a body is
            # whatever was sent.
            (column.view(pa.binary()) if field.type == pa.string() else column).validate(full=True)
        if any(column.null_count and not field.nullable for field, column in zip(schema, batch, strict=True)):
            raise ValueError("a value is missing")
    except (pa.ArrowException, ValueError, OSError, EOFError) as error:
        raise RowsUndecodable(
            f"A message with rows of {name} can't be read: {quoted(error)}. {OURS}"
        ) from error
    return pa.Table.from_batches([batch], schema)


OURS: Final = (
    "Something else than rekap's workers writes to this topic, or it is a mistake of ours: report this "
    "sentence. To go on, `rekap worker --republish` makes the rows anew from the log."
)


def _values(table: pa.Table) -> Iterator[bytes]:
    """The rows in order, each value as large as it may be."""
    if table.num_rows:
        pieces = math.ceil(size_of(table) / TOGETHER)
        for batch in table.combine_chunks().to_batches(max_chunksize=math.ceil(table.num_rows / pieces)):
            yield from _halved(batch)


def _halved(batch: pa.RecordBatch) -> Iterator[bytes]:
    value = _bytes_of(batch)
    if len(value) <= LARGEST or batch.num_rows == 1:
        yield value
        return
    middle = batch.num_rows // 2
    yield from _halved(batch.slice(0, middle))
    yield from _halved(batch.slice(middle))


def _bytes_of(batch: pa.RecordBatch) -> bytes:
    """The batch alone: a stream begins with the schema, which readers have."""
    if size_of(batch) < WORTH_COMPRESSING:
        return bytes(batch.serialize())
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    messages = pa.ipc.MessageReader.open_stream(stream.getvalue())
    messages.read_next_message()
    return bytes(messages.read_next_message().serialize())


def _together(
    batches: Sequence[tuple[str, bytes]], more: Sequence[tuple[str, bytes]] = ()
) -> list[RowMessage]:
    """One message for these batches, none for none."""
    if not batches:
        return []
    value = b"".join(one for _, one in batches)
    tables = ",".join(f"{name}:{len(one)}" for name, one in batches).encode()
    own = [(TABLES_HEADER, tables), ("format", str(FORMAT).encode()), ("checksum", _checksum(value))]
    return [RowMessage([*own, *more], value)]


def _checksum(value: bytes) -> bytes:
    return f"{crc32(value):08x}".encode()


def _shown(said: Mapping[str, bytes], header: str) -> str:
    return (said.get(header) or b"").decode("utf-8", "replace")  # a header may have no value
