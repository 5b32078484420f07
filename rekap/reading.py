"""A client to ask a count's projections, whoever owns its directory at the moment.

While a process counts, it serves them read-only and is asked there. When nobody owns the directory, this
process owns it for the time of the question. It never makes, changes or repairs anything: what the log has
and the projections do not have yet is reported, and brought in by the next command that counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from event_log.sqlite import SqliteLog
from queries.cells import sink_positions
from rekap.session import Session
from schemas.language import Said
from sinks.client import SinkUnavailable, connect
from sinks.ownership import AlreadyOwned, OwnerInfo, find_owner, own

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

PATIENCE_S: Final = 10.0
"""How long to wait for an owner that serves nothing: another reader is done in about a second, and a count
that starts says where it serves within some seconds."""
PAUSE_S: Final = 0.05


class Unreadable(Exception):
    """The projections can't be asked now; `said` tells what to do."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


class Busy(Unreadable):
    """The directory is owned by a process that can't be asked yet."""


class NothingYet(Unreadable):
    """The directory has no projections."""


@contextmanager
def reader(session: Session, command: str) -> Iterator[Client]:
    """A read-only client on the session's count; `command` is how others see this process meanwhile.

    Raises Busy, NothingYet, SinkUnavailable, DirectoryMissing, DirectoryUnusable.
    """
    directory = session.directory
    deadline = time.monotonic() + PATIENCE_S
    while True:
        owner = find_owner(directory.path)
        if owner is None:
            try:
                with (
                    own(directory.path, command),
                    closing(connect(directory.clickhouse_url, readonly=True)) as client,
                ):
                    _tell_what_is_missing(session, client)
                    yield client
                    return
            except AlreadyOwned as error:  # somebody was faster
                owner = error.owner
        elif owner.url is not None:
            try:
                client = connect(owner.url, readonly=True)
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


def log_end(session: Session) -> int:
    """How many entries the log has. Raises LogUnavailable."""
    path = session.directory.log_path
    if not path.is_file():
        return 0
    with closing(SqliteLog.open(path, readonly=True)) as log:
        return log.end


def _busy(session: Session, owner: OwnerInfo) -> Busy:
    path = session.path
    return Busy(
        Said(
            id=f"{path} dipakai proses {owner.pid} ({owner.command}) sejak {owner.since}, dan proses itu "
            "belum bisa ditanyai: masih menyiapkan diri. Coba lagi sebentar lagi.",
            en=f"{path} is in use by process {owner.pid} ({owner.command}) since {owner.since}, which can't "
            "be asked yet: it is still getting ready. Try again in a moment.",
        )
    )


def _tell_what_is_missing(session: Session, client: Client) -> None:
    """Say so when the log is ahead: a count was interrupted, and nobody is bringing the rest in."""
    if not client.command("EXISTS TABLE tally"):
        raise NothingYet(
            Said(
                id=f"Belum ada yang bisa dibaca di {session.path}: penyiapannya terputus. Jalankan rekap "
                f"--data {session.path} serve sekali, atau impor sesuatu.",
                en=f"There is nothing to read in {session.path} yet: setting it up was interrupted. Run "
                f"rekap --data {session.path} serve once, or import something.",
            )
        )
    missing = log_end(session) - 1 - sink_positions(client, session.election.id).get(0, -1)
    if missing > 0:
        session.say(
            Said(
                id=f"Catatan: {missing} peristiwa terakhir dalam log belum masuk ke hasil ini, karena "
                "penghitungan terputus. Ulangi perintah yang terputus, atau jalankan rekap serve.",
                en=f"Note: the last {missing} events of the log are not in these results yet, because a "
                "count was interrupted. Run the interrupted command again, or rekap serve.",
            )
        )
