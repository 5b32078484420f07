"""The engine that recomputes: chDB in this process, in a directory of its own that nobody else knows.

One process has one such engine at a time. It reads files by their names and is given only those of a bundle
and its own; what it keeps on the disk goes when it is closed.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import chdb
import pyarrow as pa
import pyarrow.parquet as pq

DATABASE: Final = "audit"

SETTINGS: Final = {
    # This build has no SEMI and ANTI joins, and hangs where its optimizer makes one of another.
    "query_plan_convert_any_join_to_semi_or_anti_join": "0",
    "join_use_nulls": "1",
    "max_memory_usage": str(3 * 1024**3),
    "max_bytes_before_external_group_by": str(1024**3),
    "max_bytes_before_external_sort": str(1024**3),
    "max_block_size": "8192",  # rows of five contests are wide: a hundred arrays of 300 figures each
}
"""Of every statement: three of the four GiB that a verification may take."""

_CONFIGURATION: Final = (
    "<clickhouse><user_scripts_path>/dev/null</user_scripts_path>"
    "<async_load_databases>false</async_load_databases></clickhouse>"
)
"""A configuration of ours: without one, it would read ./config.xml of whatever directory it is started in."""


Step = tuple[tuple[str, str], ...]
"""Columns that are added: (name, SQL)."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


class EngineFailed(Exception):
    """The engine could not do it: a file that can't be read, or too little memory. The text is its own."""


class Engine:
    """A database with the tables of one recomputation."""

    def __init__(self, parent: Path | None = None) -> None:
        """Below `parent`, or where the system keeps what is temporary."""
        self._folder = Path(tempfile.mkdtemp(prefix="rekap-audit-", dir=parent))
        configuration = self._folder / "engine.xml"
        configuration.write_text(_CONFIGURATION)
        self._connection = chdb.connect(f"{self._folder / 'store'}?config-file={configuration}")
        self._files = 0
        for name, value in SETTINGS.items():
            self.run(f"SET {name} = {value}")
        self.run(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        self.run(f"USE {DATABASE}")

    def run(self, sql: str) -> None:
        """Run a statement. Raises EngineFailed, as every method that asks the engine."""
        self._query(sql, "Null")

    def rows(self, sql: str) -> pa.Table:
        """What a query gives."""
        answer = self._query(sql, "Arrow")
        return pa.ipc.open_file(io.BytesIO(answer.bytes())).read_all()

    def _query(self, sql: str, form: str) -> Any:
        try:
            return self._connection.query(sql, form)
        except RuntimeError as error:
            raise EngineFailed(str(error)) from error

    def value(self, sql: str) -> Any:
        """The one value that a query gives."""
        return self.rows(sql).column(0)[0].as_py()

    def file(self, table: pa.Table) -> str:
        """A table as a source to select from."""
        self._files += 1
        path = self._folder / f"{self._files}.parquet"
        pq.write_table(table, path)
        return parquet(path)

    def make(self, name: str, order: str, query: str) -> None:
        """A table on the disk with what a query gives."""
        self.run(
            f"CREATE TABLE {name} ENGINE = MergeTree ORDER BY ({order}) "
            f"SETTINGS allow_nullable_key = 1 AS {query}"
        )

    def in_memory(self, name: str, query: str) -> None:
        """A table in memory with what a query gives, in place of an earlier one of that name."""
        self.drop(name)
        self.run(f"CREATE TABLE {name} ENGINE = Memory AS {query}")

    def drop(self, name: str) -> None:
        """Remove a table. It is emptied first: the engine keeps a table that was dropped for some minutes."""
        self.run(f"TRUNCATE TABLE IF EXISTS {name}")
        self.run(f"DROP TABLE IF EXISTS {name}")

    def steps(self, name: str, source: str, steps: Sequence[Step]) -> str:
        """A table in memory with what `source` gives and the columns of the steps, which may use those before
        them. Each level is a query of its own: nested in one, they would take minutes to analyse."""
        table = f"{name}_0"
        self.in_memory(table, source)
        for number, level in enumerate(levels_of(steps), start=1):
            added = ", ".join(f"{sql} AS {column}" for column, sql in level)
            following = f"{name}_{number}"
            self.in_memory(following, f"SELECT *, {added} FROM {table}")
            self.drop(table)
            table = following
        return table

    def close(self) -> None:
        """End the engine and remove what it kept."""
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def levels_of(steps: Sequence[Step]) -> list[list[tuple[str, str]]]:
    """The columns of all steps in their order, in as few levels as they allow: none uses one of its own."""
    levels: list[list[tuple[str, str]]] = [[]]
    for name, sql in (column for step in steps for column in step):
        if {made for made, _ in levels[-1]} & set(_NAME.findall(sql)):
            levels.append([])
        levels[-1].append((name, sql))
    return levels


def parquet(path: Path | str) -> str:
    """A Parquet file (or several, by a pattern) as a source to select from."""
    return f"file({text(str(path))}, Parquet)"


def text(value: str) -> str:
    """A literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
