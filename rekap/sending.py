"""Sending a source to the log on Kafka and reporting what was sent: `import` and `simulate` with --broker.

What is accepted is decided by the workers, whenever they come to it: that is not reported here.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from event_log.accepted import AcceptedEvents
from event_log.kafka.connection import Connection
from event_log.kafka.control import require
from event_log.kafka.partitioner import partition_of
from producers.publisher import DeliveryReport, Publisher
from rekap.building import Built, built
from rekap.counting import by_reason, name_unreadable, superseded
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.output.formats import Format, write_document
from rekap.render.bars import Bar
from rekap.render.tables import write
from rekap.session import Session
from rekap.text.numbers import tenths, whole
from schemas.ballots import Ballots
from schemas.language import Said
from schemas.sources import Source, Unreadable
from stream_processors.assess import Assessor
from stream_processors.distributed.lineage import LogLineage
from stream_processors.partition.assessing import Workers

LOOKING: Final = Said(id="Membaca log", en="Reading the log")
SENDING: Final = Said(id="Mengirim", en="Sending")
SENT: Final = Said(
    id="{read} dibaca dalam {seconds} detik ({rate} per detik): {sent} terkirim dan dikonfirmasi log, "
    "{repeated} sudah ada, {rejected} sudah ada dan tidak dihitung, {empty} tanpa angka, {unreadable} tidak "
    "terbaca.",
    en="{read} read in {seconds} s ({rate}/s): {sent} sent and acknowledged by the log, {repeated} there "
    "already, {rejected} there and not counted, {empty} without figures, {unreadable} unreadable.",
)
NOTHING_NEW: Final = Said(
    id="Tidak ada yang baru: log sudah menerima semuanya.",
    en="Nothing new: the log had accepted all of it before.",
)
NOT_COUNTED: Final = Said(
    id="Tercatat dan tidak dihitung: {reasons}. Rinciannya: rekap rejected, setelah worker mengolahnya.",
    en="Recorded and not counted: {reasons}. One by one: rekap rejected, once workers have come to them.",
)
BROKEN_OFF: Final = Said(
    id="Terputus: {sent} kiriman dikonfirmasi log, {not_sent} belum (mungkin sampai juga). Perintah yang "
    "sama melanjutkan; kiriman yang sampai dua kali dihitung sekali.",
    en="Broken off: {sent} messages were acknowledged by the log, {not_sent} were not (they may have arrived "
    "all the same). The same command goes on; what arrives twice counts once.",
)

UNREADABLE_KEPT: Final = 1_000
"""Unreadable records that a report names one by one; all are counted."""

ACCEPTED_FILE: Final = "accepted.sqlite"
"""In the data directory: what the log was seen to have accepted. It can be removed at any time."""


@dataclass(slots=True)
class SendReport:
    """What became of a source's records: read = sent + repeated + rejected + empty + unreadable, once all is
    over."""

    read: int = 0
    sent: int = 0  # acknowledged
    repeated: int = 0  # the log has accepted them before, or they say nothing that it does not say already
    superseded: int = 0  # of these, what is not in force any more
    rejected: int = 0  # the log has them and does not count them
    empty: int = 0  # records that hold no count at all
    unreadable: int = 0
    not_counted: dict[str, int] = field(
        default_factory=dict
    )  # sent only to be recorded, or rejected: by reason
    seconds: float = 0.0
    unreadable_records: list[Unreadable] = field(default_factory=list)


def send(
    session: Session, source: Source, connection: Connection, *, processes: int | None = None
) -> SendReport:
    """Send all of `source`, and return when all of it is acknowledged.

    `processes` read it (None: one for each core; 0: this one, so that each message is sent when it is made).
    Raises OSError when the source can't be read, and LogUnavailable: what was sent until then is told.
    """
    election, registry = session.election, session.directory.registry
    opened = require(connection, election, registry)
    ballots = Ballots(election, registry)
    assessor = Assessor(election, registry, ballots, partial(partition_of, partitions=opened.partitions))
    report = SendReport()
    began = time.monotonic()
    # Processes are started before there are threads and connections that they would share.
    with (
        Workers(assessor, (os.cpu_count() or 1) if processes is None else processes) as workers,
        AcceptedEvents.open(session.path / ACCEPTED_FILE) as accepted,
        Bar(session, SENDING, source.size) as bar,
    ):
        publisher = Publisher(connection, registry)
        lineage = LogLineage(
            *(connection, accepted, workers),
            lambda done, total: bar.update(done, total, LOOKING),
        )
        try:
            with publisher:
                for some in built(source, lineage, workers):
                    _send(publisher, some, report)
                    bar.update(report.read, source.size, SENDING)
        except BaseException:
            _tell_what_was_sent(session, publisher.delivery)
            raise
    report.sent = publisher.delivery.sent
    report.seconds = time.monotonic() - began
    return report


def _send(publisher: Publisher, some: Built, report: SendReport) -> None:
    for key, raw in some.messages:
        publisher.publish_to(key, raw)
    records, unreadable = some.records, some.records.unreadable
    report.read += records.size
    report.repeated += records.unchanged
    report.superseded += records.superseded
    report.rejected += sum(records.rejected.values())
    report.empty += records.empty
    for reason, count in (*records.not_counted.items(), *records.rejected.items()):
        report.not_counted[reason] = report.not_counted.get(reason, 0) + count
    report.unreadable += len(unreadable)
    report.unreadable_records += unreadable[: UNREADABLE_KEPT - len(report.unreadable_records)]


def _tell_what_was_sent(session: Session, delivery: DeliveryReport) -> None:
    if not (delivery.sent or delivery.not_sent):
        return
    numbers = {"sent": delivery.sent, "not_sent": len(delivery.not_sent)}
    texts = {name: whole(number, session.language) for name, number in numbers.items()}
    session.say(Said(BROKEN_OFF.id.format(**texts), BROKEN_OFF.en.format(**texts)))


def document(report: SendReport) -> dict[str, Any]:
    """The report for programs."""
    return {
        "read": report.read,
        "sent": report.sent,
        "repeated": report.repeated,
        "superseded": report.superseded,
        "rejected": report.rejected,
        "unreadable": report.unreadable,
        "empty": report.empty,
        "seconds": round(report.seconds, 3),
        "not_counted_by_reason": {str(reason): count for reason, count in report.not_counted.items()},
    }


def tell(session: Session, report: SendReport, form: Format) -> int:
    """Write the report to stdout, unreadable records to stderr; the exit code."""
    if form is Format.JSON:
        write_document(document(report))
    else:
        write(_sentence(session, report))
        if report.repeated and not report.sent and not report.rejected:
            write(session.text(NOTHING_NEW))
        if report.superseded:
            write(superseded(session, report.superseded))
        if report.not_counted:
            write(session.text(NOT_COUNTED).format(reasons=by_reason(report.not_counted, session.language)))
    name_unreadable(session, report.unreadable, report.unreadable_records)
    none_counted = report.not_counted and not report.repeated
    none_counted = none_counted and sum(report.not_counted.values()) == report.sent + report.rejected
    return ANSWER_IS_NO if report.unreadable or none_counted else DONE


def _sentence(session: Session, report: SendReport) -> str:
    language = session.language
    numbers = {
        name: whole(value, language) for name, value in document(report).items() if isinstance(value, int)
    }
    rate = whole(int(report.read / max(report.seconds, 0.001)), language)
    return session.text(SENT).format(**numbers, rate=rate, seconds=tenths(report.seconds, language))
