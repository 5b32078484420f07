"""`rekap verify`: the log counted again in the plainest way, and everything that is shown compared."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Final

import click

from rekap.cluster import broker_options, clickhouse_option
from rekap.command import Option, subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, document_option, write_document
from rekap.session import Session, pass_session
from rekap.terminal import echo
from schemas.language import Text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from audit.verify import Verification
    from event_log.kafka.connection import Connection
    from event_log.reading import ReadableLog

MORE = Text(
    id="Semua peristiwa dalam log dilipat ulang dengan cara yang paling sederhana, terpisah dari "
    "penghitungan yang berjalan, lalu setiap baris dari setiap tabel, setiap jumlah, daftar wilayah, dan "
    "definisi setiap tabel dan view dibandingkan dengan yang ditampilkan. Berakhir dengan kode 1 bila ada "
    "yang berbeda, atau bila belum semuanya dapat dibandingkan.",
    en="All events of the log are folded again in the plainest way, apart from the running count, and every "
    "row of every table, every total, the register, and the definition of every table and view is compared "
    "with what is shown. Ends with code 1 when anything differs, or when not all could be compared.",
)
WAIT_HELP = Text(
    id="Tunggu paling lama sekian detik sampai yang ditampilkan memuat semua isi log pada awalnya.",
    en="Wait at most so many seconds until what is shown has all that the log had at the start.",
)
AS_FAR_HELP = Text(
    id="Periksa hanya yang sudah ditampilkan; untuk penghitungan yang masih berjalan.",
    en="Verify only what is shown already; for a count under way.",
)
EXAMPLES = (
    "rekap --data demo-data verify",
    "rekap --data demo-data verify --format json",
    "rekap --data night verify --broker 127.0.0.1:9092 --clickhouse http://127.0.0.1:8123/rekap",
)
WAIT_S: Final = 60.0
"""Rows are seen a second after their event; a worker or sink that was restarted is back within a minute."""

WAITING: Final = Text(id="Menunggu yang ditampilkan", en="Waiting for what is shown")
VERIFYING: Final = Text(id="Menghitung ulang", en="Counting again")
COMPARING: Final = Text(id="Membandingkan", en="Comparing")
NO_LOG: Final = Text(
    id="Tidak ada log di {path}. Sebutkan log yang menjadi asal ClickHouse itu: --broker.",
    en="There is no log in {path}. Name the log that this ClickHouse was filled from: --broker.",
)
NEEDS_BROKER: Final = Text(
    id="Yang ditampilkan di sini berasal dari log di Kafka. Sebutkan log itu: --broker HOST:PORT.",
    en="What is shown here comes from a log on Kafka. Name that log: --broker HOST:PORT.",
)
HAS_OWN_LOG: Final = Text(
    id="{path} berisi log sendiri, dan yang ditampilkan berasal dari sana. Jalankan tanpa --broker (dan "
    "tanpa REKAP_BROKER).",
    en="{path} has a log of its own, and what is shown comes from it. Run this without --broker (and "
    "without REKAP_BROKER).",
)
OUTDATED: Final = Text(
    id="Belum diperiksa: yang ditampilkan dibuat oleh versi rekap yang lebih lama (skema {has}; versi ini "
    "{needs}). Mutakhirkan dulu, lalu ulangi: {how}.",
    en="Not verified: what is shown was made by an older version of rekap (schema {has}; this version "
    "{needs}). Bring it up to date first, then verify again: {how}.",
)


class SchemaOutdated(Exception):
    """The tables are those of an older version, so that nothing was compared. `said` tells what to do."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


@subcommand("verify", MORE, EXAMPLES)
@click.option(
    "--wait",
    "wait_s",
    cls=Option,
    said=WAIT_HELP,
    type=click.FloatRange(min=0),
    default=WAIT_S,
    metavar="SECONDS",
)
@click.option("--as-far-as-shown", cls=Option, said=AS_FAR_HELP, is_flag=True)
@broker_options(required=False)
@clickhouse_option
@document_option
@pass_session
def command(
    session: Session,
    wait_s: float,
    as_far_as_shown: bool,
    connection: Connection | None,
    clickhouse: str | None,
    written: str,
) -> int:
    from audit.verify import not_verified

    try:
        verification = verified(session, connection, clickhouse, wait_s, as_far_as_shown=as_far_as_shown)
    except SchemaOutdated as error:
        if Format(written) is Format.JSON:
            write_document(not_verified("outdated", error.said.en, as_far_as_shown=as_far_as_shown))
        else:
            echo(session.text(error.said))
        return ANSWER_IS_NO
    if Format(written) is Format.JSON:
        write_document(verification.as_dict())
    else:
        from rekap.render.verification import tell

        tell(session, verification, elsewhere=connection is not None)
    return DONE if verification.equal else ANSWER_IS_NO


