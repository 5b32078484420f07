"""Sending a source to the log on Kafka and reporting what was sent: `import` and `simulate` with --broker.

What is accepted is decided by the workers, whenever they come to it: that is not reported here.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import partial
from typing import Final

from event_log.accepted import AcceptedEvents
from event_log.kafka.connection import Connection
from event_log.kafka.control import require
from event_log.kafka.partitioner import partition_of
from producers.publisher import DeliveryReport, Publisher
from rekap.building import Built, built
from rekap.output.formats import Format
from rekap.render.bars import Bar
from rekap.render.import_report import ReportForm, write_report
from rekap.session import Session
from rekap.text.numbers import whole
from schemas.ballots import Ballots
from schemas.language import Text
from schemas.sources import Source
from stream_processors.assess import Assessor
from stream_processors.authority import Authority
from stream_processors.distributed.lineage import LogLineage
from stream_processors.partition.assessing import Workers
from stream_processors.partition.source_records import ImportReport

LOOKING: Final = Text(id="Membaca log", en="Reading the log")
SENDING: Final = Text(id="Mengirim", en="Sending")
SENT: Final = Text(
    id="{read} dibaca dalam {seconds} detik ({rate} per detik): {sent} terkirim dan dikonfirmasi log, "
    "{repeated} sudah ada, {rejected} sudah ada dan tidak dihitung, {empty} tanpa angka, {unreadable} tidak "
    "terbaca.",
    en="{read} read in {seconds} s ({rate}/s): {sent} sent and acknowledged by the log, {repeated} there "
    "already, {rejected} there and not counted, {empty} without figures, {unreadable} unreadable.",
)
NOTHING_NEW: Final = Text(
    id="Tidak ada yang baru: log sudah menerima semuanya.",
    en="Nothing new: the log had accepted all of it before.",
)
NOT_COUNTED: Final = Text(
    id="Tercatat dan tidak dihitung: {reasons}. Rinciannya: rekap rejected, setelah worker mengolahnya.",
    en="Recorded and not counted: {reasons}. One by one: rekap rejected, once workers have come to them.",
)
BROKEN_OFF: Final = Text(
    id="Terputus: {sent} kiriman dikonfirmasi log, {not_sent} belum (mungkin sampai juga). Perintah yang "
    "sama melanjutkan; kiriman yang sampai dua kali dihitung sekali.",
    en="Broken off: {sent} messages were acknowledged by the log, {not_sent} were not (they may have arrived "
    "all the same). The same command goes on; what arrives twice counts once.",
)

FORM: Final = ReportForm("sent", "not_counted_by_reason", SENT, NOTHING_NEW, NOT_COUNTED)

ACCEPTED_FILE: Final = "accepted.sqlite"
"""In the data directory: what the log was seen to have accepted. It can be removed at any time."""


@dataclass(slots=True)
class SendReport(ImportReport):
    """The outcomes of a source's records: read = sent + repeated + rejected + empty + unreadable, once all is
    sent. `rejected` are those that the log has and does not count; the reasons are theirs, and of what was
    sent only to be recorded."""

    sent: int = 0  # acknowledged


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
            *(connection, accepted, workers, partial(Authority, registry, election.identity)),
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
    report.add(some.counts)
    report.add_reasons(some.counts.only_recorded)


def _tell_what_was_sent(session: Session, delivery: DeliveryReport) -> None:
    if not (delivery.sent or delivery.not_sent):
        return
    numbers = {"sent": delivery.sent, "not_sent": len(delivery.not_sent)}
    texts = {name: whole(number, session.language) for name, number in numbers.items()}
    session.say(Text(BROKEN_OFF.id.format(**texts), BROKEN_OFF.en.format(**texts)))


def tell(session: Session, report: SendReport, written: Format) -> int:
    """Write the report to stdout, unreadable records to stderr; the exit code."""
    not_counted = sum(report.rejected_by_reason.values())
    none_counted = not_counted > 0 and not report.repeated and not_counted == report.sent + report.rejected
    return write_report(session, report, FORM, written, none_counted=none_counted)
