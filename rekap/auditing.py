"""Bundles on the command line: written from a data directory, and verified without one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from audit.bundle.export import Exported, Source, as_in_tree, export_bundle
from audit.bundle.layout import SHOWN
from audit.bundle.manifest import chunks_of
from audit.bundle.recount import recount
from audit.bundle.report import Report
from audit.bundle.shown import count_entries, newest_faults, write_shown
from audit.bundle.whole import verify_bundle
from audit.explain import Value, explain
from audit.receipts import Verdict
from audit.recompute.catalogue import rules_document
from rekap.reading import reader
from rekap.render.bars import Bar
from rekap.session import Session
from rekap.signing import PUBLIC_FOLDER, notaries_of, public_key, read_policy
from schemas.input_files import open_input
from schemas.language import Text
from transparency.checkpoint import open_checkpoint
from transparency.errors import Malformed, NotProven
from transparency.merkle import Frontier, leaf_hash
from transparency.notary.notary import NO_POLICY
from transparency.note import Note
from transparency.policy import MAX_POLICY_BYTES
from transparency.tiles import CHECKPOINT_PATH

if TYPE_CHECKING:
    from event_log.kafka.connection import Connection
    from event_log.reading import ReadableLog

MAX_CHECKPOINT_BYTES: Final = 1024**2
"""Of a file with a checkpoint: one with a thousand cosignatures has 150 kB."""

EXPORTING: Final = Text(id="Menulis bundel", en="Writing the bundle")
COUNTING: Final = Text(id="Menghitung ulang", en="Counting again")
VERIFYING: Final = Text(id="Memeriksa log", en="Checking the log")
NEWEST: Final = Text(
    id="yang ditampilkan sebagai terbaru adalah versi terakhir dari riwayatnya",
    en="what is shown as the newest is the last version of its history",
)
ONE_PARTITION: Final = Text(
    id="log di Kafka punya beberapa partisi; pakai --as-of", en="a log on Kafka has partitions; use --as-of"
)
OTHER_LOG: Final = Text(
    id="log ini tidak menghasilkan akar dalam checkpoint itu; periksa dengan audit export dan audit verify",
    en="this log does not give the root in that checkpoint; look into it with audit export and audit verify",
)
SIGNED: Final = Text(
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


def replay(
    session: Session,
    at: Path | None,
    as_of: datetime | None,
    connection: Connection | None,
    clickhouse: str | None,
) -> Report:
    """What is shown now (or was, after the entries of a checkpoint or up to a time) beside a recount of the
    log. Raises NotArrived, LogUnavailable, BadParameter and OSError."""
    directory = session.directory
    report = Report(election=directory.election.id)
    with tempfile.TemporaryDirectory(prefix="rekap-replay-") as folder, _log(session, connection) as log:
        keyed = log.partition_of is not None
        bundle = Path(folder) / "bundle"

        def shown(path: Path, ends: Sequence[int]) -> None:
            with reader(session, "audit", clickhouse) as client:
                write_shown(client, directory.election.id, ends, path, keyed=keyed)
                if at is None and as_of is None:
                    report.found(newest_faults(client, directory.election.id))

        sizes = _sizes(session, log, at, as_of)
        nowhere = [Path(folder) / "nowhere" / str(partition) for partition in range(log.partitions)]
        export_bundle(
            Source(
                log, directory.election, directory.registry, nowhere, rules_document(), None, shown, sizes
            ),
            bundle,
        )
        chunks = {partition: chunks_of(bundle, partition) for partition in range(log.partitions)}
        report.events = sum(count_entries(files) for files in chunks.values())
        if report.finding_count:
            report.check("newest", Verdict.FAILED, NEWEST)
        elif at is None and as_of is None:
            report.check("newest", Verdict.PROVEN, NEWEST)
        partition_of = None if log.partition_of is None else log.partition_of
        recount(report, chunks, directory.election, directory.registry, bundle / SHOWN, partition_of)
    return report


def explained(
    session: Session,
    unit: str,
    between: tuple[datetime, datetime] | None,
    connection: Connection | None,
    clickhouse: str | None,
) -> list[Value]:
    """Every value of a unit. Raises UnknownUnit, LogUnavailable."""
    directory = session.directory
    with _log(session, connection) as log, reader(session, "audit", clickhouse) as client:
        return list(explain(log, client, directory.election.id, directory.registry, unit, between))


def _sizes(session: Session, log: ReadableLog, at: Path | None, as_of: datetime | None) -> list[int] | None:
    """How many entries of each partition are looked at; None: all."""
    if as_of is not None:
        moment = int(as_of.timestamp() * 1_000_000)
        return [
            sum(1 for entry in log.entries(partition) if entry.recorded_at <= moment)
            for partition in range(log.partitions)
        ]
    if at is None:
        return None
    with open_input(at, MAX_CHECKPOINT_BYTES) as file:
        raw = file.read()
    root = session.directory.path / PUBLIC_FOLDER
    try:
        checkpoint = open_checkpoint(Note.parse(raw), [public_key(root / "0")])
    except (Malformed, NotProven) as error:
        raise click.BadParameter(str(error), param_hint="--at") from None
    if log.partitions != 1:
        raise click.BadParameter(session.text(ONE_PARTITION), param_hint="--at")
    frontier = Frontier()
    for entry in islice(log.entries(0), checkpoint.size):
        frontier.append(leaf_hash(as_in_tree(entry)))
    if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
        raise click.BadParameter(session.text(OTHER_LOG), param_hint="--at")
    return [checkpoint.size]


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
    session.say(Text(SIGNED.id.format(path=path), SIGNED.en.format(path=path)))
