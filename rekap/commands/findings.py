"""`rekap findings`: what checking the forms in force found, and comparing the stations of a village."""

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

MORE = Text(
    id="Temuan berat membuat formulir tidak ikut dalam jumlah bersih; temuan ringan hanya didaftar. Temuan "
    "tidak menuduh siapa pun. Yang sudah dibetulkan tidak ada di sini, tetapi ada di rekap history.",
    en="A hard finding leaves the form out of the clean totals; a soft one is listed only. A finding accuses "
    "nobody. What has been put right is not here, but in rekap history.",
)
RULE_HELP = Text(
    id="Hanya aturan ini, misalnya R06; dapat diulang.",
    en="Only this rule, for instance R06; may be repeated.",
)
REGION_HELP = Text(
    id="Hanya di dalam wilayah ini, atau di TPS ini.", en="Only inside this region, or at this station."
)
COUNT_HELP = Text(id="Hanya banyaknya, menurut aturan.", en="Only how many, by rule.")
EXAMPLES = (
    "rekap --data demo-data findings --count",
    "rekap --data demo-data findings --rule R06 --region 32",
    "rekap --data demo-data findings --rule R08 --format csv > recount_triggers.csv",
)
NONE_FOUND = Text(id="Tidak ada temuan.", en="Nothing was found.")


def rule_option(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    """Rules by their codes, in any case of letters."""
    if not value:
        return ()
    from stream_processors.checks import ALL_RULES

    known = {code.lower(): code for code in ALL_RULES}
    for code in value:
        if code.lower() not in known:
            raise click.BadParameter(
                f"there is no rule {code}; there are {', '.join(ALL_RULES)}", context, parameter
            )
    return tuple(known[code.lower()] for code in value)


@subcommand("findings", MORE, EXAMPLES)
@click.option(
    "--rule", "rules", cls=Option, said=RULE_HELP, metavar="CODE", multiple=True, callback=rule_option
)
@list_options(region=REGION_HELP, count=COUNT_HELP)
@clickhouse_option
@row_options
@pass_session
def command(
    session: Session,
    rules: tuple[str, ...],
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

    from queries.findings import count_findings, findings
    from rekap.reading import reader

    rows: Iterable[Row]
    with reader(session, "findings", clickhouse) as client:
        if counted:
            rows = count_findings(client, session.election.id, rules=rules, region=region, contests=chosen)
        else:
            rows = findings(
                client, session.election.id, rules=rules, region=region, contests=chosen, limit=limit
            )
        if form is Format.TABLE:
            _show(session, list(rows), counted)
            return

        from rekap.output.parquet_rows import finding_counts_schema, findings_schema

        write_rows(rows, form, output, finding_counts_schema if counted else findings_schema)


def _show(session: Session, rows: list[Row], counted: bool) -> None:
    from rekap.render.finding_tables import finding_counts, finding_list
    from rekap.render.tables import show, width

    if not rows:
        session.say(NONE_FOUND)
        return
    show((finding_counts if counted else finding_list)(rows, session.language, width()))
