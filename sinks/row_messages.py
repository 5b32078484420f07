"""Rows of the projections as messages of a topic: what workers publish and the sink inserts.

A message carries rows of one table as an Arrow record batch, compressed, without its schema, which is that
of `sinks.tables` on both sides: the header `format` says of which migration. The rows come out as they went
in, or not at all: a checksum is compared before the bytes are looked into.

It does not say that all rows of a batch of events have arrived. Who publishes sends the table
`sink_position` last, with the position that the batch goes on from in the header `after`, and who reads moves
its own position when that comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import pyarrow as pa

from sinks.tables import TABLES

FORMAT: Final = 5
"""The number of the newest migration: a change of the tables changes what messages hold."""

LARGEST: Final = 900_000
"""Bytes of a message's value at the most: brokers and producers take 1 MiB with headers unless told
otherwise. Only a single row that is larger makes a larger message."""

TOGETHER: Final = 2_000_000
"""Bytes of rows, uncompressed, that a message is tried with first: events compress to a fifth or less."""

AFTER: Final = "after"
"""The header of a position's message that says which position its rows follow on."""

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1), use_threads=False)
"""Of 20,000 events: 2.6 MB in 20 ms; LZ4 makes 4.9 MB of them in 37. A worker has no core to spare."""


WORTH_COMPRESSING: Final = 50_000
"""Bytes of rows from which on they are compressed here: below, setting it up takes longer than all the rest,
and the producer compresses what it sends together."""


class RowsUndecodable(ValueError):
    """A message that holds no rows for this version; the text says why and what to do."""


class RowMessage(NamedTuple):
    """One message: its headers (`table`, `format`, `checksum`, perhaps `after`) and its value."""

    headers: list[tuple[str, bytes]]
    value: bytes


def encode(tables: Mapping[str, pa.Table], after: int | None = None) -> list[RowMessage]:
    """Messages for the rows of each table, in the order of `tables`; a table without rows has none.

    `after`: the position in the log that these rows follow on, so that rows that are missing before them are
    noticed (-1: none; None: not said); only the message of `sink_position` says it. Tables must have the
    schemas of `sinks.tables`: raises ValueError for another one.
    """
    messages = []
    for name, table in tables.items():
        if not table.schema.equals(TABLES[name]):
            raise ValueError(f"These are not the columns of {name}: {table.schema}")
        more = [(AFTER, str(after).encode())] if name == "sink_position" and after is not None else []
        messages += [_message(name, value, more) for value in _values(table)]
    return messages


def goes_on_from(headers: Sequence[tuple[str, bytes]]) -> int | None:
    """The position that the rows of a batch follow on, None when it is not said. Raises RowsUndecodable."""
    said = dict(headers).get(AFTER)
    if said is None:
        return None
    try:
        return int(said)
    except ValueError:
        raise RowsUndecodable(f"A message says that it goes on from {said!r}. {_OURS}") from None


def decode(headers: Sequence[tuple[str, bytes]], value: bytes) -> tuple[str, pa.Table]:
    """The name of the table and its rows. Raises RowsUndecodable."""
    said = dict(headers)
    if said.get("format") != str(FORMAT).encode():
        raise RowsUndecodable(
            f"A message holds rows of format {_shown(said, 'format')}; this version of rekap reads "
            f"{FORMAT}. Use one version for all workers and sinks of an election."
        )
    name = _shown(said, "table")
    if name not in TABLES:
        raise RowsUndecodable(f"A message holds rows of a table {name!r}, which there is not. {_OURS}")
    if said.get("checksum") != _checksum(value):
        raise RowsUndecodable(f"A message with rows of {name} differs from its checksum. {_OURS}")
    schema = TABLES[name]
    try:
        batch = pa.ipc.read_record_batch(pa.py_buffer(value), schema)
        batch.validate()
    except (pa.ArrowException, OSError, EOFError) as error:
        raise RowsUndecodable(f"A message with rows of {name} can't be read: {error}. {_OURS}") from error
    return name, pa.Table.from_batches([batch], schema)


_OURS: Final = (
    "Something else than rekap's workers writes to this topic, or it is a mistake of ours: report this "
    "sentence. To go on, `rekap worker --republish` makes the rows anew from the log."
)


def _values(table: pa.Table) -> Iterator[bytes]:
    """The rows in order, each value as large as it may be."""
    if table.num_rows:
        pieces = math.ceil(table.nbytes / TOGETHER)
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
    if batch.nbytes < WORTH_COMPRESSING:
        return bytes(batch.serialize())
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, batch.schema, options=_OPTIONS) as writer:
        writer.write_batch(batch)
    messages = pa.ipc.MessageReader.open_stream(stream.getvalue())
    messages.read_next_message()
    return bytes(messages.read_next_message().serialize())


def _message(name: str, value: bytes, more: list[tuple[str, bytes]]) -> RowMessage:
    own = [("table", name.encode()), ("format", str(FORMAT).encode()), ("checksum", _checksum(value))]
    return RowMessage([*own, *more], value)


def _checksum(value: bytes) -> bytes:
    return f"{crc32(value):08x}".encode()


def _shown(said: Mapping[str, bytes], header: str) -> str:
    return said.get(header, b"").decode("utf-8", "replace")
