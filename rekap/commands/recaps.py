"""`rekap recaps`: the certified recapitulations in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rekap.cluster import clickhouse_option
from rekap.command import Option, subcommand
from rekap.output.formats import CONTEST_HELP, LIMIT_HELP, Format, chosen_format, row_options, write_rows
from rekap.output.json_rows import Row
from rekap.session import Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = ("nation", "province", "district", "subdistrict", "village")

MORE = Text(
    id="Rekapitulasi yang disahkan (D.Hasil) sebagaimana ditandatangani, yang terbaru dari tiap wilayah. "
    "Jumlah formulir di bawahnya ada di rekap results; bedanya dalam tampilan recap_difference (SQL).",
    en="Certified recapitulations (D.Hasil) as they were signed, the newest of each region. What the forms "
    "below add up to is in rekap results; where they differ, in the view recap_difference (SQL).",
)
LEVEL_HELP = Text(id="Hanya tingkat ini.", en="Only this level.")
REGION_HELP = Text(id="Hanya wilayah ini dan yang di dalamnya.", en="Only this region and what is inside it.")
EXAMPLES = (
    "rekap --data count recaps",
    "rekap --data count recaps --changes --contest PPWP",
    "rekap --data count recaps --level district --region 32 --contest PPWP --format json",
)
CHANGES_HELP = Text(
    id="Sel yang diubah dokumen yang lebih baru terhadap yang digantikannya, bukan dokumennya.",
    en="Cells that later documents changed in those that they replaced, and not the documents.",
)
NOTHING_CHANGED = Text(
    id="Tidak ada dokumen yang diganti di sana, atau tidak ada sel yang berubah.",
    en="No document was replaced there, or no cell was changed.",
)
NONE_CERTIFIED = Text(
    id="Belum ada rekapitulasi yang disahkan di sana.", en="No recapitulation has been certified there."
)


@subcommand("recaps", MORE, EXAMPLES)
@click.option("--level", "-l", cls=Option, said=LEVEL_HELP, type=click.Choice(LEVELS))
@click.option("--region", "-r", cls=Option, said=REGION_HELP, metavar="ID")
@click.option("--contest", "-c", "contests", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True)
@click.option("--changes", cls=Option, said=CHANGES_HELP, is_flag=True)
@click.option("--limit", cls=Option, said=LIMIT_HELP, type=click.IntRange(min=1), metavar="N")
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    level: str | None,
    region: str | None,
    contests: tuple[str, ...],
    changes: bool,
    limit: int | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> None:
    form = chosen_format(session, written, output)
    chosen = session.contests(contests)

    from queries.recaps import recap_changes, recaps
    from rekap.reading import reader

    with reader(session, "recaps", clickhouse) as client:
        if changes:
            changed = recap_changes(
                client, session.election.id, level=level, region=region, contests=chosen, limit=limit
            )
            _write_changes(session, changed, form, output)
            return
        rows = recaps(client, session.election.id, level=level, region=region, contests=chosen, limit=limit)
        if form is Format.TABLE:
            _show(session, list(rows))
            return

        from rekap.output.parquet_rows import recaps_schema

        write_rows(rows, form, output, recaps_schema)


def _write_changes(session: Session, rows: Iterator[Row], form: Format, output: Path | None) -> None:
    if form is not Format.TABLE:
        from rekap.output.parquet_rows import recap_changes_schema

        write_rows(rows, form, output, recap_changes_schema)
        return
    from rekap.render.recap_table import change_lines
    from rekap.render.tables import show, width

    found = list(rows)
    if not found:
        session.say(NOTHING_CHANGED)
        return
    show(change_lines(found, session.language, width()))


def _show(session: Session, rows: list[Row]) -> None:
    from rekap.render.recap_table import recap_lines
    from rekap.render.tables import show, width
    from rekap.text.options import OptionNames

    if not rows:
        session.say(NONE_CERTIFIED)
        return
    names = {
        contest.id: OptionNames(session.election, contest, session.region_name)
        for contest in session.election.contests
    }
    show(recap_lines(rows, names, session.language, width()))
