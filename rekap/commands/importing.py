"""`rekap import FILE...`: counts from files into the log, and through it into every total."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rekap.cluster import broker_options
from rekap.command import Argument, Option, subcommand
from rekap.output.formats import Format, document_option
from rekap.session import Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection

MORE = Text(
    id="Dibaca: jawaban Sirekap (.json, folder, .zip), hasil SITUNG 2019 (.parquet), CSV atau JSONL dari "
    "komisi. Mengulang perintah yang sama aman: yang sudah ada tidak dihitung dua kali, yang terputus "
    "dilanjutkan. Dengan --broker kiriman masuk ke log di Kafka, dan worker yang menghitungnya. Berakhir "
    "dengan kode 1 bila ada catatan yang tidak terbaca.",
    en="Read are Sirekap's responses (.json, a folder, .zip), the SITUNG results of 2019 (.parquet), a "
    "commission's CSV or JSONL. Running the same command again is safe: what is there is not counted twice, "
    "what was interrupted goes on. With --broker, messages go to the log on Kafka, and workers count them. "
    "Ends with code 1 when a record is unreadable.",
)
CONTEST_HELP = Text(
    id="Pemilihan dari berkas yang tidak menyebutkannya.", en="The contest of files that don't name it."
)
OBSERVED_HELP = Text(
    id="Kapan berkas disalin dari sumbernya: satu waktu, atau berkas CSV dengan kolom file,observed_at.",
    en="When the files were copied from their source: a time, or a CSV with the columns file,observed_at.",
)
ORDER_HELP = Text(
    id="Waktu mana yang mengurutkan halaman: yang disebut halaman itu (page), atau penyalinannya (copy).",
    en="Which time orders pages: the one that a page names (page), or that of its copy (copy).",
)
CERTIFIED_HELP = Text(
    id="Berkasnya adalah rekapitulasi yang disahkan dari Sirekap (pohon hr).",
    en="The files are certified recapitulations of Sirekap (the tree hr).",
)
CURRENT_HELP = Text(
    id="Baris-baris tabel mengatakan hasil yang berlaku sekarang: masing-masing menjadi hasil, pembetulan, "
    "atau "
    "bukan hal baru. Perlu --reason.",
    en="The rows of a table say what the count is now: each becomes a count, a correction or nothing new. "
    "Needs "
    "--reason.",
)
REASON_HELP = Text(
    id="Dengan --current: mengapa hasil yang berlaku dibetulkan.",
    en="With --current: why a count in force is corrected.",
)
ROLE_HELP = Text(
    id="Dengan --current: peran pengirim baris yang tidak menyebutkannya (importer).",
    en="With --current: the role that rows without one are sent in (importer).",
)
NOTE_HELP = Text(
    id="Dengan --current: satu kalimat untuk setiap pembetulan.",
    en="With --current: a sentence to each correction.",
)
NEEDS_REASON = Text(
    id="--current memerlukan --reason: mengapa hasil yang berlaku dibetulkan.",
    en="--current needs --reason: why a count in force is corrected.",
)
ONLY_CURRENT = Text(
    id="--reason, --role dan --note hanya berlaku dengan --current.",
    en="--reason, --role and --note go with --current only.",
)
REASONS = (
    *("pembetulan", "misread", "recount", "plenary", "bawaslu_ruling", "court_ruling", "source_changed"),
)
"""Those of schemas.events.CorrectionReason; help does not wait for the models."""
ROLES = ("kpps", "ppk", "kpu_kabko", "kpu_prov", "kpu", "importer")
"""Those of schemas.events.Role that submit a count: witnesses and supervisors don't."""
EXAMPLES = (
    "rekap --data data2019 import pilpres2019/tps.parquet",
    "rekap --data data2024 import sirekap_json/ --observed-at 2024-02-19T12:00:00+07:00",
    "rekap --data data2024 import counts.csv --contest PPWP --format json",
    "rekap --data data2024 import now.csv --current --reason plenary --role kpu_kabko",
    "rekap --data data2019 import pilpres2019/tps.parquet --broker 127.0.0.1:9092",
)


@subcommand("import", MORE, EXAMPLES)
@click.argument(
    "files", cls=Argument, nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--contest", "-c", cls=Option, said=CONTEST_HELP, metavar="CONTEST")
@click.option("--observed-at", cls=Option, said=OBSERVED_HELP, metavar="TIME|FILE")
@click.option("--order-by", cls=Option, said=ORDER_HELP, type=click.Choice(("page", "copy")), default="page")
@click.option("--certified", cls=Option, said=CERTIFIED_HELP, is_flag=True)
@click.option("--current", cls=Option, said=CURRENT_HELP, is_flag=True)
@click.option("--reason", cls=Option, said=REASON_HELP, type=click.Choice(REASONS), metavar="CODE")
@click.option("--role", cls=Option, said=ROLE_HELP, type=click.Choice(ROLES), metavar="ROLE")
@click.option("--note", cls=Option, said=NOTE_HELP, metavar="TEXT")
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
    current: bool,
    reason: str | None,
    role: str | None,
    note: str | None,
    connection: Connection | None,
    written: str,
) -> int:
    from producers.importers import Correcting, Current, open_source
    from schemas.events import Role

    if current and reason is None:
        raise click.UsageError(session.text(NEEDS_REASON))
    if not current and (reason, role, note) != (None, None, None):
        raise click.UsageError(session.text(ONLY_CURRENT))
    now = None
    if reason is not None:
        now = Current(Correcting(reason, note), Role(role) if role is not None else Role.IMPORTER)
    chosen = session.contest(contest).id if contest is not None else None
    source = open_source(
        files,
        session.election,
        registry=session.directory.registry,
        contest=chosen,
        observed_at=observed_at,
        order_by_copy=order_by == "copy",
        certified=certified,
        current=now,
    )
    if connection is not None:
        from rekap import sending

        return sending.tell(session, sending.send(session, source, connection), Format(written))

    from rekap import counting

    return counting.tell(session, counting.take_in(session, source, "import"), Format(written))
