"""Importing a source into the embedded engine: shared by `import`, `simulate` and `demo`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Protocol

from rekap.output.formats import Format
from rekap.render.bars import Bar, Waiting
from rekap.render.import_report import ReportForm, write_report
from rekap.session import Session
from schemas.language import Text

if TYPE_CHECKING:
    from schemas.sources import Source
    from stream_processors.embedded.runner import IngestReport, Runner

OPENING: Final = Text(id="Membuka {path} ...", en="Opening {path} ...")
COUNTING: Final = Text(id="Menghitung", en="Counting")
READ: Final = Text(
    id="{read} dibaca dalam {seconds} detik ({rate} per detik): {accepted} diterima, {repeated} sudah ada, "
    "{rejected} ditolak, {empty} tanpa angka, {unreadable} tidak terbaca.",
    en="{read} read in {seconds} s ({rate}/s): {accepted} accepted, {repeated} there already, "
    "{rejected} rejected, {empty} without figures, {unreadable} unreadable.",
)
NOTHING_NEW: Final = Text(
    id="Tidak ada yang baru: semuanya sudah dihitung sebelumnya.",
    en="Nothing new: all of it had been counted before.",
)
WHY_REJECTED: Final = Text(
    id="Ditolak: {reasons}. Rinciannya: rekap --data {path} rejected",
    en="Rejected: {reasons}. One by one: rekap --data {path} rejected",
)
FORM: Final = ReportForm("accepted", "rejected_by_reason", READ, NOTHING_NEW, WHY_REJECTED)


class Watcher(Protocol):
    """What shows how far a count is."""

    def update(self, done: int) -> None:
        """So many records are done."""
        ...


def take_in(
    session: Session,
    source: Source,
    command: str,
    *,
    workers: int | None = None,
    view: Callable[[Runner], AbstractContextManager[Watcher]] | None = None,
) -> IngestReport:
    """Own the session's directory, import all of `source` and release the directory.

    `workers` as of Runner.open; `view` shows how far it is (default: a progress bar).
    """
    from stream_processors.embedded.runner import Runner

    path = session.path
    with Waiting(session, Text(OPENING.id.format(path=path), OPENING.en.format(path=path))):
        runner = Runner.open(session.directory, command=command, workers=workers)
    with runner, view(runner) if view else Bar(session, COUNTING, source.size) as watcher:
        return runner.ingest(source, on_progress=lambda report: watcher.update(report.read))


def tell(session: Session, report: IngestReport, written: Format) -> int:
    """Write the report to stdout, unreadable records to stderr; the exit code."""
    none_accepted = bool(report.rejected and not report.accepted and not report.repeated)
    return write_report(session, report, FORM, written, none_counted=none_accepted)
