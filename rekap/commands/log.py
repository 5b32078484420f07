"""`rekap log`: the events as they arrived, with their fate."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import click

from rekap.command import Option, subcommand
from rekap.formats import Format, Row, chosen_format, dumps, row_options, write_rows
from rekap.session import Session, pass_session
from schemas.language import Said

MORE = Said(
    id="Setiap kiriman, yang diterima maupun yang tidak, dalam urutan kedatangannya. Dengan --event satu "
    "peristiwa selengkapnya.",
    en="Every message, accepted or not, in the order of arrival. With --event one of them in full.",
)
FROM_HELP = Said(id="Mulai dari urutan ini.", en="From this position on.")
LIMIT_HELP = Said(
    id="Paling banyak sekian; tanpa ini semuanya (tabel: 20).",
    en="At most so many; without it all (a table: 20).",
)
EVENT_HELP = Said(
    id="Hanya peristiwa dengan id ini, atau yang id-nya berawal begini (8 angka heksadesimal atau lebih).",
    en="Only the event with this id, or whose id begins like this (8 hex digits or more).",
)
FOLLOW_HELP = Said(
    id="Teruskan dengan kiriman baru, sampai Ctrl-C.", en="Go on with new messages, until Ctrl-C."
)
EXAMPLES = (
    "rekap --data demo-data log --limit 5",
    "rekap --data demo-data log --from 1000 --limit 100 --format jsonl",
    "rekap --data demo-data log --follow",
)
TABLE_ROWS = 20
FOLLOWED_AT_ONCE = 1_000
POLL_S = 1.0
"""A person follows; once a second is often enough, and leaves the counting process its time."""

NOT_HEX = Said(
    id="id peristiwa ditulis dengan 8 sampai 64 angka heksadesimal (0-9, a-f)",
    en="an event id is written with 8 to 64 hex digits (0-9, a-f)",
)
NO_EVENT = Said(id="Tidak ada peristiwa dengan id {event}.", en="There is no event with the id {event}.")
MORE_EVENTS = Said(
    id="Masih ada lagi: --from {position}, atau --limit, atau --format jsonl.",
    en="There are more: --from {position}, or --limit, or --format jsonl.",
)
NO_EVENTS = Said(
    id="Tidak ada kiriman mulai dari urutan itu.", en="There is no message from that position on."
)


def event_option(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """An event id, whole or its beginning."""
    if value is None:
        return None
    value = value.lower()
    if not 8 <= len(value) <= 64 or set(value) - set("0123456789abcdef"):
        raise click.BadParameter(context.ensure_object(Session).text(NOT_HEX), context, parameter)
    return value


@subcommand("log", MORE, EXAMPLES)
@click.option(
    "--from", "start", cls=Option, said=FROM_HELP, type=click.IntRange(min=0), default=0, metavar="N"
)
@click.option("--limit", cls=Option, said=LIMIT_HELP, type=click.IntRange(min=1), metavar="N")
@click.option("--event", cls=Option, said=EVENT_HELP, metavar="ID", callback=event_option)
@click.option("--follow", cls=Option, said=FOLLOW_HELP, is_flag=True)
@row_options
@pass_session
def command(
    session: Session,
    start: int,
    limit: int | None,
    event: str | None,
    follow: bool,
    output: Path | None,
    written: str | None,
) -> int:
    form = chosen_format(session, written, output)
    if follow:
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it: nothing is interrupted
            _follow(session, start, form)
        return 0

    from queries.events import events, find_event
    from rekap.reading import reader

    with reader(session, "log") as client:
        if event is not None:
            found = find_event(client, session.election.id, event)
            if not found:
                session.say(Said(*(text.format(event=event) for text in (NO_EVENT.id, NO_EVENT.en))))
            if form is Format.TABLE:
                for row in found:
                    click.echo(_in_full(row))
            else:
                _write(found, form, output)
            return 0 if found else 1
        if form is Format.TABLE:
            most = limit or TABLE_ROWS
            rows = list(events(client, session.election.id, start, most + 1))
            _show(session, rows[:most])
            if len(rows) > most and limit is None:
                more = MORE_EVENTS.within(session.language).format(position=rows[most]["position"])
                click.echo(more, err=True)
            return 0
        _write(events(client, session.election.id, start, limit), form, output)
    return 0


def _write(rows: Iterator[Row] | list[Row], form: Format, output: Path | None) -> None:
    from rekap.parquet_rows import log_schema

    write_rows(rows, form, output, log_schema)


def _in_full(row: Row) -> str:
    """One event as indented JSON: what a person wants to see of a single one."""
    import orjson

    return orjson.dumps(orjson.loads(dumps(row)), option=orjson.OPT_INDENT_2).decode()


def _show(session: Session, rows: list[Row], *, head: bool = True) -> None:
    from rekap.log_table import log_lines
    from rekap.tables import show, width

    if not rows:
        session.say(NO_EVENTS)
        return
    show(log_lines(rows, session.language, width(), head=head))


def _follow(session: Session, start: int, form: Format) -> None:
    """New entries as they come. Nobody is kept from counting: the directory is owned only to read what is
    there, never to wait."""
    if form not in (Format.TABLE, Format.JSONL):
        raise click.UsageError(
            session.text(
                Said(
                    id="--follow tidak berakhir; pilih --format table atau jsonl.",
                    en="--follow never ends; choose --format table or jsonl.",
                )
            )
        )

    from queries.events import events
    from rekap.reading import log_end, reader

    head, seen = True, -1
    while True:
        end = log_end(session)
        if end > max(start, seen):
            seen = end
            with reader(session, "log") as client:
                rows = list(events(client, session.election.id, start, FOLLOWED_AT_ONCE))
            if rows:
                start = rows[-1]["position"] + 1
                if form is Format.TABLE:
                    _show(session, rows, head=head)
                    head = False
                else:
                    _write(rows, form, None)
            if start < end:  # the projection is still on its way, or there was more than fits at once
                seen = -1
        else:
            time.sleep(POLL_S)
