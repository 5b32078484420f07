"""`rekap rejected`: messages that were rejected, with the reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from rekap.cluster import clickhouse_option
from rekap.command import Option, subcommand
from rekap.output.formats import Format, chosen_format, list_options, row_options, write_rows
from rekap.output.json_rows import Row
from rekap.session import Session, pass_session
from schemas.language import Text
from schemas.rejections import Reason

MORE = Text(
    id="Tidak ada kiriman yang dibuang: yang ditolak disimpan dengan alasannya, dan dapat "
    "dikirim ulang setelah penghalangnya hilang. Isi lengkapnya: rekap log --from URUTAN --limit 1.",
    en="No message is thrown away: a rejected one is kept with the reason, and can be sent again "
    "once the obstacle is gone. All of it: rekap log --from POSITION --limit 1.",
)
REASON_HELP = Text(id="Hanya alasan ini; dapat diulang.", en="Only this reason; may be repeated.")
REGION_HELP = Text(
    id="Hanya tentang wilayah ini, yang di dalamnya, atau TPS ini.",
    en="Only about this region, what is inside it, or this station.",
)
COUNT_HELP = Text(id="Hanya banyaknya, menurut alasan.", en="Only how many, by reason.")
EXAMPLES = (
    "rekap --data demo-data rejected --count",
    "rekap --data demo-data rejected --reason already_counted --limit 10",
    "rekap --data demo-data rejected --format jsonl",
)
NONE_REJECTED = Text(id="Tidak ada kiriman yang ditolak.", en="No message was rejected.")
REASONS = [reason.value for reason in Reason]


@subcommand("rejected", MORE, EXAMPLES)
@click.option(
    "--reason",
    "reasons",
    cls=Option,
    said=REASON_HELP,
    type=click.Choice(REASONS),
    metavar="CODE",
    multiple=True,
)
@list_options(region=REGION_HELP, count=COUNT_HELP)
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    reasons: tuple[str, ...],
    region: str | None,
    contests: tuple[str, ...],
    counted: bool,
    limit: int | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> None:
    form = chosen_format(session, written, output)
    chosen = session.contests(contests)

    from queries.rejected import count_rejected, rejected
    from rekap.reading import reader

    rows: Iterable[Row]
    with reader(session, "rejected", clickhouse) as client:
        if counted:
            rows = count_rejected(
                client,
                session.election.id,
                reasons=reasons,
                region=region,
                contests=chosen,
                registry=session.directory.registry,
            )
        else:
            rows = rejected(
                client,
                session.election.id,
                reasons=reasons,
                region=region,
                contests=chosen,
                limit=limit,
                registry=session.directory.registry,
            )
        if form is Format.TABLE:
            _show(session, list(rows), counted)
            return

        from rekap.output.parquet_rows import rejected_counts_schema, rejected_schema

        write_rows(rows, form, output, rejected_counts_schema if counted else rejected_schema)


def _show(session: Session, rows: list[Row], counted: bool) -> None:
    from rekap.render.rejected_tables import rejected_counts, rejected_list
    from rekap.render.tables import show, width

    if not rows:
        session.say(NONE_REJECTED)
        return
    show((rejected_counts if counted else rejected_list)(rows, session.language, width()))
