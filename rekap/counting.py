"""Taking a source in and reporting what became of it: shared by `import`, `simulate` and `demo`.

A report is for people a few sentences, for programs one document with every number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, Protocol

from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, write_document
from rekap.render.bars import Bar, Waiting
from rekap.render.tables import write
from rekap.session import Session
from rekap.terminal import echo
from rekap.text.numbers import tenths, whole
from rekap.text.reasons import reason_in_words
from schemas.language import Language, Said

if TYPE_CHECKING:
    from schemas.sources import Source, Unreadable
    from stream_processors.embedded.runner import IngestReport, Runner

UNREADABLE_SHOWN: Final = 20
"""Records that are named one by one on stderr: enough to see what is wrong with a file."""

OPENING: Final = Said(id="Membuka {path} ...", en="Opening {path} ...")
COUNTING: Final = Said(id="Menghitung", en="Counting")
READ: Final = Said(
    id="{read} dibaca dalam {seconds} detik ({rate} per detik): {accepted} diterima, {repeated} sudah ada, "
    "{rejected} ditolak, {empty} tanpa angka, {unreadable} tidak terbaca.",
    en="{read} read in {seconds} s ({rate}/s): {accepted} accepted, {repeated} there already, "
    "{rejected} rejected, {empty} without figures, {unreadable} unreadable.",
)
NOTHING_NEW: Final = Said(
    id="Tidak ada yang baru: semuanya sudah dihitung sebelumnya.",
    en="Nothing new: all of it had been counted before.",
)
SUPERSEDED: Final = Said(
    id="Dari yang sudah ada, {number} tidak berlaku lagi: telah diganti atau dibatalkan sesudahnya.",
    en="Of those there already, {number} are not in force any more: they were replaced or annulled since.",
)
WHY_REJECTED: Final = Said(
    id="Ditolak: {reasons}. Rinciannya: rekap --data {path} rejected",
    en="Rejected: {reasons}. One by one: rekap --data {path} rejected",
)
NOT_READ: Final = Said(id="Tidak terbaca:", en="Unreadable:")
MORE_NOT_READ: Final = Said(id="  ... dan {more} lagi", en="  ... and {more} more")


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
    """Own the session's directory, take all of `source` in and give the directory up again.

    `workers` as of Runner.open; `view` shows how far it is (default: a progress bar).
    """
    from stream_processors.embedded.runner import Runner

    path = session.path
    with Waiting(session, Said(OPENING.id.format(path=path), OPENING.en.format(path=path))):
        runner = Runner.open(session.directory, command=command, workers=workers)
    with runner, view(runner) if view else Bar(session, COUNTING, source.size) as watcher:
        return runner.ingest(source, on_progress=lambda report: watcher.update(report.read))


def document(report: IngestReport) -> dict[str, Any]:
    """The report for programs."""
    return {
        "read": report.read,
        "accepted": report.accepted,
        "repeated": report.repeated,
        "superseded": report.superseded,
        "rejected": report.rejected,
        "unreadable": report.unreadable,
        "empty": report.empty,
        "seconds": round(report.seconds, 3),
        "rejected_by_reason": {str(reason): count for reason, count in report.rejected_by_reason.items()},
    }


def tell(session: Session, report: IngestReport, form: Format) -> int:
    """Write the report to stdout, unreadable records to stderr; the exit code."""
    if form is Format.JSON:
        write_document(document(report))
    else:
        for line in sentences(session, report):
            write(line)
    name_unreadable(session, report.unreadable, report.unreadable_records)
    none_accepted = report.rejected and not report.accepted and not report.repeated
    return ANSWER_IS_NO if report.unreadable or none_accepted else DONE


def sentences(session: Session, report: IngestReport) -> list[str]:
    """The report for people."""
    language = session.language
    numbers = {
        name: whole(value, language) for name, value in document(report).items() if isinstance(value, int)
    }
    rate = whole(int(report.read / max(report.seconds, 0.001)), language)
    seconds = tenths(report.seconds, language)
    lines = [session.text(READ).format(**numbers, rate=rate, seconds=seconds)]
    if report.repeated and not report.accepted and not report.rejected:
        lines.append(session.text(NOTHING_NEW))
    if report.superseded:
        lines.append(superseded(session, report.superseded))
    if report.rejected_by_reason:
        reasons = by_reason(report.rejected_by_reason, language)
        lines.append(session.text(WHY_REJECTED).format(reasons=reasons, path=session.path))
    return lines


def superseded(session: Session, number: int) -> str:
    """That so many of the records that are there are not in force."""
    return session.text(SUPERSEDED).format(number=whole(number, session.language))


def by_reason(numbers: Mapping[str, int], language: Language) -> str:
    """How many there are of each reason, most first, in words and by the code that options take."""
    by_number = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(
        f"{reason_in_words(reason, language)} ({reason}) {whole(count, language)}"
        for reason, count in by_number
    )


def name_unreadable(session: Session, number: int, records: Sequence[Unreadable]) -> None:
    """Name the first of the `number` unreadable records on stderr."""
    if not number:
        return
    session.say(NOT_READ)
    for record in records[:UNREADABLE_SHOWN]:
        echo(f"  {record.place}: {session.text(record.said)}", err=True)
    more = number - min(len(records), UNREADABLE_SHOWN)
    if more:
        echo(session.text(MORE_NOT_READ).format(more=whole(more, session.language)), err=True)
