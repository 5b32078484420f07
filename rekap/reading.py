"""A client to ask a count's projections: those of a ClickHouse server, or the directory's own, whoever owns
it at the moment.

While a process counts, it serves them read-only and is asked there. When nobody owns the directory, this
process owns it for the time of the question. It never makes, changes or repairs anything: what the log has
and the projections do not have yet is reported, and brought in by the next command that counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from clickhouse.client import SinkUnavailable, connect
from clickhouse.interface.access import url_with_token
from clickhouse.ownership import AlreadyOwned, OwnerInfo, find_owner, own
from event_log.reading import behind
from event_log.sqlite import SqliteLog
from queries.cells import sink_positions
from rekap.session import Session
from schemas.directory_identity import copied, is_copy
from schemas.language import Text

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from event_log.clock import ClockJump
    from event_log.kafka.connection import Connection
    from event_log.kafka.log import KafkaLog

OWNER_TIMEOUT_S: Final = 10.0
"""How long to wait for an owner that serves nothing: another reader is done in about a second, and a count
that starts says where it serves within some seconds."""
PAUSE_S: Final = 0.05


class Unreadable(Exception):
    """The projections can't be asked now; `said` tells what to do."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


class Busy(Unreadable):
    """The directory is owned by a process that can't be asked yet."""


class NothingYet(Unreadable):
    """There are no projections of this count."""


@contextmanager
def reader(session: Session, command: str, clickhouse: str | None = None) -> Iterator[Client]:
    """A read-only client on the session's count: at the URL `clickhouse`, or without one in the directory;
    `command` is how others see this process meanwhile.

    Raises Busy, NothingYet, SinkUnavailable, DirectoryMissing, DirectoryUnusable.
    """
    directory = session.directory
    if clickhouse is not None:
        with closing(connect(clickhouse, readonly=True)) as client:
            _require_count(session, client)
            yield client
        return
    deadline = time.monotonic() + OWNER_TIMEOUT_S
    while True:
        owner = find_owner(directory.path)
        if owner is None:
            try:
                with (
                    own(directory.path, command),
                    closing(connect(directory.clickhouse_url, readonly=True)) as client,
                ):
                    if is_copy(directory.path):
                        session.say(copied(directory.path))
                    _tell_what_is_missing(session, client)
                    yield client
                    return
            except AlreadyOwned as error:  # somebody was faster
                owner = error.owner
        elif owner.url is not None:
            try:
                client = connect(url_with_token(owner.url, directory.path), readonly=True)
            except SinkUnavailable:  # it ended between the look and the call
                if time.monotonic() > deadline:
                    raise
            else:
                with closing(client):
                    yield client
                    return
        if time.monotonic() > deadline:
            raise _busy(session, owner)
        time.sleep(PAUSE_S)


@contextmanager
def open_kafka_log(session: Session, connection: Connection) -> Iterator[KafkaLog]:
    """The log on Kafka, which is that of the session's election. Raises LogUnavailable, also when it was
    opened for another election or register, and where this user can see that Kafka removes entries of it."""
    from event_log.errors import LogUnavailable
    from event_log.kafka.control import require
    from event_log.kafka.log import KafkaLog
    from event_log.kafka.settings import is_denied, require_whole_log
    from event_log.kafka.topics import COUNT_EVENTS

    require(connection, session.election, session.directory.registry)
    try:
        require_whole_log(connection)
    except LogUnavailable as error:
        if not is_denied(error):  # senders may not see settings
            raise
    with KafkaLog(connection, COUNT_EVENTS) as log:
        yield log


def behind_kafka(session: Session, connection: Connection, client: Client) -> int:
    """How many entries of the log on Kafka have not arrived in the projections. Raises LogUnavailable."""
    with open_kafka_log(session, connection) as log:
        return behind(log.ends(), sink_positions(client, session.election.id))


def log_end(session: Session) -> int:
    """How many entries the log has. Raises LogUnavailable."""
    path = session.directory.log_path
    if not path.is_file():
        return 0
    with closing(SqliteLog.open(path, readonly=True)) as log:
        return log.end


def log_clock_jumps(session: Session) -> list[ClockJump]:
    """Where the machine's clock jumped while the directory's own log was written. Raises LogUnavailable."""
    path = session.directory.log_path
    if not path.is_file():
        return []
    with closing(SqliteLog.open(path, readonly=True)) as log:
        return log.clock_jumps() if log.end else []


def _busy(session: Session, owner: OwnerInfo) -> Busy:
    path = session.path
    return Busy(
        Text(
            id=f"{path} dipakai proses {owner.pid} ({owner.command}) sejak {owner.since}, dan proses itu "
            "belum bisa ditanyai: masih menyiapkan diri. Coba lagi sebentar lagi.",
            en=f"{path} is in use by process {owner.pid} ({owner.command}) since {owner.since}, which can't "
            "be asked yet: it is still getting ready. Try again in a moment.",
        )
    )


def _require_count(session: Session, client: Client) -> None:
    """Hold the database of a server against the election. Raises NothingYet."""
    election = session.election.id
    there = (
        client.command(
            "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'region'"
        )
        and client.query(
            "SELECT 1 FROM region WHERE election = {election:String} LIMIT 1",
            parameters={"election": election},
        ).result_rows
    )
    if not there:
        database = client.command("SELECT currentDatabase()")
        raise NothingYet(
            Text(
                id=f"Basis data {database} di ClickHouse itu tidak berisi {election}. Periksa URL-nya "
                "(--clickhouse), atau jalankan rekap sink ke sana lebih dulu.",
                en=f"The database {database} of that ClickHouse holds nothing of {election}. Check the "
                "URL (--clickhouse), or run rekap sink into it first.",
            )
        )


def _tell_what_is_missing(session: Session, client: Client) -> None:
    """Say so when the log is ahead: a count was interrupted, and nobody is bringing the rest in."""
    if not client.command("EXISTS TABLE tally"):
        raise NothingYet(
            Text(
                id=f"Belum ada yang bisa dibaca di {session.path}: penyiapannya terputus. Jalankan rekap "
                f"--data {session.path} serve sekali, atau impor sesuatu.",
                en=f"There is nothing to read in {session.path} yet: setting it up was interrupted. Run "
                f"rekap --data {session.path} serve once, or import something.",
            )
        )
    missing = log_end(session) - 1 - sink_positions(client, session.election.id).get(0, -1)
    if missing > 0:
        session.say(
            Text(
                id=f"Catatan: {missing} peristiwa terakhir dalam log belum masuk ke hasil ini, karena "
                "penghitungan terputus. Ulangi perintah yang terputus, atau jalankan rekap serve.",
                en=f"Note: the last {missing} events of the log are not in these results yet, because a "
                "count was interrupted. Run the interrupted command again, or rekap serve.",
            )
        )
