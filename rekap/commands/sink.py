"""`rekap sink`: brings what workers publish into ClickHouse, until it is told to stop."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import click

from rekap.cluster import broker_options, clickhouse_option, metrics_option, session_option
from rekap.command import subcommand
from rekap.session import DONE, Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection

MORE = Text(
    id="Setiap baris masuk satu kali, apa pun yang terputus. Selama ClickHouse tidak menjawab, sink menunggu "
    "dan tidak melewatkan apa pun. Tanpa --clickhouse baris masuk ke basis data dalam direktori data, yang "
    "sementara itu dapat dibaca dengan rekap results dan lainnya. Beberapa sink boleh mengisi satu server. "
    "Ctrl-C atau SIGTERM menghentikan setelah kumpulan yang sedang berjalan.",
    en="Every row is there once, whatever is interrupted. While ClickHouse does not answer the sink waits "
    "and passes nothing over. Without --clickhouse rows go into the database in the data directory, which "
    "rekap results and the others read meanwhile. Several sinks may fill one server. Ctrl-C or SIGTERM ends "
    "it after the batch under way.",
)
EXAMPLES = (
    "rekap --data night sink --broker 127.0.0.1:9092",
    "rekap --data night sink --broker kafka-1:9092 --clickhouse http://sink@clickhouse:8123/rekap",
)
SERVING: Final = Text(
    id="Mengisi {url}. Ctrl-C menghentikan.",
    en="Filling {url}. Ctrl-C ends it.",
)
OWN_LOG: Final = Text(
    id="{path} berisi log sendiri, dengan {count} peristiwa: basis datanya tidak dapat memuat log lain. "
    "Siapkan direktori baru dengan rekap init, atau sebutkan server dengan --clickhouse.",
    en="{path} has a log of its own, with {count} events: its database can't hold another log too. Set up a "
    "new directory with rekap init, or name a server with --clickhouse.",
)


@subcommand("sink", MORE, EXAMPLES)
@broker_options(required=True)
@clickhouse_option
@session_option
@metrics_option
@pass_session
def command(
    session: Session,
    connection: Connection,
    clickhouse: str | None,
    session_timeout: int | None,
    metrics: tuple[str, int] | None,
) -> None:
    from monitoring.endpoint import Endpoint
    from monitoring.health import Health
    from monitoring.logs import start_logging
    from rekap.reading import log_end
    from rekap.self_checks import self_checks
    from sinks.delivery.process import run_sink

    directory = session.directory
    filled = clickhouse or directory.clickhouse_url
    if not clickhouse and (count := log_end(session)):
        raise click.UsageError(session.text(OWN_LOG).format(path=directory.path, count=count))
    stop, health, opened = threading.Event(), Health(), ExitStack()
    health.starting()

    def ready(url: str) -> None:
        """Where it goes, without the user and password that may be in the URL."""
        shown = url.rpartition("@")[2].partition("?")[0]
        session.say(Text(SERVING.id.format(url=shown), SERVING.en.format(url=shown)))
        start_logging("sink")
        # From here on: before, ending at once is right, because setting up again changes nothing.
        for number in (signal.SIGINT, signal.SIGTERM):
            former = signal.signal(number, lambda *_: stop.set())
            opened.callback(signal.signal, number, former)
        if metrics is not None:
            opened.enter_context(self_checks(connection, filled, directory.election, directory.registry))

    with opened:
        if metrics is not None:
            opened.enter_context(Endpoint(*metrics, health))
        run_sink(
            connection,
            directory.election,
            directory.registry,
            filled,
            stop,
            health,
            owned=None if clickhouse else directory.path,
            on_ready=ready,
            session_s=session_timeout,
        )
    session.say(DONE)
