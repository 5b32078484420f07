"""`rekap log`: the events as they arrived, with their outcome."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rekap.cluster import broker_options, clickhouse_option
from rekap.command import Option, subcommand
from rekap.output.formats import Format, chosen_format, row_options, write_events, write_rows
from rekap.output.json_rows import Row, dumps
from rekap.session import Session, pass_session, session_of
from rekap.terminal import echo, echo_lines
from schemas.language import Text
from schemas.text import escaped_json

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection
    from rekap.log_entries import KafkaEntries
    from rekap.log_mirror import MirrorEntries

MORE = Text(
    id="Setiap kiriman, yang diterima maupun yang tidak, dalam urutan kedatangannya. Dengan --event satu "
    "peristiwa selengkapnya. Dengan --broker langsung dari log di Kafka; keputusannya hanya bila "
    "--clickhouse juga disebut.",
    en="Every message, accepted or not, in the order of arrival. With --event one of them in full. With "
    "--broker straight from the log on Kafka, and what was decided only if --clickhouse is named too.",
)
FROM_HELP = Text(
    id="Mulai dari urutan ini (dalam setiap partisi).", en="From this position (of each partition) on."
)
PARTITION_HELP = Text(id="Hanya partisi ini.", en="Only this partition.")
LIMIT_HELP = Text(
    id="Paling banyak sekian; tanpa ini semuanya (tabel: 20).",
    en="At most so many; without it all (a table: 20).",
)
EVENT_HELP = Text(
    id="Hanya peristiwa dengan id ini, atau yang id-nya berawal begini (8 angka heksadesimal atau lebih).",
    en="Only the event with this id, or whose id begins like this (8 hex digits or more).",
)
FOLLOW_HELP = Text(
    id="Teruskan dengan kiriman baru, sampai Ctrl-C.", en="Go on with new messages, until Ctrl-C."
)
EXAMPLES = (
    "rekap --data demo-data log --limit 5",
    "rekap --data demo-data log --from 1000 --limit 100 --format jsonl",
    "rekap --data demo-data log --format events --output log.jsonl",
    "rekap --data demo-data log --follow",
    "rekap --data night log --broker 127.0.0.1:9092 --partition 3 --format jsonl",
)
TABLE_ROWS: Final = 20

NOT_HEX = Text(
    id="id peristiwa ditulis dengan 8 sampai 64 angka heksadesimal (0-9, a-f)",
    en="an event id is written with 8 to 64 hex digits (0-9, a-f)",
)
NEEDS_CLICKHOUSE = Text(
    id="Kafka tidak mencari menurut id: sebutkan juga --clickhouse, yang tahu letaknya.",
    en="Kafka can't look for an id: name --clickhouse too, which knows where it is.",
)
NEVER_ENDS = Text(
    id="--follow tidak berakhir; pilih --format table atau jsonl.",
    en="--follow never ends; choose --format table or jsonl.",
)
NO_EVENT = Text(id="Tidak ada peristiwa dengan id {event}.", en="There is no event with the id {event}.")
MORE_EVENTS = Text(
    id="Masih ada lagi: {next}, atau --limit, atau --format jsonl.",
    en="There are more: {next}, or --limit, or --format jsonl.",
)
NO_EVENT_IN = Text(
    id="{number} kiriman bukan peristiwa dan tidak ditulis; --format jsonl memuat byte-nya.",
    en="{number} messages are no events and were not written; --format jsonl has their bytes.",
)
NO_EVENTS = Text(
    id="Tidak ada kiriman mulai dari urutan itu.", en="There is no message from that position on."
)


def event_option(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """An event id, whole or its beginning."""
    if value is None:
        return None
    value = value.lower()
    if not 8 <= len(value) <= 64 or set(value) - set("0123456789abcdef"):
        raise click.BadParameter(session_of(context).text(NOT_HEX), context, parameter)
    return value


@subcommand("log", MORE, EXAMPLES)
@click.option(
    "--from", "start", cls=Option, said=FROM_HELP, type=click.IntRange(min=0), default=0, metavar="N"
)
@click.option("--partition", cls=Option, said=PARTITION_HELP, type=click.IntRange(min=0), metavar="N")
@click.option("--limit", cls=Option, said=LIMIT_HELP, type=click.IntRange(min=1), metavar="N")
@click.option("--event", cls=Option, said=EVENT_HELP, metavar="ID", callback=event_option)
@click.option("--follow", cls=Option, said=FOLLOW_HELP, is_flag=True)
@broker_options(required=False)
@clickhouse_option
@partial(row_options, events=True)
@pass_session
def command(
    session: Session,
    start: int,
    partition: int | None,
    limit: int | None,
    event: str | None,
    follow: bool,
    connection: Connection | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> int:
    form = chosen_format(session, written, output)
    if follow:
        if form not in (Format.TABLE, Format.JSONL):
            raise click.UsageError(session.text(NEVER_ENDS))
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it: nothing is interrupted
            _follow(session, connection, clickhouse, partition, start, form)
        return 0
    if event is not None and connection is not None and clickhouse is None:
        raise click.UsageError(session.text(NEEDS_CLICKHOUSE))
    with _entries(session, connection, clickhouse, partition) as entries:
        if event is not None:
            found = entries.event(event)
            if not found:
                session.say(Text(*(text.format(event=event) for text in (NO_EVENT.id, NO_EVENT.en))))
            if form is Format.TABLE:
                for row in found:
                    echo_lines(_in_full(row))
            else:
                _write(session, found, form, output)
            return 0 if found else 1
        if form is Format.TABLE:
            most = limit or TABLE_ROWS
            rows = list(entries.rows(start, most + 1))
            _show(session, rows[:most], several=entries.several)
            if len(rows) > most and limit is None:
                echo(session.text(MORE_EVENTS).format(next=_to_go_on(rows[most])), err=True)
            return 0
        _write(session, entries.rows(start, limit), form, output)
    return 0


def _entries(
    session: Session, connection: Connection | None, clickhouse: str | None, partition: int | None
) -> contextlib.AbstractContextManager[KafkaEntries | MirrorEntries]:
    """The entries on Kafka, or without a `connection` those in the projections."""
    if connection is None:
        from rekap.log_mirror import mirror_entries

        return mirror_entries(session, clickhouse, partition)
    from rekap.log_entries import kafka_entries

    return kafka_entries(session, connection, clickhouse, partition)


def _to_go_on(row: Row) -> str:
    """The options that begin with this row."""
    options = f"--from {row['position']}"
    return f"--partition {row['partition']} {options}" if row["partition"] else options


def _write(session: Session, rows: Iterable[Row], form: Format, output: Path | None) -> None:
    if form is Format.EVENTS:
        left_out = write_events(rows, output)
        if left_out:
            texts = (text.format(number=left_out) for text in (NO_EVENT_IN.id, NO_EVENT_IN.en))
            session.say(Text(*texts))
        return
    from rekap.output.parquet_rows import log_schema

    write_rows(rows, form, output, log_schema)


def _in_full(row: Row) -> str:
    """One event as indented JSON: what a person wants to see of a single one."""
    import orjson

    document = orjson.dumps(orjson.loads(dumps(row)), option=orjson.OPT_INDENT_2)
    return escaped_json(document.decode())


def _show(session: Session, rows: list[Row], *, several: bool, head: bool = True) -> None:
    from rekap.render.log_table import log_lines
    from rekap.render.tables import show, width

    if not rows:
        session.say(NO_EVENTS)
        return
    show(log_lines(rows, session.language, width(), several=several, head=head))


def _follow(
    session: Session,
    connection: Connection | None,
    clickhouse: str | None,
    partition: int | None,
    start: int,
    form: Format,
) -> None:
    """New entries as they come."""
    with contextlib.ExitStack() as stack:
        if connection is None:
            from rekap.log_mirror import follow

            blocks = follow(session, clickhouse, partition, start)
            several = clickhouse is not None or not session.directory.log_path.is_file()
        else:
            from rekap.log_entries import kafka_entries

            entries = stack.enter_context(kafka_entries(session, connection, clickhouse, partition))
            blocks, several = entries.follow(start), entries.several
        head = True
        for rows in blocks:
            if form is Format.TABLE:
                _show(session, rows, several=several, head=head)
                head = False
            else:
                _write(session, rows, form, None)
            sys.stdout.flush()  # a pipe would hold them back until there are 8 KiB
