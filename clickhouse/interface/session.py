"""One query of the HTTP interface, run on a chDB connection of its own.

A connection costs 1.5 ms and is the whole isolation: no database, setting or half-read result is left for the
next query (this engine gives the rest of a failed result to whoever asks next on the same connection). The
engine is shared with the writer in the same process; what a reader may use of it is bounded here.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import chdb

from clickhouse.client import DATABASE, ENGINE_SETTINGS
from clickhouse.interface.errors import STD_EXCEPTION

READER_LIMITS: Final[Mapping[str, str]] = {
    # Work before the query runs, and memory of its syntax tree: the longest documented query is far below.
    "max_query_size": str(64 << 10),
    "max_parser_depth": "300",
    "max_parser_backtracks": "100000",
    "max_ast_depth": "300",
    "max_ast_elements": "10000",
    "max_expanded_ast_elements": "100000",
    "max_subquery_depth": "50",
    # Nothing is written to disk for a reader: what does not fit into its memory is an error.
    "max_bytes_before_external_group_by": "0",
    "max_bytes_ratio_before_external_group_by": "0",
    "max_bytes_before_external_sort": "0",
    "max_bytes_ratio_before_external_sort": "0",
    "max_temporary_data_on_disk_size_for_query": "1",
    "allow_ddl": "0",
}
"""Bounds of every reader's query that no request changes."""
READER_MEMORY_BYTES: Final = 1 << 30
"""A query may use this much: enough to join and sort all 823,236 stations, and it leaves the writer its
own."""
READER_SECONDS: Final = 60
"""After this long the engine ends a reader's query: nobody waits longer for a page, and stopping waits for
it."""
BUFFERED_RESULT_BYTES: Final = 256 << 20
"""Results of formats that have to be made whole (JSON, Parquet, Arrow) and wait in memory for a slow
client."""
STREAMED_RESULT_BYTES: Final = 16 << 30
"""Results that are sent block by block: more than the log of a national count has."""

STREAMED_FORMATS: Final = frozenset(
    {"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow", "JSONLines", "NDJSON"}
)
"""Formats without head or foot: the engine gives each block on its own, and one after another they are the
result. Others begin again with every block."""

STOPPED_WITH_SERVER: Final = "rekap_http"
"""`log_comment` of our queries: stopping the server ends the queries that carry it."""

_CODE: Final = re.compile(r"Code: (\d+)\.")
_INSERT: Final = re.compile(rb"\s*(INSERT\s+INTO\s[^\n]*?)\s+FORMAT\s+(\w+)[ \t]*\r?\n", re.IGNORECASE)


class EngineError(Exception):
    """The engine's own error. `code` is ClickHouse's."""

    def __init__(self, text: str) -> None:
        begin = text.find("Code: ")
        found = _CODE.search(text)
        self.code = int(found[1]) if found else STD_EXCEPTION
        super().__init__(text[begin:].strip() if begin >= 0 else text.strip())


@dataclass(frozen=True, slots=True)
class Query:
    """What a request asks for. `text` is what follows the URL's query too (an insert's data); `settings` are
    applied as they are, so whoever makes a Query for a reader has checked them."""

    text: bytes
    database: str = DATABASE
    format: str = "TabSeparated"
    parameters: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    readonly: bool = True
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The result as bytes, whole or block by block, and ClickHouse's counters (whole results only)."""

    chunks: Iterator[bytes]
    summary: Mapping[str, str]


