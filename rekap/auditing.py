"""Bundles on the command line: written from a data directory, and verified without one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audit.bundle.export import Exported, Source, export_bundle
from audit.bundle.report import Report
from audit.bundle.shown import write_shown
from audit.bundle.whole import verify_bundle
from audit.recompute.catalogue import rules_document
from rekap.reading import reader
from rekap.render.bars import Bar
from rekap.session import Session
from rekap.signing import PUBLIC_FOLDER, notaries_of, read_policy
from schemas.input_files import open_input
from schemas.language import Said
from transparency.notary.notary import NO_POLICY
from transparency.policy import MAX_POLICY_BYTES
from transparency.tiles import CHECKPOINT_PATH

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection
    from event_log.reading import ReadableLog

MAX_CHECKPOINT_BYTES: Final = 1024**2
"""Of a file with a checkpoint: one with a thousand cosignatures has 150 kB."""

EXPORTING: Final = Said(id="Menulis bundel", en="Writing the bundle")
COUNTING: Final = Said(id="Menghitung ulang", en="Counting again")
VERIFYING: Final = Said(id="Memeriksa log", en="Checking the log")
SIGNED: Final = Said(
    id="Log ini belum pernah ditandatangani: kuncinya dibuat di {path}, dan checkpoint pertamanya terbit. "
    "Jalankan rekap notary agar log itu ditandatangani terus, dan bersama saksi.",
    en="This log was never signed: its key was made in {path}, and its first checkpoint is published. Run "
    "rekap notary to have the log signed from now on, and by witnesses too.",
)


def export(
    session: Session,
    out: Path,
    public: Path | None,
    policy: Path | None,
    connection: Connection | None,
    clickhouse: str | None = None,
) -> Exported:
    """Write the bundle of the session's count. Raises ExportRefused, LogUnavailable, OSError."""
    directory = session.directory
    raw = None
    if policy is not None:
        read_policy(policy)
        with open_input(policy, MAX_POLICY_BYTES) as file:
            raw = file.read()
    with _log(session, connection) as log:
        root = public or directory.path / PUBLIC_FOLDER
        folders = [root / str(partition) for partition in range(log.partitions)]
        if public is None and not any((folder / CHECKPOINT_PATH).exists() for folder in folders):
            _sign_once(session, log)
        keyed = log.partition_of is not None

        def shown(folder: Path, ends: Sequence[int]) -> None:
            with reader(session, "audit", clickhouse) as client:
                write_shown(client, directory.election.id, ends, folder, keyed=keyed)

        source = Source(log, directory.election, directory.registry, folders, rules_document(), raw, shown)
        with Bar(session, EXPORTING, None) as bar:
            return export_bundle(source, out, lambda done, total: bar.update(done, total, EXPORTING))


def verify(session: Session, bundle: Path, policy: Path | None, known: tuple[Path, ...]) -> Report:
    """The report on a bundle. Raises NoBundle, InputRefused and OSError."""
    notes = []
    for path in known:
        with open_input(path, MAX_CHECKPOINT_BYTES) as file:
            notes.append(file.read())
    parsed = None if policy is None else read_policy(policy)
    with Bar(session, VERIFYING, None) as bar:
        return verify_bundle(
            bundle,
            parsed,
            notes,
            lambda done, total: bar.update(done, total, VERIFYING),
            lambda: bar.update(0, 0, COUNTING),
        )


@contextmanager
def _log(session: Session, connection: Connection | None) -> Iterator[ReadableLog]:
    """The directory's log, or the one on Kafka. Raises LogUnavailable."""
    from event_log.sqlite import SqliteLog
    from rekap.reading import open_kafka_log

    if connection is not None:
        with open_kafka_log(session, connection) as kafka:
            yield kafka
        return
    with closing(SqliteLog.open(session.directory.log_path, readonly=True)) as log:
        yield log


def _sign_once(session: Session, log: ReadableLog) -> None:
    """The first checkpoint of a log that nobody signed: without one a bundle proves nothing."""
    with notaries_of(session, log, None, None, NO_POLICY, take_over=False) as notaries:
        for notary in notaries:
            notary.start()
            notary.sign()
    path = session.path / "notary"
    session.say(Said(SIGNED.id.format(path=path), SIGNED.en.format(path=path)))
