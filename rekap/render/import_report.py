"""The report of an import: for people a few sentences, for programs one document with every number.

Unreadable records are named on stderr.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, write_document
from rekap.render.tables import write
from rekap.session import Session
from rekap.terminal import echo
from rekap.text.numbers import tenths, whole
from rekap.text.reasons import reason_in_words
from schemas.language import Language, Text

if TYPE_CHECKING:
    from schemas.sources import Unreadable
    from stream_processors.partition.source_records import ImportReport

UNREADABLE_SHOWN: Final = 20
"""Records that are named one by one on stderr: enough to see what is wrong with a file."""

SUPERSEDED: Final = Text(
    id="Dari yang sudah ada, {number} tidak berlaku lagi: telah diganti atau dibatalkan sesudahnya.",
    en="Of those there already, {number} are not in force any more: they were replaced or annulled since.",
)
NOT_READ: Final = Text(id="Tidak terbaca:", en="Unreadable:")
MORE_NOT_READ: Final = Text(id="  ... dan {more} lagi", en="  ... and {more} more")


@dataclass(frozen=True, slots=True)
class ReportForm:
    """How the report of one kind of import is written: the names of its own two members in the document, and
    its sentences."""

    new: str  # the attribute of the report that counts what is new in the log, and its name in the document
    reasons: str  # the name of `rejected_by_reason` in the document
    summary: Text
    nothing_new: Text
    by_reason: Text


def document(report: ImportReport, form: ReportForm) -> dict[str, Any]:
    """The report for programs."""
    return {
        "read": report.read,
        form.new: getattr(report, form.new),
        "repeated": report.repeated,
        "superseded": report.superseded,
        "rejected": report.rejected,
        "unreadable": report.unreadable,
        "empty": report.empty,
        "seconds": round(report.seconds, 3),
        form.reasons: {str(reason): count for reason, count in report.rejected_by_reason.items()},
    }


def sentences(session: Session, report: ImportReport, form: ReportForm) -> list[str]:
    """The report for people."""
    language = session.language
    numbers = {
        name: whole(value, language)
        for name, value in document(report, form).items()
        if isinstance(value, int)
    }
    rate = whole(int(report.read / max(report.seconds, 0.001)), language)
    seconds = tenths(report.seconds, language)
    lines = [session.text(form.summary).format(**numbers, rate=rate, seconds=seconds)]
    if report.repeated and not getattr(report, form.new) and not report.rejected:
        lines.append(session.text(form.nothing_new))
    if report.superseded:
        lines.append(session.text(SUPERSEDED).format(number=whole(report.superseded, language)))
    if report.rejected_by_reason:
        reasons = by_reason(report.rejected_by_reason, language)
        lines.append(session.text(form.by_reason).format(reasons=reasons, path=session.path))
    return lines


def write_report(
    session: Session, report: ImportReport, form: ReportForm, written: Format, *, none_counted: bool
) -> int:
    """Write the report to stdout, unreadable records to stderr; the exit code, which says no also when
    `none_counted`."""
    if written is Format.JSON:
        write_document(document(report, form))
    else:
        for line in sentences(session, report, form):
            write(line)
    _name_unreadable(session, report.unreadable, report.unreadable_records)
    return ANSWER_IS_NO if report.unreadable or none_counted else DONE


def by_reason(numbers: Mapping[str, int], language: Language) -> str:
    """How many there are of each reason, most first, in words and by the code that options take."""
    by_number = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(
        f"{reason_in_words(reason, language)} ({reason}) {whole(count, language)}"
        for reason, count in by_number
    )


def _name_unreadable(session: Session, number: int, records: Sequence[Unreadable]) -> None:
    """Name the first of the `number` unreadable records on stderr."""
    if not number:
        return
    session.say(NOT_READ)
    for record in records[:UNREADABLE_SHOWN]:
        echo(f"  {record.place}: {session.text(record.said)}", err=True)
    more = number - min(len(records), UNREADABLE_SHOWN)
    if more:
        echo(session.text(MORE_NOT_READ).format(more=whole(more, session.language)), err=True)
