"""What the pages of a Parquet file unpack to, read from the header of each: a footer may say less.

Only the two sizes of a header are read (parquet.thrift, PageHeader, in Thrift's compact protocol). Whether a
page holds what its header says is found out by who unpacks it: it never makes more room than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

HEADER_BYTES: Final = 64 * 1024
"""A header has some 30 bytes, with statistics of long texts a few thousand."""
MAX_DEPTH: Final = 16
"""Structures in each other; a header has three."""
MAX_NUMBER_BYTES: Final = 10
"""Of a whole number of 64 bits."""

_UNPACKED, _PACKED = 2, 3
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_LONG_LIST: Final = 15
_DOUBLE_BYTES: Final = 8


class PageInvalid(ValueError):
    """A page's header can't be read."""


def unpacked_sizes(file: BinaryIO, chunk: Any) -> Iterator[int]:
    """What each page of a column chunk (pyarrow's ColumnChunkMetaData) unpacks to, its header left out.

    Raises PageInvalid and OSError.
    """
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        # Without a value there is a dictionary at most, and no page of data.
        has_data = at > 0 or chunk.num_values > 0
        at = min(at, chunk.dictionary_page_offset) if has_data else chunk.dictionary_page_offset
    end = at + chunk.total_compressed_size
    while at < end:
        file.seek(at)
        header = _Header(file.read(HEADER_BYTES))
        sizes = header.sizes()
        unpacked, packed = sizes.get(_UNPACKED, -1), sizes.get(_PACKED, -1)
        if unpacked < 0 or packed < 0:
            raise PageInvalid("a page's header lacks its size")
        yield unpacked
        at += header.at + packed


class _Header:
    """The bytes that a page begins with; `at`: how many of them have been read."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.at = 0

    def sizes(self) -> dict[int, int]:
        """The whole numbers of 32 bits in the outermost structure, by field."""
        found: dict[int, int] = {}
        for number, kind in self._fields():
            if kind == _I32:
                found[number] = self._signed()
            else:
                self._skip(kind, 1)
        return found

    def _fields(self) -> Iterator[tuple[int, int]]:
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self._signed()
            yield number, head & 0x0F

    def _skip(self, kind: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise PageInvalid("a page's header is nested too deep")
        if kind in (_I16, _I32, _I64):
            self._number()
        elif kind == _BYTE:
            self.at += 1
        elif kind == _DOUBLE:
            self.at += _DOUBLE_BYTES
        elif kind == _BINARY:
            length = self._number()
            self.at += length
        elif kind in (_LIST, _SET):
            head = self._byte()
            size = head >> 4 if head >> 4 != _LONG_LIST else self._number()
            for _ in range(min(size, HEADER_BYTES)):
                self._skip_element(head & 0x0F, depth)
        elif kind == _STRUCT:
            for _, inner in self._fields():
                self._skip(inner, depth + 1)
        elif kind not in (_TRUE, _FALSE):  # a header has no map
            raise PageInvalid("a page's header holds what it can't")

    def _skip_element(self, kind: int, depth: int) -> None:
        if kind in (_TRUE, _FALSE):  # in a list it has a byte of its own
            self.at += 1
        else:
            self._skip(kind, depth + 1)

    def _byte(self) -> int:
        if self.at >= len(self._raw):
            raise PageInvalid("a page's header is cut off")
        self.at += 1
        return self._raw[self.at - 1]

    def _number(self) -> int:
        value = 0
        for place in range(MAX_NUMBER_BYTES):
            byte = self._byte()
            value |= (byte & 0x7F) << (7 * place)
            if not byte & 0x80:
                return value
        raise PageInvalid("a number in a page's header has no end")

    def _signed(self) -> int:
        value = self._number()
        return (value >> 1) ^ -(value & 1)
