"""`rekap migrate`: brings a ClickHouse server to the schema of this version, as a user who may."""

from __future__ import annotations

from contextlib import closing
from typing import Final

import click

from rekap.cluster import clickhouse_option
from rekap.command import subcommand
from rekap.failures import DONE
from rekap.output.formats import Format, document_option, write_document
from rekap.session import Session, pass_session
from rekap.terminal import echo
from schemas.language import Text

MORE = Text(
    id="Sekali sebelum sink pertama dan sebelum sink versi baru, dengan pengguna yang boleh mengubah skema: "
    "sink hanya menambah baris. Mengulangnya tidak mengubah apa pun. Basis data dalam direktori data "
    "dimutakhirkan dengan sendirinya.",
    en="Once before the first sink, and before sinks of a new version, as a user who may change the schema: "
    "sinks only add rows. Running it again changes nothing. The database in a data directory is brought up "
    "to date by itself.",
)
EXAMPLES = ("rekap migrate --clickhouse http://migrator@clickhouse:8123/rekap",)
NO_SERVER: Final = Text(
    id="Sebutkan servernya dengan REKAP_CLICKHOUSE atau --clickhouse.",
    en="Name the server with REKAP_CLICKHOUSE or --clickhouse.",
)
APPLIED: Final = Text(id="Skema dimutakhirkan: {numbers}.", en="Brought up to date: migrations {numbers}.")
NOTHING: Final = Text(id="Skema sudah mutakhir.", en="The schema was up to date.")


@subcommand("migrate", MORE, EXAMPLES)
@clickhouse_option
@document_option
@pass_session
def command(session: Session, clickhouse: str | None, written: str) -> int:
    from clickhouse.client import connect
    from sinks.migrate import migrate

    if not clickhouse:
        raise click.UsageError(session.text(NO_SERVER))
    with closing(connect(clickhouse)) as client:
        applied = migrate(client)
    if Format(written) is Format.JSON:
        write_document({"applied": applied})
    elif applied:
        echo(session.text(APPLIED).format(numbers=", ".join(map(str, applied))))
    else:
        echo(session.text(NOTHING))
    return DONE
