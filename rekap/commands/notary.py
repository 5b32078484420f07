"""`rekap notary`: sign the log of a data directory and publish it, until it is told to stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rekap.cluster import broker_options
from rekap.command import Option, subcommand
from rekap.failures import ANSWER_IS_NO, DONE
from rekap.session import DONE as DONE_SAID
from rekap.session import Session, pass_session
from schemas.language import Text

if TYPE_CHECKING:
    from event_log.errors import LogUnavailable
    from event_log.kafka.connection import Connection
    from event_log.reading import ReadableLog
    from transparency.notary.notary import Notary, Round

MORE = Text(
    id="Setiap beberapa detik entri log dibaca ulang dan kepala pohonnya ditandatangani: checkpoint, tile "
    "dan kunci publik terbit sebagai berkas yang dapat disajikan server web mana pun. Saksi dalam --policy "
    "diminta ikut menandatangani. Yang tidak melanjutkan tanda tangan sebelumnya ditolak, dari disk mana "
    "pun. Hanya satu notaris boleh berjalan; impor boleh berjalan bersamanya.",
    en="Every few seconds the entries of the log are read again and the head of their tree is signed: "
    "checkpoint, tiles and public key are files that any web server can serve. The witnesses of --policy are "
    "asked to cosign. What does not go on from what was signed before is refused, from whatever disk. Only "
    "one notary may run; imports may run beside it.",
)
EXAMPLES = (
    "rekap --data count notary",
    "rekap --data count notary --origin hitung.example/pilpres2019 --policy witnesses.policy --once",
    "rekap --data night notary --broker 127.0.0.1:9092 --out public",
)
ORIGIN_HELP = Text(
    id="Nama log; partisinya ditambahkan: NAMA/0. Berlaku sejak kali pertama. Tanpa ini id pemilunya.",
    en="The log's name; its partition is added: NAME/0. Set the first time. Without it the election's id.",
)
POLICY_HELP = Text(
    id="Saksi yang diminta, dan berapa yang wajib (c2sp.org/tlog-policy). Tanpa ini tidak ada saksi.",
    en="The witnesses to ask, and how many have to cosign (c2sp.org/tlog-policy). Without it none.",
)
OUT_HELP = Text(
    id="Terbitkan di direktori ini; tanpa ini DIR/tlog.",
    en="Publish in this directory; without it DIR/tlog.",
)
EVERY_HELP = Text(id="Detik antara dua checkpoint.", en="Seconds between two checkpoints.")
ONCE_HELP = Text(
    id="Tandatangani sekali saja, lalu selesai: 0 bila terbit, 1 bila saksi kurang.",
    en="Sign once and end: with 0 if it was published, with 1 if witnesses were missing.",
)
TAKE_OVER_HELP = Text(
    id="Direktori ini salinan, dan aslinya tidak akan menandatangani lagi: teruskan lognya.",
    en="This directory is a copy, and the original signs no more: go on with its log.",
)
EVERY_S: Final = 5.0
"""Half of the ten seconds after which a checkpoint is to be there: the rest is for reading and witnesses."""
LONGEST_S: Final = 3_600.0

STARTED: Final = Text(
    id="Log {compared} cocok dengan yang pernah ditandatangani. Terbit di {path}. Ctrl-C menghentikan.",
    en="The log {compared} goes on from what was signed before. Published at {path}. Ctrl-C ends it.",
)
FIRST: Final = Text(
    id="Log {origin} belum pernah ditandatangani: tidak ada yang dapat dibandingkan. Terbit di {path}. "
    "Ctrl-C menghentikan.",
    en="The log {origin} was never signed before: there is nothing to compare it with. Published at {path}. "
    "Ctrl-C ends it.",
)
COMPARED: Final = Text(id="{origin} ({size} entri)", en="{origin} ({size} entries)")
ASKED_AGAIN: Final = Text(
    id="Saksi ditanya lagi setiap {every:g} detik.", en="Asking again every {every:g} s."
)
REFERENCED: Final = Text(
    id="{entries} entri log {origin} lebih besar dari {most} byte, yang pertama di posisi {first}. Dalam log "
    "publik masing-masing diwakili rujukan: posisi, ukuran dan SHA-256. Simpan log.sqlite: byte aslinya "
    "hanya ada di sana.",
    en="{entries} entries of the log {origin} have more than {most} bytes, the first at position {first}. In "
    "the public log a reference stands for each: position, size and SHA-256. Keep log.sqlite: only there "
    "are the bytes themselves.",
)
PUBLISHED: Final = Text(
    id="{size} entri ditandatangani dan terbit{by}.",
    en="{size} entries signed and published{by}.",
)
BY: Final = Text(id=", bersama saksi {names}", en=", cosigned by {names}")
WITHHELD: Final = Text(
    id="{origin}: {size} entri ditandatangani, belum terbit: saksi tidak cukup setuju. {answers}.",
    en="{origin}: {size} entries signed and not published: the witnesses do not agree. {answers}.",
)
ALARM: Final = Text(
    id="PERINGATAN: saksi {name} melihat log lain bernama {origin} ({answer}). Simpan checkpoint keduanya.",
    en="WARNING: the witness {name} saw another log named {origin} ({answer}). Keep both checkpoints.",
)
REPAIRED: Final = Text(
    id="Peringatan: berkas terbit {path} log {origin} berbeda dari isi log, dan ditulis ulang.",
    en="Warning: the published file {path} of the log {origin} differed from the log, and was written again.",
)


@subcommand("notary", MORE, EXAMPLES)
@click.option("--origin", cls=Option, said=ORIGIN_HELP, metavar="NAME")
@click.option(
    "--policy", cls=Option, said=POLICY_HELP, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)
@click.option(
    "--out", cls=Option, said=OUT_HELP, type=click.Path(path_type=Path, file_okay=False), metavar="DIR"
)
@click.option(
    "--every",
    cls=Option,
    said=EVERY_HELP,
    type=click.FloatRange(min=0.1, max=LONGEST_S),
    default=EVERY_S,
    metavar="SECONDS",
)
@click.option("--once", cls=Option, said=ONCE_HELP, is_flag=True)
@click.option("--take-over", cls=Option, said=TAKE_OVER_HELP, is_flag=True)
@broker_options(required=False)
@pass_session
def command(
    session: Session,
    origin: str | None,
    policy: Path | None,
    out: Path | None,
    every: float,
    once: bool,
    take_over: bool,
    connection: Connection | None,
) -> int:
    from rekap.signing import PUBLIC_FOLDER, notaries_of, read_policy
    from transparency.notary.refusals import NotConfirmed

    parsed = read_policy(policy)
    with (
        _log(session, connection) as log,
        notaries_of(session, log, origin, out, parsed, take_over=take_over) as notaries,
    ):
        if once:
            try:
                for notary in notaries:
                    notary.start()
            except NotConfirmed as error:
                session.say(error.said)
                return ANSWER_IS_NO
            _tell_referenced(session, notaries)
            rounds = _tell(session, _sign(notaries), ())
            return DONE if all(one.published for one in rounds) else ANSWER_IS_NO
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it: nothing is interrupted
            for notary in notaries:
                _start(session, notary, every)
            _tell_started(session, notaries, out or session.path / PUBLIC_FOLDER)
            _go_on(session, notaries, every)
    session.say(DONE_SAID)
    return DONE


@contextlib.contextmanager
def _log(session: Session, connection: Connection | None) -> Iterator[ReadableLog]:
    """The log of the directory, or the one on Kafka. Raises LogUnavailable."""
    from event_log.sqlite import SqliteLog
    from rekap.reading import open_kafka_log

    if connection is not None:
        with open_kafka_log(session, connection) as kafka:
            yield kafka
        return
    log = SqliteLog.open(session.directory.log_path, readonly=True)
    with contextlib.closing(log):
        yield log


def _start(session: Session, notary: Notary, every: float) -> None:
    """Start, and ask witnesses until enough of them have confirmed."""
    from transparency.notary.refusals import NotConfirmed

    begin, told = notary.start, None
    while True:
        try:
            begin()
        except NotConfirmed as error:
            if error.said != told:
                told, again = error.said, _filled(ASKED_AGAIN, every=every)
                session.say(Text(f"{told.id} {again.id}", f"{told.en} {again.en}"))
            begin = notary.confirm
            time.sleep(every)
        else:
            return


def _tell_started(session: Session, notaries: Sequence[Notary], path: Path) -> None:
    """Say what the start compared, and what it could not."""
    compared = [_filled(COMPARED, origin=one.origin, size=one.compared) for one in notaries if one.compared]
    if compared:
        names = Text(", ".join(one.id for one in compared), ", ".join(one.en for one in compared))
        session.say(_filled(STARTED, compared=names, path=path))
    first = ", ".join(one.origin for one in notaries if not one.compared)
    if first:
        session.say(_filled(FIRST, origin=first, path=path))
    _tell_referenced(session, notaries)


def _tell_referenced(session: Session, notaries: Sequence[Notary]) -> None:
    """Say which logs hold entries that the public log can't hold whole."""
    from transparency.tiles import MAX_ENTRY_BYTES

    for notary in notaries:
        if found := notary.referenced:
            session.say(_filled(REFERENCED, origin=notary.origin, most=MAX_ENTRY_BYTES, **found._asdict()))


