"""`rekap history UNIT`: every version of a station's count, or every snapshot of a region's totals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rekap.cluster import clickhouse_option
from rekap.command import Argument, CommandOnIds, Option, subcommand
from rekap.output.formats import Format, chosen_format, row_options, write_rows
from rekap.output.json_rows import Row
from rekap.session import Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from queries.places import FoundUnit

MORE = Text(
    id="UNIT adalah kode TPS atau wilayah. Untuk TPS: setiap versi, apa yang berubah, mengapa, oleh siapa, "
    "temuannya, dan kiriman yang ditolak. Untuk wilayah: setiap keadaan jumlahnya.",
    en="UNIT is the id of a station or a region. Of a station: every version, what changed, why and by whom, "
    "its findings, and rejected messages. Of a region: every state of its totals.",
)
CONTEST_HELP = Text(id="Hanya pemilihan ini; dapat diulang.", en="Only this contest; may be repeated.")
LIMIT_HELP = Text(
    id="Untuk wilayah: hanya sekian keadaan terakhir (tabel: 20).",
    en="Of a region: only so many of the last states (a table: 20).",
)
EXAMPLES = (
    "rekap --data demo-data history 3204052001001",
    "rekap --data demo-data history 32 --contest PPWP",
    "rekap --data data2019 history -991304-001 --format json",
)
TABLE_ROWS = 20
NOTHING = Text(id="Belum ada apa pun tentang {unit}.", en="Nothing has come about {unit} yet.")


@subcommand("history", MORE, EXAMPLES, CommandOnIds)
@click.argument("unit", cls=Argument)
@click.option("--contest", "-c", "contests", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True)
@click.option("--limit", cls=Option, said=LIMIT_HELP, type=click.IntRange(min=1), metavar="N")
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    unit: str,
    contests: tuple[str, ...],
    limit: int | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> None:
    form = chosen_format(session, written, output)
    chosen = session.contests(contests)

    from queries.history import region_history, station_history
    from queries.places import locate_or_rejected
    from rekap.reading import reader
    from schemas.regions import Level

    with reader(session, "history", clickhouse) as client:
        place = locate_or_rejected(client, session.election.id, unit)
        if place.level is Level.STATION:
            rows = station_history(client, session.election.id, unit, chosen)
        else:
            rows = list(region_history(client, session.election.id, unit, place.level, chosen))
            most = limit or (TABLE_ROWS if form is Format.TABLE else None)
            rows = rows if most is None else _last(rows, most)
        if form is Format.TABLE:
            _show(session, client, place, rows)
            return

    from rekap.output.parquet_rows import region_history_schema, station_history_schema

    station = place.level is Level.STATION
    write_rows(rows, form, output, station_history_schema if station else region_history_schema)


def _last(rows: list[Row], most: int) -> list[Row]:
    """The last `most` rows of each contest."""
    of_contest: dict[str, list[Row]] = {}
    for row in rows:
        of_contest.setdefault(row["contest"], []).append(row)
    return [row for group in of_contest.values() for row in group[-most:]]


def _show(session: Session, client: Client, place: FoundUnit, rows: list[Row]) -> None:
    from queries.places import names_above
    from rekap.render.tables import paragraph, show, width
    from rekap.render.timeline import region_lines, station_lines
    from rekap.text.options import OptionNames
    from schemas.regions import Level

    where = ", ".join(name for name in (place.name, *names_above(client, session.election.id, place)) if name)
    show(paragraph(f"{place.unit}  {where}", "title"))
    if not rows:
        session.say(Text(*(text.format(unit=place.unit) for text in (NOTHING.id, NOTHING.en))))
        return
    for contest in session.election.contests:
        of_contest = [row for row in rows if row["contest"] == contest.id]
        if of_contest:
            title = f"{contest.name.within(session.language)} ({contest.id})"
            show([[("", "")], [(title, "title")]])
            names = OptionNames(session.election, contest, session.region_name)
            if place.level is Level.STATION:
                show(station_lines(of_contest, names, session.language))
            else:
                show(region_lines(of_contest, names, session.language, width()))
    rejected = [row for row in rows if row["contest"] not in {one.id for one in session.election.contests}]
    if rejected:
        show([[("", "")], *station_lines(rejected, None, session.language)])
