"""`rekap import FILE...`: counts from files into the log, and through it into every total."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rekap.cluster import broker_options
from rekap.command import Option, subcommand
from rekap.output.formats import Format, document_option
from rekap.session import Session, pass_session
from schemas.language import Said

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection

MORE = Said(
    id="Dibaca: jawaban Sirekap (.json, folder, .zip), hasil SITUNG 2019 (.parquet), CSV atau JSONL dari "
    "komisi. Mengulang perintah yang sama aman: yang sudah ada tidak dihitung dua kali, yang terputus "
    "dilanjutkan. Dengan --broker kiriman masuk ke log di Kafka, dan worker yang menghitungnya. Berakhir "
    "dengan kode 1 bila ada catatan yang tidak terbaca.",
    en="Read are Sirekap's responses (.json, a folder, .zip), the SITUNG results of 2019 (.parquet), a "
    "commission's CSV or JSONL. Running the same command again is safe: what is there is not counted twice, "
    "what was interrupted goes on. With --broker, messages go to the log on Kafka, and workers count them. "
    "Ends with code 1 when a record is unreadable.",
)
CONTEST_HELP = Said(
    id="Pemilihan dari berkas yang tidak menyebutkannya.", en="The contest of files that don't name it."
)
OBSERVED_HELP = Said(
    id="Kapan berkas disalin dari sumbernya: satu waktu, atau berkas CSV dengan kolom file,observed_at.",
    en="When the files were copied from their source: a time, or a CSV with the columns file,observed_at.",
)
ORDER_HELP = Said(
    id="Waktu mana yang mengurutkan halaman: yang disebut halaman itu (page), atau penyalinannya (copy).",
    en="Which time orders pages: the one that a page names (page), or that of its copy (copy).",
)
CERTIFIED_HELP = Said(
    id="Berkasnya adalah rekapitulasi yang disahkan dari Sirekap (pohon hr).",
    en="The files are certified recapitulations of Sirekap (the tree hr).",
)
EXAMPLES = (
    "rekap --data data2019 import pilpres2019/tps.parquet",
    "rekap --data data2024 import sirekap_json/ --observed-at 2024-02-19T12:00:00+07:00",
    "rekap --data data2024 import counts.csv --contest PPWP --format json",
    "rekap --data data2019 import pilpres2019/tps.parquet --broker 127.0.0.1:9092",
)


@subcommand("import", MORE, EXAMPLES)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--contest", "-c", cls=Option, said=CONTEST_HELP, metavar="CONTEST")
@click.option("--observed-at", cls=Option, said=OBSERVED_HELP, metavar="TIME|FILE")
@click.option("--order-by", cls=Option, said=ORDER_HELP, type=click.Choice(("page", "copy")), default="page")
@click.option("--certified", cls=Option, said=CERTIFIED_HELP, is_flag=True)
@broker_options(required=False)
@document_option
@pass_session
def command(
    session: Session,
    /,
    files: tuple[Path, ...],
    contest: str | None,
    observed_at: str | None,
    order_by: str,
    certified: bool,
    connection: Connection | None,
    written: str,
) -> int:
    from producers.importers import open_source

    chosen = session.contest(contest).id if contest is not None else None
    source = open_source(
        files,
        session.election,
        registry=session.directory.registry,
        contest=chosen,
        observed_at=observed_at,
        order_by_copy=order_by == "copy",
        certified=certified,
    )
    if connection is not None:
        from rekap import sending

        return sending.tell(session, sending.send(session, source, connection), Format(written))

    from rekap import counting

    return counting.tell(session, counting.take_in(session, source, "import"), Format(written))