def _go_on(session: Session, notaries: Sequence[Notary], every: float) -> None:
    """Sign for ever; only what is new is told. While the log can't be read nothing is signed."""
    from event_log.errors import LogUnavailable

    last: Sequence[Round] = ()
    while True:
        begun = time.monotonic()
        try:
            last = _tell(session, _sign(notaries), last)
        except LogUnavailable as error:
            _start_again(session, notaries, every, error)
            last = ()
        time.sleep(max(begun + every - time.monotonic(), 0))


def _start_again(session: Session, notaries: Sequence[Notary], every: float, error: LogUnavailable) -> None:
    """Say that the log is out of reach, and start anew once it is not."""
    from event_log.errors import LogUnavailable

    told = ""
    while True:
        if str(error) != told:
            told = str(error)
            session.say(error.said or Text(told, told))
        time.sleep(every)
        try:
            for notary in notaries:
                _start(session, notary, every)
        except LogUnavailable as again:
            error = again
        else:
            return


def _sign(notaries: Sequence[Notary]) -> list[Round]:
    """A round of all partitions: while witnesses are waited for, the next partition is read."""
    begun = [notary.begin() for notary in notaries]
    return [notary.finish(one) for notary, one in zip(notaries, begun, strict=True)]


def _tell(session: Session, rounds: Sequence[Round], before: Sequence[Round]) -> Sequence[Round]:
    """Say what a round came to, as far as it differs from the one before."""
    from transparency.notary.witnesses import all_told, told_of

    earlier: list[Round | None] = [*before] if before else [None for _ in rounds]
    for done, last in zip(rounds, earlier, strict=True):
        for path in done.repaired:
            session.say(_filled(REPAIRED, origin=done.origin, path=path))
        for name, answer in done.alarms.items():
            if last is None or last.alarms.get(name) != answer:
                session.say(_filled(ALARM, origin=done.origin, name=name, answer=told_of(answer)))
    if before and [_result(one) for one in rounds] == [_result(one) for one in before]:
        return rounds
    published = [one for one in rounds if one.published]
    if published:
        size = sum(one.head.size for one in published)
        # Of several partitions those are named who cosigned all.
        names = ", ".join(
            name for name in published[0].cosigners if all(name in one.cosigners for one in published)
        )
        session.say(_filled(PUBLISHED, size=size, by=_filled(BY, names=names) if names else ""))
    for one in rounds:
        if not one.published:
            answers = all_told(one.answers)
            session.say(_filled(WITHHELD, origin=one.origin, size=one.head.size, answers=answers))
    return rounds


def _result(done: Round) -> tuple[object, ...]:
    """What a change of is told."""
    return done.head, done.published, done.cosigners


def _filled(said: Text, **values: object) -> Text:
    """`said` with its values; one that is a Text itself is taken in the same language."""
    id, en = (
        text.format(**{name: one[at] if isinstance(one, Text) else one for name, one in values.items()})
        for at, text in enumerate(said)
    )
    return Text(id, en)
