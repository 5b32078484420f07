"""Rows to stdout or a file, for people or for programs: a table, JSON, JSON lines, CSV, Parquet.

Rows are written as they come, so that a nation's stations need not fit in memory; only a table, which has to
know its widest cell, holds them. Integers stay numbers and what is missing stays null.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click
import orjson

from rekap.command import Option
from rekap.output.json_rows import Row, dumps
from rekap.session import Session
from schemas.language import Text
from schemas.private_files import give_users_rights

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    EVENTS = "events"


FORMATS: Final = [one.value for one in Format if one is not Format.EVENTS]
DOCUMENTS: Final = [Format.TABLE.value, Format.JSON.value]
"""For commands that answer with one thing, not with rows."""

FORMAT_HELP: Final = Text(
    id="Bentuk keluaran: tabel untuk dibaca, lainnya untuk program.",
    en="How to write it: a table to read, the others for programs.",
)
OUTPUT_HELP: Final = Text(
    id="Tulis ke berkas ini, bukan ke stdout; akhirannya menentukan bentuk bila --format tidak ada.",
    en="Write to this file, not to stdout; its ending tells the format where --format does not.",
)


CONTEST_HELP: Final = Text(id="Hanya pemilihan ini; dapat diulang.", en="Only this contest; may be repeated.")
LIMIT_HELP: Final = Text(id="Paling banyak sekian baris.", en="At most so many rows.")


def row_options(function: Callable[..., Any], *, events: bool = False) -> Callable[..., Any]:
    """Adds --format and --output to a command that answers with rows; `events`: also with events, one a
    line, as `import` reads them."""
    to_file = click.Path(path_type=Path, dir_okay=False)
    output = click.option("--output", "-o", cls=Option, said=OUTPUT_HELP, type=to_file, metavar="FILE")
    chosen = click.option(
        *("--format", "-f", "written"),
        cls=Option,
        said=FORMAT_HELP,
        type=click.Choice([*FORMATS, Format.EVENTS.value] if events else FORMATS),
    )
    decorated: Callable[..., Any] = chosen(output(function))
    return decorated


def list_options(*, region: Text, count: Text) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds --region, --contest, --count and --limit to a command that lists what a count holds; `region` and
    `count` say what they choose there."""
    options = (
        click.option("--region", "-r", cls=Option, said=region, metavar="ID"),
        click.option(
            "--contest", "-c", "contests", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True
        ),
        click.option("--count", "counted", cls=Option, said=count, is_flag=True),
        click.option("--limit", cls=Option, said=LIMIT_HELP, type=click.IntRange(min=1), metavar="N"),
    )

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def document_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --format to a command that answers with one document."""
    return click.option(
        "--format",
        "-f",
        "written",
        cls=Option,
        said=FORMAT_HELP,
        type=click.Choice(DOCUMENTS),
        default=Format.TABLE.value,
    )(function)


def chosen_format(session: Session, written: str | None, output: Path | None) -> Format:
    """The format that the two options ask for together. Raises UsageError when they can't be met."""
    if written is None and output is not None:
        ending = output.suffix.removeprefix(".").lower()
        if ending not in FORMATS:
            raise click.UsageError(
                session.text(
                    Text(
                        id=f"{output.name} tidak berakhiran .json, .jsonl, .csv atau .parquet; sebutkan "
                        "--format.",
                        en=f"{output.name} does not end in .json, .jsonl, .csv or .parquet; name a --format.",
                    )
                )
            )
        return Format(ending)
    form = Format(written or Format.TABLE)
    if form is Format.TABLE and output is not None:
        raise click.UsageError(
            session.text(
                Text(
                    id="Tabel untuk layar; bersama --output pilih --format json, jsonl, csv atau parquet.",
                    en="A table is for the screen; with --output choose --format json, jsonl, csv, parquet.",
                )
            )
        )
    if form is Format.PARQUET and output is None and sys.stdout.isatty():
        raise click.UsageError(
            session.text(
                Text(
                    id="Parquet tidak dapat dibaca di layar; tambahkan --output BERKAS.parquet.",
                    en="Parquet can't be read on a screen; add --output FILE.parquet.",
                )
            )
        )
    return form


def write_rows(
    rows: Iterable[Row], form: Format, output: Path | None, schema: Callable[[], pa.Schema]
) -> None:
    """Write `rows` in a format for programs; `schema` gives the columns of CSV and Parquet."""
    with _opened(output) as stream:
        if form is Format.JSON:
            _write_json(rows, stream)
        elif form is Format.JSONL:
            for row in rows:
                stream.write(dumps(row) + b"\n")
        elif form is Format.CSV:
            from rekap.output.csv_rows import write_csv

            write_csv(rows, stream, schema())
        else:
            from rekap.output.parquet_rows import write_parquet

            write_parquet(rows, stream, schema())


def write_events(rows: Iterable[Row], output: Path | None) -> int:
    """Write the events of a log's rows, one a line; how many entries hold none and were left out."""
    left_out = 0
    with _opened(output) as stream:
        for row in rows:
            if row["event"] is None:
                left_out += 1
            else:
                stream.write(orjson.dumps(row["event"]) + b"\n")
    return left_out


def write_document(document: Any) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.buffer.write(dumps(document) + b"\n")


def _write_json(rows: Iterable[Row], stream: BinaryIO) -> None:
    before = b"["
    for row in rows:
        stream.write(before + b"\n" + dumps(row))
        before = b","
    stream.write(b"[]\n" if before == b"[" else b"\n]\n")


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """stdout, or a file that is there when all of it is written and not before."""
    if output is None:
        yield sys.stdout.buffer
        return
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as stream:
            give_users_rights(stream.fileno())
            yield stream
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
