"""`rekap worker`: folds its share of the events on Kafka and adds up, until it is told to stop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from rekap.cluster import broker_options, metrics_option, session_option
from rekap.command import Option, subcommand
from rekap.session import DONE, Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection

MORE = Text(
    id="Beberapa worker berbagi pekerjaan; ditambah atau dikurangi kapan saja. Saat mulai, dan bila worker "
    "lain berhenti, keadaan dilipat ulang dari log. Ctrl-C atau SIGTERM menghentikan; tidak ada yang perlu "
    "disimpan.",
    en="Several workers share the work; add and remove them at any time. At the start, and when another one "
    "stops, state is folded again from the log. Stop it with Ctrl-C or SIGTERM; there is nothing to save.",
)
ASSESSORS_HELP = Text(
    id="Proses yang memeriksa formulir saat membaca banyak sekaligus; tanpa ini satu untuk tiap inti.",
    en="Processes that check forms while much is read at once; without it one for each core.",
)
SNAPSHOTS_HELP = Text(
    id="Simpan keadaan di direktori ini dari waktu ke waktu; hanya mempercepat mulai berikutnya.",
    en="Keep the state in this directory from time to time; it only makes the next start faster.",
)
REPUBLISH_HELP = Text(
    id="Kirim ulang semua baris untuk ClickHouse dari awal log, misalnya ke basis data yang baru.",
    en="Send all rows for ClickHouse again from the log's beginning, for instance to a new database.",
)
EXAMPLES = (
    "rekap --data night worker --broker 127.0.0.1:9092",
    "rekap --data night worker --broker kafka-1:9092,kafka-2:9092 --broker-config worker.properties",
)
STARTED: Final = Text(
    id="Bekerja. Ctrl-C menghentikan.",
    en="At work. Ctrl-C ends it.",
)


@subcommand("worker", MORE, EXAMPLES)
@broker_options(required=True)
@click.option("--assessors", cls=Option, said=ASSESSORS_HELP, type=click.IntRange(min=0), metavar="N")
@click.option(
    "--snapshots",
    cls=Option,
    said=SNAPSHOTS_HELP,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
)
@click.option("--republish", cls=Option, said=REPUBLISH_HELP, is_flag=True)
@session_option
@metrics_option
@pass_session
def command(
    session: Session,
    connection: Connection,
    assessors: int | None,
    snapshots: Path | None,
    republish: bool,
    session_timeout: int | None,
    metrics: tuple[str, int] | None,
) -> None:
    from monitoring.logs import start_logging
    from stream_processors.distributed.process import Options, run_worker

    directory = session.directory

    def fatal(error: Exception) -> NoReturn:
        """Threads of the libraries would go on after an exception; the process must not."""
        from rekap.failures import exit_code

        os._exit(exit_code(error, session))

    count = (os.cpu_count() or 1) if assessors is None else assessors
    session.say(STARTED)
    start_logging("worker")
    options = Options(count, snapshots, metrics, republish, session_timeout)
    run_worker(directory.election, directory.registry, connection, options, fatal)
    session.say(DONE)
