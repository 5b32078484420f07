"""`rekap progress`: how far the count is, by contest and region."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rekap.cluster import broker_options, clickhouse_option
from rekap.command import Option, subcommand
from rekap.output.formats import Format, chosen_format, row_options, write_rows
from rekap.output.json_rows import Row
from rekap.session import Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from event_log.kafka.connection import Connection

LEVELS = ("nation", "province", "district", "subdistrict", "village")

MORE = Text(
    id="TPS yang masuk dari yang diharapkan, keadaan formulirnya, pemilih terdaftar yang belum masuk, dan "
    "seberapa cepat kiriman datang. Dengan --broker juga berapa kiriman di Kafka yang belum tampil.",
    en="Stations that are in of those expected, the state of their forms, registered voters still "
    "outstanding, and how fast messages arrive. With --broker also how many messages of the log on Kafka are "
    "not shown yet.",
)
CONTEST_HELP = Text(
    id="Hanya pemilihan ini; dapat diulang. Tanpa ini semuanya.",
    en="Only this contest; may be repeated. Without it all.",
)
LEVEL_HELP = Text(id="Tingkat wilayah.", en="The level of the rows.")
REGION_HELP = Text(
    id="Hanya di dalam wilayah ini, dari tingkat mana pun.", en="Only inside this region, of any level."
)
EXAMPLES = (
    "rekap --data demo-data progress",
    "rekap --data demo-data progress --level province --contest PPWP",
    "rekap --data demo-data progress --level district --region 32 --format json",
    "rekap --data night progress --broker 127.0.0.1:9092 --clickhouse http://127.0.0.1:8123/rekap",
)


@subcommand("progress", MORE, EXAMPLES)
@click.option("--contest", "-c", "contests", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True)
@click.option("--level", "-l", cls=Option, said=LEVEL_HELP, type=click.Choice(LEVELS), default="nation")
@click.option("--region", "-r", cls=Option, said=REGION_HELP, metavar="ID")
@broker_options(required=False)
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    contests: tuple[str, ...],
    level: str,
    region: str | None,
    connection: Connection | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> None:
    form = chosen_format(session, written, output)
    chosen = session.contests(contests)

    from queries.progress import progress
    from rekap.reading import behind_kafka, reader
    from rekap.render.progress_table import behind_said

    with reader(session, "progress", clickhouse) as client:
        behind = None if connection is None else behind_kafka(session, connection, client)
        rows = progress(client, session.election.id, level, region, chosen)
        if form is Format.TABLE:
            _show(session, client, level, list(rows), behind)
            return
        if behind:
            session.say(behind_said(behind))

        from rekap.output.parquet_rows import progress_schema

        write_rows(rows, form, output, progress_schema)


def _show(session: Session, client: Client, level: str, rows: list[Row], behind: int | None) -> None:
    """`behind`: entries of the log that are not shown, where it is not the directory's own."""
    from datetime import UTC, datetime

    from queries.progress import pulse
    from rekap.reading import log_clock_jumps, log_end
    from rekap.render.progress_table import arrivals, clock_lines, progress_lines
    from rekap.render.tables import show, width

    order = [contest.id for contest in session.election.contests]
    rows.sort(key=lambda row: order.index(row["contest"]))  # stable: regions stay in their order
    seen: dict[str, Any] = pulse(client, session.election.id, datetime.now(UTC))
    own = behind is None
    if behind is None:
        behind = max(log_end(session) - (seen["next_position"] or 0), 0) or None
    show([*progress_lines(rows, level, session.language, width()), [("", "")]])
    jumps = log_clock_jumps(session) if own else []
    show(arrivals(seen, behind, session.language) + clock_lines(jumps, session.language))