class Session:
    """A connection for one query. Close it: as a context manager."""

    def __init__(self, directory: Path, query: Query) -> None:
        """Raises EngineError when the database or a setting does not exist."""
        self._query = query
        self._stream: Any = None
        try:
            # Annotated for queries of text alone; it takes bytes too.
            self._connection: Any = chdb.connect(str(directory.resolve()))
        except RuntimeError as error:
            raise EngineError(str(error)) from error
        try:
            self._connection.query(f"USE {_name(query.database)}")
            settings = {**ENGINE_SETTINGS, "log_comment": STOPPED_WITH_SERVER}
            if query.readonly:
                settings["max_execution_time"] = str(READER_SECONDS)
            settings |= query.settings
            if query.readonly:
                settings |= _reader_limits(query)
            assigned = ", ".join(f"{_name(name)} = {_text(str(value))}" for name, value in settings.items())
            self._connection.query(f"SET {assigned}")
        except RuntimeError as error:
            self._connection.close()
            raise EngineError(str(error)) from error

    def run(self) -> Answer:
        """Run the query. Raises EngineError; later, from the chunks of a streamed result, too."""
        query = self._query
        parameters = dict(query.parameters)
        try:
            if query.streamed:
                self._stream = self._connection.send_query(query.text, query.format, params=parameters)
                return Answer(_begun(_blocks(self._stream)), {})
            with _data_apart(query) as text:
                result = self._connection.query(text, query.format, params=parameters)
        except RuntimeError as error:
            raise EngineError(str(error)) from error
        return Answer(iter((result.bytes(),)), _summary(result))

    def close(self) -> None:
        """Give the connection up; a result not read to its end is ended first."""
        if self._stream is not None:
            self._stream.close()
        self._connection.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def end_queries(directory: Path) -> None:
    """End every query that runs for the HTTP interface; they fail with QUERY_WAS_CANCELLED."""
    connection = chdb.connect(str(directory.resolve()))
    try:
        connection.query(f"KILL QUERY WHERE Settings['log_comment'] = '{STOPPED_WITH_SERVER}' ASYNC")
    except RuntimeError as error:
        raise EngineError(str(error)) from error
    finally:
        connection.close()


@contextmanager
def _data_apart(query: Query) -> Iterator[bytes | str]:
    """The statement to run, the data of an insert in a file beside it.

    This engine takes the data that follows a statement to end at the first empty line, as a person's input
    does; compressed data has one sooner or later.
    """
    found = None if query.readonly else _INSERT.match(query.text)
    if found is None:
        yield query.text
        return
    with tempfile.NamedTemporaryFile(prefix="rekap-insert-") as file:
        file.write(query.text[found.end() :])
        file.flush()
        insert, form = found[1].decode(), found[2].decode()
        yield f"{insert} FROM INFILE {_text(file.name)} COMPRESSION 'none' FORMAT {form}"


def _reader_limits(query: Query) -> dict[str, str]:
    limits = {
        **READER_LIMITS,
        "max_memory_usage": str(READER_MEMORY_BYTES),
        # Half of the cores stay with the writer; a query of a few milliseconds does not need more than two.
        "max_threads": str(max(2, (os.cpu_count() or 1) // 2)),
    }
    if not query.streamed:
        limits |= {"max_result_bytes": str(BUFFERED_RESULT_BYTES), "result_overflow_mode": "throw"}
        rows = query.settings.get("max_result_rows", "0")
        if query.settings.get("result_overflow_mode") == "break" and rows != "0":
            # JDBC clients cut off at a number of rows. Bytes beyond the bound stay an error, and the engine
            # has one mode for both: so the rows are cut off by a setting of their own.
            limits |= {"limit": rows, "max_result_rows": "0"}
    elif query.settings.get("result_overflow_mode") != "break":  # which would cut off without a word
        limits["max_result_bytes"] = str(STREAMED_RESULT_BYTES)
    return limits | {"readonly": "1"}  # last: nothing can be set after it


def _begun(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, the first one already made: most errors come before it, while a status can still be
    sent."""
    first = next(blocks, b"")

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from blocks

    return all_of_them()


def _blocks(result: Any) -> Iterator[bytes]:
    try:
        for block in result:
            yield block.bytes()
    except RuntimeError as error:
        raise EngineError(str(error)) from error


def _summary(result: Any) -> dict[str, str]:
    """Counters as in X-ClickHouse-Summary. What has no result is an insert or a command: its rows are
    written."""
    read, stored, size = result.rows_read(), result.storage_rows_read(), result.size()
    counted = {
        "read_rows": stored,
        "read_bytes": result.storage_bytes_read(),
        # Rows sent are counted as read by the result; rows that a SELECT inserts, only as read from storage.
        "written_rows": 0 if size else read or stored,
        "written_bytes": 0 if size else result.bytes_read() or result.storage_bytes_read(),
        "total_rows_to_read": 0,
        "result_rows": read if size else 0,
        "result_bytes": size,
        "elapsed_ns": int(result.elapsed() * 1_000_000_000),
    }
    return {name: str(number) for name, number in counted.items()}


def _name(text: str) -> str:
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
