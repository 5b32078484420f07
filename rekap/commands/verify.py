"""`rekap verify`: the log counted again in the plainest way, and every cell compared."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from rekap.command import subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.formats import Format, document_option, write_document
from rekap.session import Session, pass_session
from schemas.language import Said

if TYPE_CHECKING:
    from audit.verify import Verification

MORE = Said(
    id="Semua peristiwa dalam log dilipat ulang dengan cara yang paling sederhana, terpisah dari "
    "penghitungan yang berjalan, lalu setiap angka dari setiap TPS dan wilayah dibandingkan dengan yang "
    "ditampilkan. Berakhir dengan kode 1 bila ada yang berbeda.",
    en="All events of the log are folded again in the plainest way, apart from the running count, and every "
    "figure of every station and region is compared with what is shown. Ends with code 1 when any differs.",
)
EXAMPLES = ("rekap --data demo-data verify", "rekap --data demo-data verify --format json")
VERIFYING = Said(id="Menghitung ulang", en="Counting again")
COMPARING = Said(id="Membandingkan", en="Comparing")
EQUAL = Said(
    id="Sama: {cells} angka dari {events} peristiwa cocok dengan log.",
    en="Equal: {cells} figures from {events} events agree with the log.",
)
DIFFERENT = Said(
    id="Berbeda: {differences} dari {cells} angka ({events} peristiwa) tidak cocok dengan log.",
    en="Different: {differences} of {cells} figures ({events} events) do not agree with the log.",
)
DIGEST = Said(id="Sidik keadaan: {digest}", en="State digest: {digest}")
WHAT_TO_DO = Said(
    id="Log adalah rujukannya. Hapus {projections} dan jalankan rekap --data {path} serve: tampilan dibuat "
    "ulang dari log. Bila masih berbeda, laporkan.",
    en="The log is what counts. Delete {projections} and run rekap --data {path} serve: what is shown is "
    "made again from the log. If it still differs, report it.",
)
SHOWN = 20
MORE_DIFFERENCES = Said(id="... dan {more} lagi: --format json", en="... and {more} more: --format json")


@subcommand("verify", MORE, EXAMPLES)
@document_option
@pass_session
def command(session: Session, written: str) -> int:
    verification = verified(session)
    if Format(written) is Format.JSON:
        write_document(verification.as_dict())
    else:
        tell(session, verification)
    return DONE if verification.equal else ANSWER_IS_NO


def verified(session: Session) -> Verification:
    """The comparison, with a progress bar."""
    from audit.verify import verify
    from event_log.sqlite import SqliteLog
    from rekap.bars import Bar
    from rekap.reading import reader

    directory = session.directory
    with (
        reader(session, "verify") as client,
        closing(SqliteLog.open(directory.log_path, readonly=True)) as log,
        Bar(session, VERIFYING, None) as bar,
    ):

        def show(done: int, total: int) -> None:
            # Folding is what takes long and can be measured; comparing follows when all is folded.
            bar.update(done, total, COMPARING if done == total else None)

        return verify(log, directory.election, directory.registry, client, show)


def tell(session: Session, verification: Verification) -> None:
    """The comparison for people."""
    from rekap.numbers import whole
    from rekap.tables import Column, Table, drawn, show, width, write

    language = session.language
    said = EQUAL if verification.equal else DIFFERENT
    numbers = {
        "cells": whole(verification.cells, language),
        "events": whole(verification.events, language),
        "differences": whole(verification.difference_count, language),
    }
    write(session.text(said).format(**numbers))
    click.echo(session.text(DIGEST).format(digest=verification.state_digest))
    if verification.equal:
        return
    titles = ("contest", "level", "unit", "cell", "log", "shown")
    table = Table([Column(title, right=title in ("log", "shown")) for title in titles])
    for one in verification.differences[:SHOWN]:
        cells = (one.contest, one.level, one.unit, one.cell, one.log, one.projection)
        table.rows.append([str(cell) for cell in cells])
    show(drawn(table, width()))
    if verification.difference_count > SHOWN:
        more = whole(verification.difference_count - SHOWN, language)
        click.echo(session.text(MORE_DIFFERENCES).format(more=more))
    projections = session.directory.path / "clickhouse"
    click.echo(session.text(WHAT_TO_DO).format(projections=projections, path=session.path), err=True)