def verified(
    session: Session,
    connection: Connection | None = None,
    clickhouse: str | None = None,
    wait_s: float = 0.0,
    *,
    as_far_as_shown: bool = False,
) -> Verification:
    """The comparison, with a progress bar: of the log on Kafka, or without a `connection` of the directory's
    own, with the projections at the URL `clickhouse` or in the directory. Raises SchemaOutdated."""
    from audit.verify import verify
    from clickhouse.ownership import find_owner
    from rekap.reading import reader
    from rekap.render.bars import Bar
    from sinks.definitions import migrated_definitions

    directory = session.directory
    if clickhouse is None and find_owner(directory.path) is None:
        wait_s = 0.0  # nobody brings more: while this process has the directory, nobody can
    with ExitStack() as stack:
        client = stack.enter_context(reader(session, "verify", clickhouse))
        _require_its_log(session, client, connection, clickhouse)
        _require_schema(session, client, connection, clickhouse)
        log = _log(session, connection, clickhouse, stack)
        bar = stack.enter_context(Bar(session, VERIFYING, None))

        def show(done: int, total: int) -> None:
            # Folding is what takes long and can be measured; comparing follows when all is folded.
            bar.update(done, total, COMPARING if done == total else VERIFYING)

        def show_waiting(done: int, total: int) -> None:
            bar.update(done, total, WAITING)

        return verify(
            log,
            directory.election,
            directory.registry,
            client,
            migrated_definitions(),
            show,
            wait_s=wait_s,
            on_wait=show_waiting,
            as_far_as_shown=as_far_as_shown,
        )


def _require_its_log(
    session: Session, client: Client, connection: Connection | None, clickhouse: str | None
) -> None:
    """Refuse to compare what is shown with another log than it comes from: all would differ."""
    from queries.cells import adds_up_partitions
    from rekap.reading import log_end

    # A sink fills no directory that has a log of its own, so whoever has one counts there.
    has_own = bool(log_end(session))
    if connection is None and not has_own and adds_up_partitions(client, session.election.id):
        raise click.UsageError(session.text(NEEDS_BROKER))
    if connection is not None and clickhouse is None and has_own:
        raise click.UsageError(session.text(HAS_OWN_LOG).format(path=session.directory.path))


def _require_schema(
    session: Session, client: Client, connection: Connection | None, clickhouse: str | None
) -> None:
    """Do not compare tables of an older version: they differ from those of this one, and nobody changed them.
    What else is wrong with the schema, the comparison names."""
    from queries.refusals import Unreadable, refusals
    from sinks.migrate import known_migrations

    try:
        with refusals():
            has = int(client.query("SELECT max(number) FROM schema_migration").result_rows[0][0])
    except Unreadable:
        return
    needs = known_migrations()[-1].number
    if 0 < has < needs:
        if clickhouse is not None:
            how = "rekap migrate"
        else:
            how = f"rekap --data {session.path} {'serve' if connection is None else 'sink'}"
        numbers = {"has": has, "needs": needs, "how": how}
        raise SchemaOutdated(Text(id=OUTDATED.id.format(**numbers), en=OUTDATED.en.format(**numbers)))


def _log(
    session: Session, connection: Connection | None, clickhouse: str | None, stack: ExitStack
) -> ReadableLog:
    """The log to fold, closed with the stack."""
    directory = session.directory
    if connection is None:
        from event_log.sqlite import SqliteLog

        if clickhouse is not None and not directory.log_path.is_file():
            raise click.UsageError(session.text(NO_LOG).format(path=directory.path))
        return stack.enter_context(closing(SqliteLog.open(directory.log_path, readonly=True)))

    from rekap.reading import open_kafka_log

    return stack.enter_context(open_kafka_log(session, connection))
