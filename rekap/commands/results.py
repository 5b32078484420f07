"""`rekap results`: the totals of a contest at one level."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rekap.cluster import clickhouse_option
from rekap.command import Option, subcommand
from rekap.output.formats import Format, chosen_format, row_options, write_rows
from rekap.output.json_rows import Row
from rekap.session import Session, pass_session
from rekap.text.numbers import whole
from schemas.language import Text
from schemas.text import quoted

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LEVELS = ("nation", "province", "district", "subdistrict", "village", "station")

MORE = Text(
    id="Jumlah tercatat (semua formulir yang berlaku) dan jumlah bersih (tanpa formulir dengan temuan berat) "
    "berdampingan, dengan TPS dan pemilih yang belum masuk.",
    en="Recorded totals (all forms in force) and clean ones (without forms that have a hard finding) side by "
    "side, with the stations and voters still outstanding.",
)
CONTEST_HELP = Text(
    id="Pemilihan yang mana, misalnya PPWP atau BUP-*; boleh diulang; tanpa ini yang pertama.",
    en="Which contest, for instance PPWP or BUP-*; may be repeated; without it the first.",
)
LEVEL_HELP = Text(id="Tingkat wilayah.", en="The level of the rows.")
REGION_HELP = Text(
    id="Hanya di dalam wilayah ini, dari tingkat mana pun.",
    en="Only inside this region, of any level.",
)
AS_OF_HELP = Text(
    id="Keadaan pada saat itu, misalnya 2024-02-14T20:00:00+07:00.",
    en="As it was then, for instance 2024-02-14T20:00:00+07:00.",
)
UNTIL = Text(id="keadaan {moment}", en="as of {moment}")
NOTHING_CAME = Text(id="belum ada yang masuk", en="nothing has come in yet")
EXAMPLES = (
    "rekap --data demo-data results",
    "rekap --data demo-data results --level province",
    "rekap --data demo-data results --contest DPR --level district --region 32",
    "rekap --data demo-data results --level village --region 3204 --format csv > villages.csv",
    "rekap --data demo-data results --as-of 2024-02-14T20:00:00+07:00 --format json",
)
SEVERAL = Text(id="{number} pemilihan", en="{number} contests")
NO_ROWS = Text(
    id="{contest} tidak diadakan di sana.",
    en="{contest} is not held there.",
)


def moment_option(_: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """A time with its zone."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{quoted(repr(value))} is not a time; write it as 2024-02-14T20:00:00+07:00", param=parameter
        ) from None
    if moment.tzinfo is None:
        raise click.BadParameter(
            f"{quoted(repr(value))} has no time zone; end it with +07:00 (WIB), +08:00, +09:00 or Z",
            param=parameter,
        )
    return moment


@subcommand("results", MORE, EXAMPLES)
@click.option("--contest", "-c", "named", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True)
@click.option("--level", "-l", cls=Option, said=LEVEL_HELP, type=click.Choice(LEVELS), default="nation")
@click.option("--region", "-r", cls=Option, said=REGION_HELP, metavar="ID")
@click.option("--as-of", cls=Option, said=AS_OF_HELP, metavar="TIME", callback=moment_option)
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    named: tuple[str, ...],
    level: str,
    region: str | None,
    as_of: datetime | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> None:
    form = chosen_format(session, written, output)
    chosen = session.contests(named) or (session.contest(None).id,)

    from queries.results import stream_results
    from rekap.reading import reader

    with reader(session, "results", clickhouse) as client:
        rows = stream_results(client, session.election.id, chosen, level, region, as_of)
        if form is Format.TABLE:
            show_results(session, client, chosen, level, list(rows), as_of)
            return

        from rekap.output.parquet_rows import results_schema

        write_rows(rows, form, output, results_schema)


def show_results(
    session: Session,
    client: Client,
    contests: Sequence[str],
    level: str,
    rows: list[Row],
    as_of: datetime | None,
) -> None:
    """The rows as a table, or as a sheet where there is one."""
    from queries.progress import reached
    from rekap.render.own_options import by_option
    from rekap.render.result_sheet import sheet
    from rekap.render.result_tables import several
    from rekap.render.tables import show, width
    from rekap.text.numbers import moment
    from rekap.text.options import OptionNames
    from schemas.regions import LEVEL_NAMES, Level

    if not rows:
        named = ", ".join(contests)
        session.say(Text(*(text.format(contest=named) for text in (NO_ROWS.id, NO_ROWS.en))))
        return
    language = session.language
    last = as_of or reached(client, session.election.id)["recorded_at"]
    when = session.text(UNTIL).format(moment=moment(last)) if last else session.text(NOTHING_CAME)
    present = dict.fromkeys(row["contest"] for row in rows)
    of = {one: session.election.contest(one) for one in present}
    names = {one: OptionNames(session.election, contest, session.region_name) for one, contest in of.items()}
    first = rows[0]["contest"]
    title = f"{of[first].name.within(language)} ({first})"
    title = title if len(of) == 1 else session.text(SEVERAL).format(number=whole(len(of), language))
    if len(rows) == 1:
        where = " ".join(part for part in (rows[0]["region"], rows[0]["name"]) if part)
        lines = sheet(rows[0], names[first], language, width())
        show([[(f"{title}, {where}", "title")], [(when, "dim")], [("", "")], *lines])
        return
    heading = LEVEL_NAMES[Level(level)]
    if len(of) > 1:
        lines = by_option(rows, heading, names, language, width())
    else:
        lines = several(rows, heading, names[first], language, width())
    show([[(title, "title")], [(when, "dim")], [("", "")], *lines])
