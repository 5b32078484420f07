"""`rekap reconcile`: certified documents held against what was computed, cell by cell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rekap.cluster import clickhouse_option
from rekap.command import Option, subcommand
from rekap.failures import DONE
from rekap.output.formats import CONTEST_HELP, Format, chosen_format, row_options, write_rows
from rekap.output.json_rows import Row
from rekap.session import Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clickhouse_connect.driver.client import Client

    from rekap.reconciling import Documents

LEVELS = ("nation", "province", "district", "subdistrict", "village")

MORE = Text(
    id="Sel rekapitulasi yang disahkan (D.Hasil) yang berbeda dari jumlah formulir di bawahnya. "
    "Tanpa alasan, perbedaan adalah temuan terbuka; angka saja, bukan tuduhan. complete: semua TPS sudah "
    "masuk; kalau belum, bedanya mungkin yang belum masuk.",
    en="Cells of certified recapitulations (D.Hasil) that differ from the sum of the forms below. Without a "
    "reason a difference is an open finding; it is arithmetic and accuses nobody. complete: all stations "
    "are in; where they are not, the difference may be what is still to come.",
)
LEVEL_HELP = Text(id="Hanya tingkat ini.", en="Only this level.")
REGION_HELP = Text(id="Hanya wilayah ini dan yang di dalamnya.", en="Only this region and what is inside it.")
COUNT_HELP = Text(
    id="Hanya banyaknya, menurut pemilihan dan tingkat.", en="Only how many, by contest and level."
)
DOCUMENTS_HELP = Text(
    id="Bandingkan dengan jumlah dokumen setingkat di bawahnya, bukan formulir.",
    en="Compare with the sum of the documents right below, not of the forms.",
)
COURT_HELP = Text(
    id="Tabel tiga kolom untuk mahkamah: disahkan, dihitung, selisih, untuk setiap pilihan.",
    en="The three columns of a court's table: certified, computed, difference, for every option.",
)
REASONS_HELP = Text(
    id="Lihat dengan alasan dari CSV (contest,region,cell,reason,signer) selain yang ada dalam log; rekap "
    "import memasukkannya.",
    en="Show with reasons from a CSV (contest,region,cell,reason,signer) beside those in the log; rekap "
    "import puts them there.",
)
EXAMPLES = (
    "rekap --data count reconcile --count",
    "rekap --data count reconcile --contest PPWP --level village --format json",
    "rekap --data count reconcile --documents --level province --format csv",
    "rekap --data count reconcile --court --region 3204 --format csv",
)
NO_DOCUMENT = Text(
    id="Belum ada rekapitulasi yang disahkan di sana, sehingga tidak ada yang dibandingkan; impor dengan "
    "rekap import.",
    en="There is no certified recapitulation there, so that nothing was compared; import it with rekap "
    "import.",
)
NOTHING = Text(
    id="Tidak ada perbedaan. Dokumen yang dibandingkan: {compared} dari {documents}.",
    en="Nothing differs. Documents that were compared: {compared} of {documents}.",
)


@subcommand("reconcile", MORE, EXAMPLES)
@click.option("--contest", "-c", "contests", cls=Option, said=CONTEST_HELP, metavar="CONTEST", multiple=True)
@click.option("--level", "-l", cls=Option, said=LEVEL_HELP, type=click.Choice(LEVELS))
@click.option("--region", "-r", cls=Option, said=REGION_HELP, metavar="ID")
@click.option("--count", "counted", cls=Option, said=COUNT_HELP, is_flag=True)
@click.option("--documents", cls=Option, said=DOCUMENTS_HELP, is_flag=True)
@click.option("--court", cls=Option, said=COURT_HELP, is_flag=True)
@click.option("--reasons", cls=Option, said=REASONS_HELP, metavar="FILE", type=click.Path(path_type=Path))
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    contests: tuple[str, ...],
    level: str | None,
    region: str | None,
    counted: bool,
    documents: bool,
    court: bool,
    reasons: Path | None,
    clickhouse: str | None,
    output: Path | None,
    written: str | None,
) -> int:
    form = chosen_format(session, written, output)
    chosen = session.contests(contests)
    if court and (counted or documents or reasons):
        said = Text(
            id="--court memuat setiap pilihan; tidak bersama --count, --documents, atau --reasons.",
            en="--court lists every option; not together with --count, --documents or --reasons.",
        )
        raise click.UsageError(session.text(said))

    from rekap.reading import reader
    from rekap.recap_reasons import Reasons, read_reasons

    stated = (
        Reasons() if reasons is None else read_reasons(reasons, session.election, session.directory.registry)
    )
    with reader(session, "reconcile", clickhouse) as client:
        if court:
            _court(session, client, chosen, level, region, form, output)
            return DONE
        from queries.recap_reasons import stated_reasons
        from rekap.output import reconcile_rows
        from rekap.reconciling import counted as counts
        from rekap.reconciling import documents_of, reconciled

        election = session.election.id
        stated = stated.with_stated(stated_reasons(client, election))
        rows: Iterator[Row] = reconciled(
            client,
            election,
            level=level,
            region=region,
            contests=chosen,
            reasons=stated,
            documents=documents,
        )
        found = (
            documents_of(client, election, level=level, region=region, contests=chosen, documents=documents)
            if counted or form is Format.TABLE
            else {}
        )
        schema = reconcile_rows.differences_schema
        if counted:
            rows = counts(rows, found)
            schema = reconcile_rows.counts_schema
        if form is Format.TABLE:
            _show(session, list(rows), found, counted)
        else:
            write_rows(rows, form, output, schema)
    return DONE


def _court(
    session: Session,
    client: Client,
    contests: tuple[str, ...],
    level: str | None,
    region: str | None,
    form: Format,
    output: Path | None,
) -> None:
    from rekap.output.reconcile_rows import court_schema
    from rekap.reconciling import court_rows
    from rekap.text.options import OptionNames

    names = {
        contest.id: OptionNames(session.election, contest, session.region_name)
        for contest in session.election.contests
    }
    rows = court_rows(client, session.election.id, names, level=level, region=region, contests=contests)
    if form is not Format.TABLE:
        write_rows(rows, form, output, court_schema)
        return
    from rekap.render.reconcile_table import court_lines
    from rekap.render.tables import show, width

    show(court_lines(list(rows), session.language, width()))


def _show(
    session: Session, rows: list[Row], found: Mapping[tuple[str, str], Documents], counted: bool
) -> None:
    from rekap.render.reconcile_table import count_lines, difference_lines
    from rekap.render.tables import show, width

    if not found:
        session.say(NO_DOCUMENT)
    elif not rows:
        numbers = {
            "compared": sum(one.compared for one in found.values()),
            "documents": sum(one.documents for one in found.values()),
        }
        session.say(Text(*(text.format(**numbers) for text in NOTHING)))
    else:
        show((count_lines if counted else difference_lines)(rows, session.language, width()))
